"""Token ids to words: greedy longest match against the model's phrase list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.lookup import IntegerTable
from dvtopics.features.syllables import UNKNOWN
from dvtopics.native.kernels import Table

Ids = NDArray[np.int64]


class PhraseList:
    """Multi-syllable words by the ids of their syllables.

    Parameters
    ----------
    phrases : sequence of str
        Canonical syllables joined by spaces.
    syllables : sequence of str
        The vectorizer's syllables; the position is the id. Words with a syllable outside it
        are left out: no feature can point at them.
    """

    def __init__(self, phrases: Sequence[str], syllables: Sequence[str]) -> None:
        ids = {syllable: index for index, syllable in enumerate(syllables)}
        self._base = len(syllables)
        words = [[ids.get(syllable, UNKNOWN) for syllable in p.split(" ")] for p in phrases]
        words = [word for word in words if UNKNOWN not in word]
        sizes = np.fromiter(map(len, words), np.int64, len(words))
        #: A tree, level by level: beginnings of words, each found by the place of the one that is
        #: a syllable shorter and by its last syllable; and whether it is a word itself.
        self._levels: list[tuple[IntegerTable, NDArray[np.bool_]]] = []
        self._begins = np.zeros(self._base + 1, dtype=bool)
        shorter = np.fromiter((word[0] for word in words), np.int64, len(words))
        self._begins[shorter] = True
        for size in range(2, int(sizes.max(initial=1)) + 1):
            on = np.flatnonzero(sizes >= size)
            last = np.fromiter((words[i][size - 1] for i in on.tolist()), np.int64, len(on))
            keys, place = np.unique(shorter[on] * self._base + last, return_inverse=True)
            whole = np.zeros(len(keys), dtype=bool)
            whole[place[sizes[on] == size]] = True
            self._levels.append((IntegerTable(keys), whole))
            shorter[on] = place

    @property
    def parts(self) -> tuple[NDArray[np.bool_], list[tuple[Table, NDArray[np.bool_]]]]:
        """Syllables that words begin with, and the tree: what `terms.c` reads."""
        return self._begins, [(table.parts, whole) for table, whole in self._levels]

    def word_starts(self, ids: Ids, lengths: Ids | None = None) -> Ids:
        """Return the first token of every word of texts given as token ids.

        Parameters
        ----------
        ids : ndarray of int64, shape (n_tokens,)
            -1 where unknown.
        lengths : ndarray of int64, shape (n_texts,), optional
            Tokens per text; without, all are one text.
        """
        n = len(ids)
        lengths = np.array([n]) if lengths is None else lengths
        size, end = np.ones(n, np.int64), np.repeat(np.cumsum(lengths), lengths)
        # An unknown syllable looks at the last place, where no word begins.
        at = np.flatnonzero(self._begins.take(ids))
        node = ids.take(at)
        for length, (table, whole) in enumerate(self._levels, start=2):
            on = np.flatnonzero(at + length <= end.take(at))
            at = at.take(on)
            following = ids.take(at + length - 1)
            place = table.find(node.take(on) * self._base + following)
            on = np.flatnonzero((place >= 0) & (following >= 0))
            at, node = at.take(on), place.take(on).astype(np.int64)
            size[at[whole.take(node)]] = length
        return _from_the_left(size)


def _from_the_left(size: Ids) -> Ids:
    """Return where words start if the longest possible is taken at each start, left to right.

    Parameters
    ----------
    size : ndarray of int64, shape (n_tokens,)
        Tokens of the longest word that could start at each.
    """
    after = np.arange(len(size)) + size
    # A word starts for certain where none that starts before could reach beyond.
    certain = np.ones(len(size), dtype=bool)
    certain[1:] = np.maximum.accumulate(after)[:-1] <= np.arange(1, len(size))
    starts, at = certain.copy(), np.flatnonzero(certain)
    while len(at):
        at = after.take(at)
        at = at[at < len(size)]
        at = at[~certain.take(at)]
        starts[at] = True
    return np.flatnonzero(starts)
