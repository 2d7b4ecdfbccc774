from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvtopics import Article
from dvtopics.taggers.batch import Layout
from dvtopics.training.folds import article_folds, population_weights, select_articles


@given(st.integers(0, 200), st.integers(2, 10), st.integers(0, 1000))
def test_every_article_is_in_one_fold_and_folds_are_even(n_articles, n_folds, random_state):
    folds = article_folds(n_articles, n_folds, random_state)
    sizes = np.bincount(folds, minlength=n_folds)
    assert len(sizes) == n_folds
    assert sizes.sum() == n_articles
    assert sizes.max() - sizes.min() <= 1
    assert (folds == article_folds(n_articles, n_folds, random_state)).all()


@given(st.lists(st.integers(0, 9), min_size=2, max_size=40), st.integers(2, 5))
def test_no_article_is_split(counts, n_folds):
    layout = Layout.from_counts(counts)
    folds = article_folds(len(counts), n_folds, 0)
    seen = np.zeros(len(layout.article), dtype=int)
    for fold in range(n_folds):
        held_out = select_articles(layout, folds == fold)
        rest = select_articles(layout, folds != fold)
        assert not set(layout.article[held_out]) & set(layout.article[rest])
        seen += held_out
    assert (seen == 1).all()


def test_population_weights():
    articles = [
        Article(metadata={"drawn": "uncertainty"}), Article(metadata={"drawn": "authored"}),
        Article(),
    ]  # fmt: skip
    weights = population_weights(articles, {"uncertainty": 0.25})
    assert weights.tolist() == pytest.approx([0.25, 1.0, 1.0])
