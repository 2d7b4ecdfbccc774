"""Fitting the two stages: labelled batch → `TwoStagePipeline`.

Stage two is trained on stage-one scores of articles that stage one has not seen (inner
cross-validation by article), on whole articles; unjudged paragraphs serve as context.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.corpus.labels import Labels
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.taggers.batch import Batch, Layout
from dvtopics.taggers.context import (
    Array,
    LinearStage,
    Signals,
    article_features,
    paragraph_features,
)
from dvtopics.taggers.pipeline import TfidfScorer, TwoStagePipeline, signals_of
from dvtopics.training.folds import article_folds

#: Log-odds given to a theme that training has no example of.
_NEVER = -8.0


@dataclass(frozen=True, slots=True)
class StageParameters:
    """What the two stages are fitted with; see `TfidfTagger` for the meaning."""

    ngram_max: int
    min_df: int
    sublinear_tf: bool
    C: float
    class_weight: str | None
    context_C: float  # noqa: N815 - scikit-learn's name for it
    n_folds: int
    random_state: int


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """A batch with its labels and a weight per article."""

    batch: Batch
    labels: Labels
    weight: Array

    def subset(self, chosen: NDArray[np.bool_]) -> TrainingSet:
        """Return the chosen articles only."""
        rows = chosen[self.batch.layout.article]
        articles = [a for a, keep in zip(self.batch.articles, chosen, strict=True) if keep]
        labels = Labels(self.labels.paragraph[rows], self.labels.article[chosen])
        return TrainingSet(Batch.from_articles(articles), labels, self.weight[chosen])


def fit_scorer(data: TrainingSet, parameters: StageParameters) -> TfidfScorer:
    """Fit stage one on the judged paragraphs."""
    judged = np.flatnonzero(~np.isnan(data.labels.paragraph).all(axis=1))
    texts = [data.batch.texts[row] for row in judged]
    vectorizer = NgramTfidf(parameters.ngram_max, parameters.min_df, parameters.sublinear_tf)
    rows = vectorizer.fit(texts).transform(texts).to_scipy()
    labels = data.labels.paragraph[judged]
    coef = np.zeros((rows.shape[1], labels.shape[1]), dtype=np.float32)
    intercept = np.zeros(labels.shape[1])
    for theme in range(labels.shape[1]):
        known = ~np.isnan(labels[:, theme])
        weights, bias = _logistic(
            rows[known], labels[known, theme], parameters.C, parameters.class_weight
        )
        coef[:, theme], intercept[theme] = weights, bias
    return TfidfScorer(vectorizer, coef, intercept)


def fit_pipeline(data: TrainingSet, parameters: StageParameters) -> TwoStagePipeline:
    """Fit both stages."""
    own, title, length, title_length = _unseen_scores(data, parameters)
    paragraph_stage, article_stage = _fit_context(
        data, own, title, length, title_length, parameters
    )
    return TwoStagePipeline(fit_scorer(data, parameters), paragraph_stage, article_stage)


def _unseen_scores(
    data: TrainingSet, parameters: StageParameters
) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]]:
    """Stage-one logits and lengths of all paragraphs and titles, out of fold."""
    layout = data.batch.layout
    n_themes = data.labels.paragraph.shape[1]
    own = np.zeros((len(data.batch.texts), n_themes))
    title = np.zeros((layout.n_articles, n_themes))
    length = np.zeros(len(data.batch.texts), dtype=np.int64)
    title_length = np.zeros(layout.n_articles, dtype=np.int64)
    folds = article_folds(layout.n_articles, parameters.n_folds, parameters.random_state)
    for fold in range(parameters.n_folds):
        held_out = folds == fold
        scorer = fit_scorer(data.subset(~held_out), parameters)
        part = data.subset(held_out).batch
        rows = held_out[layout.article]
        own[rows], length[rows] = scorer.score(part.texts)
        title[held_out], title_length[held_out] = scorer.score(part.titles)
    return own, title, length, title_length


def _fit_context(
    data: TrainingSet,
    own: Array,
    title: Array,
    length: NDArray[np.int64],
    title_length: NDArray[np.int64],
    parameters: StageParameters,
) -> tuple[LinearStage, LinearStage]:
    layout = data.batch.layout
    with_title = signals_of(own, length, title, title_length, layout)
    # Pages come without a title too: every article is also shown once without it.
    without = signals_of(own, length, title, np.zeros_like(title_length), layout)
    kept = with_title.judged
    views = (with_title.signals, without.signals)
    paragraph = _fit_stage(
        [paragraph_features(view) for view in views],
        data.labels.paragraph[kept],
        data.weight[layout.article[kept]],
        parameters.context_C,
    )
    filled = ~without.empty
    article = _fit_stage(
        [article_features(_only(view, filled)) for view in views],
        data.labels.article[filled],
        data.weight[filled],
        parameters.context_C,
    )
    return paragraph, article


def _only(signals: Signals, filled: NDArray[np.bool_]) -> Signals:
    """Drop articles without paragraphs (they hold no row of `own`)."""
    layout = Layout.from_counts(signals.layout.sizes[filled])
    return Signals(signals.own, signals.title[filled], signals.length, layout)


def _fit_stage(views: list[Array], labels: Array, weight: Array, C: float) -> LinearStage:  # noqa: N803
    features = np.concatenate([view.T for view in views])
    labels = np.concatenate([labels] * len(views))
    weight = np.concatenate([weight / len(views)] * len(views))
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    standard = (features - mean) / scale
    coef = np.zeros((features.shape[1], labels.shape[1]))
    intercept = np.zeros(labels.shape[1])
    for theme in range(labels.shape[1]):
        known = ~np.isnan(labels[:, theme]) & (weight > 0)
        weights, bias = _logistic(
            standard[known], labels[known, theme], C, None, weight[known], solver="lbfgs"
        )
        # The standardisation is folded in: tagging needs one product less.
        coef[:, theme] = weights / scale
        intercept[theme] = bias - float((weights * mean / scale).sum())
    return LinearStage(coef, intercept)


def _logistic(
    rows: object,
    label: Array,
    C: float,  # noqa: N803
    class_weight: str | None,
    weight: Array | None = None,
    solver: str = "liblinear",
) -> tuple[Array, float]:
    """Fit one logistic regression; a theme with one class only gets a constant."""
    from sklearn.linear_model import LogisticRegression

    if len(label) == 0 or label.min() == label.max():
        return np.zeros(rows.shape[1]), -_NEVER if len(label) and label[0] else _NEVER  # type: ignore[attr-defined]
    model = LogisticRegression(
        C=C, class_weight=class_weight, solver=solver, max_iter=1000, random_state=0
    ).fit(rows, label, sample_weight=weight)
    return model.coef_[0], float(model.intercept_[0])
