"""Record files to articles: JSON Lines, CSV and Parquet, one record at a time.

Every function yields `Article` or, for a record that cannot be read, `InputError`.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

from dvtopics.article import Article
from dvtopics.errors import InputError
from dvtopics.io.streams import PEEK, Source, too_large

Item = Article | InputError
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PARQUET_ROWS = 256


def read_jsonl(source: Source, encoding: str | None, max_bytes: int) -> Iterator[Item]:
    """Yield the records of a JSON Lines stream."""
    found = False
    for number, raw in _lines(source, encoding, max_bytes):
        where = f"{source.name}:{number}"
        if raw is None:
            yield InputError(where, too_large(max_bytes), is_record=True)
            found = True
        elif raw.strip():
            yield _from_json(raw, where)
            found = True
    if not found:
        raise InputError(source.name, "empty: holds no record")


def _from_json(line: bytes | str, where: str) -> Item:
    identifier = None
    try:
        text = line if isinstance(line, str) else line.decode("utf-8")
        record = json.loads(text, parse_constant=_refuse_constant)
        if not isinstance(record, dict):
            raise ValueError("a record must be a JSON object {...}")
        identifier = record["id"] if isinstance(record.get("id"), str) else None
        return _article(record, where)
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


def _article(record: Mapping[str, Any], where: str) -> Article:
    article = Article.from_record(record)
    if article.id is None:
        article.id = where
    return article


def _lines(
    source: Source, encoding: str | None, max_bytes: int
) -> Iterator[tuple[int, bytes | str | None]]:
    head = source.peek()
    if encoding is None and not head.startswith(_UTF16):
        if head.startswith(codecs.BOM_UTF8):
            source.stream.read(len(codecs.BOM_UTF8))
        yield from source.lines(max_bytes)
        return
    text = _decoded(source, encoding)
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        yield number, None if len(line) > max_bytes else line


def _decoded(source: Source, encoding: str | None) -> str:
    from dvtopics.text.decode import DecodeError, decode

    try:
        return decode(source.read_whole(), encoding).text
    except DecodeError as error:
        raise InputError(source.name, str(error)) from error


def read_csv(
    source: Source, encoding: str | None, max_bytes: int, text_column: str
) -> Iterator[Item]:
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
    usual_limit = csv.field_size_limit(max(max_bytes, 131_072))
    try:
        yield from _rows(
            source, csv.reader(text, delimiter=_delimiter(head)), max_bytes, text_column
        )
    finally:
        csv.field_size_limit(usual_limit)


def _rows(source: Source, rows: Any, max_bytes: int, text_column: str) -> Iterator[Item]:
    try:
        header = next(rows)
    except (csv.Error, StopIteration) as error:
        raise InputError(source.name, f"header line is not readable ({error})") from error
    if text_column not in header:
        raise InputError(
            source.name,
            f"no column {text_column!r} (it has: {', '.join(header)[:200]}); name it "
            "by --text-column",
        )
    found = False
    while True:
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            where = f"{source.name}:{rows.line_num}"
            reason = too_large(max_bytes) if "field limit" in str(error) else str(error)
            yield InputError(where, f"row is not readable ({reason})", is_record=True)
            found = True
            continue
        if row:
            found = True
            yield _from_row(row, header, f"{source.name}:{rows.line_num}", text_column, max_bytes)
    if not found:
        raise InputError(source.name, "empty: holds no record")


def _from_row(
    row: list[str], header: list[str], where: str, text_column: str, max_bytes: int
) -> Item:
    if len(row) != len(header):
        return InputError(
            where,
            f"row has {len(row)} fields where the header has {len(header)}",
            is_record=True,
        )
    record: dict[str, Any] = dict(zip(header, row, strict=True))
    record["text"] = record.pop(text_column)
    if len(record["text"].encode("utf-8", "surrogatepass")) > max_bytes:
        return InputError(where, too_large(max_bytes), record_id=record.get("id"), is_record=True)
    record["id"] = record.get("id") or None
    return _article(record, where)


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < PEEK)
    except UnicodeDecodeError:
        return False
    return b"\x00" not in head


def _delimiter(head: bytes) -> str:
    first = head.split(b"\n", 1)[0]
    return max(",;\t", key=lambda d: (first.count(d.encode()), d == ","))


def read_parquet(source: Source, max_bytes: int, text_column: str) -> Iterator[Item]:
    """Yield the rows of a Parquet file, a row group at a time."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(
            source.name, "reading Parquet needs: pip install 'dvtopics[parquet]'"
        ) from error
    try:
        # Parquet is read from its end: from the file itself, or from all of a packed one.
        seekable = source.name.endswith(".parquet")
        file = pq.ParquetFile(source.name if seekable else io.BytesIO(source.read_whole()))
        columns = file.schema_arrow.names
        if text_column not in columns and "paragraphs" not in columns:
            raise InputError(
                source.name,
                f"no column {text_column!r} (it has: {', '.join(columns)[:200]}); name it "
                "by --text-column",
            )
        if file.metadata.num_rows == 0:
            raise InputError(source.name, "empty: holds no record")
        numbers = itertools.count(1)
        for batch in file.iter_batches(_PARQUET_ROWS):
            for record in batch.to_pylist():
                where = f"{source.name}:{next(numbers)}"
                yield _from_columns(record, where, text_column, max_bytes)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise InputError(source.name, "no such file") from error
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            source.name, f"not a readable Parquet file ({reason}); it may be truncated"
        ) from error


def _from_columns(record: dict[str, Any], where: str, text_column: str, max_bytes: int) -> Item:
    if text_column != "text" and text_column in record:
        record["text"] = record.pop(text_column)
    if record.get("paragraphs") is not None:
        record.pop("text", None)
    else:
        record.pop("paragraphs", None)
    identifier = record.get("id") if isinstance(record.get("id"), str) else None
    try:
        article = _article(record, where)
    except ValueError as error:
        return InputError(where, str(error), record_id=identifier, is_record=True)
    if sum(len(p.text.encode("utf-8", "surrogatepass")) for p in article.paragraphs) > max_bytes:
        return InputError(where, too_large(max_bytes), record_id=identifier, is_record=True)
    return article
