"""Packed streams: whole ones give their bytes, truncated and damaged ones one error."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from dvtopics.errors import InputError
from dvtopics.io.streams import open_source, pack

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


def test_blocks_packed_apart_are_a_packed_file(tmp_path, suffix, monkeypatch):
    if suffix == ".zst":
        pytest.importorskip("zstandard")
    blocks = [pack(DATA[i : i + 100_000], suffix) for i in range(0, len(DATA), 100_000)]
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(b"".join(blocks))
    with open_source(str(path)) as source:
        assert source.read_whole() == DATA
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert pack(DATA[:100_000], suffix) == blocks[0]
    assert pack(b"", suffix) == b""


def test_what_is_told_of_a_packed_file_are_its_packed_bytes(tmp_path, suffix):
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(packed(suffix))
    told: list[int] = []
    with open_source(str(path), told.append) as source:
        assert source.read_whole() == DATA
    assert sum(told) == path.stat().st_size


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
