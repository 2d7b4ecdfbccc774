"""Pipelines for all folds of a cross-validation, and the one that is kept.

Stage two of the pipeline that holds fold f out learns from scores by scorers that have seen
neither f nor the fold that they score, g. Such a scorer serves the pipeline that holds g out as
well; and the scorers of the pipelines themselves, each without one fold, are what the kept
pipeline's stage two learns from. That takes n (n + 1) / 2 + 1 fits of stage one for n folds, in
place of (n + 1)^2 where every pipeline makes folds of its own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.pipeline import TwoStagePipeline
from dvtopics.taggers.scorer import Scorer, TextScores
from dvtopics.training.data import PipelineParameters, TrainingSet
from dvtopics.training.stages import fit_pipeline, fit_stage_two

#: A scorer (None where only its scores count), and its scores of paragraphs and of titles.
_Scored = tuple[Scorer | None, TextScores, TextScores]
#: Held out: no fold, one, or two.
_Folds = tuple[int, ...]


def fit_pipelines(
    data: TrainingSet,
    folds: NDArray[np.int64],
    parameters: PipelineParameters,
    n_jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[TwoStagePipeline]:
    """Fit a pipeline without each fold, then one on everything.

    Parameters
    ----------
    data : TrainingSet
    folds : ndarray, shape (n_articles,)
    parameters : PipelineParameters
    n_jobs : int, default 1
        Fits at once.
    progress : callable, optional
        Called with (fits done, fits in all).
    """
    n = parameters.n_folds
    alone: list[_Folds] = [*((fold,) for fold in range(n)), ()]
    if not parameters.stage_one().independent or n < 3:
        steps = _Steps(n_jobs, len(alone), progress)
        whole = ((data.subset(_without(folds, held)), parameters) for held in alone)
        return steps.run(fit_pipeline, whole)
    pairs: list[_Folds] = list(combinations(range(n), 2))
    steps = _Steps(n_jobs, 2 * len(alone) + len(pairs), progress)
    tasks = (
        (
            data.subset(_without(folds, held)),
            # A pipeline's own scorer scores everything: its contents are those that count.
            data if len(held) < 2 else data.subset(~_without(folds, held)),
            parameters,
            len(held) < 2,
        )
        for held in [*alone, *pairs]
    )
    scored = dict(zip([*alone, *pairs], steps.run(_score, tasks), strict=True))
    second = (_second_task(data, folds, held, scored, parameters) for held in alone)
    return steps.run(fit_stage_two, second)


class _Steps:
    """Runs tasks in workers, results in order, and counts them."""

    def __init__(
        self, n_jobs: int, total: int, progress: Callable[[int, int], None] | None
    ) -> None:
        self._n_jobs, self._total, self._progress = n_jobs, total, progress
        self._done = 0

    def run(self, make: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> list[Any]:
        from joblib import Parallel, delayed

        with warnings.catch_warnings():
            # A worker that has grown is replaced between two tasks: nothing is lost.
            warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
            worker = Parallel(n_jobs=self._n_jobs, return_as="generator")
            results = []
            for result in worker(delayed(_in_one_thread)(make, task) for task in tasks):
                self._done += 1
                if self._progress is not None:
                    self._progress(self._done, self._total)
                results.append(result)
        return results


def _in_one_thread(make: Callable[..., Any], task: tuple[Any, ...]) -> Any:
    """Call `make` with one BLAS thread: sums in one order, so the same bytes on every run."""
    # Only libraries that are loaded can be held to one thread.
    import scipy.linalg  # noqa: F401
    import sklearn.linear_model
    import sklearn.neural_network
    import sklearn.utils.extmath  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return make(*task)


def _without(folds: NDArray[np.int64], held: _Folds) -> NDArray[np.bool_]:
    return ~np.isin(folds, held)


def _score(
    data: TrainingSet, asked: TrainingSet, parameters: PipelineParameters, whole: bool
) -> _Scored:
    stage = parameters.stage_one()
    scorer = stage.fit(data) if whole else stage.fit_part(data)
    scores = stage.scores(scorer, asked.body), stage.scores(scorer, asked.titles)
    return scorer if whole else None, *scores


def _second_task(
    data: TrainingSet,
    folds: NDArray[np.int64],
    held: _Folds,
    scored: dict[_Folds, _Scored],
    parameters: PipelineParameters,
) -> tuple[TrainingSet, Scorer, TextScores, TextScores, PipelineParameters]:
    """Put together what stage two learns from: contents of its scorer, logits of unseeing ones."""
    scorer, body, titles = scored[held]
    assert scorer is not None
    body, titles = _copy(body), _copy(titles)
    of = folds[data.layout.article]
    for fold in range(parameters.n_folds):
        unseeing = tuple(sorted({*held, fold}))
        if unseeing == held:
            continue
        _, its_body, its_titles = scored[unseeing]
        # Rows of one scorer's answer: all, or those of the folds that it holds out.
        there = np.ones(len(folds), dtype=bool) if not held else ~_without(folds, unseeing)
        rows = there[data.layout.article]
        body.put(of == fold, its_body.take(of[rows] == fold))
        titles.put(folds == fold, its_titles.take(folds[there] == fold))
    kept = _without(folds, held)
    rows = kept[data.layout.article]
    return data.subset(kept), scorer, body.take(rows), titles.take(kept), parameters


def _copy(scores: TextScores) -> TextScores:
    peak = None if scores.peak is None else scores.peak.copy()
    return replace(scores, logits=scores.logits.copy(), peak=peak)
