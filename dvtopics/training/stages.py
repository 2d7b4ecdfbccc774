"""Fitting the two stages: labelled batch → `TwoStagePipeline`.

Stage two is trained on stage-one scores of articles that stage one has not seen, on whole
articles; unjudged paragraphs serve as context. How the unseeing scorers are shared when whole
pipelines are cross-validated: `dvtopics.training.cross_fit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.features.tokens import TokenisedTexts
from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import (
    Array,
    LinearStage,
    Signals,
    article_features,
    head,
    paragraph_features,
)
from dvtopics.taggers.network import ContextNetwork
from dvtopics.taggers.pipeline import (
    JudgedSignals,
    TwoStagePipeline,
    in_context,
    signals_of,
)
from dvtopics.taggers.scorer import Scorer, TextScores, TfidfScorer
from dvtopics.training.data import PipelineParameters, StageOne, TrainingSet
from dvtopics.training.folds import article_folds
from dvtopics.training.network import NetworkParameters, fit_network
from dvtopics.training.stored_rows import rows_of, stored_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

#: Log-odds given to a theme that training has no example of.
_NEVER = -8.0
#: Share of the articles that the network also sees without their title.
_UNTITLED = 0.3
_ARTICLE_FOLDS = 3


@dataclass(frozen=True, slots=True)
class StageParameters:
    """What the two stages of a `TfidfTagger` are fitted with; see there for the meaning."""

    ngram_max: int
    min_df: int
    sublinear_tf: bool
    C: float
    main_C: float  # noqa: N815 - scikit-learn's name for it
    nb_smoothing: float
    nb_offset: float
    window: int
    class_weight: str | None
    context_C: float  # noqa: N815
    article_C: float  # noqa: N815
    n_dimensions: int
    n_hidden: int
    network_alpha: float
    n_epochs: int
    n_averaged: int
    n_networks: int
    n_folds: int
    random_state: int

    def read(self, texts: Sequence[str]) -> TokenisedTexts:
        """Cut texts into syllables."""
        return TokenisedTexts.read(texts)

    def stage_one(self) -> StageOne:
        """Return what fits the scorers of one pipeline."""
        return _TfidfStage(self)


@dataclass(frozen=True, slots=True)
class _TfidfStage:
    """Stage one of `TfidfTagger`. What a text is about is learned without labels, once."""

    parameters: StageParameters
    independent: ClassVar[bool] = True

    def fit(self, data: TrainingSet) -> TfidfScorer:
        return fit_scorer(data, self.parameters, with_content=True)

    def fit_part(self, data: TrainingSet) -> TfidfScorer:
        return fit_scorer(data, self.parameters)

    def scores(self, scorer: Scorer, tokens: TokenisedTexts) -> TextScores:
        assert isinstance(scorer, TfidfScorer)
        encode = scorer.vectorizer.encode_tokens
        return TextScores.joined([scorer.score_tokens(encode(part)) for part in tokens.parts()])


def fit_scorer(
    data: TrainingSet, parameters: StageParameters, with_content: bool = False
) -> TfidfScorer:
    """Fit stage one on the judged paragraphs, its contents on all.

    It gives every theme two scores: that the theme is there, and that it is a main subject.
    """
    judged = np.asarray(~np.isnan(data.labels.paragraph).all(axis=1))
    tokens = data.body.take(judged)
    vectorizer = NgramTfidf(parameters.ngram_max, parameters.min_df, parameters.sublinear_tf)
    vectorizer.fit_tokens(tokens)
    labels = np.concatenate([data.labels.paragraph[judged], data.labels.main[judged]], axis=1)
    with stored_rows(vectorizer, tokens) as rows:
        coef, intercept = _fit_linear(rows, labels, parameters)
    n_syllables = len(vectorizer.syllables_)
    if with_content:
        embedding = SyllableEmbedding.fit(
            rows_of(vectorizer, data.body),
            n_syllables,
            parameters.n_dimensions,
            parameters.random_state,
        )
    else:
        embedding = SyllableEmbedding(np.zeros((n_syllables, 0), dtype=np.float32))
    return TfidfScorer(vectorizer, coef, intercept, embedding, parameters.window)


def _fit_linear(
    rows: csr_matrix, labels: Array, parameters: StageParameters
) -> tuple[NDArray[np.float32], Array]:
    """Fit both scores of every theme, `labels` side by side; return coefficients and intercepts."""
    coef = np.zeros((rows.shape[1], labels.shape[1]), dtype=np.float32)
    intercept = np.zeros(labels.shape[1])
    for column, label in enumerate(labels.T):
        known = ~np.isnan(label)
        # A part of the rows is a copy in memory.
        learned, label = (rows, label) if known.all() else (rows[known], label[known])
        if column < labels.shape[1] // 2:
            factor = parameters.nb_offset + count_ratio(learned, label, parameters.nb_smoothing)
            weights, bias = _logistic(
                _weighted(learned, factor), label, parameters.C, parameters.class_weight
            )
            weights = weights * factor
        else:
            weights, bias = _logistic(learned, label, parameters.main_C, parameters.class_weight)
        # Half precision is what is saved: fitting and loading give the same scores.
        coef[:, column], intercept[column] = weights.astype(np.float16), bias
    return coef, intercept


def _weighted(rows: csr_matrix, factor: Array) -> csr_matrix:
    """Return `rows` with their columns multiplied by `factor`; only the values are new."""
    from scipy.sparse import csr_matrix

    value = factor.take(rows.indices)
    value *= rows.data
    return csr_matrix((value, rows.indices, rows.indptr), rows.shape)


def count_ratio(rows: csr_matrix, label: Array, smoothing: float) -> Array:
    """Return how one-sidedly each feature is used: the size of its log-count ratio.

    Weighting features by it makes rare but telling ones cheap for the regularised model
    (Wang & Manning 2012, Baselines and bigrams, who also mix such weights with equal ones;
    TF-IDF takes the place of counts here).
    """
    positive = rows.T @ (label > 0).astype(np.float64) + smoothing
    negative = rows.T @ (label == 0).astype(np.float64) + smoothing
    ratio = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
    size: Array = np.abs(ratio)
    return size


def fit_pipeline(data: TrainingSet, parameters: PipelineParameters) -> TwoStagePipeline:
    """Fit both stages, stage two by folds of its own."""
    stage = parameters.stage_one()
    scorer = stage.fit(data)
    body, title = _unseen_scores(data, scorer, stage, parameters)
    return fit_stage_two(data, scorer, body, title, parameters)


def fit_stage_two(
    data: TrainingSet,
    scorer: Scorer,
    body: TextScores,
    title: TextScores,
    parameters: PipelineParameters,
) -> TwoStagePipeline:
    """Fit stage two on top of `scorer`.

    Parameters
    ----------
    data : TrainingSet
    scorer : Scorer
        What the pipeline will score texts by.
    body, title : TextScores
        Of all paragraphs and titles, by scorers that have not seen their labels.
    parameters : PipelineParameters
    """
    # Pages come without a title too: every article is also shown once without it.
    untitled = replace(title, length=np.zeros_like(title.length))
    views = [signals_of(body, which, data.layout) for which in (title, untitled)]
    everything = np.ones(data.layout.n_articles, dtype=bool)
    network = _fit_paragraphs(data, views, everything, parameters)
    return TwoStagePipeline(scorer, network, _fit_articles(data, views, parameters))


def _unseen_scores(
    data: TrainingSet, scorer: Scorer, stage: StageOne, parameters: PipelineParameters
) -> tuple[TextScores, TextScores]:
    """Scores of all paragraphs and titles by scorers that have not seen their labels.

    Contents that are learned without labels are those of `scorer` itself.
    """
    layout = data.layout
    body, title = stage.scores(scorer, data.body), stage.scores(scorer, data.titles)
    folds = article_folds(
        layout.n_articles, parameters.n_folds, parameters.random_state, data.judged
    )
    for fold in range(parameters.n_folds):
        held_out = folds == fold
        unseen = stage.fit_part(data.subset(~held_out))
        part = data.subset(held_out)
        for whole, rows, tokens in (
            (body, held_out[layout.article], part.body),
            (title, held_out, part.titles),
        ):
            found = stage.scores(unseen, tokens)
            whole.put(rows, found)
            if found.content.shape[1]:
                whole.content[rows] = found.content
    return body, title


def _fit_paragraphs(
    data: TrainingSet,
    views: list[JudgedSignals],
    chosen: NDArray[np.bool_],
    parameters: PipelineParameters,
) -> ContextNetwork:
    """Fit the paragraph network on the `chosen` articles."""
    layout = views[0].signals.layout
    kept = views[0].judged
    labels = data.labels.paragraph[kept]
    use = chosen[layout.article] & ~np.isnan(labels).all(axis=1)
    features = [paragraph_features(view.signals)[:, use].T for view in views]
    linear = _fit_stage(
        features, labels[use], data.weight[layout.article[use]], parameters.context_C
    )
    # The network sees every article with its title, and a part of them also without.
    rng = np.random.RandomState(parameters.random_state)
    untitled = (rng.random_sample(layout.n_articles) < _UNTITLED)[layout.article[use]]
    shown = (np.ones(len(untitled), dtype=bool), untitled)

    def seen(parts: Iterable[Array]) -> Array:
        return np.concatenate([x[part] for x, part in zip(parts, shown, strict=True)])

    together, of = seen(features), layout.article[use]
    del features
    return fit_network(
        together,
        (
            seen(view.content.own[use] for view in views),
            seen(view.content.near(layout)[use] for view in views),
            seen(view.content.whole(layout)[of] for view in views),
            seen(view.content.title[of] for view in views),
        ),
        seen(labels[use] for _ in views),
        linear,
        NetworkParameters(
            parameters.n_hidden,
            parameters.network_alpha,
            parameters.n_epochs,
            parameters.random_state,
            parameters.n_networks,
            parameters.n_averaged,
        ),
    )


def _fit_articles(
    data: TrainingSet, views: list[JudgedSignals], parameters: PipelineParameters
) -> LinearStage:
    """Fit the article model on what paragraph networks say of articles they have not seen."""
    layout = views[0].signals.layout
    folds = article_folds(
        layout.n_articles, _ARTICLE_FOLDS, parameters.random_state + 2, data.judged
    )
    shape = (len(layout.article), data.labels.article.shape[1])
    logits = [np.zeros(shape) for _ in views]
    for fold in range(_ARTICLE_FOLDS):
        network = _fit_paragraphs(data, views, folds != fold, parameters)
        rows = (folds == fold)[layout.article]
        for unseen, view in zip(logits, views, strict=True):
            features = paragraph_features(view.signals)
            hidden = network.hidden(features, view.content, layout)
            unseen[rows] = network.logits(features, hidden)[rows]
    # An article that has nothing to read in one of the views teaches nothing.
    filled = ~views[1].empty
    part = labelled_part(views[0], data.labels.part)
    shown = [
        article_features(_only(in_context(view.signals, unseen), filled), part).T
        for view, unseen in zip(views, logits, strict=True)
    ]
    return _fit_stage(shown, data.labels.article[filled], data.weight[filled], parameters.article_C)


def labelled_part(read: JudgedSignals, part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the paragraphs that the labels of articles were given on, shape (n_judged,).

    Those of `Labels.part`, be they more or fewer than the head; the head where there are none.
    """
    layout = read.signals.layout
    known = part[read.judged]
    none = np.bincount(layout.article[known], minlength=layout.n_articles) == 0
    found: NDArray[np.bool_] = known | (head(read.signals) & none[layout.article])
    return found


def _only(signals: Signals, filled: NDArray[np.bool_]) -> Signals:
    """Drop articles without paragraphs (they hold no row of `own`)."""
    layout = Layout.from_counts(signals.layout.sizes[filled])
    return Signals(signals.own, signals.title[filled], signals.length, layout)


def _fit_stage(views: list[Array], labels: Array, weight: Array, C: float) -> LinearStage:  # noqa: N803
    features = np.concatenate(views)
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
