"""``dvtopics tag``: articles in, tagged articles out."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dvtopics import __version__
from dvtopics.cli.messages import message, one_line
from dvtopics.cli.options import debug_option, jobs_option, lang_option, parse_thresholds
from dvtopics.cli.progress import Progress
from dvtopics.errors import InputError, UsageError
from dvtopics.io.journal import fingerprint
from dvtopics.io.readers import (
    DEFAULT_MAX_BYTES,
    FORMATS,
    ReadOptions,
    expand,
    find_items,
    is_special,
)
from dvtopics.io.records import Found, parsed
from dvtopics.io.sinks import ResumeError, Sink, finished, is_plain, open_sink
from dvtopics.io.streams import PACKED_SUFFIXES, STDIN, check_packing
from dvtopics.io.work import Work, batches_of
from dvtopics.io.writers import (
    OUTPUT_FORMATS,
    CsvRenderer,
    JsonlRenderer,
    ParquetRenderer,
    Renderer,
    RowRenderer,
    join_parquet,
)

if TYPE_CHECKING:
    from dvtopics.taggers.base import Tagger

#: Columns of a table that goes to a file: its bytes are not to depend on a terminal.
_WIDTH = 100


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
@click.option("--resume", is_flag=True, help="Go on with an --output that is unfinished.")
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
@click.option(
    "--dask",
    metavar="ADDRESS|local",
    help="Parquet into a folder of Parquet, by a Dask cluster or by local processes.",
)
@lang_option
@debug_option
def command(
    inputs: tuple[str, ...],
    model: str,
    output_format: str | None,
    output: str | None,
    jobs: int,
    resume: bool,
    input_format: str | None,
    encoding: str | None,
    text_column: str,
    threshold: tuple[str, ...],
    precision: float | None,
    review: float | None,
    no_evidence: bool,
    max_bytes: int,
    dask: str | None,
    lang: str,
    debug: bool,
) -> int:
    """Gắn chủ đề cho bài viết / tag articles by theme.

    INPUT is a file (.txt .html .jsonl .csv .parquet, also .gz and .zst), a folder, or - for
    standard input.
    """
    from dvtopics.taggers.registry import load

    options = ReadOptions(input_format, encoding, text_column, max_bytes)
    if review is not None and (threshold or precision is not None):
        raise click.UsageError("--review goes with the model's own thresholds: no --threshold")
    if dask is not None:
        from dvtopics.cli.tag_dask import tag_by_dask

        tagger = load(model).set_thresholds(parse_thresholds(threshold), precision)
        tagger.set_review(review)
        return tag_by_dask(dask, inputs, output, tagger, options, output_format, resume, lang)
    if resume:
        _check_resumable(inputs, output, lang)
        assert output is not None
        if (done := finished(output)) is not None:
            click.echo(one_line(message("complete", output, lang=lang)), err=True)
            return 1 if done["errors"] else 0
    _refuse_to_overwrite(inputs, output)
    tagger = load(model)
    tagger.set_thresholds(parse_thresholds(threshold), precision).set_review(review)
    chosen = output_format or _default_format(output)
    packing = _packing(chosen, output)
    identity = None
    if output is not None:
        identity = _identity(inputs, options, tagger, chosen, lang, not no_evidence)
    shown = output is not None or not sys.stdout.isatty()
    total = _total(inputs) if shown and sys.stderr.isatty() else None
    with Progress(
        message("reading", lang=lang), message("articles", lang=lang), total, shown
    ) as progress:
        found = find_items(inputs, options, progress.advance)
        renderer, found = _renderer(chosen, found, tagger, lang, output)
        work = Work(renderer, not no_evidence, packing)
        join = join_parquet if chosen == "parquet" else None
        try:
            with open_sink(output, identity, resume, join) as sink:
                if resume and sink.counts["items"]:
                    line = message("resumed", output, f"{sink.counts['items']:,}", lang=lang)
                    click.echo(one_line(line), err=True)
                _run(sink, work, found, tagger, jobs, progress)
        except ResumeError as error:
            raise UsageError(_refusal(error, output, lang)) from error
        except KeyboardInterrupt:
            if identity is not None:
                click.echo(message("resumable", lang=lang), err=True)
            raise
    if review is not None:
        levels = ("unsure_paragraph_tags", "paragraph_tags", "unsure_article_tags", "article_tags")
        counts = [sink.counts[name] for name in levels]
        click.echo(message("review", f"{review:g}", *counts, lang=lang), err=True)
    return 1 if sink.counts["errors"] else 0


def _run(
    sink: Sink, work: Work, found: Iterator[Found], tagger: Tagger, jobs: int, progress: Progress
) -> None:
    """Write the blocks of what is found to `sink`, but for what it has already."""
    from dvtopics.scale.pool import map_batches
    from dvtopics.taggers.base import BATCH_SIZE

    if sink.fresh:
        sink.write(work.header())
    for _ in itertools.islice(found, sink.counts["items"]):
        pass
    progress.begin()
    for block in map_batches(tagger, work, batches_of(found, BATCH_SIZE), jobs):
        sink.write(block.data, block.counts)
        for error in block.errors:
            click.echo(one_line(str(error)), err=True)
        progress.count(block.counts["articles"])


def _check_resumable(inputs: tuple[str, ...], output: str | None, lang: str) -> None:
    if output is None or not is_plain(output):
        raise click.UsageError(message("resume-output", lang=lang))
    if STDIN in inputs or any(is_special(name) for name in inputs):
        raise click.UsageError(message("resume-input", lang=lang))


def _identity(
    inputs: tuple[str, ...],
    options: ReadOptions,
    tagger: Tagger,
    output_format: str,
    lang: str,
    evidence: bool,
) -> dict[str, Any] | None:
    """Return all that the bytes of the output follow from, or None if inputs can be read once."""
    read = fingerprint(inputs)
    if read is None:
        return None
    limits = tagger.thresholds_
    return {
        "inputs": read,
        "model": tagger.model_,
        "version": __version__,
        "--format": output_format,
        "--threshold": [limits.paragraph.tolist(), limits.article.tolist()],
        "--review": limits.review,
        "--no-evidence": not evidence,
        "--input-format": options.input_format,
        "--encoding": options.encoding,
        "--text-column": options.text_column,
        "--max-bytes": options.max_bytes,
        "--lang": lang if output_format == "table" else None,
    }


def _refusal(error: ResumeError, output: str | None, lang: str) -> str:
    names = [
        name if name.startswith("--") else message(name, lang=lang) for name in error.differences
    ]
    return message("resume-refused", output, ", ".join(names), lang=lang)


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


def _default_format(output: str | None) -> str:
    if output is None:
        return "table" if sys.stdout.isatty() else "jsonl"
    path = Path(output)
    suffix = Path(path.stem).suffix if path.suffix in (".gz", ".zst") else path.suffix
    return suffix[1:] if suffix[1:] in ("csv", "parquet") else "jsonl"


def _packing(chosen: str, output: str | None) -> str:
    suffix = "" if output is None else Path(output).suffix
    # Parquet is packed inside, whatever its name.
    if chosen == "parquet" or suffix not in PACKED_SUFFIXES:
        return ""
    check_packing(suffix)
    return suffix


def _renderer(
    chosen: str, found: Iterator[Found], tagger: Tagger, lang: str, output: str | None
) -> tuple[Renderer, Iterator[Found]]:
    if chosen == "jsonl":
        return JsonlRenderer(), found
    if chosen == "table":
        import shutil

        from dvtopics.cli.table import TableRenderer

        colour = output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
        width = shutil.get_terminal_size((_WIDTH, 24)).columns if output is None else _WIDTH
        return TableRenderer(tagger.taxonomy_, lang, width, colour), found
    if chosen == "parquet" and output is None:
        raise UsageError("Parquet cannot go to standard output; name a file by --output")
    # The first article's own fields become columns.
    head: list[Found] = []
    carried: list[str] = []
    for item in found:
        head.append(item)
        article = parsed(item)
        if not isinstance(article, InputError):
            carried = list(article.metadata)
            break
    rows = RowRenderer(tagger.themes_, carried, review=tagger.thresholds_.review is not None)
    renderer = ParquetRenderer(rows) if chosen == "parquet" else CsvRenderer(rows)
    return renderer, itertools.chain(head, found)


def _total(inputs: tuple[str, ...]) -> int | None:
    """Bytes to read, or None where that is not known beforehand."""
    total = 0
    for name in expand(inputs):
        if isinstance(name, InputError):
            continue
        try:
            if not Path(name).is_file():
                return None
            total += Path(name).stat().st_size
        except OSError:  # reading it will tell
            return None
    return total
