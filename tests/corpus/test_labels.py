"""What a grade means."""

from __future__ import annotations

import numpy as np

from dvtopics import Article
from dvtopics.corpus.fingerprint import describe_training_data
from dvtopics.corpus.labels import Labels

THEMES = ("a", "b")


def test_grades_to_labels():
    article = Article.from_record(
        {
            "title": "",
            "grades": {"a": 2, "b": 0},
            "paragraphs": [
                {"text": "x", "grades": {"a": 0, "b": 1}},
                {"text": "y", "grades": {"a": 2, "b": 1.5}},
                {"text": "z", "grades": {"a": 0.5}},
                {"text": "w", "grades": None},
            ],
        }
    )
    nan = np.nan
    labels = Labels.from_articles([article], THEMES)
    np.testing.assert_array_equal(labels.paragraph, [[0, 1], [1, 1], [nan, nan], [nan, nan]])
    np.testing.assert_array_equal(labels.main, [[0, 0], [1, nan], [0, nan], [nan, nan]])
    np.testing.assert_array_equal(labels.article, [[1, 0]])


def test_the_part_that_an_article_was_graded_on():
    grades = [None, {"a": 1}, {"a": None, "b": 0}, None, {"a": 0.5}, {"b": 2}, {"a": None}]
    paragraphs = [{"text": str(i), "grades": g} for i, g in enumerate(grades)]
    every = [False, True, True, False, True, True, False]
    for field, expected in (
        ({}, every),
        ({"article_part": 2}, [False, True, True, False, False, False, False]),
        ({"article_part": 9}, every),
        ({"article_part": None}, every),
    ):
        article = Article.from_record({"title": "", "paragraphs": paragraphs, **field})
        labels = Labels.from_articles([article, article], THEMES)
        assert labels.part.tolist() == expected * 2
        # What lies beyond is learned from all the same.
        assert labels.paragraph[5].tolist()[1] == 1


def test_no_paragraph_at_all():
    labels = Labels.from_articles([Article("t", [])], THEMES)
    assert labels.paragraph.shape == labels.main.shape == (0, 2)
    assert np.isnan(labels.article).all()


def test_later_paragraphs_are_counted():
    paragraphs = [{"text": str(i), "grades": {"a": i % 2}} for i in range(5)]
    record = {"title": "", "drawn": "x", "article_part": 2, "paragraphs": paragraphs}
    data = describe_training_data([Article.from_record(record)], THEMES)
    assert (data["judged_paragraphs"], data["later_paragraphs"]) == (5, 3)
    del record["article_part"]
    assert describe_training_data([Article.from_record(record)], THEMES)["later_paragraphs"] == 0
