"""Out-of-fold logits to calibration and thresholds, weighted for how articles were drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.calibration import Platt
from dvtopics.taggers.context import Array

#: Precisions that users may ask for by ``--precision``.
PRECISIONS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
_MIN_TAGGED = 10
_DRAWS = 50


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


def best_thresholds(
    probability: Array,
    labels: Array,
    weight: Array,
    article: NDArray[np.int64],
    random_state: int = 0,
) -> Array:
    """Return per theme the threshold with the best weighted F1.

    The mean over bootstrap samples of the articles: the single best cut on one sample is
    mostly noise.
    """
    n_themes = labels.shape[1]
    result = np.full(n_themes, 0.5)
    n_articles = int(article.max()) + 1 if len(article) else 0
    for theme in range(n_themes):
        use = ~np.isnan(labels[:, theme]) & (weight > 0)
        y, p, w, of = labels[use, theme], probability[use, theme], weight[use], article[use]
        if not y.any():
            continue
        order = np.argsort(-p, kind="stable")
        y, p, w, of = y[order], p[order], w[order], of[order]
        rng = np.random.RandomState(random_state)
        cuts = []
        for _ in range(_DRAWS):
            times = np.bincount(rng.randint(0, n_articles, n_articles), minlength=n_articles)
            cut = _best_cut(y, p, w * times[of])
            if cut is not None:
                cuts.append(cut)
        if cuts:
            result[theme] = np.mean(cuts)
    return np.round(result, 4)


def _best_cut(y: Array, p: Array, w: Array) -> float | None:
    """Best cut of items sorted by falling probability."""
    tp, tagged = np.cumsum(w * y), np.cumsum(w)
    if tp[-1] <= 0:
        return None
    f1 = 2 * tp / (tagged + tp[-1])
    # Cuts fall between two different probabilities.
    last = np.flatnonzero(np.append(np.diff(p) != 0, True))
    best = last[np.argmax(f1[last])]
    below = p[best + 1] if best + 1 < len(p) else 0.0
    return float((p[best] + below) / 2)


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
