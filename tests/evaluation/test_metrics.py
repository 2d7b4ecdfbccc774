from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_recall_fscore_support,
)

from dvtopics.evaluation.metrics import (
    average_precision,
    bootstrap_macro_f1,
    expected_calibration_error,
    level_report,
    macro_f1,
    perfect_calibration_error,
)

NAN = float("nan")
THEMES = ("a", "b")
FIGURES = {"precision", "recall", "f1", "average_precision", "ece", "n_positive", "n"}


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_average_precision_equals_scikit_learn(items):
    label = np.array([1.0, *(float(y) for y, _ in items)])
    probability = np.array([0.5, *(p / 12 for _, p in items)])
    expected = average_precision_score(label, probability)
    assert average_precision(label, probability) == pytest.approx(expected, abs=1e-9)


def test_calibration_error_by_hand():
    # Bins [0, 0.1): 0.05 expected, 0 seen; [0.1, 0.2): 0.3, 1; [0.9, 1]: 1.95, 1.
    probability = np.array([0.05, 0.15, 0.15, 0.95, 1.0])
    label = np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    assert expected_calibration_error(label, probability) == pytest.approx((0.05 + 0.7 + 0.95) / 5)
    # Two bins: [0, 0.5) holds 0.35 expected, 1 seen; [0.5, 1]: 1.95, 1.
    assert expected_calibration_error(label, probability, 2) == pytest.approx((0.65 + 0.95) / 5)
    assert expected_calibration_error(np.zeros(0), np.zeros(0)) == 0.0
    # An edge belongs to the bin above it.
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([0.2, 0.19])) == (
        pytest.approx((0.8 + 0.19) / 2)
    )


def test_error_of_perfect_calibration():
    assert perfect_calibration_error(np.array([0.0, 1.0, 0.0])) == 0.0
    # One bin of n fair coins: the mean gap is sqrt(2 / pi) * 0.5 / sqrt(n).
    n = 400
    expected = np.sqrt(2 / np.pi) * 0.5 / np.sqrt(n)
    assert perfect_calibration_error(np.full(n, 0.5)) == pytest.approx(expected, rel=0.15)


def random_items(seed, n=80, holes=0.2):
    rng = np.random.default_rng(seed)
    probability = np.round(rng.random((n, 2)), 2)
    label = (rng.random((n, 2)) < probability).astype(float)
    label[rng.random((n, 2)) < holes] = NAN
    return label, probability, probability >= [0.4, 0.6], rng.integers(0, 12, n)


@pytest.mark.parametrize("seed", range(5))
def test_report_equals_scikit_learn(seed):
    label, probability, tags, article = random_items(seed)
    report = level_report(THEMES, label, probability, tags, article, 12)
    assert set(report) == {
        *THEMES, "macro_f1", "macro_f1_ci", "ece", "ece_if_perfect", "brier", "n_articles",
    }  # fmt: skip
    scores = []
    for index, theme in enumerate(THEMES):
        known = ~np.isnan(label[:, index])
        y, p, t = label[known, index], probability[known, index], tags[known, index]
        row = report[theme]
        assert set(row) == FIGURES
        precision, recall, f1, _ = precision_recall_fscore_support(y, t, average="binary")
        assert row["precision"] == pytest.approx(precision, abs=1e-6)
        assert row["recall"] == pytest.approx(recall, abs=1e-6)
        assert row["f1"] == pytest.approx(f1, abs=1e-6)
        assert row["average_precision"] == pytest.approx(average_precision_score(y, p), abs=1e-6)
        assert row["ece"] == pytest.approx(expected_calibration_error(y, p), abs=1e-6)
        assert (row["n_positive"], row["n"]) == (y.sum(), len(y))
        scores.append(f1)
    known = ~np.isnan(label)
    assert report["macro_f1"] == pytest.approx(np.mean(scores), abs=1e-6)
    assert macro_f1(label, tags) == pytest.approx(np.mean(scores))
    assert report["brier"] == pytest.approx(
        brier_score_loss(label[known], probability[known]), abs=1e-6
    )
    assert report["ece"] == pytest.approx(
        expected_calibration_error(label[known], probability[known]), abs=1e-6
    )
    assert report["n_articles"] == len(set(article[known.any(axis=1)].tolist()))
    low, high = report["macro_f1_ci"]
    assert low < report["macro_f1"] < high


def test_unjudged_items_are_left_out_of_everything():
    label, probability, tags, article = random_items(7, holes=0.0)
    report = level_report(THEMES, label, probability, tags, article, 13)
    more = level_report(
        THEMES,
        np.concatenate([label, np.full((5, 2), NAN)]),
        np.concatenate([probability, np.full((5, 2), 0.99)]),
        np.concatenate([tags, np.ones((5, 2), dtype=bool)]),
        np.concatenate([article, np.full(5, 12)]),
        13,
    )
    assert more == report


def test_a_theme_without_positives_is_null_and_out_of_the_mean():
    label, probability, tags, article = random_items(3)
    label[:, 1] = np.where(np.isnan(label[:, 1]), NAN, 0.0)
    report = level_report(THEMES, label, probability, tags, article, 12)
    assert report["b"] is None
    assert report["macro_f1"] == report["a"]["f1"]
    assert macro_f1(label, tags) == pytest.approx(report["a"]["f1"], abs=1e-6)
    alone = level_report(("a",), label[:, :1], probability[:, :1], tags[:, :1], article, 12)
    # An item judged for "b" only still counts its article, so the draws agree if all are judged.
    if set(article[~np.isnan(label[:, 0])]) == set(article[~np.isnan(label).all(axis=1)]):
        assert report["macro_f1_ci"] == alone["macro_f1_ci"]


@pytest.mark.parametrize("label", [np.zeros((3, 2)), np.full((3, 2), NAN), np.zeros((0, 2))])
def test_nothing_positive(label):
    n = len(label)
    tags = np.ones((n, 2), dtype=bool)
    report = level_report(THEMES, label, np.full((n, 2), 0.5), tags, np.arange(n), n)
    assert report["a"] is report["b"] is report["macro_f1"] is report["macro_f1_ci"] is None
    assert macro_f1(label, tags) == 0.0


def test_bootstrap_draws_articles_by_seed():
    label, _, tags, article = random_items(11, n=60, holes=0.3)
    label[article == 4] = NAN  # never judged: never drawn
    draws = bootstrap_macro_f1(label, tags, article, 14)
    assert draws.shape == (1000,)
    assert (draws == bootstrap_macro_f1(label, tags, article, 14, seed=0)).all()
    assert (draws != bootstrap_macro_f1(label, tags, article, 14, seed=1)).any()
    judged = sorted(set(article[~np.isnan(label).all(axis=1)].tolist()))
    rng = np.random.default_rng(0)
    for draw in draws[:20]:
        rows = np.concatenate(
            [np.flatnonzero(article == a) for a in rng.choice(judged, len(judged))]
        )
        scores = [
            f1_score(label[rows, j][known], tags[rows, j][known])
            for j in range(2)
            if (known := ~np.isnan(label[rows, j])).any() and np.nansum(label[rows, j]) > 0
        ]
        assert draw == pytest.approx(np.mean(scores))


def test_one_article_has_no_spread():
    label, probability, tags, article = random_items(2)
    report = level_report(THEMES, label, probability, tags, np.zeros_like(article), 1)
    assert report["macro_f1_ci"] == [report["macro_f1"]] * 2
