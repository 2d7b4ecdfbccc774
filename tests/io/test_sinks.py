"""Where output goes: standard output, pipes, files; checkpoints and what a killed run leaves."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from dvtopics.errors import UsageError
from dvtopics.io import sinks
from dvtopics.io.journal import fingerprint
from dvtopics.io.sinks import ResumeError, finished, open_sink

IDENTITY = {"inputs": {"files": 1}, "model": "m@0", "--threshold": (0.5, 0.25)}


def test_file_is_there_only_when_it_is_complete(tmp_path):
    target = tmp_path / "new" / "out.jsonl"
    with open_sink(str(target)) as sink:
        sink.write(b"1\n")
        assert not target.exists()
        assert target.with_name("out.jsonl.partial").exists()
    assert target.read_bytes() == b"1\n"
    assert [p.name for p in target.parent.iterdir()] == ["out.jsonl"]


def test_interrupted_output_is_kept_beside_the_old_file(tmp_path):
    target = tmp_path / "out.jsonl"
    target.write_bytes(b"old\n")

    def run() -> None:
        with open_sink(str(target)) as sink:
            sink.write(b"new\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert target.read_bytes() == b"old\n"
    assert target.with_name("out.jsonl.partial").read_bytes() == b"new\n"


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for name in ("", ".", str(tmp_path), str(tmp_path / "file" / "x")):
        with pytest.raises(UsageError), open_sink(name):
            pass
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert not tmp_path.with_name(f"{tmp_path.name}.partial").exists()
    assert not tmp_path.with_name(f"{tmp_path.name}.journal").exists()


def test_what_is_no_plain_file_is_written_and_not_replaced(tmp_path):
    import os
    import threading

    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    with open_sink(str(pipe)) as sink:
        sink.write(b"1\n")
    reader.join(10)
    assert received == [b"1\n"]
    assert pipe.is_fifo()


# -- checkpoints --------------------------------------------------------------------------------


@pytest.fixture
def often(monkeypatch):
    """A checkpoint after every block, and no end to a run that dies."""
    monkeypatch.setattr(sinks, "_EVERY", 0.0)
    monkeypatch.setattr(sinks, "_SHARE", 0.0)
    monkeypatch.setattr(sinks._File, "abandon", lambda self: self._close())
    monkeypatch.setattr("os.fsync", lambda _: None)


def begun(target, *blocks):
    """Write blocks, an item each, and die."""

    def run():
        with open_sink(str(target), IDENTITY) as sink:
            for block in blocks:
                sink.write(block, {"items": 1})
            raise MemoryError

    with pytest.raises(MemoryError):
        run()


def resumed(target, *blocks, identity=IDENTITY):
    """Go on; return how many items the sink has already."""
    with open_sink(str(target), identity, resume=True) as sink:
        done = sink.counts["items"]
        for block in blocks[done:]:
            sink.write(block, {"items": 1})
    return done


BLOCKS = (b"one\n", b"two\n", b"three\n", b"four\n")


def test_every_prefix_of_journal_and_data_gives_the_same_file(tmp_path, often):
    """Whatever part of either reached the disk: nothing is lost, nothing is there twice."""
    target = tmp_path / "out"
    partial, journal = tmp_path / "out.partial", tmp_path / "out.journal"
    begun(target, *BLOCKS[:3])
    data, lines = partial.read_bytes(), journal.read_bytes()
    known = set()
    ends = [at for at, byte in enumerate(lines) if byte == ord("\n")]
    for end in sorted({*range(0, len(lines), 11), *ends, *(at + 1 for at in ends)}):
        for size in range(len(data) + 1):
            journal.write_bytes(lines[:end])
            partial.write_bytes(data[:size])
            known.add(resumed(target, *BLOCKS))
            assert target.read_bytes() == b"".join(BLOCKS)
            target.unlink()
            assert not list(tmp_path.iterdir())
    assert known == {0, 1, 2, 3}


def test_damaged_blocks_are_done_again(tmp_path, often):
    """Of the end: what has been on the disk for long is not doubted."""
    target = tmp_path / "out"
    begun(target, *BLOCKS[:3])
    (tmp_path / "out.partial").write_bytes(b"one\ntwo\nTHREE\n")
    assert resumed(target, *BLOCKS) == 2
    assert target.read_bytes() == b"".join(BLOCKS)


def test_journal_of_something_else_is_refused(tmp_path, often):
    target = tmp_path / "out"
    begun(target, *BLOCKS[:1])
    for identity, names in (
        ({**IDENTITY, "model": "m@1"}, ["model"]),
        ({**IDENTITY, "--new": 1}, ["--new"]),
        ({"inputs": {"files": 1}, "model": "m@0"}, ["--threshold"]),
    ):
        with pytest.raises(ResumeError) as caught:
            resumed(target, *BLOCKS, identity=identity)
        assert caught.value.differences == names
    assert resumed(target, *BLOCKS) == 1


def test_what_is_finished(tmp_path, often):
    target = tmp_path / "out"
    assert finished(str(target)) is None
    begun(target, *BLOCKS[:1])
    assert finished(str(target)) is None
    resumed(target, *BLOCKS)
    assert finished(str(target)) == Counter()
    journal = tmp_path / "out.journal"
    entry = {"bytes": 18, "crc32": 1, "counts": {"items": 4, "errors": 1}, "finished": True}
    journal.write_text(f'{{"journal":1}}\n{json.dumps(entry)}\n')
    assert finished(str(target)) == Counter(items=4, errors=1)
    assert not journal.exists()


def test_joined_output_is_whole_or_not_there(tmp_path, often):
    target = tmp_path / "out"

    def join(stream, joined):
        joined.write_bytes(b"<" + stream.read_bytes() + b">")

    def fail(stream, joined):
        joined.write_bytes(b"<")
        raise MemoryError

    with pytest.raises(MemoryError), open_sink(str(target), IDENTITY, join=fail) as sink:
        sink.write(b"one\n", {"items": 1})
    assert not target.exists()
    with open_sink(str(target), IDENTITY, resume=True, join=join) as sink:
        assert sink.counts["items"] == 1
    assert target.read_bytes() == b"<one\n>"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_output_has_the_rights_of_any_new_file(tmp_path):
    with open_sink(str(tmp_path / "out"), IDENTITY) as sink:
        sink.write(b"1\n")
    (tmp_path / "other").write_bytes(b"")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


# -- fingerprints -------------------------------------------------------------------------------


def test_fingerprint_tells_inputs_apart(tmp_path):
    import os

    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * 5_000)
    os.utime(path, ns=(5, 5))
    first = fingerprint([str(tmp_path)])
    assert first is not None
    assert (first["files"], first["bytes"]) == (1, 5_000)
    assert fingerprint([str(tmp_path)]) == first
    assert fingerprint([str(path)]) == first
    seen = [first]
    for data, time in ((b"a" * 5_000, 6), (b"a" * 5_001, 5), (b"b" + b"a" * 4_999, 5)):
        path.write_bytes(data)
        os.utime(path, ns=(time, time))
        seen.append(fingerprint([str(path)]))
    seen += [fingerprint([str(path)] * 2), fingerprint([str(path), "nowhere"]), fingerprint([])]
    (tmp_path / "b.txt").write_bytes(b"")
    seen.append(fingerprint([str(tmp_path)]))
    assert all(value not in seen[:i] for i, value in enumerate(seen))
    assert fingerprint(["-"]) is None
    assert fingerprint([str(path), "-"]) is None
