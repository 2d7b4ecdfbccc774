from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_score

from dvtopics.training.decisions import PRECISIONS, best_thresholds, fit_platt, precision_table


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# -- Platt ----------------------------------------------------------------------------------


def test_platt_recovers_slope_and_offset():
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2, size=(20_000, 2))
    labels = (rng.random(logits.shape) < sigmoid(logits * [0.5, 2.0] + [1.0, -1.5])).astype(float)
    platt = fit_platt(logits, labels, np.ones(len(logits)))
    assert platt.slope == pytest.approx([0.5, 2.0], rel=0.06)
    assert platt.offset == pytest.approx([1.0, -1.5], abs=0.08)


def test_platt_weights_are_repetitions_and_nan_is_left_out():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(300, 1))
    labels = (rng.random(logits.shape) < sigmoid(logits)).astype(float)
    times = rng.integers(0, 4, 300)
    weighted = fit_platt(logits, labels, times.astype(float))
    repeated = fit_platt(
        np.repeat(logits, times, axis=0), np.repeat(labels, times, axis=0), np.ones(times.sum())
    )
    assert weighted.slope == pytest.approx(repeated.slope, abs=1e-3)
    assert weighted.offset == pytest.approx(repeated.offset, abs=1e-3)
    hole = [[np.nan]] * 50
    more = fit_platt(
        np.concatenate([logits, hole, np.full((50, 1), 9.0)]),
        np.concatenate([labels, np.ones((50, 1)), hole]),
        np.concatenate([times, np.ones(100)]),
    )
    assert (more.slope, more.offset) == (weighted.slope, weighted.offset)


@pytest.mark.parametrize("labels", [[], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [np.nan] * 3])
def test_platt_without_two_classes_leaves_logits_alone(labels):
    platt = fit_platt(
        np.arange(float(len(labels)))[:, None], np.array(labels)[:, None], np.ones(len(labels))
    )
    assert (platt.slope, platt.offset) == ([1.0], [0.0])


def test_platt_never_turns_the_order_round():
    platt = fit_platt(np.arange(6.0)[:, None], np.array([[1.0]] * 3 + [[0.0]] * 3), np.ones(6))
    assert platt.slope[0] > 0


# -- thresholds -----------------------------------------------------------------------------


def weighted_f1(y, tags, w):
    tp = (w * y * tags).sum()
    return 2 * tp / ((w * tags).sum() + (w * y).sum())


ITEMS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 20), st.sampled_from([0.1, 1.0])),
    min_size=1,
    max_size=25,
)


@given(ITEMS)
@settings(max_examples=80, deadline=None)
def test_best_threshold_has_the_best_expected_f1_by_brute_force(items):
    y, p, w = (np.array(column, dtype=float) for column in zip(*items, strict=True))
    p /= 20
    chosen = best_thresholds(p[:, None], y[:, None], w)
    if not y.any():
        assert chosen.tolist() == [0.5]
        return
    # The expected labels are the probabilities themselves.
    best = max(weighted_f1(p, p >= cut, w) for cut in p)
    assert chosen[0] == pytest.approx(best / 2, abs=1e-4)
    # Rounding may move an item that lies on the cut itself.
    reached = [weighted_f1(p, p >= chosen[0] + d, w) for d in (-1e-4, 1e-4)]
    assert max(reached) == pytest.approx(best)


def test_best_threshold_of_calibrated_probabilities_is_near_the_best_by_labels():
    rng = np.random.default_rng(3)
    p = rng.beta(0.3, 2.0, size=20_000)
    y = (rng.random(len(p)) < p).astype(float)
    w = np.ones(len(p))
    chosen = best_thresholds(p[:, None], y[:, None], w)
    best = max(weighted_f1(y, p >= cut, w) for cut in np.linspace(0, 1, 201))
    assert weighted_f1(y, p >= chosen[0], w) > best - 0.005


def test_unjudged_and_weightless_items_do_not_move_thresholds():
    p = np.array([[0.9], [0.8], [0.3], [0.2], [0.99], [0.1]])
    y = np.array([[1.0], [1.0], [0.0], [0.0], [np.nan], [1.0]])
    w = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    alone = best_thresholds(p[:4], y[:4], w[:4])
    assert best_thresholds(p, y, w).tolist() == alone.tolist()
    # Of the two best: (.9 + .8) / (2 + 2.2).
    assert alone.tolist() == [0.4048]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), max_size=60), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_precision_table_against_brute_force(items, n_unjudged):
    y = np.array([a for a, _ in items] + [np.nan] * n_unjudged, dtype=float)
    p = np.array([b for _, b in items] + [20] * n_unjudged, dtype=float) / 20
    (pairs,) = precision_table(p[:, None], y[:, None], np.ones(len(y)))
    known = ~np.isnan(y)
    reached = {}
    for target in PRECISIONS:
        # Lowest cut with that precision; fewer than ten tagged items would prove nothing.
        cuts = [
            cut
            for cut in p[known]
            if (tagged := p[known] >= cut).sum() >= 10
            and precision_score(y[known], tagged) >= target
        ]
        if cuts:
            reached[target] = min(cuts)
    assert pairs == [[target, pytest.approx(cut)] for target, cut in reached.items()]
