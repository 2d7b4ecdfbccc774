from __future__ import annotations

import numpy as np
import pytest

from dvtopics.errors import UsageError
from dvtopics.taggers.decision import Thresholds

THEMES = ("a", "b")
TABLE = {
    "paragraph": [[[0.5, 0.1], [0.8, 0.4], [0.9, 0.7]], [[0.5, 0.2]]],
    "article": [[[0.8, 0.35]], []],
}


@pytest.fixture
def thresholds():
    return Thresholds(np.array([0.5, 0.6]), np.array([0.3, 0.4]), TABLE)


def test_a_tag_from_its_threshold_on(thresholds):
    p = np.array([[0.5, 0.599999], [0.499999, 0.6]])
    assert thresholds.decide("paragraph", p).tolist() == [[True, False], [False, True]]


def test_zero_never_becomes_a_tag(thresholds):
    everything = thresholds.replaced(THEMES, 0.0)
    assert everything.decide("article", np.array([[0.0, 1e-6]])).tolist() == [[False, True]]


def test_one_threshold_for_all_or_for_those_named(thresholds):
    all_of_them = thresholds.replaced(THEMES, 0.9)
    assert all_of_them.paragraph.tolist() == all_of_them.article.tolist() == [0.9, 0.9]
    named = thresholds.replaced(THEMES, {"b": 0.9})
    assert named.paragraph.tolist() == [0.5, 0.9]
    assert named.article.tolist() == [0.3, 0.9]
    assert thresholds.paragraph.tolist() == [0.5, 0.6], "the model's own stay as they were"


@pytest.mark.parametrize(
    ("precision", "paragraph", "article"),
    [
        (0.5, [0.1, 0.2], [0.35, 0.4]),
        (0.75, [0.4, 0.2], [0.35, 0.4]),  # b: the strictest known; without a table: unchanged
        (0.9, [0.7, 0.2], [0.35, 0.4]),
        (0.99, [0.7, 0.2], [0.35, 0.4]),
    ],
)
def test_precision_takes_the_lowest_threshold_that_reached_it(
    thresholds, precision, paragraph, article
):
    chosen = thresholds.replaced(THEMES, precision=precision)
    assert chosen.paragraph.tolist() == paragraph
    assert chosen.article.tolist() == article


def test_a_threshold_wins_over_a_precision(thresholds):
    assert thresholds.replaced(THEMES, {"a": 0.2}, 0.9).paragraph.tolist() == [0.2, 0.2]


@pytest.mark.parametrize(
    "arguments",
    [
        {"threshold": 1.5}, {"threshold": -0.1}, {"threshold": float("nan")},
        {"threshold": {"c": 0.5}}, {"precision": 0.0}, {"precision": 1.0},
        {"precision": float("nan")},
    ],
)  # fmt: skip
def test_out_of_range_or_unknown(thresholds, arguments):
    with pytest.raises(UsageError):
        thresholds.replaced(THEMES, **arguments)


def test_precision_needs_a_table(thresholds):
    with pytest.raises(UsageError, match="no precision table"):
        Thresholds(thresholds.paragraph, thresholds.article).replaced(THEMES, precision=0.9)


def test_config_round_trip(thresholds):
    again = Thresholds.from_config(thresholds.to_config(THEMES), THEMES)
    assert again.to_config(THEMES) == thresholds.to_config(THEMES)


@pytest.mark.parametrize("value", [1.01, -0.01, float("nan"), "x", None])
def test_config_out_of_range(thresholds, value):
    config = thresholds.to_config(THEMES)
    config["article"]["a"] = value
    with pytest.raises((ValueError, TypeError)):
        Thresholds.from_config(config, THEMES)
