"""Stage one: texts → scores by theme and what they are about, each a sum over tokens.

`Scorer` is what stage two asks for and `Dissector` what evidence asks for; `TfidfScorer` and
`TfidfDissector` are those of `TfidfTagger`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.lookup import IntegerTable
from dvtopics.features.tfidf import NgramTfidf, NgramTrace, TokenBatch
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


class Trace(Protocol):
    """What a scorer keeps of the texts it has scored."""

    @property
    def tokens(self) -> TokenBatch:
        """Their tokens, with spans; ids are places in `Scorer.syllables`, -1 where unknown."""


@dataclass(frozen=True, slots=True)
class TokenWeights:
    """What tokens put into stage one.

    Attributes
    ----------
    weight : ndarray, shape (n, k + d)
        What a token puts into logits, then contents.
    link : ndarray, shape (n, k)
        The pull between a token and the next one.
    """

    weight: Array
    link: Array


class Dissected(Protocol):
    """Texts whose scores can be taken apart by token."""

    @property
    def scale(self) -> Array:
        """What the weights of each text are to be multiplied by, shape (n_texts, k + d)."""

    def weights(self, at: NDArray[np.int64]) -> TokenWeights:
        """Return the weights of tokens.

        Parameters
        ----------
        at : ndarray of int64, shape (n,)
            Tokens of the batch. Those of a text stand together, in order; -1 has no weight.
        """


class Dissector(Protocol):
    """Takes scores apart by token."""

    def open(self, trace: Trace) -> Dissected:
        """Prepare the texts of `trace`."""


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

    def traced(self, texts: list[str]) -> tuple[TextScores, Trace]:
        """Score `texts` and keep what evidence is made of."""

    def dissector(self) -> Dissector:
        """Return what takes scores apart."""


@dataclass(frozen=True, slots=True)
class TfidfTrace:
    """What `TfidfScorer` keeps: its n-grams, and lengths of the single-syllable parts of rows."""

    ngrams: NgramTrace
    norm: Array

    @property
    def tokens(self) -> TokenBatch:
        """The tokens."""
        return self.ngrams.batch


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
        return self._traced(batch)[0]

    def traced(self, texts: list[str]) -> tuple[TextScores, TfidfTrace]:
        """Score `texts` and keep what evidence is made of."""
        return self._traced(self.vectorizer.encode(texts))

    def _traced(self, batch: TokenBatch) -> tuple[TextScores, TfidfTrace]:
        rows, ngrams = self.vectorizer.trace_batch(batch)
        logits = rows.dot(self.coef) + self.intercept
        content, norm = self.embedding.project(rows)
        return TextScores(logits, content, batch.lengths), TfidfTrace(ngrams, norm)

    def dissector(self) -> TfidfDissector:
        """Return what takes scores apart."""
        return TfidfDissector(self)


class TfidfDissector:
    """Shares the weight of every n-gram among its occurrences and syllables.

    Parameters
    ----------
    scorer : TfidfScorer
    """

    def __init__(self, scorer: TfidfScorer) -> None:
        idf, n, k = scorer.vectorizer.idf_, len(scorer.syllables), scorer.coef.shape[1]
        self._vectorizer = scorer.vectorizer
        #: Weights of all features times their idf, and of none in the last place; for syllables,
        #: whose features come first, beside their content.
        self._coef = np.zeros((len(idf) + 1, k))
        self._coef[:-1] = scorer.coef * idf[:, None]
        self._single = np.zeros((n + 1, k + scorer.n_dimensions))
        self._single[:-1, :k] = self._coef[:n]
        self._single[:-1, k:] = scorer.embedding.table * idf[:n, None]

    def open(self, trace: Trace) -> _DissectedTfidf:
        """Prepare the texts of `trace`."""
        assert isinstance(trace, TfidfTrace)
        ngrams, n_features = trace.ngrams, len(self._coef) - 1
        weights = self._vectorizer.term_weights(int(ngrams.count.max(initial=1)))
        # What one occurrence weighs against an n-gram that is there once; at -1, the last, 1.
        share = np.append(weights.take(ngrams.count) / ngrams.count, 1.0)
        table, of_token = IntegerTable(ngrams.repeated), []
        for found in ngrams.found:
            feature = np.full(len(ngrams.batch.ids) + 1, n_features)
            feature[found.start] = found.feature
            shares = np.ones(len(feature))
            key = ngrams.batch.row.take(found.start) * n_features + found.feature
            shares[found.start] = share.take(table.find(key))
            of_token.append((feature, shares))
        return _DissectedTfidf(self._scale(trace), self._single, self._coef, of_token)

    def _scale(self, trace: TfidfTrace) -> Array:
        k, d = self._coef.shape[1], self._single.shape[1] - self._coef.shape[1]
        # Without any known token a text has no length, and nothing to be scaled.
        norm = np.where(trace.ngrams.norm > 0, trace.ngrams.norm, 1.0)
        of_content = norm * np.where(trace.norm > 0, trace.norm, 1.0)
        return 1.0 / np.repeat(np.stack([norm, of_content], axis=1), (k, d), axis=1)


@dataclass(frozen=True, slots=True)
class _DissectedTfidf:
    """Texts of a `TfidfTrace`.

    Attributes
    ----------
    scale : ndarray, shape (n_texts, k + d)
    single, coef : ndarray
        Tables of the `TfidfDissector`.
    of_token : list of (ndarray, ndarray), each of shape (n_tokens + 1,)
        By length of n-gram: the feature that starts at every token and what it weighs there.
    """

    scale: Array
    single: Array
    coef: Array
    of_token: list[tuple[NDArray[np.int64], Array]]

    def weights(self, at: NDArray[np.int64]) -> TokenWeights:
        """Return the weights of the tokens `at`; see `Dissected`."""
        k = self.coef.shape[1]
        weight, link = self._occurrences(self.single, 1, at), np.zeros((len(at), k))
        # An n-gram of n syllables gives each 1 / n, and 1 / (n - 1) to each of its joints.
        for n in range(2, len(self.of_token) + 1):
            whole = self._occurrences(self.coef, n, at)
            joints = whole / (n - 1)
            whole /= n
            for shift in range(n):
                weight[shift:, :k] += whole[: len(whole) - shift]
                if shift < n - 1:
                    link[shift:] += joints[: len(joints) - shift]
        return TokenWeights(weight, link)

    def _occurrences(self, table: Array, n: int, at: NDArray[np.int64]) -> Array:
        """Return the weights of the n-grams that start at the tokens `at`."""
        feature, share = self.of_token[n - 1]
        # Past the end of a shorter table stands what has no weight.
        rows = np.minimum(feature.take(at), len(table) - 1)
        result: Array = table.take(rows, axis=0)
        shares = share.take(at)
        repeated = np.flatnonzero(shares != 1)
        result[repeated] *= shares.take(repeated)[:, None]
        return result
