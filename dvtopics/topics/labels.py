"""A name for every topic: a few of its most telling terms, written as a reader would."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dvtopics.topics.terms import contains, relevance, top_terms

Floats = NDArray[np.float64]
_CANDIDATES = 15
_IN_LABEL = 3
# What a word of several syllables counts more: it names a thing where one syllable hints at it.
_LONG = 0.35


def automatic_labels(
    topics: Floats,
    marginal: Floats,
    terms: Sequence[str],
    proper: NDArray[np.bool_] | None = None,
) -> list[str]:
    """Return a Vietnamese label for every topic; no two are the same.

    The candidates are the most probable terms, ordered by relevance (λ = 0.6), with words of
    several syllables first; of terms that share a syllable only one is taken. Those that
    `proper` marks get their capitals back.

    Examples
    --------
    >>> topics = np.array([[0.5, 0.3, 0.2, 0.0], [0.0, 0.1, 0.2, 0.7]])
    >>> automatic_labels(topics, topics.mean(axis=0), ["kỷ_luật", "đảng_viên", "vụ", "đất"])
    ['Kỷ luật, đảng viên, vụ', 'Đất, vụ, đảng viên']
    """
    scores = relevance(topics, marginal)
    names = [
        term.replace("_", " ").title() if proper is not None and proper[at] else term
        for at, term in enumerate(terms)
    ]
    labels: list[str] = []
    for topic, own in zip(topics, scores, strict=True):
        shown = [i for i in top_terms(topic, terms, _CANDIDATES) if topic[i] > 0]
        long = np.array(["_" in terms[i] for i in shown], dtype=np.float64)
        order = np.argsort(-(own[shown] + _LONG * long), kind="stable")
        ordered = [shown[i] for i in order.tolist()]
        label = _written([names[i] for i in _apart(ordered, terms)[:_IN_LABEL]])
        further = [names[i] for i in _apart(ordered, terms)]
        size = _IN_LABEL
        while label in labels and size < len(further):
            size += 1
            label = _written(further[:size])
        if label in labels:
            label = f"{label} ({len(labels) + 1})"
        labels.append(label)
    return labels


def _apart(ordered: Sequence[int], terms: Sequence[str]) -> list[int]:
    chosen: list[int] = []
    for index in ordered:
        syllables = set(terms[index].split("_"))
        if not any(
            contains(terms[index], terms[i]) or syllables & set(terms[i].split("_")) for i in chosen
        ):
            chosen.append(index)
    return chosen


def _written(terms: Sequence[str]) -> str:
    text = ", ".join(term.replace("_", " ") for term in terms)
    return text[:1].upper() + text[1:]
