"""``dvtopics topics``: what a collection is about: fit, look, name, follow over time, export."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dvtopics.cli.labelled import filled_articles
from dvtopics.cli.messages import message, one_line
from dvtopics.cli.options import debug_option, jobs_option, lang_option
from dvtopics.cli.progress import Progress
from dvtopics.errors import UsageError
from dvtopics.io.readers import FORMATS
from dvtopics.storage import atomic_file

if TYPE_CHECKING:
    from dvtopics.article import Article
    from dvtopics.topics.view import TopicView

ORDERS = ("probability", "relevance", "frex")


@click.group("topics")
def command() -> None:
    """Chuyên đề / topics of a collection: what it is about, and how that moved."""


def _number(_: click.Context, __: click.Parameter, value: str) -> int | str:
    if value == "auto":
        return value
    try:
        number = int(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is neither a whole number nor auto") from error
    if number < 2:
        raise click.BadParameter(f"must be at least 2, or auto; got {number}")
    return number


@command.command("fit")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--topics", "n_topics", default="20", show_default=True, callback=_number, metavar="K|auto",
    help="How many; auto tries several numbers and shows the curve.",
)  # fmt: skip
@click.option("--output", required=True, metavar="DIR", help="Topic folder to make or replace.")
@click.option(
    "--engine", type=click.Choice(["lda", "nmf", "tomotopy"]), default="lda", show_default=True
)
@click.option("--passes", default=3, show_default=True, type=click.IntRange(1), help="Of lda.")
@click.option("--weighting", type=click.Choice(["tfidf", "count"]), default="tfidf",
              show_default=True, help="What an occurrence of a term counts.")  # fmt: skip
@click.option("--min-df", type=click.IntRange(1), help="Articles a term must be in.")
@click.option(
    "--max-df", default=0.15, show_default=True, type=click.FloatRange(0, 1, min_open=True),
    help="Share of the articles a term may be in.",
)  # fmt: skip
@click.option("--stop-word", "stop_words", multiple=True, help="Leave out too (repeatable).")
@click.option("--themes", metavar="FILE", help="A themes file of your own.")
@click.option("--anchor-themes/--no-anchor-themes", default=True, show_default=True,
              help="Give themes that no topic is about a topic of their own.")  # fmt: skip
@click.option(
    "--labelled", multiple=True, metavar="FILE",
    help="Labelled articles that tell what a theme's words are (repeatable).",
)  # fmt: skip
@click.option("--seed", default=0, type=click.IntRange(0, 2**32 - 1), show_default=True)
@click.option("--input-format", type=click.Choice(FORMATS), help="Instead of the suffix's.")
@click.option("--encoding", help="Instead of the one detected.")
@click.option("--text-column", default="text", show_default=True, help="Of CSV and Parquet.")
@jobs_option
@lang_option
@debug_option
def fit(
    inputs: tuple[str, ...],
    n_topics: int | str,
    output: str,
    input_format: str | None,
    encoding: str | None,
    text_column: str,
    labelled: tuple[str, ...],
    seed: int,
    jobs: int,
    lang: str,
    debug: bool,
    **parameters: Any,
) -> int:
    """Tìm chuyên đề của kho bài / find the topics of a collection of articles.

    INPUT is as for `dvtopics tag`. A fit that was interrupted goes on where it stopped when it
    is called again with the same articles and options.
    """
    from dvtopics.io.readers import ReadOptions
    from dvtopics.topics.model import TopicModel

    options = ReadOptions(input_format, encoding, text_column)
    graded = [article for name in labelled for article in filled_articles(name, lang)]
    model = TopicModel(n_topics, random_state=seed, n_jobs=jobs, **parameters)
    failed: list[Any] = []
    with Progress(message("topics-read", lang=lang), message("articles", lang=lang)) as progress:
        stream = _articles(inputs, options, failed, progress.count)
        model.fit(stream, output, _step_printer(lang), graded)
    summary = model.view.summary()
    if model.curve_:
        _print_curve(model.curve_, len(summary["topics"]), lang)
    _print_topics(model.topics_, lang)
    coherence = summary["coherence"]
    click.echo(
        message(
            "topics-saved", len(summary["topics"]), model.n_articles_, output,
            coherence["npmi"], coherence["c_v"], summary["diversity"], lang=lang,
        )
    )  # fmt: skip
    return 1 if failed else 0


def _articles(
    inputs: tuple[str, ...], options: Any, failed: list[Any], count: Callable[[int], None]
) -> Iterator[Article]:
    """Yield the articles; say what cannot be read and go on."""
    from dvtopics.article import Article
    from dvtopics.io.readers import read_items

    for item in read_items(inputs, options):
        if isinstance(item, Article):
            count(1)
            yield item
        else:
            click.echo(one_line(str(item)), err=True)
            failed.append(item)


def _step_printer(lang: str) -> Callable[[str], None]:
    import sys

    def say(step: str) -> None:
        if sys.stderr.isatty():
            name, _, value = step.partition(" ")
            click.echo(f"\r\033[K{message(f'topics-{name}', value, lang=lang)}…", err=True)

    return say


def _print_curve(curve: list[dict[str, Any]], chosen: int, lang: str) -> None:
    click.echo(message("topics-curve", lang=lang))
    most = max(max(point["score"] for point in curve), 1e-9)
    for point in curve:
        bar = "█" * round(24 * point["score"] / most)
        mark = "←" if point["n_topics"] == chosen else ""
        click.echo(
            f"  {point['n_topics']:>4}  {point['npmi']:.3f} × {point['diversity']:.2f} × "
            f"{point['stability']:.2f}  {bar:<24} {mark}"
        )


def _theme_name(theme: str | None, lang: str) -> str:
    from dvtopics.themes import THEMES

    if theme is None:
        return message("topics-no-theme", lang=lang)
    return THEMES[theme].name(lang) if theme in THEMES else theme


def _print_topics(topics: list[TopicView], lang: str, n: int = 8) -> None:
    for topic in topics:
        theme = f" → {_theme_name(topic.theme, lang)} {topic.theme_score:.2f}"
        shown = ", ".join(term for term, _ in topic.terms[:n])
        click.echo(one_line(f"{topic.id:>3} {topic.share:5.1%}  {topic.label}"
                            f"{theme if topic.theme else ''}"))  # fmt: skip
        click.echo(f"            {one_line(shown)}")


@command.command("show")
@click.argument("folder", metavar="DIR")
@click.option("--topic", type=int, help="Only this one, with passages and similar topics.")
@click.option("--order", type=click.Choice(ORDERS), default="probability", show_default=True)
@click.option("--relevance", default=0.6, show_default=True, type=click.FloatRange(0, 1),
              help="λ of the order by relevance.")  # fmt: skip
@click.option("--terms", default=10, show_default=True, type=click.IntRange(1, 100))
@click.option("--json", "as_json", is_flag=True, help="Print what topics.json holds.")
@lang_option
@debug_option
def show(
    folder: str,
    topic: int | None,
    order: str,
    relevance: float,
    terms: int,
    as_json: bool,
    lang: str,
    debug: bool,
) -> None:
    """Xem các chuyên đề / show the topics of a folder: terms, theme, coherence, passages."""
    from dvtopics.topics.model import TopicModel

    model = TopicModel.load(folder)
    if as_json:
        click.echo(model.view.to_json(), nl=False)
        return
    views = model.topics_
    if topic is not None and topic not in {view.id for view in views}:
        raise UsageError(f"{folder}: there is no topic {topic}")
    if topic is None and model.curve_:
        _print_curve(model.curve_, len(views), lang)
    ordered = model.view.ordered(order, relevance, terms)
    similarity = model.view.similarity()
    for row, view in enumerate(views):
        if topic not in (None, view.id):
            continue
        theme = f" → {_theme_name(view.theme, lang)} {view.theme_score:.2f}" if view.theme else ""
        click.echo(one_line(f"{view.id:>3} {view.share:5.1%}  {view.label}{theme}"))
        click.echo(f"      {one_line(', '.join(ordered[row]))}")
        click.echo(
            f"      NPMI {view.npmi:.3f} · c_v {view.c_v:.3f} · u_mass {view.u_mass:.2f} · "
            f"exclusivity {view.exclusivity:.2f}"
        )
        if topic is None:
            continue
        near = (-similarity[row]).argsort(kind="stable").tolist()
        said = "; ".join(
            f"{views[j].id} {views[j].label} ({similarity[row, j]:.2f})" for j in near if j != row
        ).split("; ")[:3]
        click.echo(f"      {one_line(message('topics-similar', '; '.join(said), lang=lang))}")
        for passage in model.passages(view.id)[:5]:
            where = f"{passage['article']}:{passage['paragraph']}"
            click.echo(one_line(f"      {passage['share']:.0%} {where}  {passage['title']}"))
            click.echo(one_line(f"          {passage['text'][:240]}"))


def _pairs(values: tuple[str, ...], option: str) -> list[tuple[int, str]]:
    found = []
    for value in values:
        topic, equals, text = value.partition("=")
        if not equals or not topic.strip().isdecimal():
            raise click.BadParameter(f"{value!r} is not ID=TEXT", param_hint=option)
        found.append((int(topic), text.strip()))
    return found


@command.command("label")
@click.argument("folder", metavar="DIR")
@click.option("--name", "names", multiple=True, metavar="ID=TEXT",
              help="Name a topic; an empty text takes the automatic label again.")  # fmt: skip
@click.option("--theme", "themes", multiple=True, metavar="ID=THEME|none|auto",
              help="Say which theme a topic is about.")  # fmt: skip
@click.option("--merge", "merges", multiple=True, metavar="ID,ID...", help="Show topics as one.")
@click.option("--reset", is_flag=True, help="Forget all names, themes and merged topics first.")
@lang_option
@debug_option
def label(
    folder: str,
    names: tuple[str, ...],
    themes: tuple[str, ...],
    merges: tuple[str, ...],
    reset: bool,
    lang: str,
    debug: bool,
) -> None:
    """Đặt tên, gộp chuyên đề / name topics, merge them, set their themes.

    What is set is kept in DIR/edits.json; without options topics.json is written anew from it.
    """
    from dvtopics.topics.edits import Edits
    from dvtopics.topics.model import TopicModel

    model = TopicModel.load(folder, relabel=True)
    edits = Edits() if reset else model.edits_
    for value in merges:
        parts = value.split(",")
        if not all(part.strip().isdecimal() for part in parts):
            raise click.BadParameter(f"{value!r} is not ID,ID", param_hint="--merge")
        edits.merge([int(part) for part in parts])
    for topic, text in _pairs(names, "--name"):
        edits.name(topic, text)
    for topic, theme in _pairs(themes, "--theme"):
        if theme == "auto":
            edits.themes.pop(topic, None)
        else:
            edits.themes[topic] = None if theme == "none" else theme
    model.edit(edits)
    model.save_edits(folder)
    _print_topics(model.topics_, lang)


@command.command("over-time")
@click.argument("folder", metavar="DIR")
@click.option("--by", type=click.Choice(["auto", "year", "month", "day", "source"]),
              default="auto", show_default=True)  # fmt: skip
@click.option("--topic", "only", multiple=True, type=int, help="Only these (repeatable).")
@click.option("--json", "json_file", metavar="FILE", help="Write the figures as JSON.")
@lang_option
@debug_option
def over_time(
    folder: str, by: str, only: tuple[int, ...], json_file: str | None, lang: str, debug: bool
) -> None:
    """Chuyên đề theo thời gian / mean topic shares over time or by source, with 95 % intervals.

    Dates are read from the articles' fields date, published, published_at, publish_date,
    datetime, time or year; sources from source, site, publisher, newspaper, agency or domain.
    """
    from dvtopics.topics.model import TopicModel
    from dvtopics.topics.report import grouped

    model = TopicModel.load(folder)
    views = model.topics_
    for topic in only:
        if topic not in {view.id for view in views}:
            raise UsageError(f"{folder}: there is no topic {topic}")
    period, found = grouped(model, by)
    if json_file is not None:
        records = [
            {
                "group": group.group,
                "n": group.n,
                "topics": [
                    {
                        "id": view.id,
                        "mean": round(float(group.mean[row]), 6),
                        "interval": None
                        if group.low[row] != group.low[row]
                        else [round(float(group.low[row]), 6), round(float(group.high[row]), 6)],
                    }
                    for row, view in enumerate(views)
                ],
            }
            for group in found
        ]
        with atomic_file(json_file) as fresh:
            text = json.dumps({"by": period, "groups": records}, ensure_ascii=False, indent=2)
            fresh.write_text(text + "\n", encoding="utf-8")
    for row, view in enumerate(views):
        if only and view.id not in only:
            continue
        click.echo(one_line(f"{view.id:>3}  {view.label}"))
        most = max(max(float(group.mean[row]) for group in found), 1e-9)
        for group in found:
            mean, low, high = (float(v[row]) for v in (group.mean, group.low, group.high))
            interval = "" if low != low else f"[{low:.1%}, {high:.1%}]"
            bar = "█" * round(20 * mean / most)
            name = one_line(group.group)
            click.echo(f"      {name:<12} {mean:6.1%} {interval:<16} {bar:<20} ({group.n})")


@command.command("export")
@click.argument("folder", metavar="DIR")
@click.option("--html", "html_file", metavar="FILE", help="Write a page of our own, by itself.")
@click.option("--pyldavis", "ldavis_file", metavar="FILE", help="Write a pyLDAvis page.")
@click.option("--shares", "shares_file", metavar="FILE", help="Write the articles' shares (CSV).")
@lang_option
@debug_option
def export(
    folder: str,
    html_file: str | None,
    ldavis_file: str | None,
    shares_file: str | None,
    lang: str,
    debug: bool,
) -> None:
    """Xuất trang HTML / export a page that needs no network and no program but a browser."""
    from dvtopics.topics.model import TopicModel

    if not (html_file or ldavis_file or shares_file):
        raise click.UsageError("say what to write: --html FILE, --pyldavis FILE or --shares FILE")
    model = TopicModel.load(folder)
    if html_file:
        from dvtopics.topics.page import topic_page

        _write(html_file, topic_page(model, lang), lang)
    if ldavis_file:
        from dvtopics.topics.ldavis import ldavis_page

        _write(ldavis_file, ldavis_page(model), lang)
    if shares_file:
        from dvtopics.topics.report import shares_csv

        _write(shares_file, shares_csv(model), lang)


def _write(name: str, text: str, lang: str) -> None:
    with atomic_file(Path(name)) as fresh:
        fresh.write_text(text, encoding="utf-8")
    click.echo(message("topics-page", name, lang=lang))
