"""`NgramTfidf` against its oracle, scikit-learn's `TfidfVectorizer`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from dvtopics.errors import NotFittedError, UsageError
from dvtopics.features.rows import Rows
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.text.tokenize import tokenize

# Few syllables, so that n-grams repeat; written in several ways, so that forms must meet.
SYLLABLES = st.sampled_from(
    ["hòa", "hoà", "HÒA", "hoa\u0300", "giải", "cơ", "sở", "Đảng", "ðảng", "dân", "dân_chủ", "2024",
     "ủy", "uỷ", "a\u200bn", "ß", "İ", "Σας", "漢", "é", "🙂", "."]
)  # fmt: skip
TEXTS = st.lists(
    st.one_of(
        st.lists(SYLLABLES, max_size=12).map(" ".join),
        st.text(st.characters(), max_size=20),
    ),
    min_size=1,
    max_size=8,
)


def dense(rows: Rows) -> np.ndarray:
    return rows.to_scipy().toarray()


def oracle(ngram_max: int, min_df: int, sublinear_tf: bool) -> TfidfVectorizer:
    return TfidfVectorizer(
        tokenizer=tokenize,
        lowercase=False,
        token_pattern=None,
        ngram_range=(1, ngram_max),
        min_df=min_df,
        sublinear_tf=sublinear_tf,
    )


@settings(max_examples=120, deadline=None)
@given(TEXTS, TEXTS, st.integers(1, 3), st.integers(1, 3), st.booleans())
@example(["\ud800 a b", "a b"], ["b a b \udfff"], 2, 2, True)
def test_equals_scikit_learn(training, unseen, ngram_max, min_df, sublinear_tf):
    theirs = oracle(ngram_max, min_df, sublinear_tf)
    ours = NgramTfidf(ngram_max, min_df, sublinear_tf)
    try:
        theirs.fit(training)
    except ValueError:
        # min_df above the number of texts, or no n-gram left.
        with pytest.raises(UsageError):
            ours.fit(training)
        return
    ours.fit(training)
    names, expected = ours.get_feature_names_out(), theirs.get_feature_names_out()
    assert sorted(names) == sorted(expected)
    column = [theirs.vocabulary_[name] for name in names]
    np.testing.assert_allclose(ours.idf_, theirs.idf_[column], rtol=0, atol=1e-6)
    for texts in (training, unseen):
        np.testing.assert_allclose(
            dense(ours.transform(texts)),
            theirs.transform(texts).toarray()[:, column],
            rtol=0,
            atol=1e-6,
        )


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False))
def test_a_row_does_not_depend_on_its_batch(texts, random):
    assume(any(tokenize(text) for text in texts))
    vectorizer = NgramTfidf(3, 1).fit(texts)
    weights = np.random.RandomState(0).normal(size=(len(vectorizer.keys_), 3)).astype(np.float32)
    together = vectorizer.transform(texts).dot(weights)
    for row, text in enumerate(texts):
        assert (vectorizer.transform([text]).dot(weights)[0] == together[row]).all()
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = vectorizer.transform([texts[i] for i in order]).dot(weights)
    assert (shuffled == together[order]).all()


def test_dot_is_the_matrix_product():
    vectorizer = NgramTfidf(2, 1).fit(["dân chủ ở cơ sở", "cơ sở", ""])
    rows = vectorizer.transform(["dân chủ cơ sở", "", "lạ"])
    weights = np.arange(2.0 * len(vectorizer.keys_)).reshape(-1, 2)
    np.testing.assert_allclose(rows.dot(weights), dense(rows) @ weights, atol=1e-12)


def test_ngrams_do_not_cross_texts_or_unknown_syllables():
    vectorizer = NgramTfidf(2, 1).fit(["dân chủ"])
    names = vectorizer.get_feature_names_out()
    found = dense(vectorizer.transform(["dân", "chủ", "dân lạ chủ"]))
    assert "dân chủ" in names
    assert (found[:, list(names).index("dân chủ")] == 0).all()


def test_from_arrays_gives_the_same_rows():
    texts = ["tiếp công dân", "công dân tố cáo", "hòa giải"]
    fitted = NgramTfidf(3, 1).fit(texts)
    rebuilt = NgramTfidf.from_arrays(
        fitted.syllables_,
        fitted.keys_,
        fitted.idf_.astype(np.float32),
        ngram_max=3,
        min_df=1,
        sublinear_tf=True,
    )
    assert (dense(rebuilt.transform(texts)) == dense(fitted.transform(texts))).all()


def test_no_texts_give_no_rows():
    vectorizer = NgramTfidf(2, 1).fit(["dân chủ"])
    assert vectorizer.transform([]).shape == (0, 3)
    assert dense(vectorizer.transform(["", "!?"])).sum() == 0


@pytest.mark.parametrize("parameters", [{"ngram_max": 0}, {"ngram_max": 4}, {"min_df": 0}])
def test_parameters_out_of_range_are_refused(parameters):
    with pytest.raises(UsageError):
        NgramTfidf(**parameters).fit(["dân chủ"])


@pytest.mark.parametrize("texts", [[], [""], ["mỗi từ một lần"]])
def test_nothing_frequent_enough_is_a_clear_error(texts):
    with pytest.raises(UsageError, match="no n-gram occurs in 2 or more"):
        NgramTfidf(min_df=2).fit(texts)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        NgramTfidf().transform(["dân"])
