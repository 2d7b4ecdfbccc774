"""The compiled loops as functions on arrays.

Every array that C is given the address of is checked here, or made here.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
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
#: Tokens of every text, their places, and the tokens of a window; see `dvtopics.taggers.peaks`.
Windows = tuple[Ids, Places, int]


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


def count_ngrams(
    ids: Ids, lengths: Ids, base: int, ngram_max: int, table: Table, idf: Array, tf: Array,
    places: tuple[Places, Array] | None,
) -> RowParts:  # fmt: skip
    """Make TF-IDF rows of token ids; see `dvtopics_rows` in `kernel.c`.

    Parameters
    ----------
    ids, lengths : ndarray of int64
    base, ngram_max : int
    table : Table
        Of the vocabulary.
    idf : ndarray of float64, shape (n_features,)
    tf : ndarray of float64
        What counts weigh, up to the length of the longest text.
    places : tuple, optional
        Arrays of shape (ngram_max, at least n_tokens) to be filled in: int32, the n-gram that
        starts at every token; float64, what this occurrence weighs. And what one of so many
        occurrences weighs against one that is alone, as long as `tf`.
    """
    n, n_texts = len(ids), len(lengths)
    longest = int(lengths.max(initial=0))
    assert int(lengths.sum()) == n < 2**31
    assert len(tf) > longest
    assert len(table[0]) == len(idf)
    assert int(ids.max(initial=-1)) < min(base - 1, len(idf))
    feature, value = np.empty(ngram_max * n, np.int32), np.empty(ngram_max * n)
    indptr, norm = np.empty(n_texts + 1, np.int64), np.empty(n_texts)
    at = share = once = None
    stride = 0
    if places is not None:
        (at, share), once = places
        at, share, stride = _of(at, np.int32), _of(share, np.float64), at.shape[1]
        assert at.shape == share.shape == (ngram_max, stride)
        assert stride >= n
        assert len(_of(once, np.float64)) == len(tf)
    found = _call(
        "dvtopics_rows",
        _of(ids, np.int64), _of(lengths, np.int64), n_texts, base, ngram_max,
        *_parts(table), len(idf), _of(idf, np.float64), _of(tf, np.float64),
        np.empty(4 * longest, np.uint64), feature, value, indptr, norm, at, share, stride,
        once,
    )  # fmt: skip
    return feature[:found], value[:found], indptr, norm


def project(
    rows: tuple[NDArray[np.int32], Array, Ids],
    coef: NDArray[np.float32],
    intercept: Array,
    table: NDArray[np.float32],
    windows: Windows | None = None,
) -> tuple[Array, Array, Array, tuple[Array, Ids, Array] | None]:
    """Return logits and contents of rows, and lengths; see `dvtopics_project` in `kernel.c`.

    Parameters
    ----------
    rows : tuple
        Feature and value of the entries, and where every row starts.
    coef : ndarray of float32, shape (n_features, k)
    intercept : ndarray of float64, shape (k,)
    table : ndarray of float32, shape (n_syllables, d)
        Of the features that come first.
    windows : Windows, optional
        Return also `dvtopics.taggers.peaks.Peaks`, as a tuple.
    """
    feature, value, indptr = rows
    n_texts, (n_features, k), (n_syllables, d) = len(indptr) - 1, coef.shape, table.shape
    assert len(feature) == len(value) == indptr[-1]
    assert intercept.shape == (k,)
    assert n_syllables <= n_features
    assert int(feature.max(initial=-1)) < n_features
    logits, content, norm = np.empty((n_texts, k)), np.empty((n_texts, d)), np.empty(n_texts)
    peaks = None
    looked_for: tuple[Any, ...] = (None, None, None, 0, 0, 0, None, None, None, None)
    if windows is not None:
        lengths, (at, share), window = windows
        ngram_max, stride = at.shape
        assert share.shape == at.shape
        assert len(lengths) == n_texts
        assert int(lengths.sum()) <= stride
        assert int(at.max(initial=-1)) < n_features
        assert 1 <= window <= _WINDOW
        peaks = np.empty((n_texts, k)), np.empty((n_texts, k), np.int64), np.empty((n_texts, k))
        looked_for = (
            _of(lengths, np.int64), _of(at, np.int32), _of(share, np.float64), stride, ngram_max,
            window, np.empty((_BLOCK + _WINDOW) * (k + 1) + k), *peaks,
        )  # fmt: skip
    _call(
        "dvtopics_project",
        _of(indptr, np.int64), _of(feature, np.int32), _of(value, np.float64), n_texts,
        _of(coef, np.float32), k, _of(intercept, np.float64), _of(table, np.float32),
        n_syllables, d, logits, content, norm, *looked_for,
    )  # fmt: skip
    return logits, content, norm, peaks


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
