"""Counts of a corpus, against counting by hand."""

from __future__ import annotations

from dvtopics.corpus.stats import corpus_stats

THEMES = ("x", "y")


def test_counts_by_hand():
    records = [
        {
            "drawn": "theme-words",
            "year": 2016,
            "grades": {"x": 1, "y": 0.5},
            "paragraphs": [
                {"text": "a", "grades": {"x": 2, "y": 0}},
                {"sha256": "0", "grades": {"x": 0.5, "y": 0}},
                {"text": "c", "grades": {"x": 0, "y": 0}},
                {"text": "d", "grades": None},
            ],
        },
        {
            "drawn": "uncertainty",
            "year": 2011,
            "register": "notice",
            "grades": {"x": 0, "y": None},
            "paragraphs": [{"text": "e", "grades": {"x": None, "y": 1}}, "f"],
        },
        {"drawn": "theme-words", "text": "g\n\nh"},
    ]
    counts = corpus_stats(iter(records), THEMES)
    assert counts == {
        "articles": 3,
        "paragraphs": 8,
        "judged": 4,
        "without_theme": 1,
        "filled": 7,
        "paragraph": {
            "x": {"positive": 1, "negative": 1, "ambiguous": 1},
            "y": {"positive": 1, "negative": 3, "ambiguous": 0},
        },
        "article": {
            "x": {"positive": 1, "negative": 1, "ambiguous": 0},
            "y": {"positive": 0, "negative": 0, "ambiguous": 1},
        },
        "years": [2011, 2016],
        "facets": {"drawn": {"theme-words": 2, "uncertainty": 1}, "register": {"notice": 1}},
    }
    assert list(counts["facets"]["drawn"]) == ["theme-words", "uncertainty"]


def test_nothing_to_count():
    counts = corpus_stats([], THEMES)
    assert counts["articles"] == 0
    assert counts["years"] is None
    assert counts["facets"] == {}
