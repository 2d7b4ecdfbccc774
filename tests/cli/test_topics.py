"""``dvtopics topics``: fit, show, label, over-time, export, and what they say of bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dvtopics.corpus.store import write_records


@pytest.fixture(scope="module")
def collection(authored, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("topics") / "articles.jsonl"
    records = []
    for i, article in enumerate(authored[:60]):
        record = {"id": article.id, "title": article.title, "date": f"{2020 + i % 3}-02"}
        record["paragraphs"] = [p.text for p in article.paragraphs]
        records.append(record)
    write_records(path, records)
    return path


@pytest.fixture(scope="module")
def no_mining():
    """Mining phrases takes seconds; one test does it, the others get a list."""
    from dvtopics.topics import running

    with pytest.MonkeyPatch.context() as patch:
        phrases = ["chi bộ", "khiếu nại", "người dân", "thủ tục", "đảng viên", "đối thoại"]
        patch.setattr(running, "mined_phrases", lambda *_: phrases)
        yield


@pytest.fixture
def folder(dv, collection, tmp_path, no_mining) -> Path:
    done = dv("topics", "fit", collection, "--topics", "4", "--output", tmp_path / "t")
    assert (done.status, done.err) == (0, "")
    return tmp_path / "t"


def test_fit_with_words_by_underthesea(dv, authored, tmp_path):
    path = tmp_path / "few.jsonl"
    write_records(path, [{"text": a.paragraphs[0].text} for a in authored[:24]])
    done = dv("topics", "fit", path, "--topics", "2", "--output", tmp_path / "t", "--lang", "en")
    assert (done.status, done.err) == (0, "")
    assert "Saved 2 topics of 24 articles" in done.out.decode()
    terms = json.loads((tmp_path / "t" / "terms.json").read_text("utf-8"))["terms"]
    assert any("_" in term for term in terms)


def test_show_label_and_over_time(dv, folder, tmp_path):
    shown = dv("topics", "show", folder, "--json")
    assert json.loads(shown.out) == json.loads((folder / "topics.json").read_text("utf-8"))
    one = dv("topics", "show", folder, "--topic", "1", "--order", "frex", "--lang", "en")
    assert one.status == 0
    assert "similar to" in one.out.decode()
    named = dv("topics", "label", folder, "--name", "2=Tiếp dân", "--merge", "0,1",
               "--theme", "3=none")  # fmt: skip
    assert named.status == 0
    topics = json.loads((folder / "topics.json").read_text("utf-8"))["topics"]
    assert [t["id"] for t in topics] == [0, 2, 3]
    assert topics[1]["label"] == "Tiếp dân"
    assert topics[2]["theme"] is None
    assert dv("topics", "show", folder).status == 0
    figures = tmp_path / "f.json"
    done = dv("topics", "over-time", folder, "--by", "year", "--json", figures)
    assert done.status == 0
    data = json.loads(figures.read_text("utf-8"))
    assert [g["group"] for g in data["groups"]] == ["2020", "2021", "2022"]
    low, high = data["groups"][0]["topics"][0]["interval"]
    assert low <= data["groups"][0]["topics"][0]["mean"] <= high
    reset = dv("topics", "label", folder, "--reset")
    assert reset.status == 0
    assert len(json.loads((folder / "topics.json").read_text("utf-8"))["topics"]) == 4


def test_label_mends_topics_json(dv, folder):
    whole = (folder / "topics.json").read_bytes()
    (folder / "topics.json").write_bytes(b"{}")
    done = dv("topics", "show", folder)
    assert done.status == 3
    assert "topics label" in done.err
    assert dv("topics", "label", folder).status == 0
    assert (folder / "topics.json").read_bytes() == whole


def test_export(dv, folder, tmp_path):
    page, table = tmp_path / "p.html", tmp_path / "s.csv"
    assert dv("topics", "export", folder, "--html", page, "--shares", table).status == 0
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert len(table.read_text("utf-8").splitlines()) >= 61
    assert dv("topics", "export", folder).status == 2


def test_a_bad_record_is_said_and_the_others_go_on(dv, collection, tmp_path, no_mining):
    path = tmp_path / "mixed.jsonl"
    path.write_text(collection.read_text("utf-8") + "{broken\n", "utf-8")
    done = dv("topics", "fit", path, "--topics", "3", "--output", tmp_path / "t")
    assert done.status == 1
    (line,) = done.errors
    assert line.startswith(f"{path}:61: ")
    assert (tmp_path / "t" / "topics.json").is_file()


@pytest.mark.parametrize("n", ["1", "0", "-2", "x", "2.5"])
def test_a_number_of_topics_that_is_none(dv, collection, tmp_path, n):
    done = dv("topics", "fit", collection, "--topics", n, "--output", tmp_path / "t")
    assert done.status == 2
    assert not (tmp_path / "t").exists()


@pytest.mark.parametrize("text", ["a\n", "và của\n" * 9])
def test_too_little_to_find_topics_in(dv, tmp_path, no_mining, text):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"text": t}) + "\n" for t in text.splitlines()), "utf-8")
    done = dv("topics", "fit", path, "--topics", "2", "--output", tmp_path / "t")
    assert done.status == 2
    assert len(done.errors) == 1
    assert not (tmp_path / "t").exists()


def test_folders_that_are_none(dv, folder, tmp_path):
    for call in (["show", tmp_path / "none"], ["label", tmp_path], ["over-time", tmp_path]):
        done = dv("topics", *call)
        assert (done.status, len(done.errors)) == (3, 1)
    (folder / "terms.json").write_bytes(b"")
    done = dv("topics", "export", folder, "--html", tmp_path / "p.html")
    assert (done.status, len(done.errors)) == (3, 1)
    assert not (tmp_path / "p.html").exists()


def test_ids_that_are_none(dv, folder):
    for call in (
        ["show", folder, "--topic", "9"],
        ["label", folder, "--name", "9=x"],
        ["label", folder, "--name", "x"],
        ["label", folder, "--merge", "1"],
        ["label", folder, "--theme", "1=nope"],
        ["over-time", folder, "--topic", "9"],
        ["over-time", folder, "--by", "source"],
    ):
        assert dv("topics", *call).status == 2, call
