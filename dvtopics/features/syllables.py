"""Texts to syllable ids, a whole batch at once.

In: texts. Out: the ids of their tokens, as if every text were cut by
`dvtopics.text.tokenize` and every token looked up in a dictionary. Code points become small
letter codes (case folded) by one table; a token of up to eight letters is then one 64-bit
integer, found in a hash table of all spellings of the known syllables. Texts with anything
unusual (other scripts; in numpy also decomposed letters and invisible characters) go the slow way.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.lookup import IntegerTable
from dvtopics.native import kernels
from dvtopics.text.tokenize import (
    INVISIBLE,
    canonical,
    inside_tokens,
    other_placements,
    token_spans,
)

UNKNOWN = -1
#: Of a token that is too long for the table.
_LONG = -2
_CACHE_LIMIT = 300_000
#: Code points from here on are unusual.
_LIMIT = 0x3000
_ODD = 255
_WIDTH = 8
#: Nothing to be seen, then the marks of decomposed letters. Their codes are the last below `_ODD`.
_MARKS = "\u00ad\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
_LETTERS = (
    "0123456789abcdefghijklmnopqrstuvwxyzđ"
    "àáâãèéêìíòóôõùúýăĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
    "äåæçëîïñöøûüÿ"
)


class SyllableIds(dict[str, int]):
    """Surface form of a token → id of its canonical form; fills itself, within bounds.

    Normalising each distinct surface once instead of every occurrence is what makes the
    tokenisation cost that of one regular expression.
    """

    def __init__(self, syllables: Sequence[str]) -> None:
        super().__init__()
        self._ids = {syllable: index for index, syllable in enumerate(syllables)}

    def __missing__(self, surface: str) -> int:
        index = self._ids.get(canonical(surface), UNKNOWN)
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        if len(surface) < 64:
            self[surface] = index
        return index


class SyllableCoder:
    """Ids of the tokens of texts.

    Parameters
    ----------
    syllables : sequence of str
        Canonical and distinct; the position is the id.
    """

    def __init__(self, syllables: Sequence[str]) -> None:
        self._slow = SyllableIds(syllables)
        spellings: list[str] = []
        index: list[int] = []
        for number, syllable in enumerate(syllables):
            # No token is looked up by such a form; here it would be folded.
            if syllable != syllable.lower() or "\u00f0" in syllable:
                continue
            every = [syllable, *other_placements(syllable)]
            spellings += every
            index += [number] * len(every)
        letters = _folded("\n".join([*spellings, ""]))
        length = np.fromiter(map(len, spellings), np.int64, len(spellings))
        start = np.cumsum(length + 1) - length - 1
        # One with other letters is found the slow way only.
        other = np.append(0, np.cumsum((letters == 0) | (letters >= _ODD - len(_MARKS))))
        fits = np.flatnonzero(
            (length <= _WIDTH) & (other.take(start + length) == other.take(start))
        )
        # Of the same spelling the first counts.
        packed, first = np.unique(_packed(letters, start, length)[fits], return_index=True)
        self._table = IntegerTable(packed)
        self._ids = np.append(np.array(index, np.int64)[fits][first], UNKNOWN)

    def encode(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ids of all tokens (`UNKNOWN` where none) and the tokens per text."""
        ids, lengths, _ = self.locate(texts)
        return ids, lengths

    def locate(
        self, texts: Sequence[str]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return ids and lengths as `encode` does, and where the tokens stand.

        That is an array of shape (2, n_tokens): starts and ends, in code points, in the texts
        joined by one character each.
        """
        if not len(texts):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((2, 0), np.int64)
        # "\n" is in no token. The end holds a whole word of what can be read beyond a token.
        joined = "\n".join(texts) + "\n"
        ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
        find = self._compiled if kernels.available() else self._in_numpy
        ids, spans, lengths, odd = find(joined, ends)
        for token in np.flatnonzero(ids == _LONG).tolist():
            ids[token] = self._slow[joined[spans[0, token] : spans[1, token]]]
        if odd.any():
            return self._with_odd(
                texts, np.flatnonzero(odd), np.vstack([ids, spans]), lengths, ends
            )
        return ids, lengths, spans

    def _compiled(
        self, joined: str, ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return ids (`_LONG` where not looked up), spans, tokens per text and what is odd."""
        raw, width = code_points(joined)
        return kernels.code_tokens(
            raw, width, ends, _letter_codes()[1], _with_marks(), _ODD, self._table.parts, self._ids
        )

    def _in_numpy(
        self, joined: str, ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the same."""
        letters = _folded(joined)
        odd = np.zeros(len(ends), dtype=bool)
        odd[np.searchsorted(ends, np.flatnonzero(letters >= _ODD - len(_MARKS)), side="right")] = (
            True
        )
        starts = np.append(0, ends[:-1])
        for row in np.flatnonzero(odd).tolist():
            letters[starts[row] : ends[row]] = 0
        inside = letters != 0
        edges = np.flatnonzero(inside[1:] != inside[:-1]) + 1
        if inside[0]:
            edges = np.concatenate([np.zeros(1, np.int64), edges])
        spans = edges.reshape(-1, 2).T
        start, end = spans
        ids = self._ids.take(self._table.find(_packed(letters, start, end - start)))
        ids[end - start > _WIDTH] = _LONG
        return ids, spans, np.diff(np.searchsorted(start, ends), prepend=0), odd

    def _with_odd(
        self,
        texts: Sequence[str],
        odd: NDArray[np.int64],
        tokens: NDArray[np.int64],
        lengths: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Put the tokens of the `odd` texts, read the slow way, between those of the others.

        A token is a column of its id, start and end.
        """
        before, lengths = np.cumsum(lengths), lengths.copy()
        parts, done = [], 0
        for row in odd.tolist():
            text, begin = texts[row], int(ends[row]) - len(texts[row]) - 1
            slow = [
                (self._slow[text[start:end]], begin + start, begin + end)
                for start, end in token_spans(text)
            ]
            found = np.array(slow, dtype=np.int64).reshape(-1, 3).T
            parts += [tokens[:, done : before[row]], found]
            done, lengths[row] = int(before[row]), len(slow)
        joined = np.ascontiguousarray(np.concatenate([*parts, tokens[:, done:]], axis=1))
        return joined[0], lengths, joined[1:]


def _folded(text: str) -> NDArray[np.uint8]:
    """Return the letter code of every character: 0 between tokens, `_ODD` where unusual.

    Codes next below `_ODD` are those of `_MARKS`.
    """
    _, table = _letter_codes()
    raw, width = code_points(text)
    points = np.frombuffer(raw, np.uint16 if width == 2 else np.uint32)
    letters: NDArray[np.uint8] = table.take(np.minimum(points, _LIMIT))
    return letters


def code_points(text: str) -> tuple[bytes, int]:
    """Return the code points of a text, and how many bytes each takes."""
    raw = text.encode("utf-16-le", "surrogatepass")
    if len(raw) == 2 * len(text):
        return raw, 2
    return text.encode("utf-32-le", "surrogatepass"), 4


def _packed(
    letters: NDArray[np.uint8], start: NDArray[np.int64], length: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the first eight letters of every token as one integer; 0 where it has more."""
    padded = np.concatenate([letters, np.zeros(_WIDTH, np.uint8)])
    words: NDArray[np.uint64] = np.ndarray((len(letters),), "<u8", padded.data, strides=(1,))
    masks = np.array([(1 << 8 * n) - 1 for n in range(_WIDTH + 1)] + [0], dtype=np.uint64)
    packed: NDArray[np.uint64] = words[start] & masks.take(np.minimum(length, _WIDTH + 1))
    return packed


@cache
def _letter_codes() -> tuple[dict[str, int], NDArray[np.uint8]]:
    """Code of every fast letter, and of every code point below `_LIMIT` (and all above)."""
    codes = {letter: number for number, letter in enumerate(_LETTERS, start=1)}
    table = np.zeros(_LIMIT + 1, dtype=np.uint8)
    table[_LIMIT] = _ODD
    for character in inside_tokens(_LIMIT):
        # The Icelandic eth stands for đ, as in `canonical`.
        lower = character.lower().replace("\u00f0", "đ")
        table[ord(character)] = codes.get(lower, _ODD)
    first = _ODD - len(_MARKS)
    for number, mark in enumerate(_MARKS):
        table[ord(mark)] = first + number
    for invisible in filter(lambda character: ord(character) < _LIMIT, INVISIBLE):
        table[ord(invisible)] = first
    return codes, table


@cache
def _with_marks() -> NDArray[np.uint8]:
    """Code of every fast letter with every one of `_MARKS`, shape (n_marks, 256); 0: none.

    Composing goes mark by mark: the result is that of composing all together (Unicode Standard
    Annex 15, on concatenation).
    """
    codes, _ = _letter_codes()
    table = np.zeros((len(_MARKS), 256), dtype=np.uint8)
    for letter, code in codes.items():
        table[0, code] = code
        for number, mark in enumerate(_MARKS[1:], start=1):
            table[number, code] = codes.get(unicodedata.normalize("NFC", letter + mark), 0)
    return table
