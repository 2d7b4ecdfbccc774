"""Batches through worker processes: in order, with a bounded number in flight.

Each worker loads the model once, from its folder where it has one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dvtopics.errors import ModelError, UsageError

if TYPE_CHECKING:
    from dvtopics.taggers.base import Tagger
    from dvtopics.taggers.decision import Thresholds

Item = TypeVar("Item")
Result = TypeVar("Result")
_BATCHES_IN_FLIGHT = 3


def map_batches(
    tagger: Tagger,
    function: Callable[[Any, list[Item]], Result],
    batches: Iterable[list[Item]],
    n_jobs: int = 1,
) -> Iterator[Result]:
    """Yield ``function(tagger, batch)`` for every batch, in order.

    Parameters
    ----------
    tagger : Tagger
    function : callable
        Must be picklable when `n_jobs` is not 1.
    batches : iterable of list
        Read no further ahead than three batches a process.
    n_jobs : int, default 1
        -1 takes all cores.

    Raises
    ------
    UsageError
        If `n_jobs` is 0 or below -1.
    """
    if n_jobs == 0 or n_jobs < -1:
        raise UsageError(f"number of jobs must be positive, or -1 for all cores; got {n_jobs}")
    if n_jobs == 1:
        for batch in batches:
            yield function(tagger, batch)
        return
    from joblib import cpu_count
    from joblib.externals.loky import ProcessPoolExecutor

    workers = cpu_count() if n_jobs == -1 else n_jobs
    model = tagger if tagger.source_ is None else (tagger.source_, tagger.model_)
    executor = ProcessPoolExecutor(
        max_workers=workers, initializer=_start_worker, initargs=(model, tagger.thresholds_)
    )
    waiting: deque[Any] = deque()
    try:
        for batch in batches:
            waiting.append(executor.submit(_work, function, batch))
            if len(waiting) >= _BATCHES_IN_FLIGHT * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        executor.shutdown(wait=True, kill_workers=bool(waiting))


_tagger: Tagger | None = None


def _start_worker(model: Tagger | tuple[Path, str], thresholds: Thresholds) -> None:
    global _tagger  # one model a process, set once when the process starts
    if isinstance(model, tuple):
        from dvtopics.taggers.registry import load

        _tagger = load(model[0])
        if _tagger.model_ != model[1]:
            raise ModelError(f"{model[0]}: the model was changed while it was in use")
    else:
        _tagger = model
    _tagger.thresholds_ = thresholds


def _work(function: Callable[[Any, list[Item]], Result], batch: list[Item]) -> Result:
    return function(_tagger, batch)
