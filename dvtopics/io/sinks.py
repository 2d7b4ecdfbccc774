"""Bytes to where they go: standard output, a pipe, or a file that a killed run can go on with.

A file is written as ``FILE.partial`` with ``FILE.journal`` beside it, and gets its name when it is
complete.
"""

from __future__ import annotations

import errno
import os
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from dvtopics.errors import UsageError
from dvtopics.io.journal import Entry, Journal, header

#: Seconds between checkpoints, at least; and how many times as long as the last one took.
_EVERY, _SHARE = 0.5, 20.0
#: Of a long run: the part of it that a death may cost, and the most in seconds.
_LOSS, _MOST = 0.001, 30.0


class ResumeError(UsageError):
    """An unfinished output that cannot be gone on with.

    Attributes
    ----------
    differences : list of str
        Names, in the journal, of what has changed.
    """

    def __init__(self, output: str, differences: list[str]) -> None:
        super().__init__(f"{output}: begun with other values of: {', '.join(differences)}")
        self.differences = differences


class Sink:
    """A stream that blocks are written to: standard output, a pipe, a device.

    Parameters
    ----------
    stream : binary file
    owned : bool, default False
        Close it at the end.
    """

    def __init__(self, stream: IO[bytes], owned: bool = False) -> None:
        self._stream, self._owned = stream, owned
        self._state = Entry()

    @property
    def counts(self) -> Counter[str]:
        """What has been done, by this run and by those that it goes on with."""
        return self._state.counts

    @property
    def fresh(self) -> bool:
        """Whether nothing has been written yet."""
        return self._state.size == 0

    def write(self, block: bytes, counts: Mapping[str, int] | None = None) -> None:
        """Take the next block, and what it counts for."""
        self._stream.write(block)
        # One assignment: an interruption leaves what goes together together.
        self._state = Entry(
            self._state.size + len(block),
            zlib.crc32(block, self._state.checksum),
            self._state.counts + Counter(counts or {}),
        )

    def finish(self) -> None:
        """Have all that was written go out."""
        self._stream.flush()
        if self._owned:
            self._stream.close()

    def abandon(self) -> None:
        """Keep what was written, where the run ends early."""
        with suppress(OSError):  # what ended the run, a full disk say, is what is told
            self.finish()


class _File(Sink):
    """A file that is complete or, under another name, unfinished.

    Parameters
    ----------
    target : Path
    identity : mapping or None
        What the output is of; None writes no journal.
    resume : bool
        Go on with what is there.
    join : callable or None
        Makes the file of the blocks; by default they are the file.
    """

    def __init__(
        self,
        target: Path,
        identity: Mapping[str, Any] | None,
        resume: bool,
        join: Callable[[Path, Path], None] | None,
    ) -> None:
        self._target, self._join = target, join
        self._partial, self._journal_path = partial_of(target), journal_of(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(_open_alone(self._partial, target))
        self._journal: IO[bytes] | None = None
        try:
            self._begin(identity, resume)
        except BaseException:
            self._close()
            raise
        self._start = time.monotonic()
        self._next = self._start + _EVERY

    def _begin(self, identity: Mapping[str, Any] | None, resume: bool) -> None:
        found = Journal.read(self._journal_path) if resume else None
        if found is not None and identity is not None:
            if differences := found.differences(identity):
                raise ResumeError(str(self._target), differences)
            entry = found.last_good(self._stream)
            self._journal = self._journal_path.open("r+b")
            self._journal.truncate(entry.end)
            self._journal.seek(entry.end)
        else:
            # An old journal must be gone before there is anything that it does not fit.
            self._journal_path.unlink(missing_ok=True)
            entry = Entry()
            if identity is not None:
                self._journal = self._journal_path.open("wb")
                _to_disk(self._journal, header(identity))
        self._stream.truncate(entry.size)
        self._stream.seek(entry.size)
        self._state = Entry(entry.size, 0, entry.counts)

    def write(self, block: bytes, counts: Mapping[str, int] | None = None) -> None:
        super().write(block, counts)
        if self._journal is not None and time.monotonic() >= self._next:
            self._checkpoint()

    def _checkpoint(self, finished: bool = False) -> None:
        start = time.monotonic()
        state = self._state
        _to_disk(self._stream)
        if self._journal is not None:
            _to_disk(self._journal, replace(state, finished=finished).line())
        self._state = replace(state, checksum=0)
        now = time.monotonic()
        loss = min(_LOSS * (now - self._start), _MOST)
        self._next = now + max(_EVERY, _SHARE * (now - start), loss)

    def finish(self) -> None:
        """Give the file its name; where a run dies in between, the next one finishes it."""
        self._checkpoint(finished=True)
        self._close()
        if self._join is None:
            self._partial.replace(self._target)
        else:
            self._join_to(self._target)
            self._partial.unlink()
        self._journal_path.unlink(missing_ok=True)

    def _join_to(self, target: Path) -> None:
        assert self._join is not None
        joined = self._target.with_name(f"{self._target.name}.joined")
        self._join(self._partial, joined)
        with joined.open("r+b") as file:
            _to_disk(file)
        joined.replace(target)

    def abandon(self) -> None:
        """Keep what was written, and a checkpoint of it."""
        with suppress(OSError):
            self._checkpoint()
        self._close()
        if self._journal is None and self._join is not None:
            # Nobody can go on with it: leave it as a file that can be read.
            with suppress(OSError):
                self._join_to(self._partial)

    def _close(self) -> None:
        for stream in (self._stream, self._journal):
            if stream is not None:
                with suppress(OSError):
                    stream.close()


def partial_of(target: Path) -> Path:
    """Return where an output is written until it is complete."""
    return target.with_name(f"{target.name}.partial")


def journal_of(target: Path) -> Path:
    """Return where the journal of an unfinished output is."""
    return target.with_name(f"{target.name}.journal")


def is_plain(output: str) -> bool:
    """Say whether `output` is a file, or nothing yet: no pipe and no device."""
    target = Path(output)
    return target.is_file() or not target.exists()


def finished(output: str) -> Counter[str] | None:
    """Return what a finished output counted, as far as that is still known; else None."""
    target = Path(output)
    if not target.is_file() or partial_of(target).exists():
        return None
    found = Journal.read(journal_of(target))
    if found is None:
        return Counter()
    if not found.entries[-1].finished:
        return None
    # It died between its last two steps.
    journal_of(target).unlink()
    return found.entries[-1].counts


@contextmanager
def open_sink(
    output: str | None,
    identity: Mapping[str, Any] | None = None,
    resume: bool = False,
    join: Callable[[Path, Path], None] | None = None,
) -> Iterator[Sink]:
    """Open the place that blocks go to.

    Parameters
    ----------
    output : str or None
        A file, written as ``FILE.partial`` and renamed once it is complete; what is there
        and is no plain file (a pipe, ``/dev/stdout``) is written itself. None writes to
        standard output.
    identity : mapping, optional
        What the output is of, in values of JSON; with it a journal is kept.
    resume : bool, default False
        Go on with an unfinished output, where its journal tells how; else it is started over.
    join : callable, optional
        Called with two paths, makes the file of the blocks where they are not the file.

    Raises
    ------
    UsageError
        If the file cannot be written.
    ResumeError
        If the unfinished output is of something else.
    """
    if output is None:
        sink = Sink(sys.stdout.buffer)
        yield sink
        sink.finish()
        return
    target = Path(output)
    if not target.name or target.is_dir():
        raise UsageError(f"{output or '.'}: is a folder; --output names a file")
    try:
        if is_plain(output):
            sink = _File(target, identity, resume, join)
        elif join is not None:
            raise UsageError(f"{output}: this format needs a plain file")
        else:
            sink = Sink(target.open("wb"), owned=True)
        try:
            yield sink
        except BaseException:
            sink.abandon()
            raise
        sink.finish()
    except OSError as error:
        raise UsageError(f"{output}: cannot be written ({error.strerror or error})") from error


def _open_alone(partial: Path, target: Path) -> IO[bytes]:
    """Open `partial` to read and write, and keep other processes from doing so meanwhile."""
    # Made if it is not there, never emptied: that is for the one who has it alone.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
    stream = os.fdopen(os.open(partial, flags, 0o666), "r+b")
    try:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows has other locks
        pass
    except BlockingIOError as error:
        stream.close()
        raise UsageError(f"{target}: another process is writing it") from error
    except OSError:  # a file system without locks
        pass
    return stream


def _to_disk(stream: IO[bytes], data: bytes = b"") -> None:
    stream.write(data)
    stream.flush()
    try:
        os.fsync(stream.fileno())
    except OSError as error:
        # Some file systems have no fsync; the order of writes still holds when a process dies.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
