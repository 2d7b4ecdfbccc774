"""Inputs to a stream of articles: files, folders and standard input, in any known format.

`read_items` yields `Article`, or `InputError` in place of what cannot be read, and goes on;
`read_articles` raises instead.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dvtopics.article import Article
from dvtopics.errors import InputError, UsageError
from dvtopics.io.records import Found, Item, parsed, read_csv, read_jsonl, read_parquet
from dvtopics.io.streams import PACKED_SUFFIXES, STDIN, Source, open_source, reason_of

FORMATS = ("txt", "html", "jsonl", "csv", "parquet")
_SUFFIXES = {
    ".txt": "txt", ".html": "html", ".htm": "html", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".csv": "csv", ".parquet": "parquet",
}  # fmt: skip
DEFAULT_MAX_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How inputs are read.

    Attributes
    ----------
    input_format : str or None
        One of `FORMATS`; None goes by the file's suffix.
    encoding : str or None
        None detects it.
    text_column : str
        Of CSV and Parquet.
    max_bytes : int
        Limit on one article.

    Raises
    ------
    UsageError
        If one of them is unknown or out of range.
    """

    input_format: str | None = None
    encoding: str | None = None
    text_column: str = "text"
    max_bytes: int = DEFAULT_MAX_BYTES

    def __post_init__(self) -> None:
        if self.input_format not in (None, *FORMATS):
            raise UsageError(f"unknown input format {self.input_format!r}; known: {FORMATS}")
        if self.encoding is not None:
            from dvtopics.text.decode import DecodeError, canonical_encoding

            try:
                canonical_encoding(self.encoding)
            except DecodeError as error:
                raise UsageError(str(error)) from error
        if not 0 < self.max_bytes < sys.maxsize:
            raise UsageError(f"the limit in bytes must be positive, got {self.max_bytes}")


def format_of(name: str) -> str | None:
    """Return the format that a file's suffix names, packed or not."""
    path = Path(name)
    suffix = path.suffix.lower()
    if suffix in PACKED_SUFFIXES:
        suffix = Path(path.stem).suffix.lower()
    return _SUFFIXES.get(suffix)


def expand(inputs: Iterable[str]) -> Iterator[str | InputError]:
    """Yield the files that `inputs` name; a folder gives its readable files, sorted by path."""
    for name in inputs:
        if name != STDIN and _is_folder(name):
            files = _files_below(name)
            if not files:
                kinds = " ".join(sorted(_SUFFIXES))
                yield InputError(name, f"folder holds no readable file ({kinds})")
            yield from files
        else:
            yield name


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except OSError:  # a name too long, say: opening it will tell
        return False


def _files_below(folder: str) -> list[str | InputError]:
    """Return the files of known formats, and an error for each folder that cannot be read."""
    found: list[str | InputError] = []

    def unreadable(error: OSError) -> None:
        found.append(InputError(str(error.filename), reason_of(error)))

    for root, _, names in os.walk(folder, onerror=unreadable):
        paths = (
            os.path.join(root, name)  # noqa: PTH118 - keeps the path as the user wrote it
            for name in names
            if format_of(name) and not name.startswith(".")
        )
        found += [path for path in paths if not is_special(path)]
    return sorted(found, key=lambda item: item.where if isinstance(item, InputError) else item)


def is_special(path: str) -> bool:
    """Say whether `path` is a pipe or device, which nobody means who names its folder."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:  # a dangling link, say: opening it will tell
        return False
    return not stat.S_ISREG(mode)


def read_items(
    inputs: Iterable[str],
    options: ReadOptions | None = None,
    on_read: Callable[[int], None] | None = None,
) -> Iterator[Item]:
    """Yield the articles of `inputs` in order, and an error in place of each that fails.

    Parameters
    ----------
    inputs : iterable of str
        Files, folders, or ``-``.
    options : ReadOptions, optional
    on_read : callable, optional
        Called with the number of bytes of every read.

    Yields
    ------
    Article or InputError
    """
    yield from map(parsed, find_items(inputs, options, on_read))


def find_items(
    inputs: Iterable[str],
    options: ReadOptions | None = None,
    on_read: Callable[[int], None] | None = None,
) -> Iterator[Found]:
    """Yield what `read_items` yields, records not parsed yet."""
    chosen = options or ReadOptions()
    for name in expand(inputs):
        if isinstance(name, InputError):
            yield name
            continue
        try:
            with open_source(name, on_read) as source:
                yield from _read_source(source, chosen)
        except InputError as error:
            yield error


def read_articles(
    *inputs: str | Path,
    input_format: str | None = None,
    encoding: str | None = None,
    text_column: str = "text",
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Iterator[Article]:
    """Read articles lazily from files and folders.

    Parameters
    ----------
    *inputs : str or Path
        Files (``.txt``, ``.html``, ``.jsonl``, ``.csv``, ``.parquet``, packed or not), folders,
        or ``"-"`` for standard input.
    input_format : {"txt", "html", "jsonl", "csv", "parquet"}, optional
        In place of what the suffix says.
    encoding : str, optional
        In place of what is detected.
    text_column : str, default "text"
    max_bytes : int, default 10,000,000
        Limit on one article.

    Yields
    ------
    Article

    Raises
    ------
    InputError
        At the first file or record that cannot be read.
    """
    options = ReadOptions(input_format, encoding, text_column, max_bytes)
    for item in read_items([str(name) for name in inputs], options):
        if isinstance(item, InputError):
            raise item
        yield item


def _read_source(source: Source, options: ReadOptions) -> Iterator[Found]:
    kind = options.input_format or format_of(source.name)
    if kind is None:
        # Standard input and files of another name: records if it starts like one, else text.
        # Stripped: blanks, and the byte-order marks and NULs of UTF-16.
        head = source.peek().lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
        kind = "jsonl" if head.startswith(b"{") else "txt"
    if kind == "jsonl":
        yield from read_jsonl(source, options.encoding, options.max_bytes)
    elif kind == "csv":
        yield from read_csv(source, options.encoding, options.max_bytes, options.text_column)
    elif kind == "parquet":
        yield from read_parquet(source, options.max_bytes, options.text_column)
    else:
        yield _read_page(source, kind, options)


def _read_page(source: Source, kind: str, options: ReadOptions) -> Article:
    from dvtopics.text.decode import DecodeError, decode
    from dvtopics.text.extract import extract_html, extract_text

    try:
        text = decode(source.read_whole(options.max_bytes), options.encoding).text
    except DecodeError as error:
        raise InputError(source.name, str(error)) from error
    page = extract_html(text) if kind == "html" else extract_text(text)
    if not page.title and not page.paragraphs:
        raise InputError(source.name, "no article text found in it")
    return Article(page.title, page.paragraphs, source.name)
