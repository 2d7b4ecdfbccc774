"""Stage one: texts → scores by theme and what they are about, each a sum over tokens.

`Scorer` is what stage two and evidence ask for; `TfidfScorer` is the one of `TfidfTagger`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.tfidf import NgramTfidf, TokenBatch
from dvtopics.taggers.context import Array


@dataclass(frozen=True, slots=True)
class TextScores:
    """What stage one says of texts.

    Attributes
    ----------
    logits : ndarray, shape (n_texts, k)
    content : ndarray, shape (n_texts, d)
    length : ndarray of int64, shape (n_texts,)
        Tokens.
    """

    logits: Array
    content: Array
    length: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenWeights:
    """Tokens of texts and what each puts into stage one.

    Attributes
    ----------
    ids : ndarray of int64, shape (n_tokens,)
        Among the syllables of the scorer; -1 where unknown.
    starts : ndarray of int64, shape (n_texts + 1,)
        Tokens ``starts[i]:starts[i + 1]`` are those of text ``i``.
    weight, link : ndarray, shape (n_tokens, k)
        What a token puts into the logits, and the pull between it and the next one.
    share : ndarray, shape (n_tokens,)
    place : ndarray of int64, shape (n_tokens,)
    table : ndarray, shape (n, d)
        A token puts ``share * table[place]`` into what its text is about.
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    weight: Array
    link: Array
    share: Array
    place: NDArray[np.int64]
    table: NDArray[np.floating]

    def content(self, begin: int, end: int) -> Array:
        """Return what tokens ``begin:end`` put into the content, shape (end - begin, d)."""
        content: Array = self.share[begin:end, None] * self.table[self.place[begin:end]]
        return content


class Scorer(Protocol):
    """What a text says by itself."""

    @property
    def intercept(self) -> Array:
        """Logits of a text without any known term, shape (k,)."""

    @property
    def n_dimensions(self) -> int:
        """Length of a content; that of a text without any known term is zero."""

    @property
    def syllables(self) -> Sequence[str]:
        """The syllables that it knows; the position is the id."""

    def score(self, texts: list[str]) -> TextScores:
        """Score `texts`."""

    def token_weights(self, texts: list[str]) -> TokenWeights:
        """Take the scores of `texts` apart by token."""


@dataclass(frozen=True, slots=True)
class TfidfScorer:
    """Stage one: two linear models per theme over TF-IDF rows, and what texts are about.

    The first k / 2 scores say that a theme is there, the others that it is a main subject.

    Attributes
    ----------
    vectorizer : NgramTfidf
    coef : ndarray of float32, shape (n_features, k)
    intercept : ndarray of float64, shape (k,)
    embedding : SyllableEmbedding
    """

    vectorizer: NgramTfidf
    coef: NDArray[np.float32]
    intercept: Array
    embedding: SyllableEmbedding

    @property
    def n_dimensions(self) -> int:
        """Length of a content."""
        return int(self.embedding.table.shape[1])

    @property
    def syllables(self) -> Sequence[str]:
        """The syllables that it knows."""
        return self.vectorizer.syllables_

    def score(self, texts: list[str]) -> TextScores:
        """Score `texts`."""
        return self.score_tokens(self.vectorizer.encode(texts))

    def score_tokens(self, batch: TokenBatch) -> TextScores:
        """Score texts that are token ids of the vectorizer."""
        rows = self.vectorizer.transform_batch(batch)
        logits = rows.dot(self.coef) + self.intercept
        return TextScores(logits, self.embedding.transform(rows), batch.lengths)

    def token_weights(self, texts: list[str]) -> TokenWeights:
        """Share the weight of every n-gram among its occurrences and syllables."""
        batch = self.vectorizer.encode(texts)
        rows = self.vectorizer.transform_batch(batch)
        row, feature, start, size = self.vectorizer.occurrences(batch)
        n, k = len(batch.ids), self.coef.shape[1]
        weight, link, content = np.zeros((n, k)), np.zeros((n, k)), np.zeros(n)
        width = rows.shape[1]
        entry = np.searchsorted(rows.row * width + rows.feature, row * width + feature)
        value = (rows.value / np.bincount(entry, minlength=len(rows.value))).take(entry)
        share = self.coef.take(feature, axis=0) * value[:, None]
        # No two n-grams of one length start at one token, so that plain sums will do.
        for length in range(1, int(size.max(initial=0)) + 1):
            chosen = slice(*np.searchsorted(size, (length, length + 1)))
            at, part = start[chosen], share[chosen] / length
            for shift in range(length):
                weight[at + shift] += part
                if shift + 1 < length:
                    link[at + shift] += share[chosen] / (length - 1)
        single = slice(*np.searchsorted(size, (1, 2)))
        norm = self.embedding.norms(rows)
        content[start[single]] = value[single] / norm[row[single]]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(batch.lengths)])
        table = self.embedding.table
        return TokenWeights(batch.ids, starts, weight, link, content, batch.ids, table)
