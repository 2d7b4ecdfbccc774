"""Cutting and counting on arrays against the obvious slow way, and against gensim."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
from counting import npmi as plain_npmi

from dvtopics.article import Article
from dvtopics.topics.coherence import c_v, npmi, u_mass
from dvtopics.topics.cooccurrence import Counts, count_paragraphs, count_windows
from dvtopics.topics.cutting import Cutter
from dvtopics.topics.marks import BREAK, SyllableTable
from dvtopics.topics.spill import Spill


def slow_cut(ids, marks, phrases):
    starts, at = [], 0
    while at < len(ids):
        for size in (4, 3, 2, 1):
            piece = tuple(ids[at : at + size])
            broken = any(m & BREAK for m in marks[at + 1 : at + size])
            if size == 1 or (len(piece) == size and piece in phrases and not broken):
                break
        starts.append(at)
        at += size
    return starts


def test_words_are_cut_as_a_loop_would_cut_them():
    rng = random.Random(3)
    table = SyllableTable(["0", "", *"abcdef"])
    for _ in range(60):
        phrases = {" ".join(rng.choices("abcdef", k=rng.randint(2, 4))) for _ in range(12)}
        ids = [rng.randint(2, 7) for _ in range(80)]
        marks = [rng.choice([0, 0, 0, BREAK]) for _ in ids]
        cutter = Cutter(sorted(phrases), table)
        first, words = cutter.cut(np.array(ids, np.int32), np.array(marks, np.uint8))
        assert first.tolist() == slow_cut(ids, marks, {table.phrase_ids(p) for p in phrases})
        names = [*table.syllables, *sorted(phrases)]
        ends = [*first[1:].tolist(), len(ids)]
        for start, end, word in zip(first.tolist(), ends, words.tolist(), strict=True):
            assert names[word] == " ".join(table.syllables[i] for i in ids[start:end])


def spilled(paragraphs: list[str], folder: Path) -> Spill:
    return Spill(folder).write([Article("khiếu nại", paragraphs)], 0, 0)


def test_npmi_by_hand(tmp_path):
    # Four paragraphs: a in 2, b in 2, both in 1; c never meets a.
    spill = spilled(["Đơn thư gửi xã.", "Đơn thư.", "Gửi xã.", "Chi bộ và xã."], tmp_path)
    terms = ["đơn_thư", "gửi", "chi_bộ", "xã"]
    counts = count_paragraphs(spill.blocks(), terms, spill.table)
    assert counts.n == 4  # the title is no paragraph
    assert counts.pairs.diagonal().tolist() == [2, 2, 1, 3]
    assert npmi([["đơn_thư", "gửi"]], counts) == [pytest.approx(0.0)]
    assert npmi([["đơn_thư", "chi_bộ"]], counts) == [-1.0]
    # p(gửi, xã) = 1/2, p(gửi) = 1/2, p(xã) = 3/4
    expected = math.log(0.5 / (0.5 * 0.75)) / -math.log(0.5)
    assert npmi([["gửi", "xã"]], counts) == [pytest.approx(expected)]


def test_a_term_counts_inside_a_longer_one_and_across_punctuation(tmp_path):
    spill = spilled(["Ban tiếp công dân họp.", "Công, dân.", "Dân công.", "CÔNG DÂN"], tmp_path)
    counts = count_paragraphs(spill.blocks(), ["công_dân", "tiếp_công_dân"], spill.table)
    assert counts.pairs.tolist() == [[3, 1], [1, 1]]


def test_counting_agrees_with_the_plain_way(tmp_path):
    rng = random.Random(0)
    words = ["đơn thư", "đơn", "thư tố cáo", "tố cáo", "xã", "dân", "chi bộ", "bộ"]
    paragraphs = [" ".join(rng.choices(words, k=rng.randint(1, 6))) for _ in range(300)]
    terms = [w.replace(" ", "_") for w in words]
    spill = spilled(paragraphs, tmp_path)
    counts = count_paragraphs(spill.blocks(), terms, spill.table)
    topics = [rng.sample(terms, 5) for _ in range(4)]
    assert npmi(topics, counts) == pytest.approx(plain_npmi(topics, paragraphs))


@pytest.fixture
def documents() -> list[list[str]]:
    # No word twice in a document: gensim forgets a word when one of its occurrences leaves the
    # window, even where another is still in it.
    rng = random.Random(1)
    return [rng.sample("abcdefghijklmnop", k=rng.randint(3, 16)) for _ in range(60)]


@pytest.mark.parametrize("measure", ["c_v", "u_mass", "c_npmi"])
def test_measures_agree_with_gensim(measure, documents):
    from gensim.corpora import Dictionary
    from gensim.models import CoherenceModel

    topics = [list("abcd"), list("efgh"), list("aceg")]
    terms = list("abcdefgh")
    dictionary = Dictionary(documents)
    window = {"c_v": 7, "c_npmi": 5, "u_mass": None}[measure]
    reference = CoherenceModel(
        topics=topics, texts=documents, dictionary=dictionary, coherence=measure,
        window_size=window, corpus=[dictionary.doc2bow(d) for d in documents], processes=1,
    ).get_coherence_per_topic()  # fmt: skip
    numbers = {letter: i for i, letter in enumerate(terms)}
    place = np.array([numbers.get(w, -1) for d in documents for w in d])
    ends = np.cumsum([len(d) for d in documents])
    split = np.split(place, ends[:-1])
    if measure == "u_mass":
        counts = count_windows(split, terms, window=1000)
        own = u_mass(topics, counts)
    else:
        counts = count_windows(split, terms, window=window)
        own = {"c_v": c_v, "c_npmi": npmi}[measure](topics, counts)
    assert own == pytest.approx(reference, abs=1e-9)


def test_windows_are_counted_as_a_loop_would_count_them():
    rng = random.Random(2)
    documents = [np.array(rng.choices(range(-1, 6), k=rng.randint(0, 30))) for _ in range(30)]
    pairs, n = np.zeros((6, 6), dtype=np.int64), 0
    for words in documents:
        for start in range(max(1, len(words) - 7 + 1)):
            held = sorted(set(words[start : start + 7].tolist()) - {-1})
            pairs[np.ix_(held, held)] += 1
            n += 1
    counts = count_windows(documents, list("abcdef"), window=7)
    assert counts.n == n
    assert (counts.pairs == pairs).all()


def test_terms_that_are_nowhere_do_no_harm():
    counts = Counts(5, ["a", "b"], np.zeros((2, 2), dtype=np.int64))
    assert npmi([["a", "b"]], counts) == [-1.0]
    assert u_mass([["a", "b"]], counts) == [0.0]
    assert np.isfinite(c_v([["a", "b"]], counts)).all()
