"""Tagged articles to bytes: what each format writes for a batch of articles and errors.

A renderer may run in a worker process, so that the main process has but to append what comes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from dvtopics.article import TaggedArticle
from dvtopics.errors import InputError, UsageError

OUTPUT_FORMATS = ("table", "jsonl", "csv", "parquet")
Result = TaggedArticle | InputError
#: Of Parquet: rows of a group, at least.
_GROUP_ROWS = 10_000


class Renderer(Protocol):
    """One output format."""

    def header(self) -> bytes:
        """Return what comes before the first batch."""

    def render(self, results: Sequence[Result]) -> bytes:
        """Return what is written for a batch: articles, and errors of records in their places."""


class LineRenderer:
    """Base of the formats that write one article after the other."""

    def header(self) -> bytes:
        """Return what comes before the first article."""
        return b""

    def article(self, tagged: TaggedArticle) -> bytes:
        """Return what is written for an article."""
        raise NotImplementedError

    def error(self, error: InputError) -> bytes:
        """Return nothing: errors go to standard error only."""
        return b""

    def render(self, results: Sequence[Result]) -> bytes:
        """Return what is written for a batch."""
        return b"".join(
            self.error(result) if isinstance(result, InputError) else self.article(result)
            for result in results
        )


def json_line(record: Any) -> bytes:
    """Return one JSON line in UTF-8; lone surrogates, which UTF-8 has not, stay escaped."""
    try:
        return _json(record).encode() + b"\n"
    except UnicodeEncodeError:
        return _json(record, ascii_only=True).encode() + b"\n"


def _json(value: Any, ascii_only: bool = False) -> str:
    """Return `value` as JSON, which has no NaN and no infinity: they become null."""
    try:
        return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, default=str)
    except ValueError:
        finite = json.loads(
            json.dumps(value, ensure_ascii=ascii_only, default=str), parse_constant=lambda _: None
        )
        return json.dumps(finite, ensure_ascii=ascii_only)


class JsonlRenderer(LineRenderer):
    """JSON Lines: the output record, or an error record in its place."""

    def article(self, tagged: TaggedArticle) -> bytes:
        """Return the record as a line."""
        return json_line(tagged.to_record())

    def error(self, error: InputError) -> bytes:
        """Return ``{"id", "error", "where"}`` as a line; nothing for a whole file."""
        if not error.is_record:
            return b""
        return json_line({"id": error.record_id, "error": error.reason, "where": error.where})


class RowRenderer:
    """Rows of CSV and Parquet: one per article, one per paragraph.

    Parameters
    ----------
    themes : sequence of str
    carried : sequence of str
        Input fields that get a column of their own; any others go, as JSON, into ``input``.
    review : bool, default False
        Have a column ``unsure``: the tags that a reader should look at.
    """

    def __init__(self, themes: Sequence[str], carried: Sequence[str], review: bool = False) -> None:
        self.themes = list(themes)
        fixed = ["id", "level", "index", "title", "text", *self.themes, "tags"]
        if review:
            fixed.append("unsure")
        self._review = review
        self.carried = [name for name in carried if name not in {*fixed, "input"}]
        self.columns = [*fixed, *self.carried, "input"]

    def arrow_schema(self) -> Any:
        """Return the columns as an Arrow schema (needs pyarrow)."""
        import pyarrow as pa

        kinds = dict.fromkeys(self.columns, pa.string())
        kinds |= dict.fromkeys(self.themes, pa.float64()) | {"index": pa.int32()}
        return pa.schema(list(kinds.items()))

    def article(self, tagged: TaggedArticle) -> list[dict[str, Any]]:
        """Return the rows of an article."""
        metadata = dict(tagged.metadata)
        carried = {name: _as_text(metadata.pop(name, None)) for name in self.carried}
        common = {"id": tagged.id, "title": tagged.title, **carried}
        common["input"] = _as_text(metadata) if metadata else ""
        rows: list[dict[str, Any]] = [
            {"level": "article", "index": None, "text": "", "tags": ";".join(tagged.tags)}
            | self._unsure(tagged.unsure)
            | tagged.themes
            | common
        ]
        for index, p in enumerate(tagged.paragraphs):
            rows.append(
                {"level": "paragraph", "index": index, "text": p.text, "tags": ";".join(p.tags)}
                | self._unsure(p.unsure)
                | p.themes
                | common
            )
        return rows

    def _unsure(self, themes: list[str] | None) -> dict[str, str]:
        return {"unsure": ";".join(themes or ())} if self._review else {}


class CsvRenderer(LineRenderer):
    """CSV with the columns of `RowRenderer`."""

    def __init__(self, rows: RowRenderer) -> None:
        self._rows = rows

    def header(self) -> bytes:
        """Return the header line."""
        return self._encoded([dict(zip(self._rows.columns, self._rows.columns, strict=True))])

    def article(self, tagged: TaggedArticle) -> bytes:
        """Return the lines of an article."""
        return self._encoded(self._rows.article(tagged))

    def _encoded(self, rows: list[dict[str, Any]]) -> bytes:
        text = io.StringIO(newline="")
        csv.DictWriter(text, self._rows.columns, lineterminator="\n").writerows(rows)
        return text.getvalue().encode("utf-8", "replace")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


class ParquetRenderer:
    """Rows as an Arrow stream, a part of it a batch; `join_parquet` makes a Parquet file of it.

    A Parquet file has its table of contents at its end, so a process that dies leaves nothing
    that can be read or gone on with. An Arrow stream grows at its end, like a text.
    """

    def __init__(self, rows: RowRenderer) -> None:
        self._rows = rows
        self._schema()  # tells now that pyarrow is not there

    def header(self) -> bytes:
        """Return the schema."""
        header: bytes = self._schema().serialize().to_pybytes()
        return header

    def render(self, results: Sequence[Result]) -> bytes:
        """Return the rows of a batch, compressed; nothing for errors."""
        rows = [
            {name: without_surrogates(value) for name, value in row.items()}
            for result in results
            if not isinstance(result, InputError)
            for row in self._rows.article(result)
        ]
        if not rows:
            return b""
        import pyarrow as pa

        schema, stream = self._schema(), io.BytesIO()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(stream, schema, options=options) as writer:
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
            end = stream.tell()  # an end mark follows when it is closed
        return stream.getvalue()[schema.serialize().size : end]

    def _schema(self) -> Any:
        try:
            return self._rows.arrow_schema()
        except ImportError as error:
            raise UsageError("writing Parquet needs: pip install 'dvtopics[parquet]'") from error


def join_parquet(stream: Path, target: Path) -> None:
    """Write the Arrow stream of a `ParquetRenderer` as a Parquet file, by row groups."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        pa.OSFile(str(stream)) as raw,
        pa.ipc.open_stream(raw) as batches,
        pq.ParquetWriter(target, batches.schema) as writer,
    ):
        group: list[Any] = []
        rows = 0
        for batch in batches:
            group.append(batch)
            rows += batch.num_rows
            if rows >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(group))
                group, rows = [], 0
        if group:
            writer.write_table(pa.Table.from_batches(group))


def without_surrogates(value: Any) -> Any:
    """Return a text as UTF-8 can hold it; anything else as it is."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
