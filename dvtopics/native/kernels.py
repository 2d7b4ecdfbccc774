"""The compiled loops as functions on arrays.

Every array that C is given the address of is checked here, or made here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.native import library

Ids = NDArray[np.int64]
Array = NDArray[np.float64]
#: As in `kernel.c` and `terms.c`.
_BLOCK, _WINDOW = 512, 64
#: Bytes of a cache line.
_LINE = 64
#: Keys, slots, shift and mask; see `hash_table`.
Table = tuple[NDArray[np.uint64], NDArray[np.uint64], int, int]
#: Entries of rows by `indptr`: feature, value; and what the rows were divided by.
RowParts = tuple[NDArray[np.int32], Array, Ids, Array]
#: By length, the n-gram that starts at every token, -1 for none, and what this occurrence weighs.
Places = tuple[NDArray[np.int32], Array]


def available() -> bool:
    """Say whether the kernel is there."""
    return library.library() is not None


def aligned(array: NDArray[Any], kind: type[np.generic]) -> NDArray[Any]:
    """Return a copy as `kind` that begins with a cache line.

    Rows of half a line, looked up here and there, then lie in one line each and not in two.
    """
    size = array.size * np.dtype(kind).itemsize
    room = np.empty(size + _LINE, np.uint8)
    begin = -room.ctypes.data % _LINE
    result = room[begin : begin + size].view(kind).reshape(array.shape)
    result[...] = array
    return result


def hash_table(keys: NDArray[np.uint64], shift: int, mask: int) -> Table:
    """Lay out a hash table; see `Table` in `native.h`.

    Parameters
    ----------
    keys : ndarray of uint64, shape (n,)
        Distinct.
    shift, mask : int
        A hash without its lowest `shift` bits is a slot, of ``mask + 1``, more than keys.
    """
    slots = np.full(mask + 1, np.iinfo(np.uint64).max, np.uint64)
    assert len(keys) <= mask < 2**40
    assert shift == 64 - mask.bit_length()
    _call("dvtopics_table", _of(keys, np.uint64), len(keys), slots, shift, mask)
    return keys, slots, shift, mask


def code_tokens(
    raw: bytes, width: int, ends: Ids, letters: NDArray[np.uint8], marks: NDArray[np.uint8],
    odd: int, table: Table, id_of: Ids,
) -> tuple[Ids, Ids, Ids, NDArray[np.bool_]]:  # fmt: skip
    """Cut texts into tokens and look these up; see `dvtopics_tokens` in `kernel.c`.

    Parameters
    ----------
    raw : bytes
        The texts, each followed by a character that is no letter, in UTF-16 or UTF-32.
    width : int
        Bytes a character.
    ends : ndarray of int64, shape (n_texts,)
        Where the next text starts, in characters.
    letters : ndarray of uint8, shape (limit + 1,)
        Codes; the last `len(marks)` below `odd` are marks.
    marks : ndarray of uint8, shape (n_marks, 256)
        Code of every letter with every mark, 0 where there is none.
    odd : int
    table, id_of
        Of packed letters.

    Returns
    -------
    ids : ndarray of int64, shape (n_tokens,)
        -1: unknown; -2: more than eight letters, not looked up.
    spans : ndarray of int64, shape (2, n_tokens)
    lengths : ndarray of int64, shape (n_texts,)
    is_odd : ndarray of bool, shape (n_texts,)
        Texts that are to be read another way; here they have no token.
    """
    n_texts, size = len(ends), len(raw) // width
    assert width in (2, 4)
    assert not n_texts or ends[-1] == size
    assert marks.shape[1] == 256
    assert len(marks) <= odd
    assert len(id_of) >= len(table[0])
    room = size // 2 + 1
    ids, spans = np.empty(room, np.int64), np.empty((2, room), np.int64)
    lengths, is_odd = np.empty(n_texts, np.int64), np.empty(n_texts, np.bool_)
    found = _call(
        "dvtopics_tokens",
        np.frombuffer(raw, np.uint8), width, _of(ends, np.int64), n_texts,
        _of(letters, np.uint8), len(letters) - 1, odd - len(marks), odd, _of(marks, np.uint8),
        *_parts(table), _of(id_of, np.int64), ids, spans[0], spans[1], lengths, is_odd,
    )  # fmt: skip
    return ids[:found], spans[:, :found], lengths, is_odd


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """N-grams and what they weigh.

    Attributes
    ----------
    base, ngram_max : int
    table : Table
    idf : ndarray of float64, shape (n_features,)
    tf, once : ndarray of float64
        What a count weighs, and what one of so many occurrences weighs against one that is
        alone, up to the length of the longest text.
    """

    base: int
    ngram_max: int
    table: Table
    idf: Array
    tf: Array
    once: Array

    def given(self, ids: Ids, lengths: Ids) -> tuple[Any, ...]:
        """Return token ids, tokens per text and all of this as C takes it, checked."""
        assert int(lengths.sum()) == len(ids) < 2**31
        assert len(self.tf) == len(self.once) > int(lengths.max(initial=0))
        assert len(self.table[0]) == len(self.idf)
        assert int(ids.max(initial=-1)) < min(self.base - 1, len(self.idf))
        return (
            _of(ids, np.int64), _of(lengths, np.int64), len(lengths), self.base, self.ngram_max,
            *_parts(self.table), len(self.idf), _of(self.idf, np.float64),
            _of(self.tf, np.float64), _of(self.once, np.float64),
            np.empty(4 * int(lengths.max(initial=0)), np.uint64),
        )  # fmt: skip


def count_ngrams(ids: Ids, lengths: Ids, vocabulary: Vocabulary, places: Places | None) -> RowParts:
    """Make TF-IDF rows of token ids; see `dvtopics_rows` in `kernel.c`.

    Parameters
    ----------
    ids, lengths : ndarray of int64
    vocabulary : Vocabulary
    places : tuple, optional
        Arrays of shape (ngram_max, at least n_tokens) to be filled in: int32, the n-gram that
        starts at every token; float64, what this occurrence weighs.
    """
    n, n_texts, ngram_max = len(ids), len(lengths), vocabulary.ngram_max
    feature, value = np.empty(ngram_max * n, np.int32), np.empty(ngram_max * n)
    indptr, norm = np.empty(n_texts + 1, np.int64), np.empty(n_texts)
    at = share = None
    stride = 0
    if places is not None:
        at, share, stride = _of(places[0], np.int32), _of(places[1], np.float64), places[0].shape[1]
        assert at.shape == share.shape == (ngram_max, stride)
        assert stride >= n
    found = _call(
        "dvtopics_rows",
        *vocabulary.given(ids, lengths), feature, value, indptr, norm, at, share, stride,
    )  # fmt: skip
    return feature[:found], value[:found], indptr, norm


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of texts by the kernel.

    Attributes
    ----------
    logits, content : ndarray, shapes (n_texts, k) and (n_texts, d)
    norm, single : ndarray, shape (n_texts,)
        Lengths of rows, and of their parts that are of single syllables.
    places : Places or None
        Of shape (ngram_max, n_tokens + 1), where they are traced.
    peak : ndarray, shape (n_texts, k), or None
    at, scale : ndarray, shape (n_texts, k), or None
        The rest of `dvtopics.taggers.peaks.Peaks`, where they are traced.
    """

    logits: Array
    content: Array
    norm: Array
    single: Array
    places: Places | None
    peak: Array | None
    at: Ids | None
    scale: Array | None


def score(
    ids: Ids,
    lengths: Ids,
    vocabulary: Vocabulary,
    model: tuple[NDArray[np.float32], Array, NDArray[np.float32]],
    window: int,
    traced: bool,
) -> Scored:
    """Score texts given as token ids; see `dvtopics_scores` in `kernel.c`.

    Parameters
    ----------
    ids, lengths : ndarray of int64
    vocabulary : Vocabulary
    model : tuple
        Coefficients, float32, shape (n_features, k), intercepts, shape (k,), and the content of the
        features that come first, float32, shape (n_syllables, d).
    window : int
        Tokens that peaks are looked for in; 0: none are.
    traced : bool
        Whether to keep where n-grams and peaks are.
    """
    coef, intercept, table = model
    n_texts, (n_features, k), (n_syllables, d) = len(lengths), coef.shape, table.shape
    longest, ngram_max = int(lengths.max(initial=0)), vocabulary.ngram_max
    assert n_features == len(vocabulary.idf) >= n_syllables
    assert intercept.shape == (k,)
    assert 0 <= window <= _WINDOW
    at = share = None
    stride = len(ids) + 1 if traced else longest
    if traced or window:
        at, share = np.empty((ngram_max, stride), np.int32), np.empty((ngram_max, stride))
    if traced:
        # Behind the last token nothing starts.
        at[:, -1], share[:, -1] = -1, 0.0  # type: ignore[index]
    logits, content = np.empty((n_texts, k)), np.empty((n_texts, d))
    norm, single = np.empty((2, n_texts))
    peak = np.empty((n_texts, k)) if window else None
    located = bool(traced and window)
    place = np.empty((n_texts, k), np.int64) if located else None
    scale = np.empty((n_texts, k)) if located else None
    _call(
        "dvtopics_scores",
        *vocabulary.given(ids, lengths), np.empty(ngram_max * longest, np.int32),
        np.empty(ngram_max * longest), _of(coef, np.float32), k, _of(intercept, np.float64),
        _of(table, np.float32), n_syllables, d, window, np.empty((_BLOCK + _WINDOW) * (k + 1) + k),
        logits, content, norm, single, at, share, stride, int(traced), peak, place, scale,
    )  # fmt: skip
    places = (at, share) if traced and at is not None and share is not None else None
    return Scored(logits, content, norm, single, places, peak, place, scale)


def mark_words(
    raw: bytes, width: int, tokens: tuple[Ids, Ids, Ids], chosen: NDArray[np.bool_],
    begins: NDArray[np.bool_], levels: Sequence[tuple[Table, NDArray[np.bool_]]],
) -> NDArray[np.uint8]:  # fmt: skip
    """Mark where words start and terms go on; see `dvtopics_words` in `terms.c`.

    Parameters
    ----------
    raw, width
        The texts, as in `code_tokens`.
    tokens : tuple
        Ids, shape (n,), spans, shape (2, n), and tokens per text.
    chosen : ndarray of bool, shape (n_texts,)
    begins : ndarray of bool, shape (n_syllables + 1,)
        Syllables that words of several begin with.
    levels : sequence of (Table, ndarray of bool)
        Beginnings of words by length, and whether they are words.
    """
    ids, spans, lengths = tokens
    assert spans.shape == (2, len(ids))
    assert int(lengths.sum()) == len(ids)
    assert len(chosen) == len(lengths)
    assert int(ids.max(initial=-1)) < len(begins)
    assert int(spans.max(initial=0)) <= len(raw) // width
    tables = [table for table, _ in levels]
    keys = np.concatenate([np.zeros(0, np.uint64), *(keys for keys, *_ in tables)])
    slots = np.concatenate([np.zeros(0, np.uint64), *(slots for _, slots, *_ in tables)])
    whole = np.concatenate([np.zeros(0, np.bool_), *(whole for _, whole in levels)])
    assert len(whole) == len(keys)
    sizes = [
        np.array(column, np.int64).reshape(-1)
        for column in (
            [len(t[0]) for t in tables], [len(t[1]) for t in tables],
            [t[2] for t in tables], [t[3] for t in tables],
        )
    ]  # fmt: skip
    flags = np.zeros(len(ids), np.uint8)
    _call(
        "dvtopics_words",
        np.frombuffer(raw, np.uint8), width, *(_of(row, np.int64) for row in spans),
        _of(ids, np.int64), _of(lengths, np.int64), len(lengths), _of(chosen, np.bool_),
        _of(begins, np.bool_), len(begins) - 1, len(levels), keys, slots, *sizes,
        _of(whole, np.bool_), flags,
    )  # fmt: skip
    return flags


def heaviest_terms(
    lengths: Ids, flags: NDArray[np.uint8], places: Places, single: NDArray[np.float32],
    coef: NDArray[np.float32],
    pulls: tuple[Ids, Ids, Array], peaks: tuple[Array, Ids, int], most: int,
) -> tuple[Ids, Ids, Ids, Array]:  # fmt: skip
    """Find the heaviest terms of tags; see `dvtopics_terms` in `terms.c`.

    Parameters
    ----------
    lengths : ndarray of int64, shape (n_texts,)
        Tokens.
    flags : ndarray of uint8, shape (n_tokens,)
        See `mark_words`; every text with a pull starts with a word.
    places : Places
        Of shape (ngram_max, at least n_tokens); see `count_ngrams`.
    single : ndarray of float32, shape (n_syllables, k + d)
    coef : ndarray of float32, shape (n_features, k)
    pulls : tuple
        Tag (ascending), text and weights, shape (n, k + d).
    peaks : tuple
        Weights of the n-grams of windows, shape (n, k) or (n, 0), the first token of each window,
        and the tokens of a window.
    most : int
        Terms a tag, at most 32.

    Returns
    -------
    pull, first, last : ndarray of int64, shape (n_terms,)
        Of every term its pull and tokens; the heaviest of a tag first.
    weight : ndarray of float64, shape (n_terms,)
        To six decimals.
    """
    (tag, text, weight), (at, share), k = pulls, places, coef.shape[1]
    peak, peak_at, window = peaks
    assert peak.shape == peak_at.shape == (len(tag), peak.shape[1])
    assert peak.shape[1] in (0, k)
    ngram_max, stride = at.shape
    assert 1 <= most <= 32
    assert share.shape == at.shape
    assert int(lengths.sum()) == len(flags) <= stride
    assert int(at.max(initial=-1)) < len(coef)
    assert len(single) <= len(coef)
    assert int(at[0].max(initial=-1)) < len(single)
    assert weight.shape == (len(tag), single.shape[1]) and len(text) == len(tag)  # noqa: PT018
    assert 0 <= int(text.min(initial=0)) <= int(text.max(initial=0)) < max(len(lengths), 1)
    d, block = single.shape[1] - k, _BLOCK + ngram_max
    begins = np.append(0, np.cumsum(lengths))
    assert (flags[begins[text[lengths[text] > 0]]] & 1).all()
    starts = np.flatnonzero(flags & 1).astype(np.int64, copy=False)
    word_begins = np.searchsorted(starts, begins).astype(np.int64, copy=False)
    # The words of all pulls, and of all pulls of the tag that has most.
    offset = np.append(0, np.cumsum(np.diff(word_begins).take(text)))
    tags = np.flatnonzero(np.append(True, tag[1:] != tag[:-1])[: len(tag)])
    room = int(np.diff(offset.take(np.append(tags, len(tag)))).max(initial=0))
    found, weights = np.empty((3, most * len(tags)), np.int64), np.empty(most * len(tags))
    size = _call(
        "dvtopics_terms",
        begins, _of(flags, np.uint8), starts, word_begins,
        _of(at, np.int32), _of(share, np.float64), stride, ngram_max, _of(single, np.float32),
        _of(coef, np.float32), k, d, len(tag), _of(tag, np.int64), _of(text, np.int64),
        _of(weight, np.float64), _of(peak, np.float64), _of(peak_at, np.int64), peak.shape[1],
        window,
        np.argsort(text, kind="stable").astype(np.int64, copy=False), most,
        np.empty((k * ngram_max + d) * block), *np.empty((3, block)),
        _of(offset, np.int64), *np.empty((2, int(offset[-1]))), np.empty(room, np.uint8),
        *found, weights,
    )  # fmt: skip
    pull, first, last = found[:, :size]
    return pull, first, last, weights[:size]


def _call(name: str, *given: Any) -> int:
    """Call a function with integers, and with addresses of arrays."""
    kernel = library.library()
    assert kernel is not None
    function = kernel[name]
    function.restype = ctypes.c_int64
    function.argtypes = [
        ctypes.c_int64 if isinstance(item, int) else ctypes.c_void_p for item in given
    ]
    return int(function(*(a.ctypes.data if isinstance(a, np.ndarray) else a for a in given)))


def _parts(table: Table) -> Table:
    keys, slots, shift, mask = table
    assert len(slots) == mask + 1
    return _of(keys, np.uint64), _of(slots, np.uint64), shift, mask


def _of(array: NDArray[Any], kind: type[np.generic]) -> NDArray[Any]:
    """Return `array` if it lies as C reads it."""
    if array.dtype != kind or not array.flags.c_contiguous:
        raise TypeError(f"the kernel reads contiguous {kind.__name__}, got {array.dtype}")
    return array
