"""``--review``: marked tags, the summary, the figures of ``evaluate``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from dvtopics.errors import UsageError


@pytest.fixture(scope="module")
def articles_file(authored, tmp_path_factory):
    path = tmp_path_factory.mktemp("review") / "articles.jsonl"
    lines = [
        json.dumps(
            {"id": a.id, "title": a.title, "paragraphs": [p.text for p in a.paragraphs]},
            ensure_ascii=False,
        )
        for a in authored[1::9]
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_marks_are_the_tags_below_the_upper_end(small_tagger, authored):
    limits = small_tagger.thresholds_.reviewed(0.9)
    uppers = {
        level: [next((u for p, u in pairs if p >= 0.9), 2.0) for pairs in table]
        for level, table in limits.by_review.items()
    }
    try:
        small_tagger.set_review(0.9)
        tagged = list(small_tagger.tag_many(authored[1::9], evidence=False))
    finally:
        small_tagger.set_review(None)
    seen = 0
    for article in tagged:
        for level, items in (("article", [article]), ("paragraph", article.paragraphs)):
            for item in items:
                expected = [
                    t
                    for t, upper in zip(small_tagger.themes_, uppers[level], strict=True)
                    if t in item.tags and item.themes[t] < upper
                ]
                assert item.unsure == expected
                seen += len(expected)
    assert seen > 0
    plain = small_tagger.tag(authored[1], evidence=False)
    assert plain.unsure is None
    assert "unsure" not in plain.to_record()
    assert all("unsure" not in p for p in plain.to_record()["paragraphs"])


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_tag_marks_and_counts(dv, articles_file, jobs):
    result = dv("tag", articles_file, "--review", "0.9", "--format",
                 "jsonl", "--no-evidence", "--lang", "en", "--jobs", jobs)  # fmt: skip
    assert result.status == 0
    records = [json.loads(line) for line in result.out.splitlines()]
    paragraphs = [p for r in records for p in r["paragraphs"]]
    counts = [
        sum(len(p["unsure"]) for p in paragraphs),
        sum(len(p["tags"]) for p in paragraphs),
        sum(len(r["unsure"]) for r in records),
        sum(len(r["tags"]) for r in records),
    ]
    assert 0 < counts[0] < counts[1]
    a, b, c, d = counts
    assert (
        f"To reach precision 0.9: look at {a} of {b} paragraph tags and {c} of {d} article tags."
        in result.err
    )


def test_csv_has_a_column_and_a_clashing_input_field_moves(dv, tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text(
        json.dumps({"title": "Đối thoại", "text": "Xã đối thoại với dân.", "unsure": "mine"}) + "\n"
    )
    result = dv("tag", path, "--review", "0.9", "--format", "csv", "--no-evidence")
    rows = list(csv.DictReader(io.StringIO(result.out.decode())))
    for row in rows:
        assert set(filter(None, row["unsure"].split(";"))) <= set(row["tags"].split(";"))
    assert json.loads(rows[0]["input"]) == {"unsure": "mine"}
    result = dv("tag", path, "--review", "0.9", "--format", "jsonl", "--no-evidence")
    record = json.loads(result.out.decode())
    assert record["input"] == {"unsure": "mine"}
    assert isinstance(record["unsure"], list)


def test_table_shows_a_question_mark(dv, articles_file):
    result = dv("tag", articles_file, "--review", "0.99", "--format",
                 "table", "--lang", "en")  # fmt: skip
    assert " ?" in result.out.decode()
    assert "% ?" in result.out.decode()


def test_evaluate_says_what_reading_gives(dv, tmp_path):
    out = tmp_path / "report.json"
    labelled = Path(__file__).parents[2] / "corpus" / "authored.jsonl"
    result = dv("evaluate", labelled, "--review", "0.9", "--json", out)
    assert result.status == 0
    report = json.loads(out.read_text())["review"]
    assert report["precision"] == 0.9
    for level in ("paragraph", "article"):
        row = report[level]
        assert 0 < row["looked_at"] <= row["tags"]
        assert row["precision_before"] <= row["precision_after"] <= 1
        assert f"| {level} | {row['tags']} | {row['looked_at']} |" in result.out.decode()


@pytest.mark.parametrize("verb", ["tag", "evaluate"])
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--review", "1.5"], "between 0 and 1"),
        (["--review", "0.9", "--threshold", "0.5"], "own thresholds"),
        (["--review", "0.9", "--precision", "0.8"], "own thresholds"),
    ],
)
def test_wrong_use_is_refused(dv, articles_file, verb, options, reason):
    result = dv(verb, articles_file, *options)
    assert result.status == 2
    assert reason in result.err


def test_a_model_without_the_table_says_so(small_tagger):
    bare = type(small_tagger.thresholds_)(
        small_tagger.thresholds_.paragraph, small_tagger.thresholds_.article
    )
    with pytest.raises(UsageError, match="train it again"):
        bare.reviewed(0.9)
