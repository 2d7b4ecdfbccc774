"""Texts as token ids: of one batch, or of all that is learned from, in parts where it is much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.text.tokenize import canonical, find_tokens

#: Tokens that learning takes in hand at a time.
PART = 2_000_000


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Token ids of a batch of texts.

    Attributes
    ----------
    ids : ndarray of int64, shape (n_tokens,)
        -1 where the token is in no feature.
    row : ndarray of int64, shape (n_tokens,)
        Text that the token is in.
    lengths : ndarray of int64, shape (n_texts,)
        Tokens per text.
    spans : ndarray of int64, shape (2, n_tokens), optional
        Where they stand, see `dvtopics.features.syllables.SyllableCoder.locate`.
    """

    ids: NDArray[np.int64]
    row: NDArray[np.int64]
    lengths: NDArray[np.int64]
    spans: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class TokenisedTexts:
    """Texts as token ids, for whoever fits many vectorizers on parts of the same texts.

    Attributes
    ----------
    words : list of str
        Canonical tokens; the position is the id.
    batch : TokenBatch
    """

    words: list[str]
    batch: TokenBatch

    @classmethod
    def read(cls, texts: Iterable[str]) -> TokenisedTexts:
        """Tokenise `texts`."""
        vocabulary: dict[str, int] = {}
        surfaces: dict[str, int] = {}
        chunks: list[NDArray[np.int64]] = []
        for text in texts:
            ids = []
            for surface in find_tokens(text):
                index = surfaces.get(surface)
                if index is None:
                    index = vocabulary.setdefault(canonical(surface), len(vocabulary))
                    surfaces[surface] = index
                ids.append(index)
            chunks.append(np.array(ids, dtype=np.int64))
        lengths = np.fromiter(map(len, chunks), np.int64, len(chunks))
        ids_all = np.concatenate(chunks) if chunks else np.zeros(0, np.int64)
        return cls(list(vocabulary), TokenBatch(ids_all, row_of(lengths), lengths))

    def take(self, chosen: NDArray[np.bool_]) -> TokenisedTexts:
        """Return the chosen texts, in their order, under the same ids."""
        lengths = self.batch.lengths[chosen]
        ids = self.batch.ids[chosen[self.batch.row]]
        return TokenisedTexts(self.words, TokenBatch(ids, row_of(lengths), lengths))

    def parts(self, most: int | None = None) -> Iterator[TokenisedTexts]:
        """Yield the texts in order, at most some `most` tokens (two million) at a time.

        A text is never cut. Without any text there is one part, and nothing in it.
        """
        batch = self.batch
        ends = np.cumsum(batch.lengths)
        number = (ends - batch.lengths) // (PART if most is None else most)
        first = np.flatnonzero(np.append(True, number[1:] != number[:-1])[: len(number)])
        starts = first.tolist() or [0]
        for low, high in zip(starts, [*starts[1:], len(ends)], strict=True):
            begin, end = (int(ends[i - 1]) if i else 0 for i in (low, high))
            part = TokenBatch(
                batch.ids[begin:end], batch.row[begin:end] - low, batch.lengths[low:high]
            )
            yield TokenisedTexts(self.words, part)


def row_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the text that each token is in, given the tokens of each."""
    return np.repeat(np.arange(len(lengths)), lengths)
