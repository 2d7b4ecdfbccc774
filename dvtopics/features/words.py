"""Texts to words and pairs of words: the terms that topics are made of.

In: texts. Out: `WordBatch` (words as ids, with where they lie) and `Terms` (which known words
and pairs of neighbouring words occur where). Syllables are joined to words by the longest match,
from the left, in a phrase list that belongs to the model: no segmenter runs here. The same words
come out as from `dvtopics.features.phrases.PhraseList`, a whole batch at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import UsageError
from dvtopics.features.lookup import IntegerTable
from dvtopics.features.syllables import UNKNOWN, SyllableCoder
from dvtopics.features.tokens import TokenBatch, TokenisedTexts

Ids = NDArray[np.int64]

#: Syllables of the longest phrase. Four ids must fit a 64-bit integer.
LONGEST = 4
_MOST_SYLLABLES = 55_000


@dataclass(frozen=True, slots=True)
class WordBatch:
    """Words of a batch of texts.

    Attributes
    ----------
    ids : ndarray of int64, shape (n_words,)
        -1 where the word is not in the vocabulary.
    row : ndarray of int64, shape (n_words,)
        Text that the word is in.
    start, size : ndarray of int64, shape (n_words,)
        First syllable of the word in the batch, and its number of syllables.
    lengths : ndarray of int64, shape (n_texts,)
        Syllables per text.
    """

    ids: Ids
    row: Ids
    start: Ids
    size: Ids
    lengths: Ids


@dataclass(frozen=True, slots=True)
class Terms:
    """Occurrences of terms in a batch; those of one text stand together.

    Attributes
    ----------
    row, term : ndarray of int64, shape (n_occurrences,)
    start, size : ndarray of int64, shape (n_occurrences,)
        First syllable of the term in the batch, and its number of syllables.
    """

    row: Ids
    term: Ids
    start: Ids
    size: Ids


class PhraseJoiner:
    """Syllable ids to words, by the longest match from the left.

    Parameters
    ----------
    phrases : sequence of str
        Two to four syllables each, joined by spaces; all of them in `syllables`.
    syllables : sequence of str
        The position is the id of a syllable.
    """

    def __init__(self, phrases: Sequence[str], syllables: Sequence[str]) -> None:
        if len(syllables) > _MOST_SYLLABLES:
            raise UsageError(f"{len(syllables):,} different syllables: is this Vietnamese text?")
        self._base = len(syllables) + 1
        ids = {syllable: index for index, syllable in enumerate(syllables)}
        self._found: list[tuple[IntegerTable, Ids]] = []
        for size in range(2, LONGEST + 1):
            keys: list[int] = []
            places: list[int] = []
            for place, phrase in enumerate(phrases):
                parts = phrase.split(" ")
                if len(parts) == size and all(part in ids for part in parts):
                    key = 0
                    for part in parts:
                        key = key * self._base + ids[part] + 1
                    keys.append(key)
                    places.append(place)
            self._found.append((IntegerTable(np.array(keys, np.int64)), np.array(places, np.int64)))

    def join(self, batch: TokenBatch) -> tuple[Ids, Ids, Ids]:
        """Return first syllable, number of syllables and phrase (-1: none) of every word."""
        n = len(batch.ids)
        size, phrase = np.ones(n, np.int64), np.full(n, UNKNOWN)
        at = np.flatnonzero(batch.ids != UNKNOWN)
        key = batch.ids[at] + 1
        for length, (table, places) in enumerate(self._found, start=2):
            # What runs on in the same text, over known syllables only.
            on = at + length - 1 < n
            at, key = at[on], key[on]
            following = batch.ids[at + length - 1]
            on = (following != UNKNOWN) & (batch.row[at] == batch.row[at + length - 1])
            at, key = at[on], key[on] * self._base + following[on] + 1
            place = table.find(key)
            known = place >= 0
            size[at[known]] = length
            phrase[at[known]] = places[place[known]]
        starts, position = [], 0
        steps = size.tolist()
        while position < n:
            starts.append(position)
            position += steps[position]
        start = np.array(starts, dtype=np.int64)
        return start, size[start], phrase[start]


def read_words(texts: Sequence[str], phrases: Sequence[str]) -> TokenisedTexts:
    """Return the words of `texts` as tokens, for whoever fits on parts of the same texts.

    Syllables of a word are joined by spaces.
    """
    syllables = TokenisedTexts.read(texts)
    start, _, phrase = PhraseJoiner(phrases, syllables.words).join(syllables.batch)
    n = len(syllables.words)
    raw = np.where(phrase >= 0, n + phrase, syllables.batch.ids[start])
    used, ids = np.unique(raw, return_inverse=True)
    words = [syllables.words[i] if i < n else phrases[i - n] for i in used.tolist()]
    row = syllables.batch.row[start]
    lengths = np.bincount(row, minlength=len(syllables.batch.lengths))
    return TokenisedTexts(words, TokenBatch(ids.astype(np.int64), row, lengths))


def syllables_of(tokens: TokenisedTexts) -> Ids:
    """Return the syllables per text, where the tokens are words."""
    size = np.array([word.count(" ") + 1 for word in tokens.words], dtype=np.int64)
    count = np.bincount(tokens.batch.row, size[tokens.batch.ids], len(tokens.batch.lengths))
    return count.astype(np.int64)


class WordTerms:
    """A vocabulary of words and pairs of neighbouring words.

    Parameters
    ----------
    words : sequence of str
        Syllables of a word joined by spaces; the position is the id of the term.
    phrases : sequence of str
        What syllables are joined to; those that are not among `words` are joined all the same.
    pairs : ndarray of int64, shape (n_pairs,)
        ``first * len(words) + second``, ascending; the terms after the words.

    Attributes
    ----------
    syllables : list of str
        What the words are made of.
    """

    def __init__(self, words: Sequence[str], phrases: Sequence[str], pairs: Ids) -> None:
        self.words, self.phrases, self.pairs = list(words), list(phrases), pairs
        parts = (part for word in (*self.words, *self.phrases) for part in word.split(" "))
        self.syllables = sorted(set(parts))
        place = {word: index for index, word in enumerate(self.words)}
        self._of_syllable = _places(place, self.syllables)
        self._of_phrase = _places(place, self.phrases)
        self._coder = SyllableCoder(self.syllables)
        self._joiner = PhraseJoiner(self.phrases, self.syllables)
        self._table = IntegerTable(pairs)

    @property
    def n_terms(self) -> int:
        """Number of words and pairs."""
        return len(self.words) + len(self.pairs)

    @classmethod
    def fit(
        cls, tokens: TokenisedTexts, phrases: Sequence[str], min_df: int, min_pair_df: int
    ) -> WordTerms:
        """Take the words and pairs of words that enough of the texts hold.

        Raises
        ------
        UsageError
            If there is no such word.
        """
        batch, n = tokens.batch, len(tokens.words)
        df = _document_frequency(batch.row, batch.ids, n)
        chosen = sorted(np.flatnonzero(df >= min_df).tolist(), key=tokens.words.__getitem__)
        if not chosen:
            raise UsageError(
                f"no word occurs in {min_df} or more of the {len(batch.lengths)} training texts; "
                "give more texts or a smaller min_df"
            )
        words = [tokens.words[i] for i in chosen]
        ids = np.full(n, UNKNOWN)
        ids[chosen] = np.arange(len(chosen))
        row, key = _pairs(ids[batch.ids], batch.row, len(words))[1:]
        distinct, inverse = np.unique(key, return_inverse=True)
        return cls(
            words,
            phrases,
            distinct[_document_frequency(row, inverse, len(distinct)) >= min_pair_df],
        )

    def encode(self, texts: Sequence[str]) -> WordBatch:
        """Return the words of `texts`."""
        return self.locate(texts)[0]

    def locate(self, texts: Sequence[str]) -> tuple[WordBatch, TokenBatch]:
        """Return the words of `texts`, and the syllables that they are made of."""
        ids, lengths, spans = self._coder.locate(texts)
        syllables = TokenBatch(ids, np.repeat(np.arange(len(lengths)), lengths), lengths, spans)
        start, size, phrase = self._joiner.join(syllables)
        words = np.where(ids[start] != UNKNOWN, self._of_syllable[ids[start]], UNKNOWN)
        joined = phrase != UNKNOWN
        words[joined] = self._of_phrase[phrase[joined]]
        return WordBatch(words, syllables.row[start], start, size, lengths), syllables

    def encode_tokens(self, tokens: TokenisedTexts) -> WordBatch:
        """Return the words of texts that `read_words` has read."""
        ids = _places({word: index for index, word in enumerate(self.words)}, tokens.words)
        size = np.array([word.count(" ") + 1 for word in tokens.words], dtype=np.int64)
        size = size[tokens.batch.ids]
        start = np.cumsum(size) - size
        row = tokens.batch.row
        return WordBatch(ids[tokens.batch.ids], row, start, size, syllables_of(tokens))

    def terms(self, batch: WordBatch) -> Terms:
        """Return the occurrences of words and pairs, text by text, words before pairs."""
        single = np.flatnonzero(batch.ids != UNKNOWN)
        first, _, key = _pairs(batch.ids, batch.row, len(self.words))
        place = self._table.find(key)
        first, place = first[place >= 0], place[place >= 0]
        at = np.concatenate([single, first])
        paired = np.repeat([0, 1], [len(single), len(first)])
        term = np.concatenate([batch.ids[single], place.astype(np.int64) + len(self.words)])
        order = np.argsort(batch.row[at], kind="stable")
        at, paired, term = at[order], paired[order], term[order]
        end = at + paired
        size = batch.start[end] + batch.size[end] - batch.start[at]
        return Terms(batch.row[at], term, batch.start[at], size)

    def name(self, term: int) -> str:
        """Return a term as text."""
        if term < len(self.words):
            return self.words[term]
        first, second = divmod(int(self.pairs[term - len(self.words)]), len(self.words))
        return f"{self.words[first]} {self.words[second]}"


def _places(place: dict[str, int], words: Sequence[str]) -> Ids:
    """Return the place of every word, -1 where it has none; never empty, to be indexed freely."""
    return np.array([*(place.get(word, UNKNOWN) for word in words), UNKNOWN], dtype=np.int64)


def _pairs(ids: Ids, row: Ids, n_words: int) -> tuple[Ids, Ids, Ids]:
    """Return first word, row and key of all pairs of known neighbours in one text."""
    first = np.flatnonzero((ids[:-1] != UNKNOWN) & (ids[1:] != UNKNOWN) & (row[:-1] == row[1:]))
    return first, row[first], ids[first] * n_words + ids[first + 1]


def _document_frequency(row: Ids, item: Ids, n_items: int) -> Ids:
    """Return in how many rows each item occurs."""
    distinct = np.unique(row * n_items + item)
    return np.bincount(distinct % max(n_items, 1), minlength=n_items)
