from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from dvtopics import THEMES, Article, Paragraph
from dvtopics.errors import UsageError
from dvtopics.evaluation.protocol import evaluate, markdown_table


@pytest.fixture(scope="module")
def report(small_tagger, authored):
    return evaluate(small_tagger, authored[60:100])


def test_figures_are_those_of_the_tags(small_tagger, authored, report):
    articles = authored[60:100]
    tagged = list(small_tagger.tag_many(articles))
    items = {
        "article": [(a.grades, t.tags) for a, t in zip(articles, tagged, strict=True)],
        "paragraph": [
            (p.grades, q.tags)
            for a, t in zip(articles, tagged, strict=True)
            for p, q in zip(a.paragraphs, t.paragraphs, strict=True)
        ],
    }
    assert list(report) == ["paragraph", "article"]
    for level, pairs in items.items():
        for theme in THEMES:
            judged = [
                (grades[theme] >= 1, theme in tags)
                for grades, tags in pairs
                if grades and grades.get(theme) is not None and not 0 < grades[theme] < 1
            ]
            truth, said = zip(*judged, strict=True)
            assert report[level][theme]["n"] == len(truth)
            assert report[level][theme]["n_positive"] == sum(truth)
            assert report[level][theme]["f1"] == pytest.approx(f1_score(truth, said), abs=1e-6)
        assert report[level]["n_articles"] == 40
    assert report["paragraph"]["macro_f1"] == pytest.approx(small_tagger.score(articles), abs=1e-6)


def test_report_is_json_and_the_same_again(small_tagger, authored, report):
    again = evaluate(small_tagger, authored[60:100])
    assert json.dumps(again) == json.dumps(report, allow_nan=False)


def test_chunks_do_not_show(small_tagger):
    first = next(iter(THEMES))
    grades = {first: 1}
    articles = [
        Article("", [Paragraph(text, grades)], str(i), grades)
        for i, text in enumerate(["cải cách hành chính", "mưa"] * 150)
    ]
    figures = evaluate(small_tagger, articles)["paragraph"][first]
    assert figures["n"] == 300
    proba = small_tagger.predict_proba(articles)[:, 0]
    # All are positives, so every bin errs to the same side.
    assert figures["ece"] == pytest.approx(np.mean(1 - proba), abs=1e-6)


def test_ambiguous_and_unjudged_grades_do_not_count(small_tagger):
    first, second, *_ = THEMES
    articles = [
        Article(
            "", [Paragraph("một cửa", {first: 2, second: 0.5}), Paragraph("x")], "1", {first: 1}
        ),
        Article("", [Paragraph("mưa to", {first: 0, second: None})], "2", {first: 0.33}),
    ]
    report = evaluate(small_tagger, articles)
    assert (report["paragraph"][first]["n"], report["paragraph"][first]["n_positive"]) == (2, 1)
    assert (report["article"][first]["n"], report["article"][first]["n_positive"]) == (1, 1)
    assert report["paragraph"][second] is None
    assert report["paragraph"]["n_articles"] == 2
    assert report["article"]["n_articles"] == 1


def test_markdown(report):
    table = markdown_table(report)
    assert "### paragraph" in table
    assert "### article" in table
    for theme in THEMES:
        assert f"| `{theme}` | {report['article'][theme]['precision']:.3f} |" in table
    assert f"Macro-F1 **{report['article']['macro_f1']:.3f}**" in table


def test_markdown_without_positives(small_tagger):
    grades = dict.fromkeys(THEMES, 0)
    table = markdown_table(evaluate(small_tagger, [Article("", [Paragraph("mưa", grades)])]))
    assert "no theme has positives" in table


def test_no_articles_is_a_clear_error(small_tagger):
    with pytest.raises(UsageError, match="no labelled article"):
        evaluate(small_tagger, [])
