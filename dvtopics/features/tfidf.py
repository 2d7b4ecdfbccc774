"""Texts to TF-IDF rows over syllable n-grams, by integer arithmetic.

In: texts. Out: `Rows`. Syllables become ids in one dictionary look-up each; an n-gram of ids
``a, b, c`` is the integer ``((a + 1) * B + b + 1) * B + c + 1`` with ``B`` the number of
syllables plus one; the vocabulary is the sorted array of those integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import NotFittedError, UsageError
from dvtopics.features.lookup import IntegerTable
from dvtopics.features.rows import Rows, sum_by_row
from dvtopics.features.syllables import UNKNOWN, SyllableCoder
from dvtopics.features.tokens import TokenBatch, TokenisedTexts, row_of
from dvtopics.native import kernels


@dataclass(frozen=True, slots=True)
class NgramTrace:
    """How TF-IDF rows came about.

    Attributes
    ----------
    batch : TokenBatch
    feature : ndarray of int32, shape (ngram_max, n_tokens + 1)
        By length, the n-gram that starts at every token; -1 where none is in the vocabulary.
    share : ndarray of float64, same shape
        What this occurrence of it weighs, before the row is divided by its norm: those of one
        n-gram share its weight.
    norm : ndarray of float64, shape (n_texts,)
        What the rows were divided by.
    """

    batch: TokenBatch
    feature: NDArray[np.int32]
    share: NDArray[np.float64]
    norm: NDArray[np.float64]


class NgramTfidf:
    """TF-IDF over syllable n-grams, equal to scikit-learn's ``TfidfVectorizer``.

    Parameters
    ----------
    ngram_max : int, default 3
        Longest n-gram, 1 to 3.
    min_df : int, default 3
        Texts that an n-gram must be in.
    sublinear_tf : bool, default True
        ``1 + ln(tf)`` in place of ``tf``.

    Attributes
    ----------
    syllables_ : list of str
        Tokens that occur in a feature; the position is the id.
    keys_ : ndarray of int64, shape (n_features,)
        N-grams as integers, ascending.
    idf_ : ndarray of float64, shape (n_features,)
        ``ln((1 + n) / (1 + df)) + 1``.

    References
    ----------
    Salton & Buckley (1988), Term-weighting approaches in automatic text retrieval.
    """

    def __init__(self, ngram_max: int = 3, min_df: int = 3, sublinear_tf: bool = True) -> None:
        self.ngram_max = ngram_max
        self.min_df = min_df
        self.sublinear_tf = sublinear_tf

    @classmethod
    def from_arrays(
        cls,
        syllables: Sequence[str],
        keys: NDArray[np.int64],
        idf: NDArray[np.floating],
        *,
        ngram_max: int,
        min_df: int,
        sublinear_tf: bool,
    ) -> NgramTfidf:
        """Rebuild a fitted vectorizer from its learned arrays."""
        self = cls(ngram_max, min_df, sublinear_tf)
        self._learned(list(syllables), keys, np.asarray(idf, dtype=np.float64))
        return self

    def _learned(
        self, syllables: list[str], keys: NDArray[np.int64], idf: NDArray[np.float64]
    ) -> None:
        self.syllables_ = syllables
        self.keys_ = keys
        self.idf_ = idf
        self._coder: SyllableCoder | None = None
        self._table: IntegerTable | None = None

    def fit(self, texts: Iterable[str], y: object = None) -> NgramTfidf:
        """Learn the vocabulary and the document frequencies.

        Parameters
        ----------
        texts : iterable of str

        Raises
        ------
        UsageError
            If a parameter is out of range or no n-gram is frequent enough.
        """
        return self.fit_tokens(TokenisedTexts.read(texts))

    def fit_tokens(self, tokens: TokenisedTexts) -> NgramTfidf:
        """Learn from texts that are token ids already; see `fit`."""
        if self.ngram_max not in (1, 2, 3):
            raise UsageError(f"ngram_max must be 1, 2 or 3, got {self.ngram_max!r}")
        if self.min_df < 1:
            raise UsageError(f"min_df must be at least 1, got {self.min_df!r}")
        n_texts, base = len(tokens.batch.lengths), len(tokens.words) + 1
        if base**3 >= 2**63:
            raise UsageError(f"{len(tokens.words):,} different syllables: is this Vietnamese text?")
        none = np.zeros(0, np.int64)
        counts = [(none, none)] * self.ngram_max
        for part in tokens.parts():
            for n in range(1, self.ngram_max + 1):
                more = _document_frequencies(*_ngrams(part.batch, base, n))
                counts[n - 1] = _added(counts[n - 1], more)
        found, frequencies = [], []
        for key, df in counts:
            keep = df >= self.min_df
            found.append(key[keep])
            frequencies.append(df[keep])
        keys, df = np.concatenate(found), np.concatenate(frequencies)
        if len(keys) == 0:
            raise UsageError(
                f"no n-gram occurs in {self.min_df} or more of the {n_texts} training texts; "
                "give more texts or a smaller min_df"
            )
        words = np.array(tokens.words, dtype=object)
        syllables, keys = _compact(words, keys, base, self.ngram_max)
        order = np.argsort(keys)
        idf = np.log((1 + n_texts) / (1 + df)) + 1
        # Single precision is what is saved: fitting and loading give the same scores.
        self._learned(syllables, keys[order], idf[order].astype(np.float32).astype(np.float64))
        return self

    def encode(self, texts: Sequence[str]) -> TokenBatch:
        """Return the token ids of `texts`."""
        self._check_fitted()
        # Made on first use: what only fits, or only reads the vocabulary, does not need it.
        if self._coder is None:
            self._coder = SyllableCoder(self.syllables_)
        ids, lengths, spans = self._coder.locate(texts)
        return TokenBatch(ids, row_of(lengths), lengths, spans)

    def encode_tokens(self, tokens: TokenisedTexts) -> TokenBatch:
        """Return the token ids of texts that are tokenised already."""
        self._check_fitted()
        known = {syllable: index for index, syllable in enumerate(self.syllables_)}
        ids = np.fromiter((known.get(w, UNKNOWN) for w in tokens.words), np.int64)
        batch = tokens.batch
        return TokenBatch(ids[batch.ids], batch.row, batch.lengths)

    def transform(self, texts: Sequence[str]) -> Rows:
        """Return the TF-IDF rows of `texts`, each of unit Euclidean length."""
        return self.transform_batch(self.encode(texts))

    def transform_batch(self, batch: TokenBatch) -> Rows:
        """Return the TF-IDF rows of texts that are token ids already."""
        return self._rows(batch, None)[0]

    def trace_batch(self, batch: TokenBatch) -> tuple[Rows, NgramTrace]:
        """Return the TF-IDF rows of texts that are token ids already, and how they came about."""
        shape = (self.ngram_max, len(batch.ids) + 1)
        feature, share = np.full(shape, -1, np.int32), np.zeros(shape)
        rows, norm = self._rows(batch, (feature, share))
        return rows, NgramTrace(batch, feature, share, norm)

    def term_weights(self, most: int) -> NDArray[np.float64]:
        """Return what the counts 0 to `most` weigh, before the inverse document frequency."""
        weights = np.arange(most + 1, dtype=np.float64)
        if self.sublinear_tf:
            weights[1:] = 1 + np.log(weights[1:])
        return weights

    def compiled(self, longest: int) -> kernels.Vocabulary:
        """Return what the kernel makes rows by, of texts of at most `longest` tokens."""
        weights = self.term_weights(longest)
        return kernels.Vocabulary(
            len(self.syllables_) + 1, self.ngram_max, self._looked_up().parts, self.idf_, weights,
            _shared(weights),
        )  # fmt: skip

    def _looked_up(self) -> IntegerTable:
        if self._table is None:
            self._table = IntegerTable(self.keys_)
        return self._table

    def _rows(
        self, batch: TokenBatch, places: kernels.Places | None
    ) -> tuple[Rows, NDArray[np.float64]]:
        """Return rows and their lengths; fill `places` with the feature and share of tokens."""
        self._check_fitted()
        if kernels.available() and len(batch.ids) < 2**31:
            vocabulary = self.compiled(int(batch.lengths.max(initial=0)))
            feature, value, indptr, norm = kernels.count_ngrams(
                batch.ids, batch.lengths, vocabulary, places
            )
            return Rows(indptr, feature, value, (len(batch.lengths), len(self.keys_))), norm
        return self._rows_in_numpy(batch, self._looked_up(), places)

    def _rows_in_numpy(
        self,
        batch: TokenBatch,
        table: IntegerTable,
        places: kernels.Places | None,
    ) -> tuple[Rows, NDArray[np.float64]]:
        found = self._found(batch, table)
        feature, start = (np.concatenate(part) for part in zip(*found, strict=True))
        n_rows, n_features = len(batch.lengths), len(self.keys_)
        # One integer per (text, feature): sorting it groups the entries of a row.
        small = n_rows * n_features < 2**32
        kind: type[np.integer] = np.uint32 if small else np.int64
        unsorted = batch.row.take(start).astype(kind)
        unsorted *= kind(n_features)
        unsorted += feature.astype(kind)
        entry, count = _distinct(np.sort(unsorted))
        ends = np.arange(n_rows + 1) * n_features
        indptr = np.searchsorted(entry, ends[:-1].astype(kind))
        indptr = np.append(indptr, len(entry))
        sizes = np.diff(indptr)
        if places is not None:
            size = np.repeat(np.arange(len(found)), [len(part[0]) for part in found])
            times = count.take(np.searchsorted(entry, unsorted))
            once = _shared(self.term_weights(int(times.max(initial=0))))
            places[0][size, start] = feature
            places[1][size, start] = once.take(times) * self.idf_.take(feature)
        feature = (entry - np.repeat(ends[:-1].astype(kind), sizes)).astype(np.int32)
        value = self.term_weights(int(count.max(initial=0))).take(count) * self.idf_.take(feature)
        norm = np.sqrt(sum_by_row(value * value, indptr))
        value /= np.repeat(norm, sizes)
        return Rows(indptr, feature, value, (n_rows, n_features)), norm

    def _found(
        self, batch: TokenBatch, table: IntegerTable
    ) -> list[tuple[NDArray[np.integer], NDArray[np.int64]]]:
        """Return feature and first token of the n-grams in the vocabulary, by length.

        An n-gram in the vocabulary is made of shorter ones that are in it as well, for they
        are no rarer: only what follows a known one is looked up.
        """
        ids, row, base = batch.ids, batch.row, len(self.syllables_) + 1
        start = np.flatnonzero(ids != UNKNOWN)
        feature = ids.take(start)
        found: list[tuple[NDArray[np.integer], NDArray[np.int64]]] = [(feature, start)]
        key = feature + 1
        for n in range(2, self.ngram_max + 1):
            # Two neighbouring (n - 1)-grams of one text overlap in all but an n-gram's ends.
            paired = np.flatnonzero(np.diff(start) == 1)
            paired = paired[row.take(start.take(paired)) == row.take(start.take(paired) + n - 1)]
            start = start.take(paired)
            key = key.take(paired) * base + ids.take(start + n - 1) + 1
            place = table.find(key)
            known = np.flatnonzero(place >= 0)
            start, key = start.take(known), key.take(known)
            found.append((place.take(known), start))
        return found

    def term(self, feature: int) -> str:
        """Return an n-gram as text, its syllables joined by spaces."""
        self._check_fitted()
        base, key, syllables = len(self.syllables_) + 1, int(self.keys_[feature]), []
        while key:
            key, index = divmod(key, base)
            syllables.append(self.syllables_[index - 1])
        return " ".join(reversed(syllables))

    def get_feature_names_out(self) -> NDArray[np.object_]:
        """Return all n-grams as texts, in the order of the features."""
        self._check_fitted()
        return np.array([self.term(i) for i in range(len(self.keys_))], dtype=object)

    def _check_fitted(self) -> None:
        if not hasattr(self, "keys_"):
            raise NotFittedError("this NgramTfidf is not fitted yet; call fit first")


def _shared(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what one of so many occurrences weighs, given what all of them do."""
    return weights / np.maximum(np.arange(len(weights)), 1)


def _distinct(ascending: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """Return the distinct values and their counts (numpy's ``unique`` imports masked arrays)."""
    first = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1])[: len(ascending)])
    return ascending[first], np.diff(np.append(first, len(ascending)))


def _ngrams(batch: TokenBatch, base: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and key of the n-grams that lie in one text; no token is unknown."""
    ids, row = batch.ids, batch.row
    last = max(len(ids) - n + 1, 0)
    whole = np.flatnonzero(row[:last] == row[n - 1 :]) if last else np.zeros(0, np.int64)
    key = np.zeros(len(whole), np.int64)
    for shift in range(n):
        key = key * base + ids[whole + shift] + 1
    return row[whole], key


def _document_frequencies(
    row: NDArray[np.int64], key: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct keys, ascending, and in how many rows each occurs."""
    # Rows come in ascending order, and a stable sort keeps that within a key.
    order = np.argsort(key, kind="stable")
    row, key = row[order], key[order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = (key[1:] != key[:-1]) | (row[1:] != row[:-1])
    distinct, counts = np.unique(key[first], return_counts=True)
    return distinct, counts.astype(np.int64)


def _added(
    a: tuple[NDArray[np.int64], NDArray[np.int64]], b: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct keys of both, ascending, and their counts together."""
    if not len(a[0]):
        return b
    key, count = np.concatenate([a[0], b[0]]), np.concatenate([a[1], b[1]])
    # Two ascending runs: a stable sort merges them.
    order = np.argsort(key, kind="stable")
    key, count = key[order], count[order]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
    return key[first], np.add.reduceat(count, first)


def _compact(
    words: NDArray[np.object_], keys: NDArray[np.int64], base: int, ngram_max: int
) -> tuple[list[str], NDArray[np.int64]]:
    """Renumber the syllables that features use, alphabetically, and the keys with them."""
    digits, rest = [], keys
    for _ in range(ngram_max):
        rest, digit = np.divmod(rest, base)
        digits.append(digit)
    used = np.unique(np.concatenate(digits))
    used = used[used > 0] - 1
    used = used[np.argsort(words[used].astype(str))]
    new = np.zeros(base, np.int64)
    new[used + 1] = np.arange(1, len(used) + 1)
    compacted = np.zeros(len(keys), np.int64)
    for digit in reversed(digits):
        compacted = compacted * (len(used) + 1) + new[digit]
    return [str(word) for word in words[used]], compacted
