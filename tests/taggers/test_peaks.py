"""Peaks: the highest score of any few tokens in a row."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.native import library
from dvtopics.taggers import peaks
from dvtopics.taggers.scorer import TfidfScorer

WORDS = ["dân", "chủ", "cơ", "sở", "đơn", "thư", "họp"]
TEXTS = st.lists(
    st.lists(st.sampled_from([*WORDS, "lạ"]), max_size=14).map(" ".join), min_size=1, max_size=6
)


def scorer_of(window, sublinear_tf=False, ngram_max=2):
    """A scorer with weights at random that knows `WORDS` and all that is in these texts."""
    training = [" ".join(WORDS), "dân chủ dân chủ cơ sở", "đơn thư đơn thư", "họp họp dân"]
    vectorizer = NgramTfidf(ngram_max, 1, sublinear_tf).fit(training)
    rng = np.random.default_rng(0)
    n = len(vectorizer.keys_)
    table = SyllableEmbedding(np.zeros((len(vectorizer.syllables_), 1), np.float32))
    coef = rng.normal(size=(n, 3)).astype(np.float32)
    return TfidfScorer(vectorizer, coef, rng.normal(size=3), table, window)


def by_hand(scorer, text):
    """The peaks of a text and where they are, window by window, n-gram by n-gram."""
    vectorizer, window = scorer.vectorizer, scorer.window
    names = {name: at for at, name in enumerate(vectorizer.get_feature_names_out())}
    tokens = text.split()
    starting = []
    for start in range(len(tokens)):
        grams = (" ".join(tokens[start : start + n]) for n in range(1, vectorizer.ngram_max + 1)
                 if start + n <= len(tokens))  # fmt: skip
        starting.append([names[gram] for gram in grams if gram in names])
    every = [gram for grams in starting for gram in grams]
    found = []
    for start in range(len(tokens) - window + 1):
        inside = [gram for grams in starting[start : start + window] for gram in grams]
        times = np.array([every.count(gram) for gram in inside])
        tf = 1 + np.log(times) if vectorizer.sublinear_tf and len(times) else times
        weight = tf / times * vectorizer.idf_[inside] if inside else np.zeros(0)
        length = np.sqrt((weight**2).sum())
        score = weight @ scorer.coef[inside] / length if length else np.zeros(3)
        found.append(score + scorer.intercept)
    return np.max(found, axis=0), np.array(found)


@settings(deadline=None)
@given(TEXTS, st.sampled_from([2, 4, 8]), st.booleans(), st.integers(1, 3))
def test_is_the_best_window(texts, window, sublinear_tf, ngram_max):
    scorer = scorer_of(window, sublinear_tf, ngram_max)
    scores, trace = scorer.traced(texts)
    begins = np.append(0, np.cumsum(scores.length))
    for number, text in enumerate(texts):
        if len(text.split()) < window:
            np.testing.assert_array_equal(scores.peak[number], scores.logits[number])
            assert (trace.peaks.at[number] == -1).all()
            assert (trace.peaks.scale[number] == 0).all()
            continue
        highest, every = by_hand(scorer, text)
        np.testing.assert_allclose(scores.peak[number], highest, rtol=0, atol=1e-9)
        at = trace.peaks.at[number] - begins[number]
        np.testing.assert_allclose(every[at, np.arange(3)], highest, rtol=0, atol=1e-9)


def test_finds_what_the_rest_thins():
    """A short clause in a long text: the whole text scores low, its peak as high as the clause."""
    scorer = scorer_of(2)
    clause = int(np.argmax(scorer.coef[:, 0]))
    said = scorer.vectorizer.get_feature_names_out()[clause].split()[0]
    long = " ".join(["lạ", "cơ", "sở"] * 10 + [said, "lạ"])
    scores = scorer.score([f"{said} lạ", long])
    assert scores.peak[1, 0] >= scores.peak[0, 0] - 1e-9
    assert scores.peak[1, 0] > scores.logits[1, 0]


@settings(deadline=None)
@given(TEXTS, st.integers(1, 9))
def test_memory_has_a_limit_that_changes_nothing(texts, slab):
    """In numpy windows are looked at by slabs, wherever these fall in a text."""
    scorer = scorer_of(4)
    with mock.patch.object(library, "library", return_value=None):
        _, whole = scorer.traced(texts)
        with mock.patch.object(peaks, "_SLAB", slab):
            _, cut = scorer.traced(texts)
    for name in ("value", "at", "scale"):
        np.testing.assert_array_equal(getattr(whole.peaks, name), getattr(cut.peaks, name))


@pytest.mark.parametrize("compiled", [True, False])
def test_does_not_depend_on_the_batch(compiled):
    scorer = scorer_of(4)
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice([*WORDS, "lạ"], size)) for size in (3, 40, 4, 0, 700, 5)]
    with mock.patch.object(library, "library", library.library if compiled else lambda: None):
        together = scorer.score(texts).peak
        alone = np.concatenate([scorer.score([text]).peak for text in texts])
    np.testing.assert_array_equal(together, alone)


def test_none_are_looked_for_without_a_window():
    scorer = scorer_of(0)
    scores, trace = scorer.traced(["dân chủ cơ sở"])
    assert scores.peak is None
    assert trace.peaks is None
