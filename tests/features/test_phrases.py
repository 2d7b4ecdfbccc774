from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvtopics.features.phrases import PhraseList

SYLLABLES = ["dân", "chủ", "cơ", "sở", "ở"]
DAN, CHU, CO, SO, AT = range(5)


def starts(phrases, ids):
    return PhraseList(phrases, SYLLABLES).word_starts(np.array(ids, dtype=np.int64)).tolist()


def test_longest_word_from_the_left():
    assert starts(["dân chủ", "cơ sở", "dân chủ cơ"], [DAN, CHU, AT, CO, SO]) == [0, 2, 3]
    assert starts(["dân chủ", "cơ sở", "dân chủ cơ"], [DAN, CHU, CO, SO]) == [0, 3]


def test_words_with_an_unknown_syllable_match_nothing():
    assert starts(["dân vận"], [DAN, -1, DAN]) == [0, 1, 2]


def test_without_phrases_every_syllable_is_a_word():
    assert starts([], [DAN, CHU]) == [0, 1]
    assert starts([], []) == []


def by_loop(words, ids):
    found, at = [], 0
    while at < len(ids):
        found.append(at)
        sizes = range(len(ids) - at, 1, -1)
        at += next((n for n in sizes if tuple(ids[at : at + n]) in words), 1)
    return found


@given(
    phrases=st.lists(st.lists(st.sampled_from([*SYLLABLES[:3], "lạ"]), min_size=2, max_size=5)),
    texts=st.lists(st.lists(st.integers(-1, 2), max_size=15), max_size=4),
)
def test_several_texts_at_once_as_by_a_loop(phrases, texts):
    found = PhraseList([" ".join(phrase) for phrase in phrases], SYLLABLES)
    known = {
        tuple(map(SYLLABLES.index, phrase)) for phrase in phrases if set(phrase) <= set(SYLLABLES)
    }
    expected, begin = [], 0
    for text in texts:
        expected += [begin + start for start in by_loop(known, text)]
        begin += len(text)
    ids = np.array([i for text in texts for i in text], dtype=np.int64)
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    assert found.word_starts(ids, lengths).tolist() == expected
