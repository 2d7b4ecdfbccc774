"""``dvtopics tag --resume``: what a killed run leaves, and what the next one makes of it."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

#: The command line with a checkpoint after every block, and a short rest in which to be killed.
SLOW = """
import time
from dvtopics.cli.main import run
from dvtopics.io import sinks
sinks._EVERY = sinks._SHARE = 0.0
write = sinks._File.write
def slowly(self, *block):
    write(self, *block)
    time.sleep(0.01)
sinks._File.write = slowly
run()
"""

RECORDS = 700


@pytest.fixture
def source(records, tmp_path, monkeypatch):
    """A file of 700 records, eleven batches, one of them broken."""
    monkeypatch.chdir(tmp_path)
    path = Path("many.jsonl")  # as errors name it, the same in every test
    lines = [
        json.dumps({**records[i % 3], "id": str(i), "year": 2024}, ensure_ascii=False)
        for i in range(RECORDS)
    ]
    lines[70] = '{"id": "broken"'
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


_WHOLE: dict[str, bytes] = {}


@pytest.fixture
def whole(dv, source, tmp_path):
    """The bytes of a run that nothing stops, by the name of the output."""

    def run(name):
        if name not in _WHOLE:
            (tmp_path / "whole").mkdir(exist_ok=True)
            output = tmp_path / "whole" / name
            assert dv("tag", source, "--output", output, "--no-evidence").status == 1
            _WHOLE[name] = output.read_bytes()
        return _WHOLE[name]

    return run


@pytest.fixture
def unfinished(dv, source, tmp_path, monkeypatch):
    """Output, partial file and journal of a run that died after six batches."""
    from dvtopics.io import sinks

    def run(name="out.jsonl", *options, batches=6):
        output = tmp_path / name
        write, calls = sinks._File.write, []

        def counted(self, *block):
            write(self, *block)
            calls.append(1)
            if len(calls) == batches + 1:  # the header is the first
                raise MemoryError

        with monkeypatch.context() as patch:
            patch.setattr(sinks, "_EVERY", 0.0)
            patch.setattr(sinks, "_SHARE", 0.0)
            patch.setattr(sinks._File, "write", counted)
            # As if killed: nothing is done about the end.
            patch.setattr(sinks._File, "abandon", lambda _: None)
            assert dv("tag", source, "--output", output, *options).status == 1
        assert not output.exists()
        paths = [tmp_path / f"{name}.{kind}" for kind in ("partial", "journal")]
        assert all(path.exists() for path in paths)
        return output, *paths

    return run


def need(name):
    """Skip where what `name` takes is not installed."""
    for suffix, module in ((".parquet", "pyarrow"), (".zst", "zstandard")):
        if name.endswith(suffix):
            pytest.importorskip(module)


def check(tmp_path, output, expected):
    """The output is there as it should be, and nothing beside it."""
    assert output.read_bytes() == expected
    assert not list(tmp_path.glob(f"{output.name}.*"))


# -- killed -------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("out.jsonl", []),
        ("out.jsonl.gz", ["--jobs", "2"]),
        ("out.csv", []),
        ("out.parquet", []),
    ],
)
def test_killed_at_random_moments(
    environment, saved_model, source, whole, dv, tmp_path, name, options
):
    need(name)
    output = tmp_path / name
    partial = tmp_path / f"{name}.partial"
    arguments = ["tag", source, "--model", saved_model, "--no-evidence", "--output", output]
    command = [sys.executable, "-c", SLOW, *map(str, arguments), *options]
    chance = random.Random(name)
    expected = whole(name)
    sizes = [0]
    for _ in range(2):
        running = subprocess.Popen(
            [*command, "--resume"], env=environment, stderr=subprocess.DEVNULL
        )
        while running.poll() is None and not (
            partial.exists() and partial.stat().st_size > sizes[-1]
        ):
            time.sleep(0.005)
        time.sleep(chance.random() * 0.15)
        running.send_signal(signal.SIGKILL)
        running.wait(60)
        if output.exists():
            break
        sizes.append(partial.stat().st_size)
    done = dv(*arguments, "--resume")
    assert done.status == (0 if "complete" in done.err else 1)
    check(tmp_path, output, expected)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_workers_leave_when_the_main_process_is_killed(environment, saved_model, source, tmp_path):
    output = tmp_path / "out.jsonl"
    arguments = ["tag", source, "--model", saved_model, "--output", output, "--jobs", "2"]
    command = [sys.executable, "-c", SLOW, *map(str, arguments)]
    running = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    partial = tmp_path / "out.jsonl.partial"
    while running.poll() is None and not (partial.exists() and partial.stat().st_size):
        time.sleep(0.01)
    running.kill()
    # It ends when the last process that has it is gone.
    assert b"Traceback" not in running.communicate(timeout=20)[1]


# -- what is left -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "tear"),
    [
        *(("out.jsonl", tear) for tear in ("nothing", "journal", "data", "both", "lost")),
        *((f"out.{kind}", "both") for kind in ("jsonl.gz", "jsonl.zst", "csv", "parquet")),
        ("out.parquet", "lost"),
    ],
)
def test_torn_files_are_repaired(dv, source, whole, unfinished, tmp_path, name, tear):
    need(name)
    output, partial, journal = unfinished(name, "--no-evidence")
    if tear in ("journal", "both"):
        journal.write_bytes(journal.read_bytes()[:-9])
    if tear in ("data", "both"):
        with partial.open("ab") as file:
            file.write(b'{"id": "half a rec')
    if tear == "lost":  # a disk that lied: less is there than the journal says, some of it zeros
        data = partial.read_bytes()
        partial.write_bytes(data[: len(data) * 2 // 3] + bytes(1_000))
    done = dv("tag", source, "--output", output, "--no-evidence", "--resume")
    assert done.status == 1  # for the broken record, which an earlier run has told of
    assert len(done.errors) == 1
    assert "records done" in done.errors[0]
    check(tmp_path, output, whole(name))


def test_finished_records_are_not_tagged_again(dv, source, unfinished, small_tagger, monkeypatch):
    output, *_ = unfinished("out.jsonl", "--no-evidence", batches=8)
    tagged = []
    original = type(small_tagger).tag_batch

    def counted(self, articles, **options):
        tagged.extend(a.id for a in articles)
        return original(self, articles, **options)

    monkeypatch.setattr(type(small_tagger), "tag_batch", counted)
    assert dv("tag", source, "--output", output, "--resume", "--no-evidence").status == 1
    assert tagged == [str(i) for i in range(8 * 64, RECORDS)]


def test_death_between_the_last_steps(dv, source, whole, tmp_path, monkeypatch):
    expected = whole("out.jsonl")
    output, journal = tmp_path / "out.jsonl", tmp_path / "out.jsonl.journal"
    options = ["--output", output, "--no-evidence"]

    def die(*_, **__):
        raise MemoryError

    # After the last checkpoint, before the file has its name.
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        assert dv("tag", source, *options).status == 1
    entries = journal.read_bytes()
    assert json.loads(entries.splitlines()[-1])["finished"]
    assert dv("tag", source, *options, "--resume").status == 1
    check(tmp_path, output, expected)
    # After that, before the journal is gone.
    journal.write_bytes(entries)
    done = dv("tag", source, *options, "--resume")
    assert (done.status, len(done.errors)) == (1, 1)
    check(tmp_path, output, expected)


@pytest.mark.parametrize("name", ["out.csv.gz", "out.parquet"])
def test_interrupted_run_goes_on(dv, source, whole, tmp_path, monkeypatch, name):
    """Ctrl-C keeps all that was tagged, and says how to go on."""
    from dvtopics.io import sinks

    need(name)
    output = tmp_path / name
    write = sinks._File.write

    def interrupted(self, *block):
        write(self, *block)
        if self.counts["items"] >= 384:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sinks._File, "write", interrupted)
        done = dv("tag", source, "--output", output, "--no-evidence", "--lang", "en")
    assert done.status == 130
    assert "to go on, run the command again with --resume" in done.errors
    done = dv("tag", source, "--output", output, "--no-evidence", "--resume", "--lang", "en")
    assert done.errors == [f"{output}: goes on after 384 records done"]
    check(tmp_path, output, whole(name))


def test_without_resume_it_is_started_over(dv, source, whole, unfinished, tmp_path):
    output, *_ = unfinished(batches=2)
    assert dv("tag", source, "--output", output, "--no-evidence").status == 1
    check(tmp_path, output, whole("out.jsonl"))


@pytest.mark.parametrize("left", [None, b"", b'{"journal":1', b"{}\n", b"\xff\n"])
def test_nothing_of_use_is_a_start(dv, source, whole, tmp_path, left):
    output = tmp_path / "out.jsonl"
    if left is not None:
        (tmp_path / "out.jsonl.journal").write_bytes(left)
        (tmp_path / "out.jsonl.partial").write_bytes(b"what is this")
    assert dv("tag", source, "--output", output, "--no-evidence", "--resume").status == 1
    check(tmp_path, output, whole("out.jsonl"))


def test_finished_run_does_nothing(dv, jsonl, tmp_path):
    output = tmp_path / "out.jsonl"
    assert dv("tag", jsonl, "--output", output, "--resume").status == 0
    before = output.stat()
    done = dv("tag", jsonl, "--output", output, "--resume", "--lang", "en")
    assert (done.status, done.out) == (0, b"")
    assert done.errors == [
        f"{output}: is complete, nothing is left to do (without --resume it is made anew)"
    ]
    assert output.stat().st_mtime_ns == before.st_mtime_ns


def test_review_counts_over_all_runs(dv, source, unfinished, tmp_path):
    options = ["--review", "0.9", "--no-evidence", "--lang", "en"]
    one = dv("tag", source, "--output", tmp_path / "one.jsonl", *options)
    output, *_ = unfinished("out.jsonl", *options)
    done = dv("tag", source, "--output", output, "--resume", *options)
    assert done.errors[-1] == one.errors[-1]
    assert "To reach precision 0.9" in one.errors[-1]


# -- refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--no-evidence"], "--no-evidence"),
        (["--threshold", "0.9"], "--threshold"),
        (["--format", "csv"], "--format"),
        (["--max-bytes", "5000", "--text-column", "body"], "--text-column, --max-bytes"),
    ],
)
def test_other_options_are_refused(dv, source, unfinished, options, named):
    output, partial, journal = unfinished(batches=2)
    before = partial.read_bytes(), journal.read_bytes()
    done = dv("tag", source, "--output", output, "--resume", "--lang", "en", *options)
    assert (done.status, done.out) == (2, b"")
    assert done.errors == [
        f"dvtopics: {output}: cannot go on, since this has changed: {named}; "
        "leave out --resume to start over"
    ]
    assert (partial.read_bytes(), journal.read_bytes()) == before
    assert not output.exists()


def test_other_input_is_refused(dv, source, unfinished):
    output, *_ = unfinished(batches=2)
    state = source.stat()
    changes = {
        "longer": lambda: source.write_bytes(source.read_bytes() + b"\n"),
        "other": lambda: source.write_bytes(b"[" + source.read_bytes()[1:]),
        "touched": lambda: os.utime(source, ns=(1, 1)),
        "gone": source.unlink,
    }
    data = source.read_bytes()
    for change in changes.values():
        change()
        if source.exists() and source.stat().st_mtime_ns != 1:
            os.utime(source, ns=(state.st_atime_ns, state.st_mtime_ns))
        done = dv("tag", source, "--output", output, "--resume", "--lang", "vi")
        assert done.status == 2
        assert len(done.errors) == 1
        assert "không thể làm tiếp vì đã đổi: đầu vào" in done.errors[0]
        source.write_bytes(data)
    done = dv("tag", source, source, "--output", output, "--resume", "--lang", "en")
    assert "this has changed: the input;" in done.err
    os.utime(source, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert dv("tag", source, "--output", output, "--resume", "--jobs", "2").status == 1


def test_other_model_is_refused(dv, source, unfinished, saved_model, tmp_path):
    import dvtopics

    output, *_ = unfinished(batches=2)
    # Of the same name, but not the same.
    dvtopics.load(saved_model).set_thresholds(0.9).save(tmp_path / "small")
    done = dv(
        *("tag", source, "--output", output, "--resume", "--lang", "en"),
        *("--model", tmp_path / "small"),
    )
    assert done.status == 2
    assert len(done.errors) == 1
    assert "this has changed: the model, --threshold;" in done.err


def test_resume_needs_files_on_both_ends(dv, jsonl, tmp_path):
    output = tmp_path / "out.jsonl"
    cases = [
        dv("tag", jsonl, "--resume"),
        dv("tag", "-", "--output", output, "--resume", stdin=jsonl.read_bytes()),
        dv("tag", jsonl, "-", "--output", output, "--resume", stdin=jsonl.read_bytes()),
    ]
    if Path("/dev/null").exists():
        cases.append(dv("tag", jsonl, "--output", "/dev/null", "--resume"))
        cases.append(dv("tag", "/dev/null", "--output", output, "--resume"))
    assert [done.status for done in cases] == [2] * len(cases)
    assert all(done.out == b"" and "--resume" in done.err for done in cases)
    assert not list(tmp_path.glob("out.*"))


def test_one_process_at_a_time(dv, jsonl, tmp_path):
    pytest.importorskip("fcntl")
    from dvtopics.io.sinks import open_sink

    output = tmp_path / "out.jsonl"
    with open_sink(str(output)) as sink:
        sink.write(b"1\n")
        done = dv("tag", jsonl, "--output", output)
        assert done.status == 2
        assert done.errors == [f"dvtopics: {output}: another process is writing it"]
    assert output.read_bytes() == b"1\n"


def test_standard_input_keeps_no_journal(dv, jsonl, tmp_path, monkeypatch):
    from dvtopics.io import sinks

    def die(*_, **__):
        raise MemoryError

    output = tmp_path / "out.jsonl.gz"
    (tmp_path / "out.jsonl.gz.journal").write_bytes(b"of another run")
    monkeypatch.setattr(sinks._File, "finish", die)
    assert dv("tag", "-", "--output", output, stdin=jsonl.read_bytes()).status == 1
    assert [p.name for p in tmp_path.glob("out.*")] == ["out.jsonl.gz.partial"]
    kept = gzip.decompress((tmp_path / "out.jsonl.gz.partial").read_bytes())
    assert kept == dv("tag", "-", stdin=jsonl.read_bytes()).out
