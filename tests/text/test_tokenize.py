from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.text.tokenize import canonical, find_tokens, place_tone_mark, token_spans, tokenize

TONES = ["", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"]


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("rime", ["oa", "oe", "uy"])
@pytest.mark.parametrize("onset", ["", "h", "th", "ngh", "đ", "kh", "x"])
def test_old_and_new_placement_are_one(onset, rime, tone):
    old = nfc(onset + rime[0] + tone + rime[1])
    new = nfc(onset + rime + tone)
    assert canonical(old) == canonical(new) == new


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("tòan", "toàn"), ("hòang", "hoàng"), ("húynh", "huýnh"), ("lọai", "loại"),
        ("qúy", "quý"), ("qủa", "quả"), ("qùa", "quà"), ("gía", "giá"), ("gìa", "già"),
        ("gỉai", "giải"), ("gíup", "giúp"),
    ],
)  # fmt: skip
def test_misplaced_marks_are_mended(written, meant):
    assert place_tone_mark(written) == meant
    assert place_tone_mark(meant) == meant


@pytest.mark.parametrize(
    "syllable",
    ["múa", "của", "mía", "nghĩa", "lúa", "tòa"[:2], "gì", "gìn", "chìa", "ủng", "bùi", "túi",
     "khuỷu", "thuở", "ngoài", "quốc", "người", "được"],
)  # fmt: skip
def test_right_syllables_are_left_alone(syllable):
    assert place_tone_mark(syllable) == syllable


@given(st.text())
@settings(max_examples=150, deadline=None)
def test_spans_cut_the_tokens_out_of_the_text(text):
    spans = token_spans(text)
    assert [text[start:end] for start, end in spans] == find_tokens(text)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert tokenize(text) == [canonical(token) for token in find_tokens(text)]


VIETNAMESE = st.lists(
    st.sampled_from(
        ["Uỷ", "BAN", "hòa", "giải", "ở", "cơ", "sở,", "Đảng", "viên", "nghĩa", "người"]
    ),
    max_size=8,
).map(" ".join)


@given(VIETNAMESE)
def test_composed_and_decomposed_text_have_the_same_tokens(text):
    decomposed = unicodedata.normalize("NFD", text)
    assert tokenize(decomposed) == tokenize(text)
    assert len(token_spans(decomposed)) == len(token_spans(text))


@given(st.text(max_size=12))
@settings(max_examples=150, deadline=None)
def test_canonical_form_is_final(text):
    for token in tokenize(text):
        assert token
        assert canonical(token) == token


@pytest.mark.parametrize("hidden", ["\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"])
def test_invisible_characters_change_nothing(hidden):
    assert tokenize(f"khi{hidden}ếu nại") == ["khiếu", "nại"]
    assert tokenize(f"kha{hidden}\u0301ng") == ["kháng"]


def test_what_is_a_token():
    assert tokenize("Tiếp_dân 2,5% (TTHC): A-B/c ðảng… 🙂") == [
        "tiếp", "dân", "2", "5", "tthc", "a", "b", "c", "đảng",
    ]  # fmt: skip
    assert tokenize(" _ -\u0301\n") == []
