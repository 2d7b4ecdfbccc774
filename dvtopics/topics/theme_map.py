"""Which topic is about which theme: by the words of the articles that name the theme.

A theme's seed terms are few, and a topic's words many. So the theme is first given a profile
over all terms: what its articles talk about more than others do (Rocchio 1971). An article
counts for a theme by how many distinct seed terms it has and how often; where labelled
articles are given, those judged positive count too. The score is the cosine between what is
particular to the topic and what is particular to the theme, 0 where they share nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dvtopics.text.tokenize import tokenize
from dvtopics.themes import Taxonomy

Floats = NDArray[np.float64]
#: A topic with a lower score is about no theme.
LEAST_SCORE = 0.3
#: Labelled positives from which on labels are trusted fully, and what that weighs beside seeds.
_ENOUGH_LABELS = 30
_TRUST = 0.8
_TINY = 1e-12


def seed_terms(taxonomy: Taxonomy) -> dict[str, list[str]]:
    """Return per theme its seeds as terms, those of several themes left out."""
    seeds = {
        theme: ["_".join(tokenize(seed)) for seed in taxonomy[theme].seeds] for theme in taxonomy
    }
    every = [seed for own in seeds.values() for seed in set(own)]
    return {theme: [s for s in own if every.count(s) == 1] for theme, own in seeds.items()}


def hint_terms(taxonomy: Taxonomy, is_word: Callable[[str], bool]) -> dict[str, list[str]]:
    """Return per theme further terms that point at it when several meet: its definition's words.

    Parameters
    ----------
    taxonomy : Taxonomy
    is_word : callable
        Says whether two to four syllables, joined by spaces, are a word.
    """
    hints: dict[str, list[str]] = {}
    for theme in taxonomy.values():
        found: list[str] = []
        text = theme.definitions.get("vi", "") or " ".join(theme.definitions.values())
        for piece in re.split(r"[,;.:()]", text):
            syllables = tokenize(piece)
            # A piece that is short is a term as it stands ("dân bàn"); the words of all count.
            if 2 <= len(syllables) <= 3:
                found.append("_".join(syllables))
            for size in (4, 3, 2):
                for at in range(len(syllables) - size + 1):
                    word = syllables[at : at + size]
                    if is_word(" ".join(word)):
                        found.append("_".join(word))
        hints[theme.id] = list(dict.fromkeys(found))
    seeds = {seed for own in seed_terms(taxonomy).values() for seed in own}
    every = [hint for own in hints.values() for hint in own]
    return {
        theme: [h for h in own if every.count(h) == 1 and h not in seeds]
        for theme, own in hints.items()
    }


def theme_profiles(by_seed: Floats, by_label: Floats | None, n_labels: Floats | None) -> Floats:
    """Return the profiles (themes, terms), rows summing to 1.

    Parameters
    ----------
    by_seed, by_label : ndarray of shape (n_themes, n_terms)
        Sums over the articles that seeds or labels point at.
    n_labels : ndarray of shape (n_themes,)
        Labelled positives.
    """
    profiles: Floats = by_seed / (by_seed.sum(axis=1, keepdims=True) + _TINY)
    if by_label is None or n_labels is None:
        return profiles
    trust = np.minimum(n_labels / _ENOUGH_LABELS, 1.0)[:, None] * _TRUST
    labelled = by_label / (by_label.sum(axis=1, keepdims=True) + _TINY)
    result: Floats = np.where(
        by_seed.sum(axis=1, keepdims=True) > 0,
        (1 - trust) * profiles + trust * labelled,
        labelled,
    )
    return result


def map_scores(topics: Floats, profiles: Floats, marginal: Floats) -> Floats:
    """Return the scores (topics, themes), each from 0 to 1."""
    one = np.maximum(topics - marginal, 0.0)
    other = np.maximum(profiles - marginal, 0.0)
    # A theme that no article names has no profile.
    other[profiles.sum(axis=1) <= 0] = 0.0
    one /= np.linalg.norm(one, axis=1, keepdims=True) + _TINY
    other /= np.linalg.norm(other, axis=1, keepdims=True) + _TINY
    result: Floats = np.clip(one @ other.T, 0.0, 1.0)
    return result


def decide(scores: Floats, themes: Sequence[str]) -> list[tuple[str | None, float]]:
    """Return per topic its theme, or None, and the score of the nearest theme."""
    best = scores.argmax(axis=1)
    return [
        (themes[b] if row[b] >= LEAST_SCORE else None, float(row[b]))
        for row, b in zip(scores, best.tolist(), strict=True)
    ]


def grades_positive(grades: object, themes: Iterable[str]) -> list[bool]:
    """Say per theme whether an article's grade is positive."""
    if not isinstance(grades, dict):
        return [False for _ in themes]
    return [(grades.get(theme) or 0) >= 1 for theme in themes]
