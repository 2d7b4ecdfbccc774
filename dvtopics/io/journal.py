"""The journal beside an unfinished output: how much of it is sure, and what it is made of.

JSON lines: first what the output is of (inputs, model, options), then an entry for every
checkpoint. An entry is written once what it vouches for is on the disk, so whatever the moment a
process dies at, all up to the last whole entry is good and the rest can be done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from dvtopics.errors import InputError
from dvtopics.io.readers import expand, is_special
from dvtopics.io.streams import STDIN

_VERSION = 1
_HEAD = 4_096
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A checkpoint.

    Attributes
    ----------
    size : int
        Bytes of output that are good.
    checksum : int
        CRC-32 of those since the entry before.
    counts : Counter
        Of what has been done.
    finished : bool
        Whether nothing is left to do.
    end : int
        Bytes of the journal up to the end of this entry.
    """

    size: int = 0
    checksum: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    finished: bool = False
    end: int = 0

    def line(self) -> bytes:
        """Return the entry as it is written."""
        return _line(
            {
                "bytes": self.size,
                "crc32": self.checksum,
                "counts": dict(self.counts),
                **({"finished": True} if self.finished else {}),
            }
        )


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal as it was found.

    Attributes
    ----------
    identity : dict
        What the output is of.
    entries : list of Entry
        In order; the first stands for an output without a byte.
    """

    identity: dict[str, Any]
    entries: list[Entry]

    @classmethod
    def read(cls, path: Path) -> Journal | None:
        """Read a journal up to the first line that is torn; None if there is nothing of use."""
        try:
            with path.open("rb") as file:
                first = file.readline()
                identity = _parsed(first)
                if identity is None or identity.pop("journal", None) != _VERSION:
                    return None
                entries = [Entry(end=len(first))]
                for line in file:
                    entry = _entry(line, entries[-1])
                    if entry is None:
                        break
                    entries.append(entry)
        except FileNotFoundError:
            return None
        return cls(identity, entries)

    def last_good(self, output: IO[bytes]) -> Entry:
        """Return the last entry that `output` bears out.

        It is the last one, unless the disk has lost what it said it had: then one before.
        """
        size = output.seek(0, os.SEEK_END)
        for number in range(len(self.entries) - 1, 0, -1):
            entry, before = self.entries[number], self.entries[number - 1]
            if entry.size > size:
                continue
            output.seek(before.size)
            if _checksum(output, entry.size - before.size) == entry.checksum:
                return entry
        return self.entries[0]

    def differences(self, identity: Mapping[str, Any]) -> list[str]:
        """Return the names of what is not as in `identity`."""
        # As JSON gives it back: tuples are lists there.
        now = json.loads(json.dumps(identity))
        names = [*now, *(name for name in self.identity if name not in now)]
        return [name for name in names if now.get(name) != self.identity.get(name)]


def header(identity: Mapping[str, Any]) -> bytes:
    """Return the first line of a journal."""
    return _line({"journal": _VERSION, **identity})


def fingerprint(inputs: Iterable[str]) -> dict[str, Any] | None:
    """Return what tells `inputs` from others: names, sizes, times, and how each file starts.

    Not a checksum of all their bytes, which may be terabytes. None if one of them can be read
    but once, like standard input.
    """
    digest = hashlib.sha256()
    files = total = 0
    for name in expand(inputs):
        if isinstance(name, InputError):
            digest.update(f"{name}\0".encode("utf-8", "surrogateescape"))
            continue
        if name == STDIN or is_special(name):
            return None
        digest.update(f"{name}\0".encode("utf-8", "surrogateescape"))
        try:
            with Path(name).open("rb") as file:
                state = os.fstat(file.fileno())
                digest.update(b"%d %d\0" % (state.st_size, state.st_mtime_ns))
                digest.update(hashlib.sha256(file.read(_HEAD)).digest())
        except OSError:
            digest.update(b"unreadable\0")
        else:
            files += 1
            total += state.st_size
    return {"files": files, "bytes": total, "digest": digest.hexdigest()}


def _entry(line: bytes, before: Entry) -> Entry | None:
    value = _parsed(line)
    try:
        if value is None or value["bytes"] < before.size:
            return None
        counts = Counter({str(k): int(v) for k, v in value["counts"].items()})
        finished, end = bool(value.get("finished")), before.end + len(line)
        return Entry(int(value["bytes"]), int(value["crc32"]), counts, finished, end)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _checksum(file: IO[bytes], size: int) -> int:
    checksum = 0
    while size > 0 and (piece := file.read(min(size, _PIECE))):
        checksum = zlib.crc32(piece, checksum)
        size -= len(piece)
    return checksum
