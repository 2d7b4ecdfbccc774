"""Evidence by the compiled loops against numpy: the same terms, weights to six decimals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kernels import in_numpy, needs_kernel

import dvtopics
from dvtopics.features.phrases import PhraseList
from dvtopics.features.syllables import SyllableCoder, code_points
from dvtopics.native import kernels

SYLLABLES = ["tiếp", "công", "dân", "chủ", "cơ", "sở"]
PHRASES = ["công dân", "dân chủ", "cơ sở", "dân chủ cơ sở", "tiếp công dân", "chủ cơ sở"]
TEXTS = st.lists(
    st.lists(st.sampled_from([*SYLLABLES, "lạ", ",", "_", "\t", "\u00a0", "🙂"]), max_size=15).map(
        " ".join
    ),
    min_size=1,
    max_size=5,
)


@needs_kernel
@settings(deadline=None)
@given(TEXTS)
def test_words_start_where_the_phrase_list_says(texts):
    phrases, coder = PhraseList(PHRASES, SYLLABLES), SyllableCoder(SYLLABLES)
    ids, lengths, spans = coder.locate(texts)
    joined = "\n".join(texts) + "\n"
    raw, width = code_points(joined)
    chosen = np.ones(len(texts), dtype=bool)
    flags = kernels.mark_words(raw, width, (ids, spans, lengths), chosen, *phrases.parts)
    assert np.flatnonzero(flags & 1).tolist() == phrases.word_starts(ids, lengths).tolist()
    last = set((np.cumsum(lengths) - 1).tolist())
    for token in range(len(ids)):
        between = "" if token in last else joined[spans[1, token] : spans[0, token + 1]]
        goes_on = token not in last and not between.strip(" \t\u00a0_")
        assert bool(flags[token] & 2) == goes_on


@needs_kernel
def test_no_word_is_marked_in_other_texts():
    coder = SyllableCoder(SYLLABLES)
    texts = ["công dân", "dân chủ"]
    ids, lengths, spans = coder.locate(texts)
    raw, width = code_points("\n".join(texts) + "\n")
    begins = np.zeros(len(SYLLABLES) + 1, dtype=bool)
    flags = kernels.mark_words(
        raw, width, (ids, spans, lengths), np.array([False, True]), begins, []
    )
    assert flags[2:].tolist() == [3, 1]


@needs_kernel
@pytest.mark.parametrize("size", [1, 7, 64])
def test_evidence_is_the_same(authored, size):
    tagger = dvtopics.load("tfidf")
    articles = authored[:size]
    compiled = [t.to_record() for t in tagger.tag_many(articles)]
    with in_numpy():
        expected = [t.to_record() for t in tagger.tag_many(articles)]
    n = 0
    for ours, theirs in zip(compiled, expected, strict=True):
        for one, other in zip([ours, *ours["paragraphs"]], [theirs, *theirs["paragraphs"]],
                              strict=True):  # fmt: skip
            assert [without_weight(e) for e in one["evidence"]] == [
                without_weight(e) for e in other["evidence"]
            ]
            n += len(one["evidence"])
            np.testing.assert_allclose(
                [e["weight"] for e in one["evidence"]],
                [e["weight"] for e in other["evidence"]],
                rtol=0,
                atol=2e-6,
            )
    assert n > 10 * size


def without_weight(entry):
    return {name: value for name, value in entry.items() if name != "weight"}
