"""Labelled corpora on disk: JSON Lines of the record form, read one by one.

In: ``*.jsonl`` or ``*.jsonl.gz`` files of labelled records. Out: `Article`, with grades;
records whose texts are not filled in are told apart, not failed on.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dvtopics.article import Article, are_grades
from dvtopics.errors import InputError
from dvtopics.storage import atomic_file


def read_records(path: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSON Lines file.

    Raises
    ------
    InputError
        If the file cannot be read or is empty, or a line is not a labelled record.
    """
    for _, record in _numbered(Path(path)):
        yield record


def _numbered(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    number, found = 0, False
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    yield number, _checked(json.loads(line.rstrip()))
                    found = True
    except (EOFError, zlib.error) as error:
        raise InputError(str(path), f"packed file is truncated or damaged ({error})") from error
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from error
    except RecursionError as error:
        raise InputError(f"{path}:{number}", "JSON nested too deep") from error
    except ValueError as error:
        raise InputError(f"{path}:{number}", f"not a labelled record ({error})") from error
    if not found:
        raise InputError(str(path), "empty: holds no labelled record")


def _checked(record: Any) -> dict[str, Any]:
    """Return `record` if it has a labelled record's shape; what it lacks is told by ValueError."""
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    paragraphs = record.get("paragraphs")
    if paragraphs is None:
        if not isinstance(record.get("text"), str):
            raise ValueError('neither "paragraphs" nor "text" is there')
        paragraphs = []
    if not isinstance(paragraphs, list):
        raise ValueError('"paragraphs" must be a list')
    for item in (record, *paragraphs):
        if not isinstance(item, (str, dict)):
            raise ValueError("a paragraph must be text or an object")
        grades = item.get("grades") if isinstance(item, dict) else None
        if grades is not None and not are_grades(grades):
            raise ValueError('"grades" must map themes to numbers or null')
    return record


def is_filled(record: Mapping[str, Any]) -> bool:
    """Say whether a record holds its texts (and not only their checksums)."""
    paragraphs = record.get("paragraphs")
    if not isinstance(paragraphs, list):
        return "text" in record
    return all(isinstance(p, str) or (isinstance(p, Mapping) and "text" in p) for p in paragraphs)


def read_labelled(paths: Iterable[str | Path]) -> list[Article]:
    """Read labelled articles; every record must hold its texts.

    Raises
    ------
    InputError
        If a record cannot be read, or its texts are not filled in.
    """
    articles = []
    for path in paths:
        for number, record in _numbered(Path(path)):
            try:
                articles.append(Article.from_record(record))
            except ValueError as error:
                raise InputError(f"{path}:{number}", str(error)) from error
    return articles


def write_records(path: str | Path, records: Iterable[Mapping[str, Any]]) -> int:
    """Write records as JSON Lines, whole or not at all; return their number."""
    count = 0
    with atomic_file(path) as fresh, fresh.open("wb") as raw:
        # No time stamp and no file name in the gzip header: same records, same bytes.
        packed = Path(path).suffix == ".gz"
        stream: Any = gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) if packed else raw
        for record in records:
            stream.write(_line(record))
            count += 1
        if packed:
            stream.close()
    return count


def _line(record: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 has not, stays escaped
        return json.dumps(record, separators=(",", ":")).encode() + b"\n"
