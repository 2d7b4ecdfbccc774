"""Tagged articles to output: what each format writes for an article, and where it goes.

A renderer turns one article (or one error) into a payload and can run in a worker process; a
sink takes payloads in order and runs in the main process.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from dvtopics.article import TaggedArticle
from dvtopics.errors import InputError, UsageError
from dvtopics.io.streams import open_packed

OUTPUT_FORMATS = ("table", "jsonl", "csv", "parquet")
_PARQUET_ROWS = 10_000


class Renderer(Protocol):
    """One output format: payloads of articles and errors."""

    def header(self) -> Any:
        """Return what comes before the first article."""

    def article(self, tagged: TaggedArticle) -> Any:
        """Return the payload of an article."""

    def error(self, error: InputError) -> Any:
        """Return the payload of a record that could not be read."""


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


class JsonlRenderer:
    """JSON Lines: the output record, or an error record in its place."""

    def header(self) -> bytes:
        """Return nothing: JSON Lines has no header."""
        return b""

    def article(self, tagged: TaggedArticle) -> bytes:
        """Return the record as a line."""
        return json_line(tagged.to_record())

    def error(self, error: InputError) -> bytes:
        """Return ``{"id", "error", "where"}`` as a line; nothing for a whole file."""
        if not error.is_record:
            return b""
        return json_line({"id": error.record_id, "error": error.reason, "where": error.where})


class RowRenderer:
    """Rows for Parquet: one per article, one per paragraph.

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

    def header(self) -> list[dict[str, Any]]:
        """Return no row."""
        return []

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

    def error(self, error: InputError) -> list[dict[str, Any]]:
        """Return no row: errors go to standard error only."""
        return []


class CsvRenderer:
    """CSV with the columns of `RowRenderer`."""

    def __init__(self, rows: RowRenderer) -> None:
        self._rows = rows

    def header(self) -> bytes:
        """Return the header line."""
        return self._encoded([dict(zip(self._rows.columns, self._rows.columns, strict=True))])

    def article(self, tagged: TaggedArticle) -> bytes:
        """Return the lines of an article."""
        return self._encoded(self._rows.article(tagged))

    def error(self, error: InputError) -> bytes:
        """Return nothing: errors go to standard error only."""
        return b""

    def _encoded(self, rows: list[dict[str, Any]]) -> bytes:
        text = io.StringIO(newline="")
        csv.DictWriter(text, self._rows.columns, lineterminator="\n").writerows(rows)
        return text.getvalue().encode("utf-8", "replace")


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


class Sink(Protocol):
    """Where payloads go."""

    def write(self, payload: Any) -> None:
        """Take the next payload."""


class _Bytes:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, payload: bytes) -> None:
        self._stream.write(payload)


class _Parquet:
    """Row groups of some ten thousand rows."""

    def __init__(self, path: Path, renderer: RowRenderer) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            raise UsageError("writing Parquet needs: pip install 'dvtopics[parquet]'") from error
        kinds = dict.fromkeys(renderer.columns, pa.string())
        kinds |= dict.fromkeys(renderer.themes, pa.float64()) | {"index": pa.int32()}
        self._schema = pa.schema(list(kinds.items()))
        self._table = pa.Table
        self._writer = pq.ParquetWriter(path, self._schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, payload: list[dict[str, Any]]) -> None:
        self._rows += payload
        if len(self._rows) >= _PARQUET_ROWS:
            self._flush()

    def _flush(self) -> None:
        rows = [{k: _clean(v) for k, v in row.items()} for row in self._rows]
        self._writer.write_table(self._table.from_pylist(rows, schema=self._schema))
        self._rows = []

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()


def _clean(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


@contextmanager
def open_sink(output: str | None, renderer: Renderer) -> Iterator[Sink]:
    """Open the place that payloads of `renderer` go to.

    Parameters
    ----------
    output : str or None
        A file, written as ``FILE.partial`` and renamed once it is complete; what is there
        and is no plain file (a pipe, ``/dev/stdout``) is written itself. None writes to
        standard output.
    renderer : Renderer

    Raises
    ------
    UsageError
        If the file cannot be written, or Parquet is asked for on standard output.
    """
    if output is None:
        if isinstance(renderer, RowRenderer):
            raise UsageError("Parquet cannot go to standard output; name a file by --output")
        yield _Bytes(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    target = Path(output)
    if not target.name or target.is_dir():
        raise UsageError(f"{output or '.'}: is a folder; --output names a file")
    try:
        in_place = target.exists() and not target.is_file()
        partial = target if in_place else target.with_name(f"{target.name}.partial")
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(renderer, RowRenderer):
            rows = _Parquet(partial, renderer)
            try:
                yield rows
            finally:
                rows.close()
        else:
            with _open_partial(partial, target.suffix) as stream:
                yield _Bytes(stream)
        if not in_place:
            partial.replace(target)
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror or error})") from error


def _open_partial(partial: Path, suffix: str) -> IO[bytes]:
    if suffix not in (".gz", ".zst"):
        return partial.open("wb")
    # The packing goes by the suffix of the final name.
    return open_packed(partial, "wb", suffix)
