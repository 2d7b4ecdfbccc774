"""Names to byte streams: files, standard input, and what is packed with gzip or zstd.

In: a path or ``-``. Out: binary streams that decompress as they are read.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from dvtopics.errors import InputError, UsageError

STDIN = "-"
PACKED_SUFFIXES = (".gz", ".zst")
#: Bytes by which a file is looked at before it is read.
PEEK = 65_536
_PIECE = 1 << 20
_GZIP_LEVEL = 6
#: Small, since what it unpacks to is held at once.
_ZSTD_CHUNK = 4_096


def _zstd() -> Any:
    """Return a module that opens zstd streams: the standard library's, or `zstandard`."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            import zstandard
        except ImportError:
            return None
        return zstandard
    return zstd


def _errors_of_unpacking() -> tuple[type[Exception], ...]:
    module = _zstd()
    return (EOFError, zlib.error, gzip.BadGzipFile, *([module.ZstdError] if module else []))


def check_packing(suffix: str) -> None:
    """Raise UsageError if what `suffix` names cannot be packed here."""
    if suffix == ".zst" and _zstd() is None:
        raise UsageError("zstd needs: pip install 'dvtopics[zst]'")


def pack(data: bytes, suffix: str) -> bytes:
    """Return `data` as one gzip member or zstd frame, or as it is, by `suffix`.

    Members and frames joined are a packed file again, so that blocks can be packed apart and a
    file can grow by them. The same data gives the same bytes at any time.
    """
    if not data:
        return b""
    if suffix == ".gz":
        return gzip.compress(data, _GZIP_LEVEL, mtime=0)
    if suffix == ".zst":
        check_packing(suffix)
        packed: bytes = _zstd().compress(data)
        return packed
    return data


def _unpacked(path: Path, file: IO[bytes]) -> IO[bytes]:
    """Return what is in the open `file`, unpacked by the suffix of `path`.

    Raises
    ------
    InputError
        If zstd is needed and not installed.
    """
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="rb"))
    if path.suffix == ".zst":
        module = _zstd()
        if module is None:
            raise InputError(str(path), "zstd needs: pip install 'dvtopics[zst]'")
        if hasattr(module, "ZstdDecompressionReader"):
            return _Zstd(file, module)  # type: ignore[return-value]
        opened: IO[bytes] = module.open(file, "rb")
        return opened
    return file


class _Zstd(io.RawIOBase):
    """Reads zstd by `zstandard`, whose own reader takes a truncated file for a whole one."""

    def __init__(self, raw: IO[bytes], module: Any) -> None:
        self._raw = raw
        self._new_frame = module.ZstdDecompressor().decompressobj
        self._frame: Any = None
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            packed = self._raw.read(_ZSTD_CHUNK)
            if not packed:
                if self._frame is not None:
                    raise EOFError("file ended before the end of the zstd frame")
                return 0
            if self._frame is None:
                self._frame = self._new_frame()
            self._ready = memoryview(self._frame.decompress(packed))
            if self._frame.eof:
                # The next frame, if any, starts within this chunk.
                self._raw.seek(-len(self._frame.unused_data), io.SEEK_CUR)
                self._frame = None
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size


class Source:
    """One input: a stream of bytes with its name, and how far it has been read.

    Attributes
    ----------
    name : str
        As given, for messages and ids.
    stream : BinaryIO
        Buffered and unpacked.
    on_read : callable
        Told of bytes of the file that are read past `stream`.
    """

    def __init__(
        self,
        name: str,
        stream: io.BufferedReader,
        on_read: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.stream = stream
        self.on_read = on_read

    def peek(self) -> bytes:
        """Return what comes next, up to 64 KB, without reading it."""
        return self.stream.peek(PEEK)[:PEEK]

    def read_whole(self, limit: int | None = None) -> bytes:
        """Read all that is left; raises InputError if it is over `limit` bytes."""
        if limit is None:
            return self.stream.read()
        # By pieces: one read of the limit would take its memory whatever the file's size.
        data = bytearray()
        while piece := self.stream.read(min(_PIECE, limit + 1 - len(data))):
            data += piece
        if len(data) > limit:
            raise InputError(self.name, too_large(limit))
        return bytes(data)

    def lines(self, limit: int) -> Iterator[tuple[int, bytes | None]]:
        """Yield ``(number, line)``; None stands for a line of over `limit` bytes."""
        number = 0
        while line := self.stream.readline(limit + 1):
            number += 1
            if len(line) <= limit or line.endswith(b"\n"):
                yield number, line
                continue
            while (rest := self.stream.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
            yield number, None


class _Counting(io.RawIOBase):
    """A raw stream that fills what it is given, and tells how much was read through it.

    Of a packed file, where `position` says how far that is read, it tells the packed bytes.
    """

    def __init__(
        self,
        raw: IO[bytes],
        on_read: Callable[[int], None],
        position: Callable[[], int] | None = None,
    ) -> None:
        self._read = getattr(raw, "read1", raw.read)
        self._on_read = on_read
        self._position, self._told = position, 0
        self._failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._failure is not None:
            raise self._failure
        size = 0
        while size < len(buffer):
            try:
                data = self._read(len(buffer) - size)
            except Exception as error:
                # What was unpacked before the damage is given out first.
                if not size:
                    raise
                self._failure = error
                break
            if not data:
                break
            buffer[size : size + len(data)] = data
            size += len(data)
        self._tell(size)
        return size

    def _tell(self, size: int) -> None:
        if self._position is not None:
            position = self._position()
            size, self._told = position - self._told, position
        self._on_read(size)


@contextmanager
def open_source(name: str, on_read: Callable[[int], None] | None = None) -> Iterator[Source]:
    """Open an input.

    Parameters
    ----------
    name : str
        A path, or ``-`` for standard input.
    on_read : callable, optional
        Called with the number of bytes of the file, packed as it is, of every read.

    Raises
    ------
    InputError
        If it cannot be opened or unpacked; also when that turns out while it is read.
    """
    path = Path(name)
    if name == STDIN and sys.stdin is None:
        raise InputError(name, "standard input is closed")
    told = on_read or (lambda _: None)
    try:
        file: IO[bytes] = sys.stdin.buffer if name == STDIN else path.open("rb")
    except OSError as error:
        raise InputError(name, reason_of(error)) from error
    try:
        raw = file if name == STDIN else _unpacked(path, file)
        counted = _Counting(raw, told, None if raw is file else file.tell)
        yield Source(name, io.BufferedReader(counted, PEEK), told)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        reason = "damaged gzip file" if isinstance(error, gzip.BadGzipFile) else reason_of(error)
        raise InputError(name, reason) from error
    except _errors_of_unpacking() as error:
        raise InputError(name, f"packed file is truncated or damaged ({error})") from error
    finally:
        if name != STDIN:
            file.close()


def too_large(limit: int) -> str:
    """Return the reason why an article above the limit is refused."""
    return f"larger than {limit:,} bytes; raise --max-bytes to read it"


def reason_of(error: OSError) -> str:
    """Return why a file cannot be read, in a few words."""
    known = {
        FileNotFoundError: "no such file",
        PermissionError: "no permission to read it",
        IsADirectoryError: "is a folder",
    }
    return known.get(type(error)) or (error.strerror or str(error)).lower()
