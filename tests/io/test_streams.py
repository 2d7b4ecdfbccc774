"""Packed streams: whole ones give their bytes, truncated and damaged ones one error."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from dvtopics.errors import InputError
from dvtopics.io.streams import open_packed, open_source

#: Not compressible to a single block, so that a truncated file has whole blocks before the cut.
DATA = b"".join(b'{"text": "%d"}\n' % (i * 7919 % 100_003) for i in range(60_000))


def packed(suffix: str) -> bytes:
    if suffix == ".gz":
        return gzip.compress(DATA)
    zstandard = pytest.importorskip("zstandard")
    return zstandard.compress(DATA)


@pytest.fixture(params=[".gz", ".zst"])
def suffix(request: pytest.FixtureRequest) -> str:
    return request.param


def test_whole_file(tmp_path, suffix):
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(packed(suffix))
    with open_source(str(path)) as source:
        assert source.peek() == DATA[:65_536]
        assert source.read_whole() == DATA


def test_files_joined_to_one(tmp_path, suffix):
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(packed(suffix) * 3)
    with open_source(str(path)) as source:
        assert source.read_whole() == DATA * 3


@pytest.mark.parametrize("part", [0.999, 0.5])
def test_truncated_file_gives_its_lines_and_then_an_error(tmp_path, suffix, part):
    path = tmp_path / f"a.jsonl{suffix}"
    data = packed(suffix)
    path.write_bytes(data[: int(len(data) * part)])
    seen: list[bytes | None] = []

    def read() -> None:
        with open_source(str(path)) as source:
            seen.extend(line for _, line in source.lines(1000))

    with pytest.raises(InputError, match="packed file is truncated or damaged") as caught:
        read()
    assert caught.value.where == str(path)
    assert 0 < len(seen) < 60_000
    assert DATA.startswith(b"".join(seen))


@pytest.mark.parametrize(
    ("suffix", "position"),
    # zstd carries no checksum by default: only damage to its frame is sure to be noticed.
    [(".gz", 0), (".gz", 30), (".gz", -20), (".zst", 0)],
)
def test_damaged_file_is_an_error(tmp_path, suffix, position):
    path = tmp_path / f"a.jsonl{suffix}"
    data = bytearray(packed(suffix))
    data[position : position + 8 or None] = b"\xff" * 8
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"), open_source(str(path)) as source:
        source.read_whole()


def test_written_gzip_is_the_same_at_any_time_and_under_any_name(tmp_path, monkeypatch):
    for name, now in (("a.gz", 1e9), ("b.gz", 2e9)):
        monkeypatch.setattr("time.time", lambda now=now: now)
        with open_packed(tmp_path / name, "wb") as stream:
            stream.write(DATA)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == DATA


def test_written_zstd_reads_back(tmp_path):
    pytest.importorskip("zstandard")
    with open_packed(tmp_path / "a.zst", "wb") as stream:
        stream.write(DATA)
    with open_packed(tmp_path / "a.zst") as stream:
        assert stream.read() == DATA


def test_limit_of_a_whole_read(tmp_path):
    path = Path(tmp_path / "a.txt")
    path.write_bytes(b"12345")
    with open_source(str(path)) as source:
        assert source.read_whole(5) == b"12345"
    with pytest.raises(InputError, match="larger than 4 bytes"), open_source(str(path)) as source:
        source.read_whole(4)


def test_packed_bomb_is_refused_by_the_limit(tmp_path, suffix):
    """What it unpacks to counts, and unpacking stops there."""
    bomb = b"a" * 300_000_000
    data = (
        gzip.compress(bomb, 1)
        if suffix == ".gz"
        else pytest.importorskip("zstandard").compress(bomb)
    )
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(data)
    read = []
    with pytest.raises(InputError, match="larger"), open_source(str(path), read.append) as source:
        source.read_whole(1_000_000)
    assert sum(read) < 5_000_000
