"""Bad input: one line for each, nothing else lost, never a traceback."""

from __future__ import annotations

import gzip
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TEXT = "Chủ tịch xã đối thoại trực tiếp với nhân dân về cải cách hành chính."


def record(name: str, **more: Any) -> bytes:
    return json.dumps({"id": name, "title": "", "text": TEXT, **more}).encode() + b"\n"


def parquet(columns: dict[str, Any]) -> bytes:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def csv_of(*rows: str) -> bytes:
    return ("\n".join(("id,text", *rows)) + "\n").encode()


BINARY = bytes(range(256)) * 40
DEEP = b"[" * 100_000 + b"]" * 100_000

#: Name of the file, its bytes, and what the one line says. Nothing of the file is read.
FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty text": ("a.txt", bytes, "empty"),
    "empty page": ("a.html", bytes, "empty"),
    "empty records": ("a.jsonl", bytes, "empty"),
    "empty csv": ("a.csv", bytes, "empty"),
    "empty parquet": ("a.parquet", bytes, "not a readable Parquet file"),
    "empty gzip": ("a.jsonl.gz", bytes, "empty"),
    "blank text": ("a.txt", lambda: b" \n\n", "no article text"),
    "blank records": ("a.jsonl", lambda: b"\n\n", "empty"),
    "only a byte-order mark": ("a.txt", lambda: b"\xef\xbb\xbf", "empty"),
    "binary text": ("a.txt", lambda: BINARY, "binary"),
    "binary page": ("a.html", lambda: BINARY, "binary"),
    "binary records": ("a.jsonl", lambda: BINARY, "binary"),
    "binary csv": ("a.csv", lambda: BINARY, "binary"),
    "binary parquet": ("a.parquet", lambda: BINARY, "not a readable Parquet file"),
    "binary gzip": ("a.jsonl.gz", lambda: BINARY, "gzip"),
    "a picture": ("a.txt", lambda: b"\x89PNG\r\n\x1a\n" + BINARY, "PNG"),
    "a pdf": ("a.txt", lambda: b"%PDF-1.7\n" + BINARY, "PDF"),
    "csv without the text column": ("a.csv", lambda: b"id,body\n1,a\n", "no column 'text'"),
    "csv without rows": ("a.csv", lambda: b"id,text\n", "empty"),
    "parquet without the text column": (
        "a.parquet",
        lambda: parquet({"id": ["a"], "body": ["b"]}),
        "no column 'text'",
    ),
    "parquet without rows": (
        "a.parquet",
        lambda: parquet({"text": ["x"]})[:0] or parquet({"id": [], "text": []}),
        "empty",
    ),
    "truncated parquet": (
        "a.parquet",
        lambda: parquet({"text": [TEXT] * 99})[:-9],
        "not a readable Parquet file",
    ),
    "truncated gzip": (
        "a.txt.gz",
        lambda: gzip.compress(TEXT.encode() * 9)[:-12],
        "packed file is truncated or damaged",
    ),
    "over the limit": ("a.txt", lambda: b"a" * 10_000_001, "larger than 10,000,000 bytes"),
}


@pytest.mark.parametrize("case", FILES)
def test_bad_file_is_one_line_and_the_others_go_on(dv, tmp_path, case):
    name, content, reason = FILES[case]
    path = tmp_path / name
    path.write_bytes(content())
    before, after = tmp_path / "0.jsonl", tmp_path / "1.jsonl"
    before.write_bytes(record("before"))
    after.write_bytes(record("after"))
    done = dv("tag", before, path, after)
    assert done.status == 1
    assert [r["id"] for r in done.records] == ["before", "after"]
    (line,) = done.errors
    assert line.startswith(f"{path}: ")
    assert reason in line
    # The same in a format that has no place for errors.
    assert dv("tag", before, path, after, "--format", "csv").errors == [line]


#: Name of the file and its bytes; what becomes of each record: its id, or what the line says.
RECORDS: dict[str, tuple[str, Callable[[], bytes], list[str], list[tuple[int, str]]]] = {
    "third line of five broken": (
        "a.jsonl",
        lambda: record("1") + record("2") + b'{"id": "3", "text"\n' + record("4") + record("5"),
        ["1", "2", "", "4", "5"],
        [(3, "not valid JSON")],
    ),
    "paragraphs that are a number": (
        "a.jsonl",
        lambda: record("1") + b'{"id": "x", "paragraphs": 5}\n' + record("3"),
        ["1", "", "3"],
        [(2, '"paragraphs" must be a list of texts, not a number')],
    ),
    "nested 100,000 deep": (
        "a.jsonl",
        lambda: record("1") + b'{"text": "a", "x": ' + DEEP + b"}\n" + DEEP + b"\n" + record("4"),
        ["1", "", "", "4"],
        [(2, "nested too deep"), (3, "nested too deep")],
    ),
    "nested so deep that it can be read but not written": (
        "a.jsonl",
        lambda: b"".join(
            b'{"id": "%d", "text": "a", "x": %s%s}\n' % (n, b"[" * n, b"]" * n)
            for n in (10, 400, 900, 950, 970, 980, 20)
        ),
        ["10", "", "", "", "", "", "20"],
        [(line, "nested too deep") for line in range(2, 7)],
    ),
    "not a number": (
        "a.jsonl",
        lambda: record("1") + b'{"text": "a", "x": NaN}\n' + record("3"),
        ["1", "", "3"],
        [(2, "NaN is not a JSON value")],
    ),
    "a number too large": (
        "a.jsonl",
        lambda: record("1") + b'{"text": "a", "x": ' + b"9" * 9000 + b"}\n" + record("3"),
        ["1", "", "3"],
        [(2, "digits")],
    ),
    "lone surrogates, large numbers and a carried infinity": (
        "a.jsonl",
        lambda: (
            b'{"id": "1", "title": "\\ud800", "text": "a \\udfff", "\\ud801": "\\ud802"}\n'
            b'{"id": "2", "text": "a", "x": 1e999, "y": ' + b"9" * 4000 + b"}\n"
        ),
        ["1", "2"],
        [],
    ),
    "ids that are there twice": (
        "a.jsonl",
        lambda: record("1") * 3,
        ["1", "1", "1"],
        [],
    ),
    "utf-16": (
        "a.jsonl",
        lambda: (record("1") + record("2")).decode().encode("utf-16"),
        ["1", "2"],
        [],
    ),
    "a line in another encoding": (
        "a.jsonl",
        lambda: record("1") + b'{"text": "\xe9\xe8"}\n' + record("3"),
        ["1", "", "3"],
        [(2, "UTF-8")],
    ),
    "truncated gzip": (
        "a.jsonl.gz",
        lambda: gzip.compress(record("1") + record("2") + bytes(range(97, 123)) * 9)[:-9],
        ["1", "2"],
        [(0, "packed file is truncated or damaged")],
    ),
    "csv rows of every kind": (
        "a.csv",
        lambda: csv_of("1,a", "2", "3,a\x00b", "4,c,d", '5,"e', "6,f", "7,g"),
        ["1", "", "3", "", "", "6", "7"],
        [
            (3, "row has 1 fields where the header has 2"),
            (5, "row has 3 fields where the header has 2"),
            (6, "a quote is not closed"),
        ],
    ),
    "parquet rows of every kind": (
        "a.parquet",
        lambda: parquet({"id": ["1", "2", "3"], "text": [TEXT, None, ""]}),
        ["1", "", "3"],
        [(2, "neither")],
    ),
}


@pytest.mark.parametrize("case", RECORDS)
def test_bad_record_is_one_line_in_its_place_and_the_others_go_on(dv, tmp_path, case):
    name, content, expected, errors = RECORDS[case]
    path = tmp_path / name
    path.write_bytes(content())
    done = dv("tag", path)
    assert done.status == (1 if errors else 0)
    assert ["" if "error" in r else r["id"] for r in done.records] == expected
    wheres = [f"{path}:{line}" if line else str(path) for line, _ in errors]
    assert len(done.errors) == len(errors)
    for line, where, (_, reason) in zip(done.errors, wheres, errors, strict=True):
        assert line.startswith(f"{where}: ")
        assert reason in line
    bad = [r for r in done.records if "error" in r]
    assert [r["where"] for r in bad] == [w for w in wheres if w != str(path)]
    for found, line in zip(bad, done.errors, strict=False):
        assert list(found) == ["id", "error", "where"]
        assert line == f"{found['where']}: {found['error']}"


def test_names_of_the_command_line_that_cannot_be_read(dv, tmp_path):
    good = tmp_path / "a.jsonl"
    good.write_bytes(record("good"))
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "notes.doc").write_bytes(b"x")
    missing, long = tmp_path / "missing.txt", tmp_path / ("a" * 300 + ".txt")
    done = dv("tag", missing, bare, good, long)
    assert done.status == 1
    assert [r["id"] for r in done.records] == ["good"]
    assert done.errors[0] == f"{missing}: no such file"
    assert done.errors[1].startswith(f"{bare}: folder holds no readable file")
    assert done.errors[2].startswith(f"{long}: ")


def test_file_name_with_a_line_end_stays_one_line(dv, tmp_path):
    path = tmp_path / "two\nlines\x1b[2J.jsonl"
    try:
        path.write_bytes(b"{\n" + record("good"))
    except OSError:
        pytest.skip("this file system has no such names")
    done = dv("tag", tmp_path)
    (line,) = done.errors
    assert r"two\nlines\x1b[2J.jsonl:1: not valid JSON" in line
    assert [r.get("where", r.get("id")) for r in done.records] == [f"{path}:1", "good"]


def test_folder_with_a_file_that_cannot_be_opened(dv, tmp_path):
    for name in ("a.jsonl", "c.jsonl"):
        (tmp_path / name).write_bytes(record(name))
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "b.jsonl")  # a loop
    done = dv("tag", tmp_path)
    assert done.status == 1
    assert [r["id"] for r in done.records] == ["a.jsonl", "c.jsonl"]
    (line,) = done.errors
    assert line.startswith(f"{tmp_path / 'b.jsonl'}: ")


def test_errors_keep_their_places_with_two_jobs_and_without_articles(dv, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{\n" * 150)
    one, two = dv("tag", path), dv("tag", path, "--jobs", "2")
    assert one.out == two.out
    assert [r["where"] for r in one.records] == [f"{path}:{n}" for n in range(1, 151)]
    assert dv("tag", path, "--format", "csv").out.startswith(b"id,level,index,title,text,")


@pytest.mark.parametrize("kind", ["jsonl", "txt", "csv"])
def test_one_line_of_50_mb_is_refused(dv, tmp_path, kind):
    big = tmp_path / f"big.{kind}"
    line = b"a " * 25_000_000
    start = {"jsonl": b'{"text": "', "txt": b"", "csv": b"id,text\n1,"}[kind]
    big.write_bytes(start + line + (b'"}\n' if kind == "jsonl" else b"\n"))
    good = tmp_path / "good.jsonl"
    good.write_bytes(record("good"))
    done = dv("tag", big, good)
    assert done.status == 1
    assert done.records[-1]["id"] == "good"
    (error,) = done.errors
    assert "larger than 10,000,000 bytes; raise --max-bytes" in error


def test_one_line_of_12_mb_is_tagged_when_the_limit_is_raised(dv, tmp_path):
    text = (TEXT + " ") * (12_000_000 // len((TEXT + " ").encode()))
    path = tmp_path / "big.jsonl"
    path.write_text(json.dumps({"id": "big", "text": text}, ensure_ascii=False), "utf-8")
    assert dv("tag", path).status == 1
    (tagged,) = dv("tag", path, "--max-bytes", "20000000", "--no-evidence").records
    assert tagged["id"] == "big"
    assert [p["text"] for p in tagged["paragraphs"]] == [text.strip()]
    assert tagged["tags"]


# -- models -------------------------------------------------------------------------------------


def change_byte(folder: Path) -> None:
    path = folder / "vocabulary.txt"
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    path.write_bytes(data)


def change_threshold(folder: Path) -> None:
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8"))
    config["thresholds"]["paragraph"]["party_building"] = 0.001
    path.write_text(json.dumps(config), "utf-8")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a changed byte": change_byte,
    "a changed threshold": change_threshold,
    "an empty config": lambda folder: (folder / "config.json").write_text(""),
    "no config": lambda folder: (folder / "config.json").unlink(),
    "a missing file": lambda folder: (folder / "vocabulary.txt").unlink(),
    "a file too many": lambda folder: (folder / "more.txt").write_text("x"),
    "a pickle": lambda folder: (folder / "model.pkl").write_bytes(b"\x80\x04."),
    "a link": lambda folder: (folder / "link.txt").symlink_to(folder / "vocabulary.txt"),
    "no folder": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_model_exits_3(dv, saved_model, tmp_path, damage):
    folder = tmp_path / "model"
    shutil.copytree(saved_model, folder)
    DAMAGES[damage](folder)
    good = tmp_path / "a.jsonl"
    good.write_bytes(record("good"))
    for arguments in (
        ("tag", good, "--model", folder),
        ("tag", good, "--model", folder, "--jobs", "2"),
        ("evaluate", good, "--model", folder),
        ("models", "show", folder),
        ("models", "verify", folder),
    ):
        done = dv(*arguments)
        assert (done.status, done.out) == (3, b"")
        (line,) = done.errors
        assert line.startswith("dvtopics: ")
        assert str(folder) in line


# -- tracebacks ---------------------------------------------------------------------------------


def test_debug_shows_the_traceback_and_keeps_the_status(dv, tmp_path):
    good = tmp_path / "a.jsonl"
    good.write_bytes(record("good"))
    silent = dv("tag", good, "--model", tmp_path / "none")
    loud = dv("tag", good, "--model", tmp_path / "none", "--debug")
    assert silent.status == loud.status == 3
    assert len(silent.errors) == 1
    assert loud.err.startswith("Traceback")
    assert loud.errors[-1] == silent.errors[0]


def test_error_of_our_own_is_one_line(dv, tmp_path, monkeypatch):
    good = tmp_path / "a.jsonl"
    good.write_bytes(record("good"))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("dvtopics.taggers.registry.load", fail)
    done = dv("tag", good)
    assert done.status == 1
    assert len(done.errors) == 1
    assert r"RuntimeError: two\nlines" in done.err
    assert "--debug" in done.err
    assert "Traceback" in dv("tag", good, "--debug").err
