"""Batch coding of texts against the tokenizer and a dictionary."""

from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dvtopics.features.syllables import UNKNOWN, SyllableCoder
from dvtopics.text.tokenize import token_spans, tokenize

SYLLABLES = tokenize(
    "hoà thuỷ quý gìn giữ uỷ ban nhân dân xã tiếp công dân khiếu nại tố cáo đất đai toà án "
    "nghiêng 2024 covid19 facebook internet website administration naïve số 7 ở ấy ý"
)
CODER = SyllableCoder(list(dict.fromkeys(SYLLABLES)))
IDS = {syllable: number for number, syllable in enumerate(dict.fromkeys(SYLLABLES))}

PIECES = st.one_of(
    st.sampled_from([*SYLLABLES, "hòa", "thủy", "qúy", "tòa", "Ủy", "ỦY", "UỶ BAN", "Ðất", "ÐẤT"]),
    st.sampled_from([" ", "\n", "_", "-", ".", ",", "“", "…", "\u00a0", "\r\n", "", "/", "–"]),
    st.sampled_from(["\u0301", "\u0323", "\u200b", "\u00ad", "\ufeff", "İ", "Σ", "ﬁ", "²", "ª"]),
    st.sampled_from(["😀", "中文", "\ud800", "\udfff", "e\u0301", "Ⅻ", "ᄀ", "ß", "ẞ", "ſ", "K"]),
    st.text(max_size=4),
    st.text(alphabet="aăâeêioôơuưyàáảãạqgđ", max_size=10),
).flatmap(lambda s: st.sampled_from([s, s.upper(), unicodedata.normalize("NFD", s)]))
TEXTS = st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=6)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
@example(["hòa", "", "e\u0301", "qúy 😀", "", "x" * 9, "dân" * 4])
@example(["\n", "dân\nxã"])
def test_the_tokens_of_every_text_in_order(texts):
    ids, lengths = CODER.encode(texts)
    tokens = [tokenize(text) for text in texts]
    assert lengths.tolist() == [len(part) for part in tokens]
    assert ids.tolist() == [IDS.get(token, UNKNOWN) for part in tokens for token in part]
    same, _, (start, end) = CODER.locate(texts)
    joined, row = "\n".join(texts), np.repeat(np.arange(len(texts)), lengths)
    begin = np.cumsum([0, *(len(text) + 1 for text in texts)])[row]
    spans = [span for text in texts for span in token_spans(text)]
    assert list(zip((start - begin).tolist(), (end - begin).tolist(), strict=True)) == spans
    assert [tokenize(joined[a:b]) for a, b in zip(start, end, strict=True)] == [
        [token] for part in tokens for token in part
    ]
    assert (same == ids).all()


def test_every_character_alone_and_in_a_word():
    points = [*range(0x250), *range(0x1E00, 0x2100), 0x2FFF, 0x3000, 0xFEFF, 0x1F600]
    texts = [text for c in map(chr, points) for text in (c, f"dân{c}", f"{c}dân", f"d{c}n", "dân")]
    tokens = [tokenize(text) for text in texts]
    known = {token: i for i, token in enumerate(dict.fromkeys(t for part in tokens for t in part))}
    ids, lengths = SyllableCoder(list(known)).encode(texts)
    assert lengths.tolist() == [len(part) for part in tokens]
    assert ids.tolist() == [known[token] for part in tokens for token in part]


def test_no_text_and_no_syllable():
    assert [part.tolist() for part in CODER.encode([])] == [[], []]
    ids, lengths = SyllableCoder([]).encode(["dân chủ", ""])
    assert (ids.tolist(), lengths.tolist()) == ([UNKNOWN, UNKNOWN], [2, 0])
