"""Batch → logits at both levels: a scorer of texts (stage one), then context (stage two).

This is the whole learned computation of a tagger before calibration: plain arrays and
functions on them. It is what cross-validation fits per fold and what a saved model holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.batch import Batch, Layout, Logits
from dvtopics.taggers.context import (
    Array,
    LinearStage,
    Signals,
    article_features,
    paragraph_features,
)
from dvtopics.taggers.network import Content, ContextNetwork
from dvtopics.taggers.scorer import Scorer, TextScores, Trace


@dataclass(frozen=True, slots=True)
class JudgedSignals:
    """Signals of the paragraphs that hold at least one token, and where they come from."""

    signals: Signals
    content: Content
    judged: NDArray[np.bool_]
    """Shape (n_paragraphs,): True where the paragraph has a token."""
    empty: NDArray[np.bool_]
    """Shape (n_articles,): True where neither title nor body has a token."""
    title_length: Array
    """Shape (n_articles,): tokens of the titles."""
    trace: Trace | None = None
    """Of all paragraphs and then all titles of the batch, where evidence is wanted."""


def read_signals(scorer: Scorer, batch: Batch, traced: bool = False) -> JudgedSignals:
    """Score paragraphs and titles of `batch` and lay out those with something to judge."""
    # Titles and paragraphs go through the scorer together: half the overhead.
    texts = [*batch.texts, *batch.titles]
    scores, trace = scorer.traced(texts) if traced else (scorer.score(texts), None)
    n = len(batch.texts)
    read = signals_of(scores.take(slice(n)), scores.take(slice(n, None)), batch.layout)
    return replace(read, trace=trace)


def signals_of(body: TextScores, title: TextScores, layout: Layout) -> JudgedSignals:
    """Drop what holds no token: a blank line among the paragraphs changes nothing."""
    judged = body.length > 0
    kept = layout.keep(judged)
    titled = (title.length > 0)[:, None]
    titles = np.where(titled, title.logits, np.nan)
    empty = (kept.sizes == 0) & (title.length == 0)
    length = body.length[judged].astype(np.float64)
    peak = None if body.peak is None else body.peak[judged]
    signals = Signals(body.logits[judged], titles, length, kept, peak)
    content = Content(body.content[judged], np.where(titled, title.content, 0.0))
    return JudgedSignals(signals, content, judged, empty, title.length.astype(np.float64))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What stage two says of a batch, and the way there, which evidence is made of.

    Attributes
    ----------
    read : JudgedSignals
    hidden : ndarray, shape (n_judged, n_hidden)
        Hidden layer of the paragraph network.
    paragraph : ndarray, shape (n_judged, n_themes)
        Logits of the paragraphs that hold a token.
    article : ndarray, shape (n_articles, n_themes)
        Logits of the articles; NaN where there is nothing to judge.
    """

    read: JudgedSignals
    hidden: Array
    paragraph: Array
    article: Array

    def logits(self) -> Logits:
        """Return the logits of all paragraphs, NaN where there is nothing to judge."""
        paragraph = np.full((len(self.read.judged), self.paragraph.shape[1]), np.nan)
        paragraph[self.read.judged] = self.paragraph
        return Logits(paragraph, self.article)


@dataclass(frozen=True, slots=True)
class TwoStagePipeline:
    """A scorer and the two models that judge its scores in context.

    Attributes
    ----------
    scorer : Scorer
    paragraph_stage : ContextNetwork
        Judges paragraphs by what stage one says of them, their title and neighbours.
    article_stage : LinearStage
        Judges articles by what `paragraph_stage` says of their paragraphs.
    """

    scorer: Scorer
    paragraph_stage: ContextNetwork
    article_stage: LinearStage

    def blank(self) -> Array:
        """Return what stage two says of a text without any known term, shape (n_themes,)."""
        nothing = self.scorer.intercept[None]
        layout = Layout.from_counts([1])
        untitled, peak = np.full_like(nothing, np.nan), self._own_peaks(nothing)
        signals = Signals(nothing, untitled, np.ones(1), layout, peak)
        d = self.scorer.n_dimensions
        features, content = paragraph_features(signals), Content(np.zeros((1, d)), np.zeros((1, d)))
        network = self.paragraph_stage
        logits: Array = network.logits(features, network.hidden(features, content, layout))[0]
        return logits

    def _own_peaks(self, logits: Array) -> Array | None:
        """Return the peaks of titles, and of what says nothing: their logits."""
        return logits if self.scorer.window else None

    def judge(self, batch: Batch, traced: bool = False) -> Judgement:
        """Run both stages on `batch`; keep what evidence is made of if it is to be `traced`."""
        return self.judge_signals(read_signals(self.scorer, batch, traced))

    def judge_signals(
        self, read: JudgedSignals, part: NDArray[np.bool_] | None = None
    ) -> Judgement:
        """Run stage two.

        Parameters
        ----------
        read : JudgedSignals
        part : ndarray of bool, shape (n_judged,), optional
            The paragraphs that articles are judged by; their head by default.
        """
        signals, network = read.signals, self.paragraph_stage
        features = paragraph_features(signals)
        hidden = network.hidden(features, read.content, signals.layout)
        paragraph = network.logits(features, hidden)
        article = self.article_stage.logits(article_features(in_context(signals, paragraph), part))
        bare = (signals.layout.sizes == 0) & ~read.empty
        if bare.any():
            titles = self.judge_titles(
                signals.title[bare], read.content.title[bare], read.title_length[bare]
            )
            article[bare] = titles.article
        return Judgement(read, hidden, paragraph, np.where(read.empty[:, None], np.nan, article))

    def judge_titles(self, titles: Array, contents: Array, length: Array) -> TitlesAlone:
        """Judge articles that are a title only, as if it were their only paragraph.

        Parameters
        ----------
        titles : ndarray, shape (n, k)
            Stage-one logits.
        contents : ndarray, shape (n, d)
        length : ndarray, shape (n,)
        """
        layout = Layout.from_counts(np.ones(len(titles), np.int64))
        signals = Signals(titles, titles, length, layout, self._own_peaks(titles))
        features = paragraph_features(signals)
        hidden = self.paragraph_stage.hidden(features, Content(contents, contents), layout)
        paragraph = self.paragraph_stage.logits(features, hidden)
        article = self.article_stage.logits(article_features(in_context(signals, paragraph)))
        return TitlesAlone(hidden, paragraph, article)


@dataclass(frozen=True, slots=True)
class TitlesAlone:
    """What stage two says of articles without paragraphs.

    Attributes
    ----------
    hidden : ndarray, shape (n, n_hidden)
    paragraph, article : ndarray, shape (n, n_themes)
        Logits of the titles as paragraphs, and of the articles.
    """

    hidden: Array
    paragraph: Array
    article: Array


def in_context(signals: Signals, paragraph: Array) -> Signals:
    """Return what the article model reads: paragraph logits of stage two, titles of stage one."""
    titles = signals.title[:, : paragraph.shape[1]]
    return Signals(paragraph, titles, signals.length, signals.layout)
