"""Passages that show what a topic is about: one paragraph of each of its purest articles."""

from __future__ import annotations

import heapq
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dvtopics.topics.bags import Weights
from dvtopics.topics.cutting import Cutter
from dvtopics.topics.inference import topic_shares
from dvtopics.topics.spill import TITLE, Spill
from dvtopics.topics.vocabulary import content_of

Floats = NDArray[np.float64]
_CANDIDATES = 20
# A paragraph that shows a topic has some words of it, and is no page.
_LEAST_TERMS = 8
_MOST_CHARACTERS = 600


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph that represents a topic.

    Attributes
    ----------
    article : str or None
        Id of its article.
    title : str
    paragraph : int
        Position in the article, from 0.
    share : float
        The topic's share of the paragraph.
    text : str
        Cut where it is long.
    """

    article: str | None
    title: str
    paragraph: int
    share: float
    text: str

    def to_record(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


class Candidates:
    """The articles with the largest share of each topic, kept while articles go by.

    Parameters
    ----------
    n_topics : int
    """

    def __init__(self, n_topics: int) -> None:
        self._heaps: list[list[tuple[float, int]]] = [[] for _ in range(n_topics)]

    def add(self, first: int, shares: Floats, lengths: Floats) -> None:
        """Look at some articles; a long one with the same share says more."""
        scores = shares * (lengths / (lengths + 50.0))[:, None]
        for topic, heap in enumerate(self._heaps):
            for row in np.argsort(-scores[:, topic], kind="stable")[:_CANDIDATES].tolist():
                item = (float(scores[row, topic]), -(first + row))
                if len(heap) < _CANDIDATES:
                    heapq.heappush(heap, item)
                elif item > heap[0]:
                    heapq.heapreplace(heap, item)

    def articles(self, topic: int) -> list[int]:
        """Return positions of articles, best first."""
        return [-position for _, position in sorted(self._heaps[topic], reverse=True)]


def find_passages(
    spill: Spill,
    cutter: Cutter,
    position: NDArray[np.int64],
    weights: Weights,
    for_inference: Floats,
    alpha: Floats,
    candidates: Candidates,
    records: dict[int, dict[str, Any]],
    n: int = 5,
) -> list[list[Passage]]:
    """Return the best passages of every topic.

    Parameters
    ----------
    position : ndarray of shape (n_words,)
        Term of every word, or -1.
    records : dict
        Id and title by position of the article.
    """
    n_terms = for_inference.shape[1]
    found: list[list[Passage]] = []
    for topic in range(len(alpha)):
        best: list[tuple[float, Passage]] = []
        for article in candidates.articles(topic):
            block = spill.block(article, article + 1)
            content = content_of(block, cutter)
            terms = position[content.words]
            inside = (terms >= 0) & (block.unit_paragraphs[content.units] != TITLE)
            counts = csr_matrix(
                (np.ones(inside.sum(), np.float32), (content.units[inside], terms[inside])),
                shape=(len(block.unit_ends), n_terms),
            )
            counts.sum_duplicates()
            shares = topic_shares(weights(counts), for_inference, alpha)[:, topic]
            lengths = np.asarray(counts.sum(axis=1)).ravel()
            shares[lengths < _LEAST_TERMS] = 0.0
            unit = int(shares.argmax())
            if shares[unit] <= 0:
                continue
            (text,) = spill.texts([block.first_unit + unit])
            passage = Passage(
                records[article]["id"],
                records[article]["title"],
                int(block.unit_paragraphs[unit]),
                round(float(shares[unit]), 4),
                text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…",
            )
            best.append((float(shares[unit]), passage))
        best.sort(key=lambda item: -item[0])
        found.append(_without_twins([passage for _, passage in best])[:n])
    return found


def _without_twins(passages: list[Passage]) -> list[Passage]:
    """Leave out passages whose text was there before, as reprints have it."""
    seen: set[str] = set()
    kept = []
    for passage in passages:
        if passage.text not in seen:
            seen.add(passage.text)
            kept.append(passage)
    return kept
