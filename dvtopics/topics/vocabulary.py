"""Which words are terms: neither stop words nor names, neither too rare nor everywhere.

Counted over a collection on disk; the table of words is bounded by that of syllables and the
list of phrases, so memory does not grow with the number of articles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import UsageError
from dvtopics.text.stopwords import stop_words
from dvtopics.text.tokenize import tokenize
from dvtopics.topics.cutting import Cutter
from dvtopics.topics.marks import BREAK, CAPITAL, FURNITURE, PERSON, VARIANT, SyllableTable
from dvtopics.topics.spill import Block, Spill

Floats = NDArray[np.float64]

# Shape of a Vietnamese syllable; what does not fit is foreign.
_NATIVE = re.compile(
    "^(?:b|ch?|d|đ|gh?|gi|h|kh?|l|m|n|ngh?|nh|ph?|qu?|r|s|th?|tr|v|x)?"
    "[aăâeêioôơuưyàằầèềìòồờùừỳáắấéếíóốớúứýảẳẩẻểỉỏổởủửỷãẵẫẽễĩõỗỡũữỹạặậẹệịọộợụựỵ]{1,3}"
    "(?:ch?|m|ng?|nh|p|t)?$"
)
# A word is a name by what share of its syllables' capitals stand in names (see `_is_name`);
# the limits were read off the first 4,000 themed articles of the public news.
_MOSTLY_CAPITAL = 0.5
_SINGLE, _FOREIGN, _EVERY = 0.12, 0.2, 0.3
#: Names that are institutions or places rather than people.
_KEPT = frozenset({"hồ chí minh", "bác hồ"})


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of a model.

    Attributes
    ----------
    terms : list of str
        As a reader writes them, lower case, syllables joined by ``_``.
    words : ndarray of shape (n_terms,)
        Id of each in its `Cutter`.
    article_counts : ndarray of shape (n_terms,)
        Articles that a term is in.
    proper : ndarray of shape (n_terms,)
        Whether it is mostly written with capitals: a place, say.
    """

    terms: list[str]
    words: NDArray[np.int64]
    article_counts: NDArray[np.int64]
    proper: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Content:
    """Words of a block that are content: positions and ids.

    Attributes
    ----------
    articles, units : ndarray of shape (n_words,)
        Article and unit (title or paragraph) of each, counted from the block's first.
    words : ndarray of shape (n_words,)
    """

    articles: NDArray[np.int64]
    units: NDArray[np.int64]
    words: NDArray[np.int64]


def content_of(block: Block, cutter: Cutter) -> Content:
    """Cut a block into words; those with a syllable of a name or of furniture are left out."""
    if not len(block.ids):
        nothing = np.zeros(0, dtype=np.int64)
        return Content(nothing, nothing, nothing)
    first, words = cutter.cut(block.ids, block.marks)
    keep = (np.bitwise_or.reduceat(block.marks, first) & (PERSON | FURNITURE)) == 0
    units = np.searchsorted(block.unit_ends, first[keep], side="right")
    return Content(block.unit_articles[units], units, words[keep])


def build_vocabulary(
    spill: Spill,
    phrases: Sequence[str],
    cutter: Cutter,
    min_articles: int,
    max_share: float,
    max_terms: int,
    extra_stop_words: Sequence[str] = (),
) -> Vocabulary:
    """Choose the terms of a collection.

    Raises
    ------
    UsageError
        If none is left.
    """
    counts = _Counts(len(spill.table), len(phrases))
    for block in spill.blocks():
        counts.add(block, cutter)
    names = [*spill.table.syllables, *phrases]
    stops = stop_words() | {" ".join(tokenize(word)) for word in extra_stop_words}
    limit = max_share * spill.n_articles
    kept = [
        index
        for index in np.flatnonzero(
            (counts.articles >= min_articles) & (counts.articles <= limit)
        ).tolist()
        if len(names[index]) > 1
        and names[index] not in stops
        and not names[index][0].isdigit()
        and not counts.is_name(names[index], index, spill.table)
    ]
    if not kept:
        raise UsageError(
            f"no term is left: none is in at least {min_articles} and at most "
            f"{limit:.0f} of {spill.n_articles} articles; give more articles or a lower --min-df"
        )
    # The most frequent ones; ties by order of appearance.
    kept = sorted(sorted(kept, key=lambda i: (-counts.articles[i], i))[:max_terms])
    surface = counts.surfaces(spill.table)
    terms = ["_".join(surface.get(s, s) for s in names[i].split(" ")) for i in kept]
    return Vocabulary(
        terms, np.array(kept, dtype=np.int64), counts.articles[kept], counts.is_proper[kept]
    )


class _Counts:
    """What deciding on the terms needs, by word and by syllable."""

    def __init__(self, n_syllables: int, n_phrases: int) -> None:
        n_words = n_syllables + n_phrases
        self._n = n_syllables
        self.articles = np.zeros(n_words, dtype=np.int64)
        self._total = np.zeros(n_words, dtype=np.int64)
        self._capital = np.zeros(n_words, dtype=np.int64)
        self._in_names = np.zeros(n_syllables, dtype=np.int64)
        self._capitals = np.zeros(n_syllables, dtype=np.int64)
        self._syllables = np.zeros(n_syllables, dtype=np.int64)
        self._variants = np.zeros(n_syllables, dtype=np.int64)

    def add(self, block: Block, cutter: Cutter) -> None:
        if not len(block.ids):
            return
        n, marks = self._n, block.marks

        def syllables(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
            return np.bincount(block.ids[mask], minlength=n)

        self._in_names += syllables((marks & PERSON) > 0)
        self._capitals += syllables((marks & CAPITAL) > 0)
        self._variants += syllables((marks & VARIANT) > 0)
        self._syllables += np.bincount(block.ids, minlength=n)
        first, words = cutter.cut(block.ids, marks)
        content = (np.bitwise_or.reduceat(marks, first) & (PERSON | FURNITURE)) == 0
        size = len(self._total)
        self._total += np.bincount(words[content], minlength=size)
        # The first word of a sentence has a capital whatever it is.
        within = content & ((marks[first] & BREAK) == 0)
        capital = (np.bitwise_and.reduceat(marks, first) & CAPITAL) > 0
        self._capital += np.bincount(words[within & capital], minlength=size)
        units = np.searchsorted(block.unit_ends, first[content], side="right")
        pairs = np.unique(block.unit_articles[units] * size + words[content])
        self.articles += np.bincount(pairs % size, minlength=size)

    @property
    def is_proper(self) -> NDArray[np.bool_]:
        """Say which words are mostly written with capitals."""
        proper: NDArray[np.bool_] = self._capital > _MOSTLY_CAPITAL * self._total
        return proper

    def is_name(self, name: str, index: int, table: SyllableTable) -> bool:
        """Say whether a word is (part of) a person's name, by how its syllables are used."""
        if name in _KEPT or not self.is_proper[index]:
            return False
        syllables = name.split(" ")
        ids = [table.id_of(s) for s in syllables]
        shares = self._in_names[ids] / np.maximum(self._capitals[ids], 1)
        if len(ids) == 1:
            return bool(shares[0] >= _SINGLE)
        foreign = not all(map(_NATIVE.match, syllables))
        return bool(shares.min() >= _EVERY or (foreign and shares.max() >= _FOREIGN))

    def surfaces(self, table: SyllableTable) -> dict[str, str]:
        """Return the syllables that this collection mostly writes in another form."""
        return {
            table.syllables[index]: written
            for index, written in table.variants.items()
            if 2 * self._variants[index] > self._syllables[index]
        }
