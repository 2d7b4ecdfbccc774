"""Finding the compiled kernel."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

#: What `kernel.c` says of itself: one that was built from another version is left alone.
VERSION = 6
#: Set to 0 to do without the kernel.
SWITCH = "DVTOPICS_NATIVE"


@cache
def library() -> ctypes.CDLL | None:
    """Return the compiled kernel, None where there is none or it is switched off."""
    if os.environ.get(SWITCH, "").strip() == "0":
        return None
    for suffix in EXTENSION_SUFFIXES:
        path = Path(__file__).with_name("_kernel" + suffix)
        if not path.is_file():
            continue
        try:
            found = ctypes.CDLL(str(path))
            found.dvtopics_version.restype = ctypes.c_int64
            fits = found.dvtopics_version() == VERSION
        except (OSError, AttributeError):
            # Built for another machine, or cut short.
            continue
        if fits:
            return found
    return None
