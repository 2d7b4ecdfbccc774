"""Thresholds with the best F1 on labels, which calibrated expected F1 is compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_DRAWS = 50


def tuned_thresholds(
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
