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
            drawn = w * times[of]
            if (drawn * y).any():
                cuts.append(best_cut(p, y, drawn))
        if cuts:
            result[theme] = np.mean(cuts)
    return np.round(result, 4)


def best_cut(descending: Array, label: Array, weight: Array) -> float:
    """Return the score at which weighted F1 is best."""
    hits, total = np.cumsum(label * weight), np.cumsum(weight)
    f1 = 2 * hits / (total + hits[-1])
    # Between equal scores there is no cut.
    f1[:-1][descending[:-1] == descending[1:]] = 0
    at = int(np.argmax(f1))
    below = descending[at + 1] if at + 1 < len(descending) else descending[at]
    return float((descending[at] + below) / 2)
