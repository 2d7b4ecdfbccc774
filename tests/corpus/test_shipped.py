"""What is held out stays out of training."""

from __future__ import annotations

from pathlib import Path

import pytest

from dvtopics.corpus.shipped import authored_files, news_labels, training_files
from dvtopics.corpus.store import read_records

CORPUS = Path(__file__).resolve().parents[2] / "corpus"
HELD_OUT = [CORPUS / "vietnews" / "labels_dev.jsonl.gz", CORPUS / "law_test.jsonl"]


def ids(files):
    return {record["id"] for file in files for record in read_records(file)}


@pytest.fixture(params=["checkout", "elsewhere"])
def files(request, monkeypatch, tmp_path):
    """Paths are given from where the user is."""
    monkeypatch.chdir(tmp_path if request.param == "elsewhere" else CORPUS.parent)
    return {Path(name).resolve() for name in training_files()}


def test_held_out_files_are_not_trained_on(files):
    assert all(path.is_file() for path in HELD_OUT)
    assert not files & set(HELD_OUT)


def test_everything_else_is(files):
    labelled = {*CORPUS.glob("*.jsonl"), *(CORPUS / "vietnews").glob("labels_*.jsonl.gz")}
    assert files == labelled - set(HELD_OUT)
    assert len(files) > 3


def test_no_held_out_article_is_in_another_file():
    trained = ids(training_files())
    assert len(trained) > 1000
    for path in HELD_OUT:
        held_out = ids([path])
        assert held_out
        assert not held_out & trained


def test_no_text_of_the_law_test_is_trained_on():
    def texts(files):
        return {p["text"] for file in files for r in read_records(file) for p in r["paragraphs"]}

    assert not texts([CORPUS / "law_test.jsonl"]) & texts(authored_files())


def test_parts_of_the_news_labels():
    assert [Path(name).name for name in news_labels("dev")] == ["labels_dev.jsonl.gz"]
    assert [Path(name).name for name in news_labels("train")] == ["labels_train.jsonl.gz"]
    assert set(news_labels("dev")) < set(news_labels())
