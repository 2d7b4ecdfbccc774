"""Syllables to words: greedy longest match against a list of phrases, on whole arrays.

underthesea cuts 0.08 MB of text a second: it is asked for the words of a sample
(`dvtopics.text.segment.mine_phrases`), and all texts are then cut by the list of these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dvtopics.topics.marks import BREAK, NUMBER, OTHER, Ids, Marks, SyllableTable

Words = NDArray[np.int64]
_LONGEST = 4


class Cutter:
    """Words of marked syllables.

    A word's id is its syllable's, or ``n_syllables + position in phrases``.

    Parameters
    ----------
    phrases : sequence of str
        Canonical syllables joined by spaces, two to four of them.
    table : SyllableTable
        Phrases with a syllable outside it cannot occur and are left out.
    """

    def __init__(self, phrases: Sequence[str], table: SyllableTable) -> None:
        self._n = len(table)
        self.n_words = len(table) + len(phrases)
        rows = [(table.phrase_ids(phrase), index) for index, phrase in enumerate(phrases)]
        rows = [row for row in rows if OTHER not in row[0] and NUMBER not in row[0]]
        # Syllables of phrases are numbered anew, from 1: four of them then fit one integer.
        used = sorted({i for ids, _ in rows for i in ids})
        self._code = np.zeros(self._n + 1, dtype=np.int64)
        self._code[used] = np.arange(1, len(used) + 1)
        self._base = len(used) + 1
        self._keys: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        for size in range(2, _LONGEST + 1):
            found = [(self._key(ids), index) for ids, index in rows if len(ids) == size]
            if found:
                keys, order = np.array(sorted(found), dtype=np.int64).T
                self._keys[size] = (keys, order)

    def _key(self, ids: tuple[int, ...]) -> int:
        key = 0
        for index in ids:
            key = key * self._base + int(self._code[index])
        return key

    def cut(self, ids: Ids, marks: Marks) -> tuple[NDArray[np.int64], Words]:
        """Return the first token and the id of every word; no word crosses a break."""
        n = len(ids)
        length = np.ones(n, dtype=np.int64)
        words = ids.astype(np.int64)
        code = self._code[np.minimum(ids, self._n)]
        breaks = (marks & BREAK) > 0
        key, whole = code, code > 0
        for size in range(2, _LONGEST + 1):
            if n < size:
                break
            # key of ids[i : i + size] from that of ids[i : i + size - 1]
            key = key[: n - size + 1] * self._base + code[size - 1 :]
            whole = whole[: n - size + 1] & (code[size - 1 :] > 0) & ~breaks[size - 1 :]
            if size not in self._keys:
                continue
            keys, order = self._keys[size]
            at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
            hit = np.flatnonzero(whole & (keys[at] == key))
            length[hit] = size
            words[hit] = self._n + order[at[hit]]
        starts = np.ones(n, dtype=np.bool_)
        # Only where phrases begin can a token be taken by the word before it.
        end = 0
        for i in np.flatnonzero(length > 1).tolist():
            if i >= end:
                end = i + int(length[i])
                starts[i + 1 : end] = False
        first = np.flatnonzero(starts)
        return first, words[first]
