"""A whole dataset through a Dask cluster: parts handed out, reports taken back, markers written.

Runs at the client. A bounded number of parts is with the scheduler at any time, so that its
memory does not grow with the dataset; what is finished lies in the output folder and nowhere
else, so that a run may end at any moment and go on later.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import dvtopics
from dvtopics.errors import DvtopicsError, InputError, ModelError, UsageError
from dvtopics.io.readers import DEFAULT_MAX_BYTES, ReadOptions
from dvtopics.scale.dask_model import Payload, pack_model
from dvtopics.scale.dask_parts import Report, first_article, tag_part
from dvtopics.scale.dask_plan import Part, Plan, plan_parts
from dvtopics.scale.dask_rows import Work, need_dask
from dvtopics.storage import atomic_file

if TYPE_CHECKING:
    from dvtopics.taggers.base import Tagger

#: In the output folder: what the run is, and that it is finished.
BEGUN, FINISHED = "_RUN.json", "_SUCCESS"
#: Parts with the scheduler at a time: enough for thousands of cores.
_IN_FLIGHT = 10_000
#: A part that fails is tried again, on another worker where there is one.
_RETRIES = 2
_LOST = "the Dask scheduler was lost or restarted; go on by --resume"


@dataclass(slots=True)
class Outcome:
    """What became of a run.

    Attributes
    ----------
    parts, kept : int
        Output files that are there, and how many of them were there before.
    missing : int
        Parts that could not be done; a later run may.
    articles, errors : int
    marks : list of int
        Tags to look at and all tags, of paragraphs and of articles.
    """

    parts: int = 0
    kept: int = 0
    missing: int = 0
    articles: int = 0
    errors: int = 0
    marks: tuple[int, ...] = (0, 0, 0, 0)


def tag_dataset(
    client: Any,
    inputs: Iterable[str | Path],
    output: str | Path,
    tagger: Tagger,
    *,
    text_column: str = "text",
    input_format: str | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
    resume: bool = False,
    part_bytes: int | None = None,
    on_error: Callable[[str], None] = lambda line: None,
    on_part: Callable[[int, Report | None], None] = lambda rows, report: None,
) -> Outcome:
    """Tag Parquet files by the workers of a Dask cluster, into a folder of Parquet parts.

    Parameters
    ----------
    client : distributed.Client
    inputs : iterable of str or Path
        Parquet files and folders of them, under paths that hold on every worker.
    output : str or Path
        A folder, the same on every worker and here. It gets one file a part, ``_RUN.json``
        when the run begins and ``_SUCCESS`` when all parts are there.
    tagger : Tagger
        A saved one; its thresholds hold.
    text_column : str, default "text"
    input_format : {"parquet"}, optional
        Take files of any suffix for Parquet.
    max_bytes : int, default 10,000,000
        Limit on one article.
    resume : bool, default False
        Go on with an earlier run of the same input, model and options: parts that are there
        are kept.
    part_bytes : int, optional
        Uncompressed bytes of a part, in whole row groups; see `plan_parts`.
    on_error : callable, optional
        Called with a line for every record, file or part that failed, in order.
    on_part : callable, optional
        Called with the number of rows of every part that is done, and its report.

    Returns
    -------
    Outcome

    Raises
    ------
    UsageError
        If the output is not to be used, or cannot be written on a worker.
    ModelError
        If the model does not load on a worker.
    """
    need_dask()
    options = ReadOptions(input_format, None, text_column, max_bytes)
    plan = plan_parts([str(name) for name in inputs], text_column, input_format, part_bytes)
    for error in plan.errors:
        on_error(str(error))
    outcome = Outcome(errors=len(plan.errors))
    if not plan.parts:
        return outcome
    ref, payload = pack_model(tagger)
    first = first_article(plan.parts, text_column, max_bytes)
    carried = list(first.metadata) if first else []
    work = Work.of(tagger, ref, carried, text_column, options.max_bytes)
    folder = Path(output).absolute()
    fingerprint = _begin(folder, plan, work, resume)
    for part, report in _in_order(_reports(client, plan.parts, payload, work, folder, fingerprint)):
        _count(outcome, part, report, on_error)
        on_part(part.rows, report if isinstance(report, Report) else None)
    _end(folder, outcome, fingerprint, work)
    return outcome


def _count(
    outcome: Outcome, part: Part, report: Report | Exception, on_error: Callable[[str], None]
) -> None:
    if isinstance(report, Exception):
        outcome.missing += 1
        outcome.errors += 1
        on_error(_failure(part, report))
        return
    outcome.parts += 1
    outcome.kept += report.kept
    outcome.articles += report.articles
    outcome.errors += len(report.errors)
    outcome.marks = tuple(np.add(outcome.marks, report.marks).tolist())
    for error in report.errors:
        on_error(f"{error['where']}: {error['error']}")


def _failure(part: Part, error: Exception) -> str:
    if isinstance(error, InputError):
        return str(error)
    if type(error).__name__ == "KilledWorker":
        return f"{part}: its workers died, one after another; give each more memory"
    return f"{part}: {type(error).__name__}: {_one_line(error)}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


# -- the cluster --------------------------------------------------------------------------------


def _reports(
    client: Any, parts: Iterable[Part], payload: Payload, work: Work, folder: Path, fingerprint: str
) -> Iterator[tuple[Part, Report | Exception]]:
    """Yield every part with what became of it, as they are done."""
    import distributed

    # The scheduler keeps this task with its argument and runs it again if its holder dies.
    model = client.submit(_same, payload, key=f"dvtopics-model-{work.model.checksum}")
    # Keys of this call alone: those of an earlier one may stand for what failed then.
    run = uuid.uuid4().hex[:16]
    waiting = iter(parts)
    running: dict[Any, Part] = {}

    def submit(part: Part) -> Any:
        future = client.submit(
            tag_part, model, work, part, str(folder), fingerprint,
            key=f"dvtopics-part-{run}-{part.index}", retries=_RETRIES,
        )  # fmt: skip
        running[future] = part
        return future

    as_completed: Any = distributed.as_completed
    try:
        first = [submit(part) for part in itertools.islice(waiting, _IN_FLIGHT)]
        queue = as_completed(first, loop=client.loop)
        for future in queue:
            part = running.pop(future)
            report = _result(future)
            if (following := next(waiting, None)) is not None:
                queue.add(submit(following))
            yield part, report
    except OSError as error:
        raise ClusterError(f"{_LOST} ({_one_line(error)})") from error
    finally:
        with suppress(OSError):  # nothing to cancel where the scheduler is gone
            client.cancel([*running])


def _same(payload: Payload) -> Payload:
    return payload


def _result(future: Any) -> Report | Exception:
    """Return what a task gave, or why it failed; raise what will fail every other task too."""
    try:
        # Waits where a result was lost with its worker: it is on its way again.
        error = future.exception()
        if error is None:
            report: Report = future.result()
            return report
    except CancelledError as cancelled:
        raise ClusterError(_LOST) from cancelled
    if isinstance(error, ImportError):
        raise UsageError(
            f"a worker lacks what it needs ({error}); install this dvtopics with [dask] on all"
        )
    if isinstance(error, (ModelError, UsageError)):
        raise error
    return error if isinstance(error, Exception) else RuntimeError(str(error))


class ClusterError(DvtopicsError):
    """A cluster that is lost while it works."""


def _in_order(
    reports: Iterable[tuple[Part, Report | Exception]],
) -> Iterator[tuple[Part, Report | Exception]]:
    """Yield reports by their parts' order; what came early waits, which is little."""
    early: dict[int, tuple[Part, Report | Exception]] = {}
    following = 0
    for part, report in reports:
        early[part.index] = part, report
        while following in early:
            yield early.pop(following)
            following += 1


# -- the output folder --------------------------------------------------------------------------


def _begin(folder: Path, plan: Plan, work: Work, resume: bool) -> str:
    """Make the output folder, or find the earlier run in it; return the run's fingerprint."""
    limits = work.thresholds
    what = {
        "model": work.model.checksum,
        "options": _digest(
            work.text_column, work.max_bytes, work.carried, limits.review,
            limits.paragraph.tolist(), limits.article.tolist(), work.model.label,
        ),
        "input": _digest(plan.files, [[p.name, str(p)] for p in plan.parts]),
        "version": dvtopics.__version__,
    }  # fmt: skip
    begun = folder / BEGUN
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder}: is a file; with --dask, --output names a folder")
        # Hidden ones: of a run that died before it began.
        found = folder.is_dir() and any(p.name[0] != "." for p in folder.iterdir())
        if found:
            _compare(folder, what, resume)
            (folder / FINISHED).unlink(missing_ok=True)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            _write_json(
                begun, {**what, "label": work.model.label, "parts": len(plan.parts),
                        "rows": plan.rows},
            )  # fmt: skip
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return _digest(what)


def _compare(folder: Path, what: dict[str, str], resume: bool) -> None:
    try:
        known = json.loads((folder / BEGUN).read_bytes())
        different = [name for name in what if known[name] != what[name]]
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder}: holds other files; name a new folder by --output") from error
    if not resume:
        raise UsageError(
            f"{folder}: holds an earlier run; go on with it by --resume, or name a new folder"
        )
    if different:
        raise UsageError(
            f"{folder}: was begun with another {' and '.join(different)}; name a new folder"
        )


def _end(folder: Path, outcome: Outcome, fingerprint: str, work: Work) -> None:
    """Remove what dead workers left half written, and say that the run is complete if it is."""
    try:
        for path in folder.glob(".part-*"):
            path.unlink(missing_ok=True)
        if not outcome.missing:
            _write_json(
                folder / FINISHED,
                {"fingerprint": fingerprint, "model": work.model.label, "parts": outcome.parts,
                 "articles": outcome.articles, "errors": outcome.errors},
            )  # fmt: skip
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror or error})") from error


def _digest(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode("utf-8")).hexdigest()


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with atomic_file(path) as fresh:
        fresh.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
