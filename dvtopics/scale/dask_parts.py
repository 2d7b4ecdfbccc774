"""One task of a run: a part of the dataset in, its output file written whole or not at all.

Runs on a worker. Doing a part twice does no harm: the second finds the first one's file, or
writes the same again.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dvtopics.article import Article
from dvtopics.errors import InputError, UsageError
from dvtopics.io.records import from_columns, records_of
from dvtopics.io.streams import reason_of
from dvtopics.scale.dask_model import Payload
from dvtopics.scale.dask_plan import Part, Piece
from dvtopics.scale.dask_rows import Tagged, Work, tag_items
from dvtopics.storage import atomic_file

if TYPE_CHECKING:
    from dvtopics.io.records import Item

#: Beside the parts, under a name that readers of datasets pass over: what could not be read.
ERRORS = "_errors"
#: Of the output file's key-value metadata.
_KEY = b"dvtopics"
_READ_ROWS = 256
_GROUP_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a part.

    Attributes
    ----------
    index : int
    articles : int
    marks : tuple of int
        Tags to look at and all tags, of paragraphs and of articles.
    errors : tuple of dict
        ``{"id", "error", "where"}`` of every record or file that could not be read.
    kept : bool
        Whether its file was there already.
    """

    index: int
    articles: int
    marks: tuple[int, ...]
    errors: tuple[dict[str, Any], ...]
    kept: bool = False


def tag_part(payload: Payload, work: Work, part: Part, folder: str, fingerprint: str) -> Report:
    """Tag a part and write its file into `folder`, unless it is there already.

    Parameters
    ----------
    payload : dict
        The model's files.
    work : Work
    part : Part
    folder : str
        Must be the same place on every worker and at the client.
    fingerprint : str
        Of the run; a file of another one is written anew.

    Raises
    ------
    InputError
        If a file cannot be opened here.
    UsageError
        If the output cannot be written here.
    """
    target = Path(folder) / part.name
    found = finished_part(target, part.index, fingerprint)
    if found is not None:
        return found
    items = items_of(part, work.text_column, work.max_bytes)
    try:
        return _write(target, work, part, fingerprint, tag_items(work, payload, items))
    except OSError as error:  # reading gives InputError
        raise UsageError(
            f"{folder}: cannot be written on {socket.gethostname()} ({error.strerror or error})"
        ) from error


def finished_part(target: Path, index: int, fingerprint: str) -> Report | None:
    """Return what an earlier task reported of a part, or None if it is to be done."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with target.open("rb") as raw:
            metadata = pq.ParquetFile(raw).metadata.metadata or {}
        known = json.loads(metadata.get(_KEY, b"{}"))
        if known.get("fingerprint") != fingerprint:
            return None
        errors = json.loads(_errors_file(target).read_bytes()) if known["errors"] else []
        if len(errors) != known["errors"]:
            return None
        return Report(index, known["articles"], tuple(known["marks"]), tuple(errors), kept=True)
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        # Missing or damaged: it is written anew, which tells if it cannot be.
        return None


def items_of(part: Part, text_column: str, max_bytes: int) -> Iterator[Item]:
    """Yield the articles of a part, and an error in place of each that cannot be read."""
    for piece in part.pieces:
        yield from _items(piece, text_column, max_bytes)


def first_article(parts: Iterable[Part], text_column: str, max_bytes: int) -> Article | None:
    """Return the first article of a dataset, whose fields become columns."""
    items = (item for part in parts for item in items_of(part, text_column, max_bytes))
    return next((item for item in items if isinstance(item, Article)), None)


def _items(piece: Piece, text_column: str, max_bytes: int) -> Iterator[Item]:
    """Yield what `read_parquet` yields of these row groups."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = itertools.count(piece.first_row + 1)
    try:
        with Path(piece.path).open("rb") as raw:
            file = pq.ParquetFile(raw)
            for batch in file.iter_batches(_READ_ROWS, row_groups=list(piece.groups)):
                for record in records_of(batch):
                    where = f"{piece.name}:{next(numbers)}"
                    yield from_columns(record, where, text_column, max_bytes)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            # Of this machine, or for now: the part counts as not done.
            host = socket.gethostname()
            raise InputError(piece.name, f"{reason_of(error)} (on {host})") from error
        reason = " ".join(str(error).split())[:160]
        yield InputError(piece.name, f"not a readable Parquet file ({reason}); it may be truncated")


def _write(
    target: Path, work: Work, part: Part, fingerprint: str, batches: Iterable[Tagged]
) -> Report:
    import pyarrow.parquet as pq

    rows: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    articles, marks = 0, np.zeros(4, dtype=np.int64)
    with atomic_file(target) as fresh:
        with pq.ParquetWriter(fresh, work.schema) as writer:
            for done in batches:
                rows += [row for a in done.articles for row in work.renderer.article(a)]
                errors += [
                    {"id": e.record_id, "error": e.reason, "where": e.where} for e in done.errors
                ]
                articles += len(done.articles)
                marks += done.marks
                if len(rows) >= _GROUP_ROWS:
                    writer.write_table(work.table(rows))
                    rows = []
            if rows:
                writer.write_table(work.table(rows))
            report = Report(part.index, articles, tuple(marks.tolist()), tuple(errors))
            known = {
                "fingerprint": fingerprint, "articles": articles, "errors": len(errors),
                "marks": report.marks, "model": work.model.label,
            }  # fmt: skip
            writer.add_key_value_metadata({_KEY: json.dumps(known).encode()})
        if errors:
            # First, since the part's own file says that all is there.
            with atomic_file(_errors_file(target)) as other:
                other.write_text(json.dumps(errors, ensure_ascii=True, indent=0), "utf-8")
                _to_disk(other)
        _to_disk(fresh)
    return report


def _errors_file(target: Path) -> Path:
    return target.parent / ERRORS / f"{target.stem}.json"


def _to_disk(path: Path) -> None:
    """Have the bytes on the disk before the name says that they are there."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
