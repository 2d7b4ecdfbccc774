"""``dvtopics tag``: articles in, tagged articles out."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article, TaggedArticle
from dvtopics.cli.messages import message, one_line
from dvtopics.cli.options import debug_option, jobs_option, lang_option, parse_thresholds
from dvtopics.cli.progress import Progress
from dvtopics.errors import InputError, UsageError
from dvtopics.io.readers import DEFAULT_MAX_BYTES, FORMATS, ReadOptions, expand, read_items
from dvtopics.io.records import Item
from dvtopics.io.streams import STDIN
from dvtopics.io.writers import (
    OUTPUT_FORMATS,
    CsvRenderer,
    JsonlRenderer,
    Renderer,
    RowRenderer,
    open_sink,
)


@click.command("tag")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("--model", default="tfidf", show_default=True, help="Pretrained name or folder.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(OUTPUT_FORMATS),
    help="By default table on a terminal, else what --output's suffix says, else jsonl.",
)
@click.option("--output", metavar="FILE", help="Write here instead of standard output.")
@jobs_option
@click.option("--input-format", type=click.Choice(FORMATS), help="Instead of the suffix's.")
@click.option("--encoding", help="Instead of the one detected.")
@click.option("--text-column", default="text", show_default=True, help="Of CSV and Parquet.")
@click.option("--threshold", multiple=True, metavar="T|THEME=T", help="Probability of a tag.")
@click.option("--precision", type=float, metavar="P", help="Thresholds that reach this precision.")
@click.option(
    "--review",
    type=float,
    metavar="P",
    help="Mark the tags to look at so that, the wrong ones out, this precision is reached.",
)
@click.option("--no-evidence", is_flag=True, help="Leave out which terms decided.")
@click.option("--max-bytes", default=DEFAULT_MAX_BYTES, show_default=True, help="Of an article.")
@lang_option
@debug_option
def command(
    inputs: tuple[str, ...],
    model: str,
    output_format: str | None,
    output: str | None,
    jobs: int,
    input_format: str | None,
    encoding: str | None,
    text_column: str,
    threshold: tuple[str, ...],
    precision: float | None,
    review: float | None,
    no_evidence: bool,
    max_bytes: int,
    lang: str,
    debug: bool,
) -> int:
    """Gắn chủ đề cho bài viết / tag articles by theme.

    INPUT is a file (.txt .html .jsonl .csv .parquet, also .gz and .zst), a folder, or - for
    standard input.
    """
    from dvtopics.scale.pool import map_batches
    from dvtopics.taggers.registry import load

    _refuse_to_overwrite(inputs, output)
    options = ReadOptions(input_format, encoding, text_column, max_bytes)
    tagger = load(model)
    if review is not None and (threshold or precision is not None):
        raise click.UsageError("--review goes with the model's own thresholds: no --threshold")
    tagger.set_thresholds(parse_thresholds(threshold), precision).set_review(review)
    chosen = output_format or _default_format(output)
    shown = output is not None or not sys.stdout.isatty()
    failed = False
    marks = np.zeros(4, dtype=np.int64)
    with Progress(
        message("reading", lang=lang), message("articles", lang=lang), _total(inputs), shown
    ) as progress:
        items = read_items(inputs, options, progress.advance)
        renderer, items = _renderer(chosen, items, tagger, lang, output)
        work = _Render(renderer, evidence=not no_evidence)
        with open_sink(output, renderer) as sink:
            sink.write(renderer.header())
            for payloads, errors, count, found in map_batches(tagger, work, _batches(items), jobs):
                marks += found
                for payload in payloads:
                    sink.write(payload)
                for error in errors:
                    click.echo(one_line(str(error)), err=True)
                    failed = True
                progress.count(count)
    if review is not None:
        click.echo(message("review", f"{review:g}", *marks.tolist(), lang=lang), err=True)
    return 1 if failed else 0


def _refuse_to_overwrite(inputs: tuple[str, ...], output: str | None) -> None:
    if output is None or not Path(output).is_file():
        return
    for name in expand(inputs):
        if isinstance(name, str) and name != STDIN and _is_same_file(name, output):
            raise UsageError(f"{output}: is an input; name another file by --output")


def _is_same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


class _Render:
    """What a worker does: tag a batch and render it, errors in their places."""

    def __init__(self, renderer: Renderer, evidence: bool) -> None:
        self._renderer, self._evidence = renderer, evidence

    def __call__(
        self, tagger: Any, items: list[Item]
    ) -> tuple[list[Any], list[InputError], int, NDArray[np.int64]]:
        articles = [item for item in items if isinstance(item, Article)]
        tagged = tagger.tag_batch(articles, evidence=self._evidence)
        results = iter(tagged)
        payloads = [
            self._renderer.article(next(results))
            if isinstance(item, Article)
            else self._renderer.error(item)
            for item in items
        ]
        errors = [item for item in items if isinstance(item, InputError)]
        return payloads, errors, len(articles), _marks(tagged)


def _marks(tagged: list[TaggedArticle]) -> NDArray[np.int64]:
    """Count the tags to look at and all tags, of paragraphs and of articles."""
    paragraphs = [p for article in tagged for p in article.paragraphs]
    return np.array(
        [
            sum(len(item.unsure or ()) for item in paragraphs),
            sum(len(item.tags) for item in paragraphs),
            sum(len(item.unsure or ()) for item in tagged),
            sum(len(item.tags) for item in tagged),
        ]
    )


def _default_format(output: str | None) -> str:
    if output is None:
        return "table" if sys.stdout.isatty() else "jsonl"
    path = Path(output)
    suffix = Path(path.stem).suffix if path.suffix in (".gz", ".zst") else path.suffix
    return suffix[1:] if suffix[1:] in ("csv", "parquet") else "jsonl"


def _renderer(
    chosen: str, items: Iterator[Item], tagger: Any, lang: str, output: str | None
) -> tuple[Renderer, Iterator[Item]]:
    if chosen == "jsonl":
        return JsonlRenderer(), items
    if chosen == "table":
        import shutil

        from dvtopics.cli.table import TableRenderer

        colour = output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
        width = shutil.get_terminal_size((100, 24)).columns
        return TableRenderer(tagger.taxonomy_, lang, width, colour), items
    # The first article's own fields become columns.
    head: list[Item] = []
    carried: list[str] = []
    for item in items:
        head.append(item)
        if isinstance(item, Article):
            carried = list(item.metadata)
            break
    rows = RowRenderer(tagger.themes_, carried, review=tagger.thresholds_.review is not None)
    return (rows if chosen == "parquet" else CsvRenderer(rows)), itertools.chain(head, items)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    from dvtopics.taggers.base import BATCH_SIZE, batched

    return batched(items, BATCH_SIZE)


def _total(inputs: tuple[str, ...]) -> int | None:
    """Bytes to read, or None where that is not known beforehand."""
    total = 0
    for name in expand(inputs):
        if isinstance(name, InputError):
            continue
        try:
            if name.endswith((".gz", ".zst")) or not Path(name).is_file():
                return None
            total += Path(name).stat().st_size
        except OSError:  # reading it will tell
            return None
    return total
