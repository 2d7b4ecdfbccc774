"""Batches through worker processes: in order, with a bounded number in flight.

Each worker loads the model once, from its folder where it has one. What passes between the
processes is bytes: the pickler of the pool, which can take anything, is many times slower on
articles than the standard one.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dvtopics.errors import DvtopicsError, ModelError, UsageError

if TYPE_CHECKING:
    from dvtopics.taggers.base import Tagger
    from dvtopics.taggers.decision import Thresholds

Item = TypeVar("Item")
Result = TypeVar("Result")
_BATCHES_IN_FLIGHT = 3
#: Seconds after which a worker notices that the main process is gone.
_LOOK_EVERY = 1.0


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
        Must be picklable when `n_jobs` is not 1; sent to each process once.
    batches : iterable of list
        Read no further ahead than three batches a process.
    n_jobs : int, default 1
        -1 takes all cores.

    Raises
    ------
    UsageError
        If `n_jobs` is 0 or below -1.
    DvtopicsError
        If a worker process dies.
    """
    if n_jobs == 0 or n_jobs < -1:
        raise UsageError(f"number of jobs must be positive, or -1 for all cores; got {n_jobs}")
    if n_jobs == 1:
        for batch in batches:
            yield function(tagger, batch)
        return
    from concurrent.futures.process import BrokenProcessPool

    from joblib import cpu_count
    from joblib.externals.loky import ProcessPoolExecutor

    workers = cpu_count() if n_jobs == -1 else n_jobs
    model = tagger if tagger.source_ is None else (tagger.source_, tagger.model_)
    executor = ProcessPoolExecutor(
        max_workers=workers,
        initializer=_start_worker,
        initargs=(model, tagger.thresholds_, function, os.getpid()),
    )
    waiting: deque[Any] = deque()
    try:
        for batch in batches:
            waiting.append(executor.submit(_work, _packed(batch)))
            if len(waiting) >= _BATCHES_IN_FLIGHT * workers:
                yield pickle.loads(waiting.popleft().result())
        while waiting:
            yield pickle.loads(waiting.popleft().result())
    except BrokenProcessPool as error:
        raise DvtopicsError(
            "a worker process died, perhaps for want of memory; try fewer --jobs"
        ) from error
    finally:
        for future in waiting:
            future.cancel()
        executor.shutdown(wait=True, kill_workers=bool(waiting))


_tagger: Tagger | None = None
_function: Callable[[Any, Any], Any] | None = None


def _start_worker(
    model: Tagger | tuple[Path, str],
    thresholds: Thresholds,
    function: Callable[[Any, Any], Any],
    parent: int,
) -> None:
    global _tagger, _function  # one of each a process, set once when the process starts
    # Ctrl-C reaches all processes of a terminal; the main one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    if isinstance(model, tuple):
        from dvtopics.taggers.registry import load

        _tagger = load(model[0])
        if _tagger.model_ != model[1]:
            raise ModelError(f"{model[0]}: the model was changed while it was in use")
    else:
        _tagger = model
    _tagger.thresholds_ = thresholds
    _function = function


def _leave_with(parent: int) -> None:
    """End this process once its parent is gone: a killed one cannot say so."""
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os._exit(1)


def _work(batch: bytes) -> bytes:
    assert _function is not None
    return _packed(_function(_tagger, pickle.loads(batch)))


def _packed(value: Any) -> bytes:
    """Pickle `value` quickly, or so that classes of a script or notebook pass too."""
    try:
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        if b"__main__" not in data:
            return data
    except (pickle.PicklingError, AttributeError, TypeError):
        pass
    from joblib.externals.loky.backend.reduction import dumps

    return bytes(dumps(value))
