"""Work spread over processes and, by Dask, over machines."""

from __future__ import annotations

from typing import Any

__all__ = ["tag_dataframe", "tag_dataset"]

_HOMES = {"tag_dataframe": "dvtopics.scale.dask_frame", "tag_dataset": "dvtopics.scale.dask_run"}


def __getattr__(name: str) -> Any:
    # Lazily: worker processes of `pool` need none of it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
