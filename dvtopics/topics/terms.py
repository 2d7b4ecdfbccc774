"""Which terms to show of a topic: by probability, relevance or FREX, without sub-phrases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Terms that ``topics.json`` holds of each topic.
SHOWN = 25
#: Terms that coherence is counted over.
SCORED = 10
_TINY = 1e-300


def contains(one: str, other: str) -> bool:
    """Say whether `other`'s syllables stand in `one` in a row.

    Examples
    --------
    >>> contains("tiếp_công_dân", "công_dân"), contains("công_an", "công")
    (True, True)
    >>> contains("công_dân", "ông_dân")
    False
    """
    return f"_{other}_" in f"_{one}_"


def top_terms(scores: Floats, terms: Sequence[str], n: int = SHOWN) -> list[int]:
    """Return the positions of the `n` highest terms, none of which contains another.

    Of two terms of which one contains the other, the higher one stays: "khiếu nại" and "đơn
    khiếu nại" tell a reader the same, and would count as coherent by being the same text.

    Parameters
    ----------
    scores : ndarray of shape (n_terms,)
        Ties go by position.
    terms : sequence of str
    n : int
    """
    chosen: list[int] = []
    order = np.argsort(-scores, kind="stable")
    for index in order.tolist():
        term = terms[index]
        if any(contains(term, terms[i]) or contains(terms[i], term) for i in chosen):
            continue
        chosen.append(index)
        if len(chosen) == n:
            break
    return chosen


def relevance(topics: Floats, marginal: Floats, weight: float = 0.6) -> Floats:
    """Return ``λ log p(w|t) + (1 - λ) log (p(w|t) / p(w))`` (Sievert & Shirley 2014).

    Parameters
    ----------
    topics : ndarray of shape (n_topics, n_terms)
    marginal : ndarray of shape (n_terms,)
        p(term) in the collection.
    weight : float, default 0.6
        λ; 1 orders by probability, 0 by lift.
    """
    log_p = np.log(topics + _TINY)
    result: Floats = log_p - (1.0 - weight) * np.log(marginal + _TINY)
    return result


def frex(topics: Floats, weight: float = 0.5) -> Floats:
    """Return the FREX score: harmonic mean of the ranks by exclusivity and by frequency.

    ``1 / (w / F(exclusivity) + (1 - w) / F(probability))`` with F the empirical distribution
    function within the topic and exclusivity ``p(w|t) / sum_s p(w|s)`` (Bischof & Airoldi 2012).
    """
    exclusive = topics / (topics.sum(axis=0) + _TINY)
    result: Floats = 1.0 / (weight / _ecdf(exclusive) + (1.0 - weight) / _ecdf(topics))
    return result


def _ecdf(values: Floats) -> Floats:
    """Share of the row's values that are at most each value."""
    ordered = np.sort(values, axis=1)
    ranks = [np.searchsorted(o, v, side="right") for o, v in zip(ordered, values, strict=True)]
    result: Floats = np.array(ranks, dtype=np.float64) / values.shape[1]
    return result


def exclusivity(topics: Floats, tops: Sequence[Sequence[int]]) -> list[float]:
    """Return per topic the mean over its top terms of ``p(w|t) / sum_s p(w|s)``."""
    share = topics / (topics.sum(axis=0) + _TINY)
    return [float(share[t, list(top)].mean()) for t, top in enumerate(tops)]


def diversity(tops: Sequence[Sequence[str]], n: int = SHOWN) -> float:
    """Return the share of unique terms among the top `n` of all topics (Dieng et al. 2020)."""
    shown = [term for top in tops for term in top[:n]]
    return len(set(shown)) / len(shown) if shown else 0.0
