"""Parquet datasets to parts: which row groups make one task, planned from the files' footers.

Runs at the client and reads no article. Parts keep the order of the input, so that the parts of
the output, by name, have the rows of a single-process run in its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dvtopics.errors import InputError
from dvtopics.io.readers import expand, format_of
from dvtopics.io.records import check_columns
from dvtopics.io.streams import STDIN, reason_of

#: Uncompressed bytes of input in a part, at most: some twenty seconds of work, so that neither
#: the scheduler's milliseconds a task nor a lost part weigh much; and at least, where the
#: dataset is so small that this would leave workers idle.
PART_BYTES, LEAST_PART_BYTES = 64_000_000, 1_000_000
#: Parts wanted before they grow beyond the least size.
_PARTS = 256
#: Footers are small and far away: reading them is waiting.
_READERS = 16


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive row groups of one file.

    Attributes
    ----------
    name : str
        The file as the user wrote it, for ids and messages.
    path : str
        Absolute: workers run elsewhere.
    groups : range
    first_row : int
        0-based, of the first row group in the file.
    rows : int
    """

    name: str
    path: str
    groups: range
    first_row: int
    rows: int


@dataclass(frozen=True, slots=True)
class Part:
    """One task: pieces in order, and the file that its rows go to."""

    index: int
    pieces: tuple[Piece, ...]

    @property
    def name(self) -> str:
        """Name of its output file; sorting by it gives the order of the input."""
        return f"part-{self.index:09d}.parquet"

    @property
    def rows(self) -> int:
        """Articles in it."""
        return sum(piece.rows for piece in self.pieces)

    def __str__(self) -> str:
        first, last = self.pieces[0], self.pieces[-1]
        end = f"{last.name}:" if last.name != first.name else ""
        return f"{first.name}:{first.first_row + 1}-{end}{last.first_row + last.rows}"


@dataclass(slots=True)
class Plan:
    """What a run does.

    Attributes
    ----------
    parts : list of Part
    errors : list of InputError
        Inputs that are left out.
    files : list
        ``[path, bytes, time of change, rows]`` of every input; tells a changed one.
    """

    parts: list[Part] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    files: list[list[Any]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Articles in all parts."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Footer:
    name: str
    path: str
    size: int
    changed: int
    groups: list[tuple[int, int]]  # rows and uncompressed bytes

    @property
    def unpacked(self) -> int:
        return sum(size for _, size in self.groups)


def plan_parts(
    inputs: Iterable[str],
    text_column: str = "text",
    input_format: str | None = None,
    part_bytes: int | None = None,
) -> Plan:
    """Cut Parquet files into parts of some `part_bytes`, whole row groups each.

    Parameters
    ----------
    inputs : iterable of str
        Files, or folders of them.
    text_column : str
    input_format : str, optional
        ``"parquet"`` takes files of any suffix.
    part_bytes : int, optional
        A row group that is larger makes a part of its own; small files share one. By default
        it follows from the size of the dataset, and from nothing else: a run may be resumed
        by another number of workers.
    """
    plan = Plan()
    names = list(expand(inputs))
    with ThreadPoolExecutor(_READERS) as pool:
        footers = list(pool.map(lambda n: _read_footer(n, text_column, input_format), names))
    if part_bytes is None:
        total = sum(f.unpacked for f in footers if isinstance(f, _Footer))
        part_bytes = min(max(total // _PARTS, LEAST_PART_BYTES), PART_BYTES)
    part: list[Piece] = []
    size = 0
    for piece, piece_bytes in _pieces(footers, plan, part_bytes):
        if part and size + piece_bytes > part_bytes:
            plan.parts.append(Part(len(plan.parts), tuple(part)))
            part, size = [], 0
        part.append(piece)
        size += piece_bytes
    if part:
        plan.parts.append(Part(len(plan.parts), tuple(part)))
    return plan


def _pieces(
    footers: Iterable[_Footer | InputError], plan: Plan, part_bytes: int
) -> Iterator[tuple[Piece, int]]:
    """Yield pieces of at most `part_bytes`, or of one row group; note errors in the plan."""
    for footer in footers:
        if isinstance(footer, InputError):
            plan.errors.append(footer)
            continue
        rows = sum(count for count, _ in footer.groups)
        plan.files.append([footer.path, footer.size, footer.changed, rows])
        begin = first_row = count = size = 0
        for group, (group_rows, group_bytes) in enumerate(footer.groups):
            if group > begin and size + group_bytes > part_bytes:
                yield Piece(footer.name, footer.path, range(begin, group), first_row, count), size
                begin, first_row, count, size = group, first_row + count, 0, 0
            count += group_rows
            size += group_bytes
        end = len(footer.groups)
        yield Piece(footer.name, footer.path, range(begin, end), first_row, count), size


def _read_footer(
    name: str | InputError, text_column: str, input_format: str | None
) -> _Footer | InputError:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if isinstance(name, InputError):
        return name
    if name == STDIN or (input_format or format_of(name)) != "parquet":
        return InputError(name, "not Parquet; --dask reads .parquet files and folders of them")
    if input_format is None and not name.lower().endswith(".parquet"):
        return InputError(name, "packed as a whole; unpack it, since --dask reads by row groups")
    path = Path(name)
    try:
        with path.open("rb") as raw:
            status = path.stat()
            file = pq.ParquetFile(raw)
            columns = file.schema_arrow.names
            has_text = text_column in columns or "paragraphs" in columns
            check_columns(name, columns, text_column, has_text)
            footer = file.metadata
            if footer.num_rows == 0:
                raise InputError(name, "empty: holds no record")
            groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
            return _Footer(
                name,
                str(path.absolute()),
                status.st_size,
                status.st_mtime_ns,
                [(group.num_rows, group.total_byte_size) for group in groups],
            )
    except InputError as error:
        return error
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            return InputError(name, reason_of(error))
        reason = " ".join(str(error).split())[:160]
        return InputError(name, f"not a readable Parquet file ({reason}); it may be truncated")
