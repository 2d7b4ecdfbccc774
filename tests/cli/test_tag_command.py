"""``dvtopics tag``: options, formats, outputs, languages, interruption."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dvtopics.themes import THEMES


def many(records, count):
    """The records over and over, each with an id of its own."""
    lines = (
        json.dumps({**records[i % len(records)], "id": str(i)}, ensure_ascii=False) + "\n"
        for i in range(count)
    )
    return "".join(lines).encode()


# -- records ------------------------------------------------------------------------------------


def test_records_come_out_in_order_with_the_fields_of_the_contract(dv, jsonl, records):
    done = dv("tag", jsonl)
    assert (done.status, done.err) == (0, "")
    assert [r["id"] for r in done.records] == ["one", "two", "three"]
    for given, record in zip(records, done.records, strict=True):
        texts = given.get("paragraphs") or given["text"].split("\n")
        assert [p["text"] for p in record["paragraphs"]] == texts
        for level in (record, *record["paragraphs"]):
            assert list(level["themes"]) == list(THEMES.ids)
            assert all(p == round(p, 6) for p in level["themes"].values())
    assert done.records[1]["year"] == 2024
    assert done.records[0]["tags"] == ["grassroots_democracy"]
    assert done.records[0]["evidence"]
    blank = done.records[2]["paragraphs"][1]
    assert set(blank["themes"].values()) == {0.0}
    assert blank["tags"] == []
    model, _, checksum = done.records[0]["model"].partition("@")
    assert model == "small"
    assert len(checksum) == 12


def test_no_evidence(dv, jsonl):
    with_evidence, without = dv("tag", jsonl), dv("tag", jsonl, "--no-evidence")
    for a, b in zip(with_evidence.records, without.records, strict=True):
        assert b["evidence"] == []
        assert all(p["evidence"] == [] for p in b["paragraphs"])
        assert (a["themes"], a["tags"]) == (b["themes"], b["tags"])


def test_standard_input(dv, jsonl, records):
    page = f"{records[0]['title']}\n\n{records[0]['paragraphs'][0]}\n".encode()
    assert dv("tag", "-", stdin=jsonl.read_bytes()).records == dv("tag", jsonl).records
    (record,) = dv("tag", "-", stdin=page).records
    assert record["id"] == "-"


def test_fields_of_labelled_records_are_carried(dv, records):
    graded = {**records[0], "grades": {"party_building": 1}, "model": "mine"}
    (record,) = dv("tag", "-", stdin=json.dumps(graded).encode()).records
    assert record["grades"] == {"party_building": 1}
    assert record["input"] == {"model": "mine"}


# -- thresholds ---------------------------------------------------------------------------------


def test_threshold_for_all_themes(dv, jsonl):
    for threshold in (0.0, 0.3, 1.0):
        for record in dv("tag", jsonl, "--threshold", str(threshold)).records:
            for level in (record, *record["paragraphs"]):
                expected = [t for t, p in level["themes"].items() if p >= threshold and p > 0]
                assert level["tags"] == expected


def test_threshold_for_one_theme(dv, jsonl):
    usual = dv("tag", jsonl).records
    theme = "grassroots_democracy"
    strict = dv("tag", jsonl, "--threshold", f"{theme}=1.0").records
    for a, b in zip(usual, strict, strict=True):
        assert theme not in b["tags"] or b["themes"][theme] == 1.0
        assert [t for t in a["tags"] if t != theme] == [t for t in b["tags"] if t != theme]
    both = dv("tag", jsonl, "--threshold", f"{theme}=0", "--threshold", "party_building=0").records
    assert {theme, "party_building"} <= set(both[0]["tags"])


def test_precision_moves_thresholds(dv, authored, tmp_path):
    source = tmp_path / "authored.jsonl"
    source.write_text("".join(json.dumps(a.to_record()) + "\n" for a in authored[:30]))

    def count(precision):
        records = dv("tag", source, "--precision", precision, "--no-evidence").records
        return sum(len(p["tags"]) for r in records for p in r["paragraphs"])

    assert count("0.99") < count("0.7") < count("0.3")


@pytest.mark.parametrize(
    "options",
    [
        ["--threshold", "2"],
        ["--threshold", "-0.1"],
        ["--threshold", "nan"],
        ["--threshold", "much"],
        ["--threshold", "no_theme=0.5"],
        ["--threshold", "party_building=much"],
        ["--threshold", "0.5", "--threshold", "party_building=0.5"],
        ["--precision", "1.5"],
        ["--precision", "nan"],
        ["--format", "xml"],
        ["--input-format", "pdf"],
        ["--encoding", "klingon"],
        ["--lang", "fr"],
        ["--jobs", "0"],
        ["--jobs", "-2"],
        ["--max-bytes", "0"],
        ["--max-bytes", "much"],
        ["--max-bytes", "1" + "0" * 30],
        ["--no-such-option"],
        ["--format", "parquet"],
    ],
)
def test_wrong_options_exit_2_and_write_nothing(dv, jsonl, tmp_path, options):
    done = dv("tag", jsonl, *options)
    assert (done.status, done.out) == (2, b"")
    assert done.err.strip()
    output = tmp_path / "out.jsonl"
    if options != ["--format", "parquet"]:
        assert dv("tag", jsonl, "--output", output, *options).status == 2
        assert [p.name for p in tmp_path.iterdir()] == [jsonl.name]


def test_no_input_and_no_verb_exit_2(dv):
    assert dv("tag").status == 2
    assert dv("no-such-verb").status == 2
    assert dv().status == 2


# -- formats ------------------------------------------------------------------------------------


def test_table_shows_title_themes_paragraphs_and_terms(dv, jsonl, records):
    done = dv("tag", jsonl, "--format", "table", "--lang", "vi")
    page = done.out.decode()
    assert done.status == 0
    assert "Đối thoại với nhân dân" in page
    assert all(THEMES[theme].name("vi") in page for theme in THEMES.ids)
    assert "đối thoại trực tiếp" in page
    assert "“đối thoại" in page  # a term that decided
    assert "▸" in page
    assert "\x1b" not in page


def test_table_language(dv, jsonl, monkeypatch):
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    vietnamese, english = THEMES["party_building"].name("vi"), THEMES["party_building"].name("en")
    assert vietnamese != english

    def page(*options):
        return dv("tag", jsonl, "--format", "table", *options).out.decode()

    assert english in page()
    assert vietnamese in page("--lang", "vi")
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    assert vietnamese in page()
    assert "(không có tiêu đề)" in page()
    assert english in page("--lang", "en")
    monkeypatch.setenv("LC_ALL", "C")
    assert english in page()


def test_table_cannot_be_steered_by_its_input(dv):
    record = {"id": "\x1b[2J", "title": "\x1b]0;title\x07 đối thoại", "text": "\x1b[31mđối thoại"}
    done = dv("tag", "-", "--format", "table", stdin=json.dumps(record).encode())
    assert b"\x1b" not in done.out
    assert b"\x07" not in done.out


def test_csv_output_agrees_with_jsonl(dv, jsonl):
    records = dv("tag", jsonl).records
    rows = list(csv.DictReader(io.StringIO(dv("tag", jsonl, "--format", "csv").out.decode())))
    columns = ["id", "level", "index", "title", "text", *THEMES.ids, "tags"]
    assert list(rows[0])[: len(columns)] == columns
    assert [r["id"] for r in rows if r["level"] == "article"] == ["one", "two", "three"]
    for record in records:
        mine = [row for row in rows if row["id"] == record["id"]]
        for row, level in zip(mine, [record, *record["paragraphs"]], strict=True):
            assert {t: float(row[t]) for t in THEMES.ids} == level["themes"]
            assert row["tags"] == ";".join(level["tags"])
            assert row["text"] == level.get("text", "")
            assert row["title"] == record["title"]
    # No column of its own, since the first article has no year, but not lost.
    assert json.loads(next(r for r in rows if r["id"] == "two")["input"]) == {"year": 2024}


def test_output_of_any_format_reads_back_as_input(dv, jsonl, tmp_path):
    pytest.importorskip("pyarrow")
    for name in ("out.csv", "out.parquet", "out.jsonl"):
        assert dv("tag", jsonl, "--output", tmp_path / name).status == 0
    read = {n: dv("tag", tmp_path / n).records for n in ("out.csv", "out.parquet", "out.jsonl")}
    assert len(read["out.csv"]) == len(read["out.parquet"]) == 3 + 6
    again, first = read["out.jsonl"][0], dv("tag", jsonl).records[0]
    assert "themes" in again["input"]
    # Paragraphs of an output record are objects with a text, and are read as such.
    assert [p["text"] for p in again["paragraphs"]] == [p["text"] for p in first["paragraphs"]]


def test_format_goes_by_the_suffix_of_the_output(dv, jsonl, tmp_path):
    assert dv("tag", jsonl, "--output", tmp_path / "a.csv.gz").status == 0
    assert gzip.decompress((tmp_path / "a.csv.gz").read_bytes()).startswith(b"id,level,index,")
    assert dv("tag", jsonl, "--output", tmp_path / "a.txt").status == 0
    assert (tmp_path / "a.txt").read_bytes() == dv("tag", jsonl).out
    assert dv("tag", jsonl, "--output", tmp_path / "a.csv", "--format", "jsonl").status == 0
    assert (tmp_path / "a.csv").read_bytes() == dv("tag", jsonl).out


# -- the same bytes -----------------------------------------------------------------------------


def test_two_jobs_give_the_bytes_of_one(dv, records, tmp_path):
    source = tmp_path / "many.jsonl"
    lines = many(records, 200).splitlines(keepends=True)
    lines[70] = b"{broken\n"
    source.write_bytes(b"".join(lines))
    one = dv("tag", source)
    two = dv("tag", source, "--jobs", "2")
    assert one.status == two.status == 1
    assert one.out == two.out
    assert one.err == two.err
    assert len(one.records) == 200
    assert one.records[70]["where"] == f"{source}:71"


def test_packed_output_has_the_same_bytes_each_time(dv, jsonl, tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        assert dv("tag", jsonl, "--output", tmp_path / name / "out.jsonl.gz").status == 0
        now = time.time()
        monkeypatch.setattr(time, "time", lambda now=now: now + 100_000)
    packed = [(tmp_path / name / "out.jsonl.gz").read_bytes() for name in ("a", "b")]
    assert packed[0] == packed[1]
    assert gzip.decompress(packed[0]) == dv("tag", jsonl).out


# -- interruption -------------------------------------------------------------------------------


class Interrupted(io.BytesIO):
    """Standard input that ends in Ctrl-C."""

    def read1(self, size: int | None = -1) -> bytes:
        data = super().read1(size)
        if not data:
            raise KeyboardInterrupt
        return data


def test_interruption_keeps_what_was_written(dv, records, tmp_path):
    data = many(records, 500)
    done = dv("tag", "-", stdin=Interrupted(data))
    assert done.status == 130
    written = [r["id"] for r in done.records]
    assert written == [str(i) for i in range(len(written))]
    assert written
    assert "interrupted" in done.err or "ngắt" in done.err
    output = tmp_path / "out.jsonl"
    done = dv("tag", "-", "--output", output, stdin=Interrupted(data))
    assert done.status == 130
    assert not output.exists()
    kept = (tmp_path / "out.jsonl.partial").read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in kept] == written


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to send")
def test_interrupted_process(environment, saved_model, records, tmp_path):
    output = tmp_path / "out.jsonl"
    partial = tmp_path / "out.jsonl.partial"
    command = [sys.executable, "-m", "dvtopics", "tag", "-", "--model", str(saved_model)]
    with subprocess.Popen(
        [*command, "--output", str(output)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        # What a shell runs in the background is started with the signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.write(many(records, 2000))
        running.stdin.flush()
        while running.poll() is None and not (partial.exists() and partial.stat().st_size):
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        message = running.stderr.read().decode()
    assert "Traceback" not in message
    assert message.strip() == "interrupted; what was written is kept"
    assert not output.exists()
    kept = partial.read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in kept] == [str(i) for i in range(len(kept))]
    assert kept


# -- whole processes ----------------------------------------------------------------------------


def test_process_writes_jsonl_and_no_progress_when_piped(process, jsonl, dv):
    done = process("tag", jsonl)
    assert (done.status, done.err) == (0, "")
    assert done.out == dv("tag", jsonl).out


def test_reader_that_goes_away_is_no_error_message(environment, saved_model, records, tmp_path):
    source = tmp_path / "many.jsonl"
    source.write_bytes(many(records, 1000))
    with subprocess.Popen(
        [sys.executable, "-m", "dvtopics", "tag", str(source), "--model", str(saved_model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["id"] == "0"
        running.stdout.close()
        assert running.stderr.read() == b""
        running.wait(60)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_full_disk_is_one_line(environment, saved_model, jsonl):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dvtopics", "tag", str(jsonl), "--model", str(saved_model)],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "dvtopics: standard output: No space left on device"
    ]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminal here")
def test_terminal_gets_the_table(environment, saved_model, jsonl):
    controller, terminal = os.openpty()
    command = [sys.executable, "-m", "dvtopics", "tag", str(jsonl), "--model", str(saved_model)]
    with subprocess.Popen(
        command, stdout=terminal, stderr=subprocess.PIPE, env={**environment, "NO_COLOR": "1"}
    ) as running:
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(controller, 65_536)
            except OSError:  # how Linux tells the end
                break
            if not piece:
                break
            shown += piece
        assert running.wait(60) == 0
    os.close(controller)
    page = shown.decode()
    assert "Đối thoại với nhân dân" in page
    assert THEMES["grassroots_democracy"].name("en") in page
    assert not page.lstrip().startswith("{")


def test_closed_standard_error_loses_no_result(environment, saved_model, jsonl, dv):
    command = f'"{sys.executable}" -m dvtopics tag "{jsonl}" --model "{saved_model}" 2>&-'
    done = subprocess.run(
        ["sh", "-c", command], stdout=subprocess.PIPE, env=environment, check=False
    )
    assert done.returncode == 0
    assert done.stdout == dv("tag", jsonl).out


def test_an_input_is_not_overwritten(dv, tmp_path, records):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(records[0]) + "\n", "utf-8")
    before = path.read_bytes()
    done = dv("tag", path, "--output", path)
    assert done.status == 2
    assert "is an input" in done.err
    assert path.read_bytes() == before
