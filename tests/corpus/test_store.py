"""Labelled corpora on disk."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.corpus.store import is_filled, read_labelled, read_records, write_records
from dvtopics.errors import InputError

RECORDS = [
    {"id": "a", "title": "Một", "paragraphs": [{"text": "x", "grades": {"t": 1.5, "u": None}}]},
    {"id": "b", "title": "", "paragraphs": ["y", "\u2028 z"], "lone": "\ud800"},
]


@pytest.mark.parametrize("name", ["a.jsonl", "new/a.jsonl.gz"])
def test_what_is_written_reads_back(tmp_path, name):
    path = tmp_path / name
    assert write_records(path, iter(RECORDS)) == 2
    assert list(read_records(path)) == RECORDS
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_same_records_give_the_same_bytes(tmp_path, monkeypatch):
    for name, now in (("a.jsonl.gz", 1e9), ("b.jsonl.gz", 2e9)):
        monkeypatch.setattr("time.time", lambda now=now: now)
        write_records(tmp_path / name, RECORDS)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_writing_is_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("old")

    def fail():
        yield RECORDS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_records(path, fail())
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def test_line_of_an_error_counts_blank_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('\n{"paragraphs": ["a"]}\n\n{"title": 5, "paragraphs": ["a"]}\n')
    with pytest.raises(InputError, match=r'a\.jsonl:4: "title" must be text'):
        read_labelled([path])


def test_labels_without_texts_are_told_apart(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"paragraphs": [{"sha256": "0", "line": 1, "grades": null}]}\n')
    (record,) = read_records(path)
    assert not is_filled(record)
    assert all(is_filled(r) for r in RECORDS)
    with pytest.raises(InputError, match="rehydrate"):
        read_labelled([path])


def test_byte_order_mark_is_no_part_of_the_first_record(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(RECORDS[0]).encode())
    assert list(read_records(path)) == [RECORDS[0]]


@pytest.mark.parametrize("part", [slice(0, -9), slice(3, None), slice(0, 0)])
def test_damaged_gzip_is_an_input_error(tmp_path, part):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"paragraphs": []}\n' * 1000)[part])
    with pytest.raises(InputError, match=r"a\.jsonl\.gz: "):
        list(read_records(path))


def test_flipped_bytes_in_gzip_are_an_input_error(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    data = bytearray(gzip.compress(json.dumps(RECORDS[0]).encode() * 100))
    data[20:60] = b"\xff" * 40
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        list(read_records(path))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=9)), min_size=1, max_size=4))
def test_any_text_survives(tmp_path_factory, fields):
    path = tmp_path_factory.mktemp("store") / "a.jsonl"
    records = [{**more, "text": "a", "paragraphs": [], "grades": None} for more in fields]
    write_records(path, records)
    assert list(read_records(path)) == records
