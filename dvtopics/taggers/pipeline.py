"""Batch → logits at both levels: TF-IDF scorer (stage one), then context (stage two).

This is the whole learned computation of a tagger before calibration: plain arrays and
functions on them. It is what cross-validation fits per fold and what a saved model holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.tfidf import NgramTfidf
from dvtopics.taggers.batch import Batch, Layout, Logits
from dvtopics.taggers.context import (
    Array,
    LinearStage,
    Signals,
    article_features,
    paragraph_features,
)


@dataclass(frozen=True, slots=True)
class TfidfScorer:
    """Stage one: a linear model per theme over TF-IDF rows.

    Attributes
    ----------
    vectorizer : NgramTfidf
    coef : ndarray of float32, shape (n_features, n_themes)
    intercept : ndarray of float64, shape (n_themes,)
    """

    vectorizer: NgramTfidf
    coef: NDArray[np.float32]
    intercept: Array

    def score(self, texts: list[str]) -> tuple[Array, NDArray[np.int64]]:
        """Return logits (n_texts, n_themes) and token counts (n_texts,)."""
        batch = self.vectorizer.encode(texts)
        rows = self.vectorizer.transform_batch(batch)
        return rows.dot(self.coef) + self.intercept, batch.lengths


@dataclass(frozen=True, slots=True)
class JudgedSignals:
    """Signals of the paragraphs that hold at least one token, and where they come from."""

    signals: Signals
    judged: NDArray[np.bool_]
    """Shape (n_paragraphs,): True where the paragraph has a token."""
    empty: NDArray[np.bool_]
    """Shape (n_articles,): True where neither title nor body has a token."""


def read_signals(scorer: TfidfScorer, batch: Batch) -> JudgedSignals:
    """Score paragraphs and titles of `batch` and lay out those with something to judge."""
    # Titles and paragraphs go through the vectorizer together: half the overhead.
    logits, lengths = scorer.score([*batch.texts, *batch.titles])
    n = len(batch.texts)
    return signals_of(logits[:n], lengths[:n], logits[n:], lengths[n:], batch.layout)


def signals_of(
    own: Array,
    length: NDArray[np.int64],
    title: Array,
    title_length: NDArray[np.int64],
    layout: Layout,
) -> JudgedSignals:
    """Drop what holds no token: a blank line among the paragraphs changes nothing."""
    judged = length > 0
    kept = layout.keep(judged)
    titles = np.where((title_length > 0)[:, None], title, np.nan)
    empty = (kept.sizes == 0) & (title_length == 0)
    signals = Signals(own[judged], titles, length[judged].astype(np.float64), kept)
    return JudgedSignals(signals, judged, empty)


@dataclass(frozen=True, slots=True)
class TwoStagePipeline:
    """A scorer and the two models that judge its scores in context.

    Attributes
    ----------
    scorer : TfidfScorer
    paragraph_stage, article_stage : LinearStage
    """

    scorer: TfidfScorer
    paragraph_stage: LinearStage
    article_stage: LinearStage

    def logits(self, batch: Batch) -> Logits:
        """Return the uncalibrated logits of `batch`."""
        return self.logits_of(read_signals(self.scorer, batch))

    def logits_of(self, read: JudgedSignals) -> Logits:
        """Return the uncalibrated logits from signals."""
        n_themes = len(self.paragraph_stage.intercept)
        paragraph = np.full((len(read.judged), n_themes), np.nan)
        article = np.full((read.signals.layout.n_articles, n_themes), np.nan)
        if read.judged.any():
            paragraph[read.judged] = self.paragraph_stage.logits(paragraph_features(read.signals))
        filled = ~read.empty
        if filled.any():
            article[filled] = self.article_stage.logits(article_features(read.signals))[filled]
        return Logits(paragraph, article)
