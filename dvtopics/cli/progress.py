"""A progress line on a terminal; nothing when standard error is piped."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_EVERY = 0.2
_WIDTH = 24


class Progress:
    """Count things done, with rate, share and time left where the total is known.

    Parameters
    ----------
    label : str
    unit : str
    total : int, optional
        In steps of `advance`; None where it is not known.
    shown : bool, default True
        False keeps it silent whatever standard error is.
    """

    def __init__(self, label: str, unit: str, total: int | None = None, shown: bool = True) -> None:
        self._label, self._unit, self._total = label, unit, total
        self._shown = shown and sys.stderr.isatty()
        self._count = self._done = self._skipped = 0
        self._start = self._last = time.monotonic()

    def begin(self) -> None:
        """Count time and rate from here: what was done so far took another run its time."""
        self._skipped = self._done
        self._start = time.monotonic()

    def advance(self, steps: int) -> None:
        """Count steps towards the total."""
        self._done += steps
        self._draw()

    def reach(self, done: int, total: int) -> None:
        """Say how many steps are done, of how many."""
        self._done, self._total = done, total
        self._draw()

    def count(self, things: int) -> None:
        """Count things done."""
        self._count += things
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if not self._shown or now - self._last < _EVERY:
            return
        self._last = now
        elapsed = max(now - self._start, 1e-9)
        line = f"{self._label}: {self._count:,} {self._unit} · {self._count / elapsed:,.0f}/s"
        if self._total and self._done > self._skipped:
            share = min(self._done / self._total, 1.0)
            bar = "█" * int(share * _WIDTH)
            left = elapsed * max(self._total - self._done, 0) / (self._done - self._skipped)
            line += f" [{bar:<{_WIDTH}}] {share:4.0%} · {_time(left)}"
        sys.stderr.write(f"\r\033[K{line}")
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _time(seconds: float) -> str:
    """Return a time as ``H:MM:SS``, or ``M:SS``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
