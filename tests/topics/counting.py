"""Coherence counted again from the texts, in the plainest way and with none of the library."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata


def syllables(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower())


def npmi(topics: list[list[str]], paragraphs: list[str]) -> list[float]:
    """Per topic, the mean over pairs of its first ten terms; -1 for a pair that never meets."""
    lines = [f" {' '.join(syllables(p))} " for p in paragraphs]
    terms = {term for topic in topics for term in topic[:10]}
    places = {
        term: {i for i, line in enumerate(lines) if f" {' '.join(syllables(term))} " in line}
        for term in terms
    }
    n = len(paragraphs)
    found = []
    for topic in topics:
        values = []
        for a, b in itertools.combinations(topic[:10], 2):
            both = len(places[a] & places[b]) / n
            apart = len(places[a]) / n * len(places[b]) / n
            values.append(math.log(both / apart) / -math.log(both) if both else -1.0)
        found.append(sum(values) / len(values))
    return found


def diversity(topics: list[list[str]]) -> float:
    shown = [term for topic in topics for term in topic[:25]]
    return len(set(shown)) / len(shown)
