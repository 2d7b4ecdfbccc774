"""How many topics: by how coherent, diverse and stable they are, shown as a curve.

For each number the engine is run on random parts of the articles. Coherence is NPMI by
paragraph; diversity the share of unique top terms; stability how well the topics of one part
are found again in another (Greene, O'Callaghan & Cunningham 2014): the mean overlap of top
terms (Jaccard) over the best one-to-one matching of topics. The number with the largest product
of the three is taken: coherence times diversity is the topic quality of Dieng, Ruiz & Blei
(2020), and stability discounts what only one part shows.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.topics.bags import Bags
from dvtopics.topics.checkpoint import Checkpoint
from dvtopics.topics.coherence import npmi
from dvtopics.topics.engines import Engine
from dvtopics.topics.fitting import Prepared, paragraph_counts
from dvtopics.topics.terms import SCORED, diversity

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
CANDIDATES = (5, 8, 12, 16, 20, 25, 30, 40, 50)
#: Articles that the curve is computed on at most, and the runs for each number.
_ARTICLES = 3_000
_RUNS = 3
_PART = 0.8


@dataclass(frozen=True, slots=True)
class Point:
    """One number of topics on the curve; means over the runs, and the spread of coherence."""

    n_topics: int
    npmi: float
    npmi_spread: float
    diversity: float
    stability: float

    @property
    def score(self) -> float:
        """What the largest of is taken."""
        return max(self.npmi, 0.0) * self.diversity * self.stability

    def to_record(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**asdict(self), "score": self.score}


class _Part(Bags):
    """Some of the articles, in memory."""

    def __init__(self, rows: csr_matrix) -> None:
        super().__init__(Path(), rows.shape[1])
        self._rows = rows
        self.ends = np.asarray(rows.indptr[1:], dtype=np.int64)

    def rows(self, first: int, last: int) -> csr_matrix:
        return self._rows[first:last]


def choose_number(
    prepared: Prepared,
    engine: Engine,
    seed: int,
    candidates: Sequence[int] = CANDIDATES,
    on_point: Callable[[Point], None] | None = None,
) -> tuple[int, list[Point]]:
    """Return the number of topics and the curve it was chosen by.

    Parameters
    ----------
    prepared : Prepared
    engine : Engine
    seed : int
    candidates : sequence of int
        Those that the collection is too small for are left out.
    on_point : callable, optional
        Called as points become known.
    """
    rows = prepared.bags.sample(_ARTICLES)
    most = max(2, min(rows.shape[0] // 10, rows.shape[1] // 5))
    numbers = [n for n in candidates if n <= most] or [most]
    curve = []
    for number in numbers:
        runs = []
        for run in range(_RUNS):
            rng = np.random.default_rng([seed, run])
            size = max(number, int(_PART * rows.shape[0]))
            own = np.sort(rng.permutation(rows.shape[0])[:size])
            topics = engine.fit(
                _Part(rows[own]), prepared.weights, number, seed + run, Checkpoint(None)
            )
            runs.append(topics.probabilities)
        curve.append(_point(prepared, number, runs))
        if on_point:
            on_point(curve[-1])
    best = max(curve, key=lambda point: (point.score, -point.n_topics))
    return best.n_topics, curve


def _point(prepared: Prepared, number: int, runs: Sequence[Floats]) -> Point:
    # Counted once for all runs: reading the collection is the long part.
    tops, counts = paragraph_counts(prepared, np.concatenate(runs))
    by_run = [tops[i * number : (i + 1) * number] for i in range(len(runs))]
    values = [float(np.mean(npmi([top[:SCORED] for top in own], counts))) for own in by_run]
    pairs = itertools.combinations(by_run, 2)
    return Point(
        number,
        float(np.mean(values)),
        float(np.std(values)),
        float(np.mean([diversity(own) for own in by_run])),
        float(np.mean([agreement(one, other) for one, other in pairs])),
    )


def agreement(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> float:
    """Return the mean Jaccard overlap of top terms over the best matching of topics.

    Examples
    --------
    >>> agreement([["a", "b"], ["c", "d"]], [["d", "c"], ["a", "x"]])
    0.6666666666666666
    """
    from scipy.optimize import linear_sum_assignment

    overlap = np.array(
        [[len({*a[:SCORED]} & {*b[:SCORED]}) / len({*a[:SCORED]} | {*b[:SCORED]}) for b in other]
         for a in one]
    )  # fmt: skip
    row, column = linear_sum_assignment(-overlap)
    return float(overlap[row, column].mean())
