"""Coherence of topics from counted occurrences, with the field's definitions.

In: `Counts` and the top terms of topics. Out: one figure a topic; the model's is their mean.

References
----------
.. [1] J. H. Lau, D. Newman, T. Baldwin, "Machine reading tea leaves", EACL 2014 (NPMI).
.. [2] M. Röder, A. Both, A. Hinneburg, "Exploring the space of topic coherence measures",
   WSDM 2015 (c_v).
.. [3] D. Mimno et al., "Optimizing semantic coherence in topic models", EMNLP 2011 (u_mass).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dvtopics.topics.cooccurrence import Counts

Floats = NDArray[np.float64]
#: What gensim adds to a probability before its logarithm.
_EPSILON = 1e-12


def npmi(tops: Sequence[Sequence[str]], counts: Counts) -> list[float]:
    """Return per topic the mean NPMI over pairs of its terms.

    ``log(p(a, b) / (p(a) p(b))) / -log p(a, b)``; -1 for a pair that never meets, 1 for one
    that is everywhere.
    """
    index = counts.index()

    def of_pair(a: int, b: int) -> float:
        both, one, other = (int(counts.pairs[i, j]) for i, j in ((a, b), (a, a), (b, b)))
        if not both:
            return -1.0
        if both == counts.n:
            return 1.0
        p = both / counts.n
        return math.log(both * counts.n / (one * other)) / -math.log(p)

    return [_mean_over_pairs([index[t] for t in top], of_pair) for top in tops]


def u_mass(tops: Sequence[Sequence[str]], counts: Counts) -> list[float]:
    """Return per topic the mean of ``log((D(later, earlier) / n + ε) / (D(earlier) / n))``.

    Terms come most probable first; a term that is nowhere is left out, as gensim does.
    """
    index = counts.index()

    def of_pair(earlier: int, later: int) -> float:
        alone = int(counts.pairs[earlier, earlier])
        if not alone:
            return 0.0
        both = int(counts.pairs[earlier, later])
        return math.log((both / counts.n + _EPSILON) / (alone / counts.n))

    return [_mean_over_pairs([index[t] for t in top], of_pair) for top in tops]


def _mean_over_pairs(top: Sequence[int], of_pair: Callable[[int, int], float]) -> float:
    values = [of_pair(a, b) for a, b in itertools.combinations(top, 2)]
    # One term alone has nobody to go with.
    return sum(values) / len(values) if values else 0.0


def c_v(tops: Sequence[Sequence[str]], counts: Counts) -> list[float]:
    """Return per topic the c_v coherence, from counts in sliding windows.

    Every term is the vector of its NPMI with all terms of the topic (itself too); the topic's
    figure is the mean cosine between each and the sum of all.
    """
    index = counts.index()
    results = []
    for top in tops:
        at = [index[t] for t in top]
        both = counts.pairs[np.ix_(at, at)] / counts.n
        alone = np.diag(both)
        with np.errstate(divide="ignore", invalid="ignore"):
            pmi = np.log((both + _EPSILON) / (alone[:, None] * alone[None, :]))
            vectors = np.nan_to_num(pmi / -np.log(both + _EPSILON), posinf=0.0, neginf=0.0)
        whole = vectors.sum(axis=0)
        norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(whole)
        cosines = np.divide(vectors @ whole, norms, out=np.zeros(len(at)), where=norms > 0)
        results.append(float(cosines.mean()) if len(at) else 0.0)
    return results
