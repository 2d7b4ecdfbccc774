"""Tokenised texts in parts: nothing is lost, nothing cut, and learning does not notice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dvtopics.features import tokens as tokens_module
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.features.tokens import TokenisedTexts

SYLLABLES = st.sampled_from(["dân", "chủ", "cơ", "sở", "Đảng", "hòa", "lạ", "🙂", "2024"])
TEXTS = st.lists(st.lists(SYLLABLES, max_size=9).map(" ".join), max_size=12)


@settings(max_examples=150, deadline=None)
@given(texts=TEXTS, most=st.integers(1, 30))
def test_parts_are_the_texts_in_order(texts, most):
    whole = TokenisedTexts.read(texts)
    parts = list(whole.parts(most))
    assert len(parts) >= 1
    assert np.concatenate([p.batch.ids for p in parts]).tolist() == whole.batch.ids.tolist()
    lengths = [p.batch.lengths for p in parts]
    assert np.concatenate(lengths).tolist() == whole.batch.lengths.tolist()
    for part in parts:
        n = len(part.batch.lengths)
        assert part.batch.row.tolist() == np.repeat(range(n), part.batch.lengths).tolist()
        # A part ends with the text that goes over the limit.
        assert n == 0 or part.batch.lengths[:-1].sum() < most
        assert part.words is whole.words


def test_two_million_tokens_are_one_part():
    assert len(list(TokenisedTexts.read(["dân chủ ở cơ sở"] * 50).parts())) == 1
    assert tokens_module.PART == 2_000_000


@settings(max_examples=100, deadline=None)
@given(
    texts=TEXTS,
    most=st.integers(1, 20),
    ngram_max=st.integers(1, 3),
    min_df=st.integers(1, 2),
)
def test_a_vocabulary_learned_in_parts_is_the_same(texts, most, ngram_max, min_df):
    # Twice the texts, so that something is frequent enough.
    whole = TokenisedTexts.read(texts * 2)
    assume(len(whole.batch.ids))
    expected = NgramTfidf(ngram_max, min_df).fit_tokens(whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens_module, "PART", most)
        found = NgramTfidf(ngram_max, min_df).fit_tokens(whole)
    assert found.syllables_ == expected.syllables_
    assert found.keys_.tolist() == expected.keys_.tolist()
    assert found.idf_.tolist() == expected.idf_.tolist()
