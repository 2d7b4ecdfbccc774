"""The compiled loops against numpy: the same, to the bit; and finding them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dvtopics
from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.syllables import SyllableCoder
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.native import kernels, library
from dvtopics.taggers.scorer import TfidfScorer

needs_kernel = pytest.mark.skipif(
    not kernels.available(), reason="the kernel was not compiled: no C compiler at installation"
)

# Few, so that n-grams repeat; decomposed, with invisible characters, long, of other scripts.
SYLLABLES = [
    "hòa", "hoà", "HÒA", "hoa\u0300", "hòa\u0301", "a\u0323\u0302", "a\u0302\u0323", "\u0301dân",
    "dân", "d\u00adân\u200b", "\u200b", "cơ", "sở", "Đảng", "ðảng", "2024", "nghiêng", "nghiêngg",
    "nghie\u0302\u0301ngg", "internet.vn", "uỷ_ban", "ß", "İ", "ơ\u0300", "漢", "é", "🙂", ".",
]  # fmt: skip
TEXTS = st.lists(
    st.one_of(
        st.lists(st.sampled_from(SYLLABLES), max_size=12).map(" ".join),
        st.lists(st.sampled_from(SYLLABLES), max_size=4).map("".join),
        st.text(st.characters(), max_size=20),
    ),
    max_size=8,
)


@contextmanager
def in_numpy() -> Iterator[None]:
    with mock.patch.object(library, "library", return_value=None):
        assert not kernels.available()
        yield


@needs_kernel
@settings(deadline=None)
@given(TEXTS)
@example(["\ud800 a b", "a b"])
@example(["a" * 9 + "\u0301", "\u0301", "a\u0301" * 8, "\u00ad" * 300 + "a"])
def test_tokens_are_the_same(texts):
    coder = SyllableCoder(["hoà", "dân", "cơ", "sở", "đảng", "2024", "nghiêng", "ậ", "ß", "漢"])
    compiled = coder.locate(texts)
    with in_numpy():
        expected = coder.locate(texts)
    for ours, theirs in zip(compiled, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@needs_kernel
@settings(deadline=None)
@given(
    TEXTS,
    TEXTS,
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from([4, 8]),
    st.sampled_from([0, 2, 8]),
)
def test_rows_and_scores_are_the_same(training, unseen, ngram_max, sublinear_tf, k, window):
    vectorizer = NgramTfidf(ngram_max, 1, sublinear_tf).fit(["dân chủ cơ sở", *training])
    random = np.random.RandomState(0)
    n = len(vectorizer.syllables_)
    scorer = TfidfScorer(
        vectorizer,
        random.normal(size=(len(vectorizer.keys_), k)).astype(np.float32),
        random.normal(size=k),
        SyllableEmbedding(random.normal(size=(n, 3)).astype(np.float32)),
        window,
    )
    assert_same_scores(scorer, unseen)


@needs_kernel
@pytest.mark.parametrize("window", [0, 8, 64])
def test_long_texts_are_the_same(window):
    # Longer than what is sorted by insertion, with features beyond one digit of the radix.
    words = [f"tiếng{number}" for number in range(3000)]
    random = np.random.RandomState(0)
    sizes = (1, 7, 8, 63, 64, 95, 96, 97, 98, 511, 519, 575, 576, 5000, 20000)
    texts = [" ".join(random.choice(words, size)) for size in sizes]
    vectorizer = NgramTfidf(3, 1).fit(texts)
    assert len(vectorizer.keys_) > 2**14
    table = random.normal(size=(len(vectorizer.syllables_), 5)).astype(np.float32)
    coef = random.normal(size=(len(vectorizer.keys_), 2)).astype(np.float32)
    scorer = TfidfScorer(vectorizer, coef, np.zeros(2), SyllableEmbedding(table), window)
    assert_same_scores(scorer, [*texts, "", "lạ", *reversed(texts)])


def assert_same_scores(scorer: TfidfScorer, texts: list[str]) -> None:
    scores, trace = scorer.traced(texts)
    untraced = scorer.score(texts)
    with in_numpy():
        expected, expected_trace = scorer.traced(texts)
    for found in (scores, untraced):
        np.testing.assert_array_equal(found.logits, expected.logits)
        np.testing.assert_array_equal(found.content, expected.content)
        np.testing.assert_array_equal(found.length, expected.length)
    for name in ("feature", "share", "norm"):
        ours, theirs = (getattr(t.ngrams, name) for t in (trace, expected_trace))
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(trace.norm, expected_trace.norm)
    for name in ("value", "at", "scale") if scorer.window else ():
        ours, theirs = (getattr(t.peaks, name) for t in (trace, expected_trace))
        np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(untraced.peak, expected.peak)


@needs_kernel
def test_tagging_is_the_same():
    tagger = dvtopics.load("tfidf")
    articles = [
        {"title": "Tiếp công dân", "paragraphs": ["Xã tiếp công dân, giải quyết đơn tố cáo.", ""]},
        {"title": "", "paragraphs": ["Chi bộ họp bàn việc của dân.", "km² " * 200]},
    ]
    compiled = [t.to_record() for t in tagger.tag_many(articles)]
    with in_numpy():
        assert [t.to_record() for t in tagger.tag_many(articles)] == compiled


def test_what_c_would_read_wrongly_is_refused():
    with pytest.raises(TypeError, match="float64"):
        kernels._of(np.zeros(3, np.float32), np.float64)
    with pytest.raises(TypeError, match="contiguous"):
        kernels._of(np.zeros((4, 4))[:, 0], np.float64)


@pytest.fixture
def fresh():
    library.library.cache_clear()
    yield
    library.library.cache_clear()


def test_can_be_switched_off(fresh, monkeypatch):
    monkeypatch.setenv(library.SWITCH, "0")
    assert library.library() is None


@needs_kernel
def test_one_of_another_version_is_left_alone(fresh, monkeypatch):
    monkeypatch.setattr(library, "VERSION", library.VERSION + 1)
    assert library.library() is None


def test_one_that_is_damaged_is_left_alone(fresh, monkeypatch, tmp_path):
    suffix = library.EXTENSION_SUFFIXES[0]
    (tmp_path / f"_kernel{suffix}").write_bytes(b"no library")
    shutil.copy(library.__file__, tmp_path / "library.py")
    monkeypatch.setattr(library, "__file__", str(tmp_path / "library.py"))
    assert library.library() is None


@pytest.mark.parametrize("shape", [(0, 4), (1, 1), (1000, 8)])
def test_aligned_copies_begin_with_a_cache_line(shape):
    array = np.random.default_rng(0).normal(size=shape).astype(np.float16)
    copy = kernels.aligned(array, np.float32)
    assert copy.ctypes.data % 64 == 0 or not copy.size
    assert copy.flags.c_contiguous
    assert copy.dtype == np.float32
    np.testing.assert_array_equal(copy, array)
