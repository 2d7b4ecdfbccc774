"""The state of a fit that may be interrupted: after which pass, and the counts it left."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dvtopics.storage import atomic_file

Floats = NDArray[np.float64]


class Checkpoint:
    """One file that is replaced after every pass.

    Parameters
    ----------
    folder : Path or None
        None keeps nothing.
    key : str
        What the fit depends on: another key's checkpoint is not taken.
    """

    def __init__(self, folder: Path | None, key: str = "") -> None:
        self._path = None if folder is None else folder / "passes.safetensors"
        self._key = hashlib.sha256(key.encode()).hexdigest()

    def save(self, done: int, statistics: Floats) -> None:
        """Keep the state after `done` passes."""
        from safetensors.numpy import save

        if self._path is None:
            return
        data = save({"statistics": np.ascontiguousarray(statistics)})
        head = {"key": self._key, "done": done, "sha256": hashlib.sha256(data).hexdigest()}
        with atomic_file(self._path) as fresh:
            fresh.write_bytes(json.dumps(head).encode() + b"\n" + data)

    def load(self) -> tuple[int, Floats] | None:
        """Return the passes done and the statistics; None where there is no whole state."""
        from safetensors.numpy import load

        if self._path is None or not self._path.is_file():
            return None
        line, _, data = self._path.read_bytes().partition(b"\n")
        try:
            head = json.loads(line)
        except ValueError:
            return None
        if head.get("key") != self._key or head.get("sha256") != hashlib.sha256(data).hexdigest():
            return None
        return int(head["done"]), load(data)["statistics"]
