"""Labelled articles → everything that a tagger learns, with cross-validated figures.

The whole pipeline is cross-validated by article; calibration, thresholds and the reported
figures come from its out-of-fold output only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article
from dvtopics.corpus.labels import Labels
from dvtopics.errors import UsageError
from dvtopics.evaluation.metrics import level_report
from dvtopics.taggers.batch import Batch, Layout, Logits
from dvtopics.taggers.calibration import Platt
from dvtopics.taggers.context import Array
from dvtopics.taggers.decision import Thresholds
from dvtopics.taggers.pipeline import TwoStagePipeline, read_signals
from dvtopics.training.cross_fit import fit_pipelines
from dvtopics.training.data import PipelineParameters, TrainingSet, judged_articles
from dvtopics.training.decisions import (
    best_thresholds,
    fit_platt,
    precision_table,
    review_table,
)
from dvtopics.training.folds import article_folds, population_weights
from dvtopics.training.stages import labelled_part

_MIN_ARTICLES = 5


@dataclass(frozen=True, slots=True)
class Fitted:
    """What training hands to a tagger."""

    pipeline: TwoStagePipeline
    paragraph_calibration: Platt
    article_calibration: Platt
    thresholds: Thresholds
    cross_validation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Level:
    """Out-of-fold output of one level, items without a judged label included as NaN."""

    logits: Array
    labels: Array
    weight: Array
    article: NDArray[np.int64]

    def part(self, rows: NDArray[np.bool_]) -> _Level:
        return _Level(self.logits[rows], self.labels[rows], self.weight[rows], self.article[rows])


def fit_tagger(
    articles: Sequence[Article],
    themes: Sequence[str],
    parameters: PipelineParameters,
    weights: Mapping[str, float],
    n_jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Fitted:
    """Fit, cross-validate, calibrate and choose thresholds.

    Parameters
    ----------
    articles : sequence of Article
        With grades.
    themes : sequence of str
    parameters : PipelineParameters
    weights : mapping of str to float
        Weight of an article by its ``drawn`` field, in calibration and thresholds.
    n_jobs : int, default 1
        Fits at once.
    progress : callable, optional
        Called with (fits done, fits in all).

    Raises
    ------
    UsageError
        If there is too little to train on.
    """
    data = _training_set(articles, themes, parameters)
    folds = article_folds(
        len(articles), parameters.n_folds, parameters.random_state + 1, data.judged
    )
    pipelines = fit_pipelines(data, folds, parameters, n_jobs, progress)
    weight = population_weights(articles, weights)
    levels = _out_of_fold(articles, data.labels, folds, pipelines[:-1], weight)
    calibrations = {name: fit_platt(x.logits, x.labels, x.weight) for name, x in levels.items()}
    probability = {n: calibrations[n].probabilities(x.logits) for n, x in levels.items()}
    limits = {
        name: best_thresholds(probability[name], x.labels, x.weight) for name, x in levels.items()
    }
    thresholds = Thresholds(
        limits["paragraph"],
        limits["article"],
        {n: precision_table(probability[n], x.labels, x.weight) for n, x in levels.items()},
        {n: review_table(probability[n], x.labels, x.weight, limits[n]) for n, x in levels.items()},
    )
    return Fitted(
        pipelines[-1],
        calibrations["paragraph"],
        calibrations["article"],
        thresholds,
        _cross_validated(articles, folds, levels, themes),
    )


def _training_set(
    articles: Sequence[Article], themes: Sequence[str], parameters: PipelineParameters
) -> TrainingSet:
    labels = Labels.from_articles(articles, themes)
    batch = Batch.from_articles(articles)
    n_judged = int(judged_articles(labels, batch.layout).sum())
    if n_judged < _MIN_ARTICLES:
        raise UsageError(
            f"only {n_judged} of {len(articles)} articles have graded paragraphs with text; "
            f"training needs at least {_MIN_ARTICLES}"
        )
    if not (labels.paragraph > 0).any():
        raise UsageError(f"no paragraph carries any of the themes {', '.join(themes)}")
    return TrainingSet.from_batch(batch, labels, parameters.read)


def _out_of_fold(
    articles: Sequence[Article],
    labels: Labels,
    folds: NDArray[np.int64],
    pipelines: Sequence[TwoStagePipeline],
    weight: Array,
) -> dict[str, _Level]:
    layout = Layout.from_counts([len(article.paragraphs) for article in articles])
    logits = Logits(np.full(labels.paragraph.shape, np.nan), np.full(labels.article.shape, np.nan))
    for fold, pipeline in enumerate(pipelines):
        held_out = folds == fold
        unseen = [article for article, out in zip(articles, held_out, strict=True) if out]
        rows = held_out[layout.article]
        read = read_signals(pipeline.scorer, Batch.from_articles(unseen))
        part = labelled_part(read, labels.part[rows])
        found = pipeline.judge_signals(read, part).logits()
        logits.paragraph[rows], logits.article[held_out] = found.paragraph, found.article
    return {
        "paragraph": _Level(
            logits.paragraph,
            labels.measured,
            weight[layout.article],
            layout.article,
        ),
        "article": _Level(logits.article, labels.article, weight, np.arange(layout.n_articles)),
    }


def _cross_validated(
    articles: Sequence[Article],
    folds: NDArray[np.int64],
    levels: Mapping[str, _Level],
    themes: Sequence[str],
) -> dict[str, Any]:
    """Figures per stratum of ``drawn``, calibration and thresholds chosen without the fold."""
    drawn = np.array([str(a.metadata.get("drawn", "unknown")) for a in articles])
    report: dict[str, Any] = {}
    outcome = {}
    for name, level in levels.items():
        probability = np.zeros(level.labels.shape)
        tags = np.zeros(level.labels.shape, dtype=bool)
        for fold in np.unique(folds):
            inside = folds[level.article] == fold
            rest = level.part(~inside)
            platt = fit_platt(rest.logits, rest.labels, rest.weight)
            limits = best_thresholds(platt.probabilities(rest.logits), rest.labels, rest.weight)
            probability[inside] = platt.probabilities(level.logits[inside])
            tags[inside] = probability[inside] >= limits
        outcome[name] = (probability, tags)
    for stratum in sorted(set(drawn.tolist())):
        report[stratum] = {}
        for name, level in levels.items():
            probability, tags = outcome[name]
            rows = (drawn == stratum)[level.article]
            report[stratum][name] = level_report(
                themes,
                level.labels[rows],
                probability[rows],
                tags[rows],
                level.article[rows],
                len(drawn),
            )
    return report
