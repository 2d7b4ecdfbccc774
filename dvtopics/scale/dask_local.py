"""Worker processes on this machine, set up for tagging."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: What worker processes start with. Dask has glibc give freed memory back at once
#: (``MALLOC_TRIM_THRESHOLD_=65536``), so that numpy's arrays are mapped anew for every batch:
#: that takes half of the time of tagging (benchmarks/03_scale.py). One thread for BLAS, as Dask.
ENVIRONMENT = {
    "MALLOC_TRIM_THRESHOLD_": 268_435_456,
    "MALLOC_MMAP_THRESHOLD_": 67_108_864,
    "OMP_NUM_THREADS": 1,
    "MKL_NUM_THREADS": 1,
    "OPENBLAS_NUM_THREADS": 1,
}


def local_cluster(processes: int) -> Any:
    """Start so many worker processes of one thread; they leave Ctrl-C to this one.

    Returns
    -------
    distributed.LocalCluster
    """
    import dask
    import distributed

    make_cluster: Any = distributed.LocalCluster
    usual = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    try:
        if main:  # processes that start now ignore what is ignored here
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        with dask.config.set({"distributed.nanny.pre-spawn-environ": ENVIRONMENT}), _environment():
            return make_cluster(
                n_workers=processes,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
    finally:
        if main:
            signal.signal(signal.SIGINT, usual)


@contextmanager
def _environment() -> Iterator[None]:
    """Have ours in the environment of this process for a while.

    Dask lets it win over its configuration, and an earlier cluster may have left its own there.
    """
    usual = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update({name: str(value) for name, value in ENVIRONMENT.items()})
    try:
        yield
    finally:
        for name, value in usual.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
