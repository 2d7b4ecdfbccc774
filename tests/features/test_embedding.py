"""`SyllableEmbedding` against a dense computation with scikit-learn's `TfidfVectorizer`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.text.tokenize import tokenize

SYLLABLES = st.sampled_from(["dân", "chủ", "cơ", "sở", "Đảng", "hòa", "hoà", "lạ", "🙂", "2024"])
TEXTS = st.lists(st.lists(SYLLABLES, max_size=10).map(" ".join), min_size=1, max_size=8)
TRAINING = ["dân chủ ở cơ sở", "chi bộ cơ sở Đảng họp", "dân bàn, dân làm", "hòa giải ở cơ sở"]


def fitted(texts, ngram_max=3, n_dimensions=3, random_state=0):
    vectorizer = NgramTfidf(ngram_max, 1).fit(texts)
    rows = vectorizer.transform(texts)
    return vectorizer, SyllableEmbedding.fit(
        [rows], len(vectorizer.syllables_), n_dimensions, random_state
    )


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, ngram_max=st.integers(1, 3), seed=st.integers(0, 99))
def test_equals_normalised_unigrams_times_the_table(texts, ngram_max, seed):
    vectorizer = NgramTfidf(ngram_max, 1).fit(TRAINING)
    syllables = vectorizer.syllables_
    table = np.random.RandomState(seed).normal(size=(len(syllables), 4)).astype(np.float32)
    oracle = TfidfVectorizer(
        tokenizer=tokenize, lowercase=False, token_pattern=None, sublinear_tf=True
    ).fit(TRAINING)
    column = [oracle.vocabulary_[syllable] for syllable in syllables]
    expected = oracle.transform(texts).toarray()[:, column] @ table
    found = SyllableEmbedding(table).transform(vectorizer.transform(texts))
    # The vectorizer holds its document frequencies in single precision.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(texts=TEXTS, random=st.randoms(use_true_random=False))
def test_a_row_does_not_depend_on_its_batch(texts, random):
    vectorizer, embedding = fitted(TRAINING)
    together = embedding.transform(vectorizer.transform(texts))
    for row, text in enumerate(texts):
        assert (embedding.transform(vectorizer.transform([text]))[0] == together[row]).all()
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = embedding.transform(vectorizer.transform([texts[i] for i in order]))
    assert (shuffled == together[order]).all()


def test_what_is_unknown_counts_for_nothing():
    vectorizer, embedding = fitted(TRAINING)
    bare, mixed, unknown, empty = embedding.transform(
        vectorizer.transform(["dân chủ", "xyzzy dân plugh chủ", "xyzzy plugh", ""])
    )
    assert bare.any()
    # "dân chủ" is a term of its own: parted, the row has less beside its syllables.
    np.testing.assert_allclose(mixed, bare, rtol=0, atol=1e-12)
    assert not unknown.any()
    assert not empty.any()


def test_no_rows_give_no_coordinates():
    vectorizer, embedding = fitted(TRAINING)
    assert embedding.transform(vectorizer.transform([])).shape == (0, 3)


def test_norms_are_the_length_of_the_single_syllables():
    texts = ["dân chủ ở cơ sở", "dân", "xyzzy"]
    vectorizer, embedding = fitted(TRAINING)
    rows = vectorizer.transform(texts)
    single = rows.to_scipy().toarray()[:, : len(vectorizer.syllables_)]
    np.testing.assert_allclose(
        embedding.project(rows)[1], np.linalg.norm(single, axis=1), atol=1e-12
    )


def test_coordinates_span_the_best_approximation():
    """The projection on the axes loses what a full decomposition says it must lose."""
    rng = np.random.default_rng(0)
    words = [f"từ{number}" for number in range(30)]
    texts = [" ".join(rng.choice(words, 12)) for _ in range(60)]
    vectorizer, embedding = fitted(texts, ngram_max=1, n_dimensions=5)
    dense = vectorizer.transform(texts).to_scipy().toarray()
    values = np.linalg.svd(dense, compute_uv=False)
    axes, _ = np.linalg.qr(embedding.table.astype(np.float64))
    lost = ((dense - dense @ axes @ axes.T) ** 2).sum()
    assert lost == pytest.approx((values[5:] ** 2).sum(), rel=0.02)
    assert embedding.transform(vectorizer.transform(texts)).std() == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("texts", [TRAINING[:1], TRAINING[:2], TRAINING, ["dân", "dân", "dân"]])
def test_fewer_texts_than_dimensions_leave_zeros(texts):
    vectorizer, embedding = fitted(texts, n_dimensions=32)
    assert embedding.table.shape == (len(vectorizer.syllables_), 32)
    assert embedding.table.dtype == np.float32
    assert np.isfinite(embedding.table).all()
    used = embedding.table.any(axis=0)
    assert used.sum() < len(texts)
    assert not used[len(texts) :].any(), "what is left over comes last"
    assert embedding.transform(vectorizer.transform(texts)).shape == (len(texts), 32)


def test_the_seed_decides():
    rng = np.random.default_rng(0)
    words = [f"từ{number}" for number in range(200)]
    texts = [" ".join(rng.choice(words, 20)) for _ in range(100)]
    first, again, other = (
        fitted(texts, ngram_max=1, n_dimensions=4, random_state=seed)[1].table for seed in (0, 0, 1)
    )
    assert first.tobytes() == again.tobytes()
    assert (first != other).any()
