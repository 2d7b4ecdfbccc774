"""The checksum by which labels find their texts."""

from __future__ import annotations

import hashlib
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.corpus.checksum import text_checksum

words = st.text(max_size=30)


def test_known_value():
    bare = "Ngàyhộiđạiđoànkết."
    expected = hashlib.sha256(bare.encode()).hexdigest()[:16]
    assert text_checksum("Ngày hội đại_đoàn_kết .") == expected
    assert text_checksum("Ngày hội đại đoàn kết.") == expected
    assert text_checksum("Ngày\u00a0hội \t\nđại_đoàn__kết\u2003.\r\n") == expected
    assert text_checksum(unicodedata.normalize("NFD", "Ngày hội đại đoàn kết.")) == expected


def test_letters_case_and_punctuation_count():
    assert len({text_checksum(x) for x in ("a b", "A b", "ab.", "ba", "á b", "")}) == 6


@settings(max_examples=60, deadline=None)
@given(st.lists(words, max_size=5), st.sampled_from([" ", "_", "\n", " _ ", "\u00a0\t"]))
def test_white_space_and_underscores_do_not_count(parts, joint):
    # Two decomposed letters that meet may compose: whole words only.
    parts = [unicodedata.normalize("NFC", "a" + p + "b") for p in parts]
    assert text_checksum(joint.join(parts)) == text_checksum(" ".join(parts))


@settings(max_examples=60, deadline=None)
@given(words)
def test_any_text_has_one_whatever_its_composition(text):
    checksum = text_checksum(text)
    assert len(checksum) == 16
    assert int(checksum, 16) >= 0
    assert text_checksum(unicodedata.normalize("NFD", text)) == checksum
