"""``dvtopics corpus``: labelled corpora: fill in texts, count what is there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from dvtopics.cli.labelled import or_shipped, texts_path
from dvtopics.cli.messages import message, one_line
from dvtopics.cli.options import debug_option, lang_option
from dvtopics.errors import UsageError


@click.group("corpus")
def command() -> None:
    """Ngữ liệu có nhãn / labelled corpora."""


@command.command("rehydrate")
@click.argument("source", metavar="REPOSITORY")
@click.option(
    "--labels",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Label files without texts (repeatable); by default those of the public news.",
)
@click.option("--output", metavar="DIR", help="By default a folder texts beside the labels.")
@lang_option
@debug_option
def rehydrate_command(
    source: str, labels: tuple[str, ...], output: str | None, lang: str, debug: bool
) -> int:
    """Điền văn bản vào nhãn / fill texts in from a checkout or git mirror of their repository.

    Every paragraph is verified by its checksum. The texts belong to their publishers: they may
    be used for training and measuring here, and are kept out of version control.
    """
    from dvtopics.corpus.rehydrate import Rehydrated, rehydrate
    from dvtopics.corpus.shipped import news_labels
    from dvtopics.corpus.store import read_records, write_records

    status = 0
    for name in or_shipped(labels, news_labels()):
        path = Path(name)
        target = Path(output) / path.name if output else texts_path(path)
        outcome = Rehydrated()
        write_records(target, rehydrate(read_records(path), source, outcome))
        click.echo(
            message(
                "rehydrated",
                target,
                outcome.articles,
                outcome.paragraphs,
                len(outcome.missing),
                len(outcome.mismatched),
                lang=lang,
            )
        )
        for article in [*outcome.missing, *outcome.mismatched]:
            kind = "missing" if article in outcome.missing else "mismatched"
            click.echo(f"{name}: {article}: {kind}", err=True)
            status = 1
    return status


@command.command("stats")
@click.argument("labelled", nargs=-1, metavar="[LABELLED...]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@lang_option
@debug_option
def stats(labelled: tuple[str, ...], as_json: bool, lang: str, debug: bool) -> None:
    """Thống kê ngữ liệu / count articles, paragraphs and grades; texts are not needed.

    By default of the project's own corpora, one by one.
    """
    from dvtopics.corpus.shipped import authored_files, news_labels
    from dvtopics.corpus.stats import corpus_stats
    from dvtopics.corpus.store import read_records
    from dvtopics.themes import THEMES

    counts = {
        name: corpus_stats(read_records(name), THEMES.ids)
        for name in or_shipped(labelled, [*authored_files(), *news_labels()])
    }
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False, indent=2))
        return
    for name, figures in counts.items():
        click.echo(f"== {name}")
        _print_stats(figures, lang)
        click.echo()


def _print_stats(counts: Mapping[str, Any], lang: str) -> None:
    from dvtopics.themes import THEMES

    keys = ("articles", "paragraphs", "judged", "without_theme", "filled")
    click.echo("  ".join(f"{key.replace('_', ' ')}: {counts[key]:,}" for key in keys))
    if counts["years"]:
        click.echo("years: {}-{}".format(*counts["years"]))
    for level in ("article", "paragraph"):
        click.echo(f"\n{message(f'level-{level}', lang=lang)}: + / - / ?")
        for theme, row in counts[level].items():
            name = THEMES[theme].name(lang)
            figures = "  ".join(
                f"{row[kind]:>7,}" for kind in ("positive", "negative", "ambiguous")
            )
            click.echo(f"  {name:<45}{figures}")
    for facet, values in counts["facets"].items():
        click.echo(f"\n{facet}: {_listed(values)}")


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{value} {count:,}" for value, count in values.items())


@command.command("agreement")
@click.argument("first", type=click.Path(exists=True, dir_okay=False))
@click.argument("second", type=click.Path(exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all disagreements.")
@click.option("--show", default=10, show_default=True, help="Disagreements to print.")
@lang_option
@debug_option
def agreement_command(
    first: str, second: str, as_json: bool, show: int, lang: str, debug: bool
) -> None:
    """So sánh hai người chấm / compare two annotators' grades of the same articles.

    FIRST and SECOND are label files; articles are paired by id. Kappa is over positive against
    not, alpha over the grades.
    """
    from dvtopics.corpus.agreement import agreement
    from dvtopics.corpus.store import read_records
    from dvtopics.themes import THEMES

    result = agreement(read_records(first), read_records(second), THEMES.ids)
    if not result["articles"]:
        raise UsageError("the two files have no article id in common")
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2))
        return
    for level in ("article", "paragraph"):
        click.echo(f"{message(f'level-{level}', lang=lang)}: kappa / alpha / n (+ / +)")
        for theme, row in result[level].items():
            kappa, alpha = (
                "–" if row[key] is None else f"{row[key]:.3f}" for key in ("kappa", "alpha")
            )
            counts = f"{row['n']:,} ({row['positive'][0]:,} / {row['positive'][1]:,})"
            click.echo(f"  {THEMES[theme].name(lang):<45}{kappa:>7}{alpha:>8}  {counts}")
        click.echo()
    for item in result["disagreements"][:show]:
        place = "" if item["paragraph"] is None else f":{item['paragraph']}"
        grades = " / ".join(f"{grade:g}" for grade in item["grades"])
        click.echo(f"{item['id']}{place}  {THEMES[item['theme']].name(lang)}  {grades}")
        if item["text"]:
            click.echo(f"  {one_line(item['text'])[:160]}")


@command.command("suggest")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--model", default="tfidf", show_default=True, help="Pretrained name or folder.")
@click.option("--n", "number", default=100, show_default=True, help="Articles to suggest.")
@click.option("--theme", "themes", multiple=True, help="Count only this theme (repeatable).")
@click.option(
    "--exclude",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Label files whose articles are left out (repeatable).",
)
@click.option("--output", metavar="FILE", help="Write here instead of standard output.")
@lang_option
@debug_option
def suggest_command(
    inputs: tuple[str, ...],
    model: str,
    number: int,
    themes: tuple[str, ...],
    exclude: tuple[str, ...],
    output: str | None,
    lang: str,
    debug: bool,
) -> int:
    """Gợi ý bài nên chấm / rank unlabelled articles by what their labels would teach.

    Writes records ready to be labelled: paragraphs with checksums and null grades.
    """
    from dvtopics.article import Article
    from dvtopics.corpus.store import read_records, write_records
    from dvtopics.corpus.suggest import suggest
    from dvtopics.io.readers import read_items
    from dvtopics.io.writers import json_line
    from dvtopics.taggers.registry import load

    tagger = load(model)
    known = {str(record.get("id")) for name in exclude for record in read_records(name)}
    failed = []

    def unlabelled() -> Iterator[Article]:
        for item in read_items(inputs):
            if not isinstance(item, Article):
                click.echo(str(item), err=True)
                failed.append(item)
            elif item.id not in known:
                yield item

    found = suggest(tagger, unlabelled(), number, themes or None)
    records = [suggestion.to_record() for suggestion in found]
    if output is None:
        for record in records:
            sys.stdout.buffer.write(json_line(record))
    else:
        write_records(output, records)
    return 1 if failed else 0
