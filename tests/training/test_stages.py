"""Stage one against scikit-learn, and the part of an article that its label was given on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from dvtopics import THEMES, TfidfTagger
from dvtopics.corpus.labels import Labels
from dvtopics.taggers.batch import Batch
from dvtopics.taggers.context import HEAD
from dvtopics.taggers.pipeline import read_signals
from dvtopics.text.tokenize import tokenize
from dvtopics.training.stages import labelled_part

QUICK = {"ngram_max": 2, "min_df": 2, "n_folds": 2, "phrases": None}
SMOOTHING, OFFSET, C, MAIN_C = 0.05, 0.5, 2.0, 5.0
STAGE_ONE = {"C": C, "main_C": MAIN_C, "nb_smoothing": SMOOTHING, "nb_offset": OFFSET}


@pytest.fixture(scope="module")
def fitted(authored):
    tagger = TfidfTagger(**QUICK, **STAGE_ONE)
    return tagger.fit(authored[:30])


def test_stage_one_scores_presence_and_main_subject(fitted, authored):
    labels, batch = Labels.from_articles(authored[:30], tuple(THEMES)), Batch.from_articles
    texts = batch(authored[:30]).texts
    vectorizer = TfidfVectorizer(
        tokenizer=tokenize, lowercase=False, token_pattern=None,
        ngram_range=(1, 2), min_df=2, sublinear_tf=True,
    )  # fmt: skip
    rows, unseen = vectorizer.fit_transform(texts), batch(authored[30:40]).texts
    other = vectorizer.transform(unseen)
    found = fitted.pipeline_.scorer.score(unseen).logits
    assert found.shape == (len(unseen), 2 * len(THEMES))
    options = {"class_weight": "balanced", "solver": "liblinear", "random_state": 0}
    for theme in range(len(THEMES)):
        label = labels.paragraph[:, theme]
        sums = [np.asarray(rows[label == y].sum(axis=0)).ravel() + SMOOTHING for y in (1, 0)]
        ratio = np.abs(np.log((sums[0] / sums[0].sum()) / (sums[1] / sums[1].sum())))
        ratio += OFFSET
        known = ~np.isnan(label)
        model = LogisticRegression(C=C, max_iter=1000, **options)
        model.fit(rows[known].multiply(ratio), label[known])
        expected = model.decision_function(other.multiply(ratio))
        # Coefficients are kept in half precision.
        np.testing.assert_allclose(found[:, theme], expected, atol=5e-3)
        main = labels.main[:, theme]
        known = ~np.isnan(main)
        model = LogisticRegression(C=MAIN_C, max_iter=1000, **options)
        model.fit(rows[known], main[known])
        column = found[:, len(THEMES) + theme]
        np.testing.assert_allclose(column, model.decision_function(other), atol=5e-3)


def test_grades_of_two_are_read(authored, fitted):
    """With no grade of 2 nothing is a main subject, and the tagger still works."""
    flat = [type(a).from_record(a.to_record()) for a in authored[:30]]
    for paragraph in (p for a in flat for p in a.paragraphs):
        paragraph.grades = paragraph.grades and {t: min(g, 1) for t, g in paragraph.grades.items()}
    other = TfidfTagger(**QUICK, **STAGE_ONE).fit(flat)
    first, second = fitted.pipeline_.scorer, other.pipeline_.scorer
    k = len(THEMES)
    assert (first.coef[:, :k] == second.coef[:, :k]).all()
    assert (second.coef[:, k:] == 0).all()
    assert (first.coef[:, k:] != 0).any()
    assert np.isfinite(other.predict_proba(authored[30:33])).all()


def test_articles_are_taught_by_the_part_that_was_judged(fitted, authored):
    articles = [type(a).from_record(a.to_record()) for a in authored[:3]]
    for p in articles[0].paragraphs[1:]:
        p.grades = None
    for p in articles[1].paragraphs:
        p.grades = None
    articles[1].paragraphs *= 5
    read = read_signals(fitted.pipeline_.scorer, Batch.from_articles(articles))
    labels = Labels.from_articles(articles, tuple(THEMES))
    part = labelled_part(read, labels.part)
    first, second, third = np.split(part, read.signals.layout.starts[1:-1])
    assert first.tolist() == [True] + [False] * (len(first) - 1)
    assert second.sum() == HEAD
    assert third.all()
    judged = fitted.pipeline_.judge_signals(read, part)
    usual = fitted.pipeline_.judge_signals(read)
    assert (judged.paragraph == usual.paragraph).all()
    assert (judged.article[0] != usual.article[0]).all()
    assert (judged.article[1] == usual.article[1]).all()
