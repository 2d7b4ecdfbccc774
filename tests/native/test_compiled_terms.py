"""Evidence by the compiled loops against numpy: the same terms, weights to six decimals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_kernels import in_numpy, needs_kernel

import dvtopics
from dvtopics import Article
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
    assert compared(authored[:size]) > 10 * size


@needs_kernel
@pytest.mark.parametrize("more", range(-2, 4))
def test_evidence_of_long_texts_is_the_same(authored, more):
    """The loops go over 512 tokens at a time."""
    words = " ".join(p.text for a in authored[:20] for p in a.paragraphs).split()
    texts = [" ".join(words[at : at + 512 * n + more]) for at, n in ((0, 1), (300, 2), (900, 4))]
    assert compared([Article(texts[0], texts[1:]), Article("", [" ".join(words)])]) > 20


def compared(articles):
    """Compare evidence by the compiled loops and by numpy; return the number of entries."""
    tagger = dvtopics.load("tfidf")
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
    return n


def without_weight(entry):
    return {name: value for name, value in entry.items() if name != "weight"}


@needs_kernel
def test_what_c_would_read_wrongly_is_refused():
    coder = SyllableCoder(SYLLABLES)
    lengths = coder.locate(["công dân"])[1]
    flags = np.array([1, 1], np.uint8)
    places = np.full((2, 3), -1, np.int32), np.zeros((2, 3))
    tables = np.zeros((6, 3), np.float32), np.zeros((6, 2), np.float32)
    pulls = np.zeros(1, np.int64), np.zeros(1, np.int64), np.ones((1, 3))
    peaks = np.ones((1, 2)), np.zeros((1, 2), np.int64), 8
    none = kernels.heaviest_terms(lengths, flags, places, *tables, pulls, peaks, 8)
    assert [len(column) for column in none] == [0] * 4
    no_start = np.array([0, 1], np.uint8)
    with pytest.raises(AssertionError):
        kernels.heaviest_terms(lengths, no_start, places, *tables, pulls, peaks, 8)
    with pytest.raises(AssertionError):
        kernels.heaviest_terms(lengths, flags, places, *tables, pulls, peaks, 33)
    one_score = np.ones((1, 1)), np.zeros((1, 1), np.int64), 8
    with pytest.raises(AssertionError):
        kernels.heaviest_terms(lengths, flags, places, *tables, pulls, one_score, 8)
