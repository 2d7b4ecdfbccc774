"""Token ids to words: greedy longest match against the model's phrase list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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
        self._words: set[tuple[int, ...]] = set()
        for phrase in phrases:
            word = tuple(ids.get(syllable, -1) for syllable in phrase.split(" "))
            if -1 not in word:
                self._words.add(word)
        self._longest = max(map(len, self._words), default=1)

    def word_starts(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the first token of every word of a text given as token ids."""
        tokens = tuple(ids.tolist())
        starts = []
        at = 0
        while at < len(tokens):
            starts.append(at)
            for size in range(min(self._longest, len(tokens) - at), 1, -1):
                if tokens[at : at + size] in self._words:
                    at += size
                    break
            else:
                at += 1
        return np.array(starts, dtype=np.int64)
