"""Labelled corpora on disk: JSON Lines of the record form, read one by one.

In: ``*.jsonl`` or ``*.jsonl.gz`` files of labelled records. Out: `Article`, with grades;
records whose texts are not filled in are told apart, not failed on.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from dvtopics.article import Article
from dvtopics.errors import InputError
from dvtopics.storage import atomic_file


def read_records(path: str | Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSON Lines file.

    Raises
    ------
    InputError
        If the file cannot be read or a line is not a JSON object.
    """
    source = Path(path)
    number = 0
    try:
        with _open_text(source) as lines:
            for line in lines:
                number += 1
                if not line.strip():
                    continue
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise ValueError("not a JSON object")
                yield record
    except OSError as error:
        raise InputError(str(source), error.strerror or str(error)) from error
    except (ValueError, EOFError, RecursionError) as error:
        raise InputError(f"{source}:{number}", f"not a labelled record ({error})") from error


def _open_text(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8")
    return path.open(encoding="utf-8")


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
        for number, record in enumerate(read_records(path), start=1):
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
            line = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            stream.write(line.encode() + b"\n")
            count += 1
        if packed:
            stream.close()
    return count
