"""Record files to articles: JSON Lines, CSV and Parquet, one record at a time.

Every function yields an `Unread` record, which `parsed` makes an `Article` or, if it cannot be
read, an `InputError`: whoever shares work out can have another process do that.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dvtopics.article import Article
from dvtopics.errors import InputError
from dvtopics.io.streams import PEEK, Source, too_large

Item = Article | InputError


class Unread(NamedTuple):
    """A record found, not parsed yet; quick to send to another process.

    Attributes
    ----------
    parse : callable
        Of this module.
    arguments : tuple
        Of `parse`.
    size : int
        Of its text, roughly.
    """

    parse: Callable[..., Item]
    arguments: tuple[Any, ...]
    size: int


Found = Item | Unread


def parsed(found: Found) -> Item:
    """Return the article of a record, or why it cannot be read."""
    return found.parse(*found.arguments) if isinstance(found, Unread) else found


_PARQUET_ROWS = 256
#: Of CSV: lines that are read a second time after a quote that is not closed.
_SPARE_LINES = 200_000
#: Of carried fields: what is read must also pass to a worker process and be written.
_MAX_DEPTH = 100


def read_jsonl(source: Source, encoding: str | None, max_bytes: int) -> Iterator[Found]:
    """Yield the records of a JSON Lines stream."""
    found = False
    for number, raw in _lines(source, encoding, max_bytes):
        where = f"{source.name}:{number}"
        if raw is None:
            yield InputError(where, too_large(max_bytes), is_record=True)
            found = True
        elif raw.strip():
            yield Unread(_from_json, (raw, where), len(raw))
            found = True
    if not found:
        raise InputError(source.name, "empty: holds no record")


def _from_json(line: bytes | str, where: str) -> Item:
    identifier = None
    try:
        text = line if isinstance(line, str) else line.decode("utf-8")
        record = json.loads(text.rstrip(), parse_constant=_refuse_constant)
        if not isinstance(record, dict):
            raise ValueError("a record must be a JSON object {...}")
        identifier = _identifier(record)
        article = _article(record, where)
        if _depth(article.metadata) > _MAX_DEPTH:
            raise RecursionError
        return article
    except UnicodeDecodeError:
        reason = "not UTF-8; give --encoding if the file is in another one"
    except json.JSONDecodeError as error:
        reason = f"not valid JSON ({error.msg} at column {error.colno})"
    except RecursionError:
        reason = "JSON nested too deep"
    except ValueError as error:
        reason = " ".join(str(error).split())
    return InputError(where, reason, record_id=identifier, is_record=True)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value; write null")


def _identifier(record: Mapping[str, Any]) -> str | None:
    identifier = record.get("id")
    known = isinstance(identifier, (str, int, float)) and not isinstance(identifier, bool)
    return str(identifier) if known else None


def _depth(value: Any) -> int:
    """Return how deep containers are nested, counting no further than just over the limit."""
    level, depth = [value], 0
    while level and depth <= _MAX_DEPTH:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        level, depth = inner, depth + 1
    return depth


def _article(record: Mapping[str, Any], where: str) -> Article:
    article = Article.from_record(record)
    if not article.id:
        article.id = where
    return article


def _lines(
    source: Source, encoding: str | None, max_bytes: int
) -> Iterator[tuple[int, bytes | str | None]]:
    head = source.peek()
    if _by_lines(source.name, head, encoding):
        if head.startswith(codecs.BOM_UTF8):
            source.stream.read(len(codecs.BOM_UTF8))
        yield from source.lines(max_bytes)
        return
    text = _decoded(source, encoding)
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        yield number, None if len(line) > max_bytes else line


def _by_lines(name: str, head: bytes, encoding: str | None) -> bool:
    """Say whether lines can be decoded one by one, so that a broken one spoils no other."""
    if encoding is None and _is_utf8(head):
        return True
    from dvtopics.text.decode import DecodeError, canonical_encoding, decode

    if encoding is not None:
        return canonical_encoding(encoding).startswith("utf-8")
    try:
        return not decode(head).encoding.startswith(("utf-16", "utf-32"))
    except DecodeError as error:
        raise InputError(name, str(error)) from error


def _decoded(source: Source, encoding: str | None) -> str:
    from dvtopics.text.decode import DecodeError, decode

    try:
        return decode(source.read_whole(), encoding).text
    except DecodeError as error:
        raise InputError(source.name, str(error)) from error


def read_csv(
    source: Source, encoding: str | None, max_bytes: int, text_column: str
) -> Iterator[Found]:
    """Yield the rows of a CSV stream that has a header line."""
    head = source.peek()
    if not head.strip():
        raise InputError(source.name, "empty: holds no record")
    if encoding is None and _is_utf8(head):
        text: io.TextIOBase = io.TextIOWrapper(
            source.stream, encoding="utf-8-sig", errors="replace", newline=""
        )
    else:
        text = io.StringIO(_decoded(source, encoding), newline="")
    delimiter = _delimiter(head)
    usual_limit = csv.field_size_limit(min(max(max_bytes, 131_072), 2**31 - 1))
    try:
        yield from _rows(source.name, _Lines(text, delimiter), delimiter, max_bytes, text_column)
    finally:
        csv.field_size_limit(usual_limit)


class _Lines:
    """Lines for `csv.reader`, which knows neither where a row starts nor why it ends.

    Attributes
    ----------
    start : int
        Line on which the present row starts.
    broken : bool
        Whether a quote of the present row is not closed: the row ran into the end of the
        file, or over several lines into a quote that belongs to another row.
    """

    def __init__(self, text: Iterable[str], delimiter: str) -> None:
        self._text = iter(text)
        self._row: list[str] = []
        self._again: list[str] = []
        self._delimiter = delimiter
        self._spare = _SPARE_LINES
        self._ended = False
        self.start = 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._text, None)
        if line is None:
            self._ended = True
            raise StopIteration
        self._row.append(line)
        return line

    @property
    def end(self) -> int:
        """Line on which the present row ends."""
        return self.start + max(len(self._row) - 1, 0)

    def next_row(self) -> None:
        """Start a row."""
        self.start += len(self._row)
        self._row, self._ended = [], False

    @property
    def broken(self) -> bool:
        if self._ended or len(self._row) < 2:
            return self._ended
        try:
            next(csv.reader(self._row, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return True
        return False

    def give_back(self) -> None:
        """Keep but the first line of the row, so that the others are read anew.

        Only so many in a file: what a hostile one costs stays linear.
        """
        again = self._row[1:]
        if len(again) <= self._spare:
            self._spare -= len(again)
            self._again += reversed(again)
            del self._row[1:]


def _rows(
    name: str, lines: _Lines, delimiter: str, max_bytes: int, text_column: str
) -> Iterator[Found]:
    rows = csv.reader(lines, delimiter=delimiter)
    try:
        header = next(rows)
    except (csv.Error, StopIteration) as error:
        raise InputError(name, f"header line is not readable ({error})") from error
    check_columns(name, header, text_column, text_column in header)
    found = False
    while True:
        lines.next_row()
        try:
            row = next(rows)
            reason = "a quote is not closed" if lines.broken else None
        except StopIteration:
            break
        except csv.Error as error:
            reason = too_large(max_bytes) if "field limit" in str(error) else str(error)
        if reason is not None:
            lines.give_back()
        elif row and len(row) != len(header):
            reason = f"row has {len(row)} fields where the header has {len(header)}"
        where = f"{name}:{lines.start}"
        if reason is not None:
            found = True
            if lines.end > lines.start:
                reason += f" (lines {lines.start} to {lines.end})"
            yield InputError(where, reason, is_record=True)
        elif row:
            found = True
            arguments = (header, row, where, text_column, max_bytes)
            yield Unread(_from_row, arguments, sum(map(len, row)))
    if not found:
        raise InputError(name, "empty: holds no record")


def _from_row(
    header: list[str], row: list[str], where: str, text_column: str, max_bytes: int
) -> Item:
    record = dict(zip(header, row, strict=True))
    text = record.pop(text_column)
    identifier = record.pop("id", None) or None
    if _size(text) > max_bytes:
        return InputError(where, too_large(max_bytes), record_id=identifier, is_record=True)
    article = Article.from_text(text, record.pop("title", ""), identifier or where)
    article.metadata = record
    return article


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def check_columns(name: str, columns: list[str], text_column: str, has_text: bool) -> None:
    """Raise InputError unless a table has a text, in columns of different names."""
    if not has_text:
        raise InputError(
            name,
            f"no column {text_column!r} (it has: {', '.join(columns)[:200]}); name it "
            "by --text-column",
        )
    twice = sorted(c for c in set(columns) if c and columns.count(c) > 1)
    if twice:
        raise InputError(name, f"column {twice[0]!r} is there twice; rename one")


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < PEEK)
    except UnicodeDecodeError:
        return False
    # ASCII in UTF-16 is valid UTF-8 too, but every other byte of it is a NUL.
    return head.count(0) * 10 <= len(head)


def _delimiter(head: bytes) -> str:
    first = head.split(b"\n", 1)[0]
    return max(",;\t", key=lambda d: (first.count(d.encode()), d == ","))


def read_parquet(source: Source, max_bytes: int, text_column: str) -> Iterator[Found]:
    """Yield the rows of a Parquet file, a row group at a time."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(
            source.name, "reading Parquet needs: pip install 'dvtopics[parquet]'"
        ) from error
    # Parquet is read from its end: from the file itself, or from all of a packed one.
    seekable = source.name.endswith(".parquet")
    with Path(source.name).open("rb") if seekable else io.BytesIO(source.read_whole()) as raw:
        try:
            file = pq.ParquetFile(raw)
            columns = file.schema_arrow.names
            has_text = text_column in columns or "paragraphs" in columns
            check_columns(source.name, columns, text_column, has_text)
            if file.metadata.num_rows == 0:
                raise InputError(source.name, "empty: holds no record")
            numbers = itertools.count(1)
            size_of_file = Path(source.name).stat().st_size if seekable else 0
            bytes_a_row = size_of_file / file.metadata.num_rows
            for batch in file.iter_batches(_PARQUET_ROWS):
                source.on_read(round(batch.num_rows * bytes_a_row))
                size = batch.nbytes // max(batch.num_rows, 1)
                for record in records_of(batch):
                    where = f"{source.name}:{next(numbers)}"
                    yield Unread(from_columns, (record, where, text_column, max_bytes), size)
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())[:160]
            raise InputError(
                source.name, f"not a readable Parquet file ({reason}); it may be truncated"
            ) from error


def records_of(batch: Any) -> Iterator[dict[str, Any] | str]:
    """Yield the rows of a batch; of one that Python has no values for, the reason."""
    try:
        yield from batch.to_pylist()
        return
    except (ValueError, OverflowError):  # text that is not UTF-8, a date beyond the year 9999
        pass
    for index in range(batch.num_rows):
        try:
            yield batch.slice(index, 1).to_pylist()[0]
        except (ValueError, OverflowError) as error:
            yield " ".join(str(error).split())[:160]


def from_columns(
    record: dict[str, Any] | str, where: str, text_column: str, max_bytes: int
) -> Item:
    """Return the article of a row, or the error that it is."""
    if isinstance(record, str):
        return InputError(where, f"row is not readable ({record})", is_record=True)
    record = dict(record)
    paragraphs = record.pop("paragraphs", None)
    content = (
        {"text": record.pop(text_column, None)}
        if paragraphs is None
        else {"paragraphs": paragraphs}
    )
    identifier = _identifier(record)
    content |= {name: record.pop(name, None) for name in ("id", "title")}
    try:
        article = _article(content, where)
    except ValueError as error:
        return InputError(where, str(error), record_id=identifier, is_record=True)
    if sum(_size(p.text) for p in article.paragraphs) > max_bytes:
        return InputError(where, too_large(max_bytes), record_id=identifier, is_record=True)
    article.metadata = record
    return article
