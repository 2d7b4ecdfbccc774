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
from dvtopics.features.tfidf import NgramTfidf, NgramTrace
from dvtopics.features.tokens import TokenBatch
from dvtopics.native import kernels
from dvtopics.taggers.context import Array
from dvtopics.taggers.peaks import Peaks, find_peaks


@dataclass(frozen=True, slots=True)
class TextScores:
    """What stage one says of texts.

    Attributes
    ----------
    logits : ndarray, shape (n_texts, k)
    content : ndarray, shape (n_texts, d)
    length : ndarray of int64, shape (n_texts,)
        Tokens.
    peak : ndarray, shape (n_texts, k), optional
        The highest logits of any few tokens in a row; see `dvtopics.taggers.peaks`.
    """

    logits: Array
    content: Array
    length: NDArray[np.int64]
    peak: Array | None = None

    @classmethod
    def joined(cls, parts: Sequence[TextScores]) -> TextScores:
        """Return the scores of texts that were scored in `parts`."""
        peaks = [part.peak for part in parts if part.peak is not None]
        return cls(
            np.concatenate([part.logits for part in parts]),
            np.concatenate([part.content for part in parts]),
            np.concatenate([part.length for part in parts]),
            np.concatenate(peaks) if peaks else None,
        )

    def take(self, rows: slice | NDArray[np.bool_]) -> TextScores:
        """Return the scores of some of the texts."""
        peak = None if self.peak is None else self.peak[rows]
        return TextScores(self.logits[rows], self.content[rows], self.length[rows], peak)

    def put(self, rows: NDArray[np.bool_], found: TextScores) -> None:
        """Take the logits and peaks of some texts from other scores of them."""
        self.logits[rows] = found.logits
        if self.peak is not None and found.peak is not None:
            self.peak[rows] = found.peak


class Trace(Protocol):
    """What a scorer keeps of the texts it has scored."""

    @property
    def tokens(self) -> TokenBatch:
        """Their tokens, with spans; ids are places in `Scorer.syllables`, -1 where unknown."""

    @property
    def peaks(self) -> Peaks | None:
        """Where the peaks are, if the scorer gives any."""


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

    @property
    def grams(self) -> Grams | None:
        """What the compiled kernel takes texts apart by; None where it knows no way."""

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
    def window(self) -> int:
        """Tokens that peaks are looked for in; 0 where it gives no peaks."""

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
    """What `TfidfScorer` keeps: n-grams, lengths of the single-syllable parts of rows, peaks."""

    ngrams: NgramTrace
    norm: Array
    peaks: Peaks | None

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
    window : int
        Tokens that peaks are looked for in; 0: there are none.
    """

    vectorizer: NgramTfidf
    coef: NDArray[np.float32]
    intercept: Array
    embedding: SyllableEmbedding
    window: int = 0

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
        return self._scored(batch, traced=False)[0]

    def traced(self, texts: list[str]) -> tuple[TextScores, TfidfTrace]:
        """Score `texts` and keep what evidence is made of."""
        scores, trace = self._scored(self.vectorizer.encode(texts), traced=True)
        assert trace is not None
        return scores, trace

    def _scored(self, batch: TokenBatch, traced: bool) -> tuple[TextScores, TfidfTrace | None]:
        if not kernels.available() or len(batch.ids) >= 2**31:
            return self._scored_in_numpy(batch, traced)
        vocabulary = self.vectorizer.compiled(int(batch.lengths.max(initial=0)))
        model = (self.coef, self.intercept, self.embedding.table)
        found = kernels.score(batch.ids, batch.lengths, vocabulary, model, self.window, traced)
        scores = TextScores(found.logits, found.content, batch.lengths, found.peak)
        if found.places is None:
            return scores, None
        peaks = None
        if found.peak is not None and found.at is not None and found.scale is not None:
            peaks = Peaks(found.peak, found.at, found.scale)
        ngrams = NgramTrace(batch, *found.places, found.norm)
        return scores, TfidfTrace(ngrams, found.single, peaks)

    def _scored_in_numpy(
        self, batch: TokenBatch, traced: bool
    ) -> tuple[TextScores, TfidfTrace | None]:
        ngrams: NgramTrace | None = None
        if traced or self.window:
            rows, ngrams = self.vectorizer.trace_batch(batch)
        else:
            rows = self.vectorizer.transform_batch(batch)
        logits = rows.dot(self.coef) + self.intercept
        content, norm = self.embedding.project(rows)
        peaks = None
        if self.window and ngrams is not None:
            windows = batch.lengths, (ngrams.feature, ngrams.share), self.window
            peaks = find_peaks(windows, (self.coef, self.intercept), logits, traced)
        scores = TextScores(logits, content, batch.lengths, None if peaks is None else peaks.value)
        return scores, TfidfTrace(ngrams, norm, peaks) if traced and ngrams is not None else None

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
        self._coef = scorer.coef
        table = scorer.embedding.table
        self._single = np.concatenate([scorer.coef[: len(table)], table], axis=1)

    def open(self, trace: Trace) -> _DissectedTfidf:
        """Prepare the texts of `trace`."""
        assert isinstance(trace, TfidfTrace)
        grams = Grams(trace.ngrams.feature, trace.ngrams.share, self._single, self._coef)
        return _DissectedTfidf(self._scale(trace), grams)

    def _scale(self, trace: TfidfTrace) -> Array:
        k, d = self._coef.shape[1], self._single.shape[1] - self._coef.shape[1]
        # Without any known token a text has no length, and nothing to be scaled.
        norm = np.where(trace.ngrams.norm > 0, trace.ngrams.norm, 1.0)
        of_content = norm * np.where(trace.norm > 0, trace.norm, 1.0)
        return 1.0 / np.repeat(np.stack([norm, of_content], axis=1), (k, d), axis=1)


@dataclass(frozen=True, slots=True)
class Grams:
    """N-grams of texts, and what each puts into stage one.

    Attributes
    ----------
    feature : ndarray of int32, shape (ngram_max, n_tokens + 1)
        By length, the n-gram that starts at every token; see `dvtopics.features.tfidf.NgramTrace`.
    share : ndarray of float64, same shape
        What this occurrence weighs.
    single : ndarray of float32, shape (n_syllables, k + d)
        Coefficients and content of syllables, whose features come first, side by side.
    coef : ndarray of float32, shape (n_features, k)
    """

    feature: NDArray[np.int32]
    share: Array
    single: NDArray[np.float32]
    coef: NDArray[np.float32]


class _DissectedTfidf:
    """Texts of a `TfidfTrace`; see `Dissected`."""

    def __init__(self, scale: Array, grams: Grams) -> None:
        self.scale = scale
        self.grams = grams

    def weights(self, at: NDArray[np.int64]) -> TokenWeights:
        """Return the weights of the tokens `at`; see `Dissected`."""
        n, k = len(at), self.grams.coef.shape[1]
        weight = self._occurrences(self.grams.single, 1, at)
        more, link = np.zeros((n, k)), np.zeros((n, k))
        for size in range(2, len(self.grams.feature) + 1):
            part = self._occurrences(self.grams.coef, size, at)
            for shift in range(size):
                more[shift:] += part[: n - shift]
            # As much as it gives its syllables it gives the joints between them.
            part *= size / (size - 1)
            for shift in range(size - 1):
                link[shift:] += part[: n - shift]
        weight[:, :k] += more
        return TokenWeights(weight, link)

    def _occurrences(self, table: NDArray[np.float32], size: int, at: NDArray[np.int64]) -> Array:
        """Return what the n-grams of `size` that start at the tokens `at` give a syllable."""
        share = self.grams.share[size - 1].take(at) / size
        rows = table.take(self.grams.feature[size - 1].take(at), axis=0)
        result: Array = rows * share[:, None]
        return result
