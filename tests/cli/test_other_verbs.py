"""``dvtopics train``, ``evaluate``, ``models`` and ``corpus``, and what all verbs share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import dvtopics
from dvtopics.corpus.store import write_records
from dvtopics.themes import THEMES

TRAINING = ("--ngram-max", "1", "--min-df", "2", "--folds", "2")


@pytest.fixture
def labelled(authored, tmp_path) -> Path:
    path = tmp_path / "labelled.jsonl"
    write_records(path, [a.to_record() for a in authored[:40]])
    return path


@pytest.fixture
def labels_only(authored, tmp_path) -> Path:
    """Labels without texts, as they are shipped."""
    path = tmp_path / "labels.jsonl"
    records = []
    for article in authored[:3]:
        record = article.to_record()
        del record["title"]
        for paragraph in record["paragraphs"]:
            paragraph.pop("text")
        records.append(record)
    write_records(path, records)
    return path


# -- train --------------------------------------------------------------------------------------


def test_train_saves_a_model_that_tags(dv, labelled, tmp_path, records):
    folder = tmp_path / "model"
    done = dv("train", labelled, "--output", folder, *TRAINING)
    assert (done.status, done.err) == (0, "")
    tagger = dvtopics.load(folder)
    assert tagger.themes_ == THEMES.ids
    assert tagger.training_data_["articles"] == 40
    assert "40" in done.out.decode()
    assert tagger.model_ in done.out.decode()
    source = tmp_path / "a.jsonl"
    source.write_text(json.dumps(records[0]), "utf-8")
    (record,) = dv("tag", source, "--model", folder).records
    assert record["model"] == tagger.model_


def test_train_says_which_labels_have_no_texts(dv, labelled, labels_only, tmp_path):
    done = dv("train", labelled, labels_only, "--output", tmp_path / "m", *TRAINING)
    assert done.status == 0
    (line,) = done.errors
    assert line.startswith(f"{labels_only}: ")
    assert "rehydrate" in line
    assert dvtopics.load(tmp_path / "m").training_data_["articles"] == 40
    done = dv("train", labels_only, "--output", tmp_path / "n", *TRAINING)
    assert done.status == 2
    assert not (tmp_path / "n").exists()


def test_train_takes_the_filled_in_copy_of_labels(dv, authored, labelled, labels_only, tmp_path):
    write_records(tmp_path / "texts" / labels_only.name, [a.to_record() for a in authored[40:43]])
    done = dv("train", labelled, labels_only, "--output", tmp_path / "m", *TRAINING)
    assert (done.status, done.err) == (0, "")
    assert dvtopics.load(tmp_path / "m").training_data_["articles"] == 43


@pytest.mark.parametrize(
    "options",
    [
        ["--folds", "1"],
        ["--ngram-max", "0"],
        ["--min-df", "0"],
        ["--min-df", "1000000"],
        ["--seed", "-1"],
        ["--jobs", "0"],
        ["--themes", "missing.json"],
    ],
)
def test_train_with_wrong_options_exits_2_and_saves_nothing(dv, labelled, tmp_path, options):
    done = dv("train", labelled, "--output", tmp_path / "m", *options)
    assert done.status == 2
    assert not (tmp_path / "m").exists()


def test_train_does_not_replace_what_is_no_model(dv, labelled, tmp_path):
    folder = tmp_path / "precious"
    folder.mkdir()
    (folder / "thesis.txt").write_text("x")
    done = dv("train", labelled, "--output", folder, *TRAINING)
    assert done.status != 0
    assert len(done.errors) == 1
    assert [p.name for p in folder.iterdir()] == ["thesis.txt"]


# -- evaluate -----------------------------------------------------------------------------------


def test_evaluate_prints_a_table_and_writes_json_and_markdown(dv, labelled, tmp_path):
    figures, table = tmp_path / "new" / "a.json", tmp_path / "a.md"
    done = dv("evaluate", labelled, "--json", figures, "--markdown", table)
    assert (done.status, done.err) == (0, "")
    assert done.out.decode() == table.read_text("utf-8")
    report = json.loads(figures.read_text("utf-8"))
    assert set(report) >= {"paragraph", "article"}
    for level in (report["paragraph"], report["article"]):
        assert level["n_articles"] == 40
        low, high = level["macro_f1_ci"]
        assert 0 <= low <= level["macro_f1"] <= high <= 1
        for theme in THEMES.ids:
            assert set(level[theme]) >= {
                *("precision", "recall", "f1", "average_precision", "ece", "n_positive", "n")
            }


def test_evaluate_uses_thresholds(dv, labelled, tmp_path):
    def recall(*options):
        assert dv("evaluate", labelled, "--json", tmp_path / "a.json", *options).status == 0
        return json.loads((tmp_path / "a.json").read_text())["paragraph"]["party_building"][
            "recall"
        ]

    assert recall("--threshold", "0") == 1.0
    assert recall("--threshold", "party_building=1") < 1.0


# -- bad labelled files -------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["train", "evaluate", "stats"])
@pytest.mark.parametrize(
    ("content", "where", "reason"),
    [
        (None, "", "No such file"),
        (b"", "", "empty"),
        (b"\n\n", "", "empty"),
        (b'{"paragraphs": []}\n\n{"paragraphs":\n', ":3", "not a labelled record"),
        (b'{"paragraphs": []}\n5\n', ":2", "not a JSON object"),
        (b'{"paragraphs": 5}\n', ":1", '"paragraphs" must be a list'),
        (b'{"paragraphs": [5]}\n', ":1", "a paragraph must be text or an object"),
        (b'{"id": "a"}\n', ":1", "neither"),
        (b'{"paragraphs": [{"text": "a", "grades": {"x": "1"}}]}\n', ":1", '"grades"'),
        (b'{"paragraphs": [], "grades": [1]}\n', ":1", '"grades"'),
        (b"[" * 100_000 + b"\n", ":1", "nested too deep"),
        (b'{"paragraphs": ["\xff"]}\n', ":1", "not a labelled record"),
    ],
)
def test_bad_labelled_file_is_one_line_and_exit_1(dv, tmp_path, verb, content, where, reason):
    path = tmp_path / "a.jsonl"
    if content is not None:
        path.write_bytes(content)
    arguments = {
        "train": ("train", path, "--output", tmp_path / "m"),
        "evaluate": ("evaluate", path),
        "stats": ("corpus", "stats", path),
    }[verb]
    done = dv(*arguments)
    assert (done.status, done.out) == (1, b"")
    (line,) = done.errors
    assert line.startswith(f"{path}{where}: ")
    assert reason in line
    assert not (tmp_path / "m").exists()


# -- models -------------------------------------------------------------------------------------


def test_models_verify_and_show(dv, saved_model, tmp_path):
    done = dv("models", "verify", saved_model, tmp_path / "none", saved_model)
    assert done.status == 3
    assert done.out.decode().count("intact") == 2
    assert len(done.errors) == 1
    card = dv("models", "show", saved_model)
    assert card.status == 0
    assert card.out == (saved_model / "README.md").read_bytes()


def test_models_list_and_verify_the_pretrained(dv):
    done = dv("models", "list")
    assert done.status == 0
    assert any(line.startswith("tfidf\tTfidfTagger\t") for line in done.out.decode().splitlines())
    assert any(line.startswith("lda\tLdaTagger\t") for line in done.out.decode().splitlines())
    verified = dv("models", "verify", "--lang", "vi").out.decode().splitlines()
    assert [line.split(" (")[0] for line in verified] == ["lda: nguyên vẹn", "tfidf: nguyên vẹn"]


# -- corpus stats -------------------------------------------------------------------------------


def test_corpus_stats_prints_counts(dv, labelled):
    counts = json.loads(dv("corpus", "stats", labelled, "--json").out)[str(labelled)]
    assert counts["articles"] == 40
    page = dv("corpus", "stats", labelled, "--lang", "vi").out.decode()
    assert "articles: 40" in page
    assert THEMES["party_building"].name("vi") in page
    assert f"{counts['paragraph']['party_building']['positive']:,}" in page


def test_corpus_agreement_of_a_file_with_itself_is_perfect(dv, labelled):
    result = json.loads(dv("corpus", "agreement", labelled, labelled, "--json").out)
    assert result["articles"] == 40
    assert result["disagreements"] == []
    assert {row["kappa"] for row in result["paragraph"].values()} == {1.0}


def test_corpus_agreement_shows_where_annotators_differ(dv, labelled, tmp_path):
    other = tmp_path / "other.jsonl"
    changed = [json.loads(line) for line in labelled.read_text("utf-8").splitlines()]
    paragraph = changed[0]["paragraphs"][0]
    grade = paragraph["grades"]["party_building"]
    paragraph["grades"]["party_building"] = 0 if grade >= 1 else 2
    write_records(other, changed)
    page = dv("corpus", "agreement", labelled, other, "--lang", "en").out.decode()
    assert f"{changed[0]['id']}:0  {THEMES['party_building'].name('en')}" in page


def test_corpus_agreement_without_a_common_article(dv, labelled, tmp_path):
    other = tmp_path / "other.jsonl"
    write_records(other, [{"id": "elsewhere", "grades": {}, "paragraphs": []}])
    done = dv("corpus", "agreement", labelled, other)
    assert done.status == 2
    assert "common" in done.err


def test_corpus_suggest_leaves_out_what_is_labelled(dv, labelled, saved_model, tmp_path):
    out = tmp_path / "out.jsonl"
    done = dv("corpus", "suggest", labelled, "--model", saved_model, "--n", 3, "--output", out)
    assert done.status == 0
    chosen = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(chosen) == 3
    done = dv("corpus", "suggest", labelled, "--model", saved_model, "--n", 99, "--exclude", out)
    assert len(done.records) == 37
    assert not {r["id"] for r in done.records} & {r["id"] for r in chosen}


# -- what all share -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "tag",
        "train",
        "evaluate",
        "models",
        "models list",
        "models show",
        "models verify",
        "corpus",
        "corpus stats",
        "corpus rehydrate",
    ],
)
def test_help_of_every_verb(dv, arguments):
    done = dv(*arguments.split(), "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(b"Usage: ")


def test_version(dv):
    assert dvtopics.__version__ in dv("--version").out.decode()


def test_output_that_cannot_be_written_is_one_line(dv, labelled, tmp_path):
    (tmp_path / "file").write_text("")
    done = dv("evaluate", labelled, "--json", tmp_path / "file" / "a.json")
    assert done.status == 2
    (line,) = done.errors
    assert str(tmp_path / "file") in line


def test_help_passes_a_terminal_without_vietnamese_letters(process):
    done = process("--help", PYTHONIOENCODING="ascii")
    assert done.status == 0
    assert done.out.startswith(b"Usage: ")
    assert done.err == ""
