"""Pipelines that share stage-one scorers are what each would be on its own."""

from __future__ import annotations

import numpy as np
import pytest

from dvtopics import THEMES, TfidfTagger
from dvtopics.corpus.labels import Labels
from dvtopics.taggers.batch import Batch
from dvtopics.training import cross_fit
from dvtopics.training.cross_fit import fit_pipelines
from dvtopics.training.data import TrainingSet
from dvtopics.training.folds import article_folds
from dvtopics.training.stages import StageParameters, fit_pipeline

N_FOLDS = 3


@pytest.fixture(scope="module")
def articles(authored):
    return authored[:24]


@pytest.fixture(scope="module")
def parameters():
    given = TfidfTagger(n_folds=N_FOLDS, n_hidden=4, n_epochs=1).get_params()
    names = StageParameters.__dataclass_fields__
    return StageParameters(**{name: given[name] for name in names})


def data_of(articles, labels=None):
    labels = Labels.from_articles(articles, THEMES.ids) if labels is None else labels
    return TrainingSet.from_batch(Batch.from_articles(articles), labels)


@pytest.fixture(scope="module")
def folds(articles, parameters):
    # Those that `fit_pipeline` makes for itself.
    return article_folds(len(articles), N_FOLDS, parameters.random_state)


@pytest.fixture(scope="module")
def pipelines(articles, parameters, folds):
    return fit_pipelines(data_of(articles), folds, parameters)


def logits(pipeline, articles):
    found = pipeline.judge(Batch.from_articles(articles)).logits()
    return np.concatenate([found.paragraph.ravel(), found.article.ravel()])


def test_the_kept_pipeline_is_what_it_would_be_alone(articles, parameters, pipelines):
    alone = fit_pipeline(data_of(articles), parameters)
    assert len(pipelines) == N_FOLDS + 1
    assert (logits(pipelines[-1], articles) == logits(alone, articles)).all()


def test_a_pipeline_has_not_seen_the_labels_of_its_fold(articles, parameters, folds, pipelines):
    labels = Labels.from_articles(articles, THEMES.ids)
    data = data_of(articles)
    inside = (folds == 1)[data.layout.article]
    turned = Labels(
        np.where(inside[:, None], 1 - labels.paragraph, labels.paragraph),
        np.where(inside[:, None], 1 - labels.main, labels.main),
        np.where((folds == 1)[:, None], 1 - labels.article, labels.article),
        labels.part,
    )
    again = fit_pipelines(data_of(articles, turned), folds, parameters)
    same = [
        (logits(a, articles) == logits(b, articles)).all()
        for a, b in zip(pipelines, again, strict=True)
    ]
    assert same == [False, True, False, False]


def test_stage_two_learns_from_scorers_that_have_not_seen_the_fold(
    articles, parameters, folds, monkeypatch
):
    """What stage two is given of a fold does not change with the labels of that fold."""
    labels = Labels.from_articles(articles, THEMES.ids)
    given = []

    def keep(data, scorer, body, titles, parameters):
        given.append((data, body.logits.copy(), titles.logits.copy()))

    monkeypatch.setattr(cross_fit, "fit_stage_two", keep)
    fit_pipelines(data_of(articles), folds, parameters)
    rows = (folds == 2)[data_of(articles).layout.article]
    turned = Labels(
        np.where(rows[:, None], 1 - labels.paragraph, labels.paragraph),
        np.where(rows[:, None], 1 - labels.main, labels.main),
        labels.article,
        labels.part,
    )
    fit_pipelines(data_of(articles, turned), folds, parameters)
    for held, first, second in zip((0, 1, 2, None), given[:4], given[4:], strict=True):
        kept = folds != held if held is not None else folds >= 0
        of = folds[kept]
        inside = (of == 2)[first[0].layout.article]
        assert inside.any() == (held != 2)
        assert (first[1][inside] == second[1][inside]).all()
        assert (first[2][of == 2] == second[2][of == 2]).all()
        if held != 2:
            assert (first[1][~inside] != second[1][~inside]).any()


def test_progress_counts_fits(articles, parameters, folds):
    steps = []
    fit_pipelines(data_of(articles), folds, parameters, progress=lambda *step: steps.append(step))
    n = (N_FOLDS + 1) + N_FOLDS * (N_FOLDS - 1) // 2 + (N_FOLDS + 1)
    assert steps == [(i, n) for i in range(1, n + 1)]
