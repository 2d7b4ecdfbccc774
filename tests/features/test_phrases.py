from __future__ import annotations

import numpy as np

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
