"""Folds by article, and weights that stand for how an article was drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article
from dvtopics.taggers.batch import Layout

#: How much an article counts where population matters (calibration, thresholds). The population
#: is what lists of theme words find: articles that a model chose because it was unsure of them
#: are not drawn like that, nor are random ones, most of which carry no theme at all.
POPULATION_WEIGHTS: Mapping[str, float] = {
    "uncertainty": 0.1,
    "suggested": 0.1,
    "random": 0.1,
    "authored-news": 0.1,
}


def article_folds(
    n_articles: int, n_folds: int, random_state: int, judged: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return a fold number for every article; sizes differ by one at most.

    Articles that have labels (`judged`, by default all) are spread evenly, and so are the others:
    no fold is left without any.
    """
    rng = np.random.RandomState(random_state)
    folds = np.zeros(n_articles, np.int64)
    labelled = np.ones(n_articles, dtype=bool) if judged is None else judged
    for part in (labelled, ~labelled):
        folds[part] = rng.permutation(np.arange(part.sum()) % n_folds)
    return folds


def population_weights(
    articles: Sequence[Article], weights: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return a weight for every article by its ``drawn`` field; 1 where none is listed."""
    return np.array([float(weights.get(str(a.metadata.get("drawn")), 1.0)) for a in articles])


def select_articles(layout: Layout, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which paragraphs belong to the chosen articles, shape (n_paragraphs,)."""
    return chosen[layout.article]
