"""Out-of-fold logits to calibration and thresholds, weighted for how articles were drawn."""

from __future__ import annotations

import numpy as np

from dvtopics.taggers.calibration import Platt
from dvtopics.taggers.context import Array

#: Precisions that users may ask for by ``--precision``.
PRECISIONS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
_MIN_TAGGED = 10


def fit_platt(logits: Array, labels: Array, weight: Array) -> Platt:
    """Fit one slope and offset per theme.

    Parameters
    ----------
    logits, labels : ndarray, shape (n_items, n_themes)
        NaN entries are left out.
    weight : ndarray, shape (n_items,)
    """
    from sklearn.linear_model import LogisticRegression

    n_themes = labels.shape[1]
    slope, offset = np.ones(n_themes), np.zeros(n_themes)
    for theme in range(n_themes):
        use = ~np.isnan(labels[:, theme]) & ~np.isnan(logits[:, theme]) & (weight > 0)
        y = labels[use, theme]
        if len(y) == 0 or y.min() == y.max():
            continue
        model = LogisticRegression(C=100.0, max_iter=1000).fit(
            logits[use, theme : theme + 1], y, sample_weight=weight[use]
        )
        if model.coef_[0, 0] > 0:
            slope[theme], offset[theme] = model.coef_[0, 0], model.intercept_[0]
    return Platt(slope, offset)


def best_thresholds(probability: Array, labels: Array, weight: Array) -> Array:
    """Return per theme the threshold at which the expected F1 is best.

    With calibrated probabilities that is half of the best expected F1 itself (Lipton, Elkan &
    Naryanaswamy 2014, Optimal thresholding of classifiers to maximize F1 measure). Labels only
    say which items count: the cut at which they happened to give the best F1 is mostly noise.

    Parameters
    ----------
    probability, labels : ndarray, shape (n_items, n_themes)
        Calibrated probabilities; NaN labels are left out. A theme without any positive label
        gets 0.5.
    weight : ndarray, shape (n_items,)
    """
    n_themes = labels.shape[1]
    result = np.full(n_themes, 0.5)
    for theme in range(n_themes):
        use = ~np.isnan(labels[:, theme]) & (weight > 0)
        if not labels[use, theme].any():
            continue
        p, w = probability[use, theme], weight[use]
        order = np.argsort(-p, kind="stable")
        hits, tagged = np.cumsum((w * p)[order]), np.cumsum(w[order])
        result[theme] = (hits / (tagged + hits[-1])).max()
    # A threshold of 0 would tag everything.
    return np.maximum(np.round(result, 4), 1e-4)


def precision_table(probability: Array, labels: Array, weight: Array) -> list[list[list[float]]]:
    """Return per theme ``[precision, threshold]`` pairs: the lowest cut that reaches each."""
    table = []
    for theme in range(labels.shape[1]):
        use = ~np.isnan(labels[:, theme]) & (weight > 0)
        y, p, w = labels[use, theme], probability[use, theme], weight[use]
        order = np.argsort(-p, kind="stable")
        y, p, w = y[order], p[order], w[order]
        precision = np.cumsum(w * y) / np.maximum(np.cumsum(w), 1e-12)
        last = np.flatnonzero(np.append(np.diff(p) != 0, True)) if len(p) else np.zeros(0, int)
        pairs: list[list[float]] = []
        for target in PRECISIONS:
            reached = last[(precision[last] >= target) & (last + 1 >= _MIN_TAGGED)]
            if len(reached):
                pairs.append([target, round(float(p[reached[-1]]), 6)])
        table.append(pairs)
    return table


def review_table(
    probability: Array, labels: Array, weight: Array, limits: Array
) -> list[list[list[float]]]:
    """Return per theme ``[precision, upper end]`` pairs, for `Thresholds.by_review`.

    Of the tags (probability at or above the limit of their theme), those below the upper end
    are looked at and the wrong ones taken out. The upper end is the lowest that reaches the
    precision, so a reader sees as few tags as can be.
    """
    table = []
    for theme in range(labels.shape[1]):
        use = ~np.isnan(labels[:, theme]) & (weight > 0) & (probability[:, theme] >= limits[theme])
        y, p, w = labels[use, theme], probability[use, theme], weight[use]
        order = np.argsort(-p, kind="stable")
        y, p, w = y[order], p[order], w[order]
        right, wrong = np.cumsum(w * y), np.cumsum(w * (1 - y))
        last = np.flatnonzero(np.append(np.diff(p) != 0, True)) if len(p) else np.zeros(0, int)
        pairs: list[list[float]] = []
        for target in PRECISIONS:
            # All right tags stay; of the wrong ones, those that nobody looks at.
            kept = right[-1:] / np.maximum(right[-1:] + wrong[last], 1e-12)
            reached = last[(kept >= target) & (last + 1 >= _MIN_TAGGED)]
            if len(reached):
                pairs.append([target, round(float(p[reached[-1]]), 6)])
        table.append(pairs)
    return table
