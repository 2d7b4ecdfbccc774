"""Terms: the runs of words that count most for a tag, for many tags at once.

In: `Cells`. Out: `Terms`, at most so many a tag, the heaviest first.

Terms grow from the heaviest words of a tag, the heaviest first: a word takes in its neighbour
while the link between them is strong beside what its words weigh on average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.context import Array
from dvtopics.taggers.segments import order_of, starts_of

Ids = NDArray[np.int64]

_MAX_WORDS = 4
_LINK = 0.35
#: Weights are compared as they are written, in millionths.
_UNIT = 1e6
_MOST = 2**30 - 1


class WeightedWords(Protocol):
    """Words in a row, those of one text together: what growing terms needs to know."""

    @property
    def weight(self) -> Array:
        """Of every word, shape (n_words,)."""

    def link(self, cell: Ids) -> Array:
        """Return the strength of the link from words to the next; 0 at the end of a text."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms by tag, the heaviest first.

    Attributes
    ----------
    tag : ndarray of int64, shape (n,)
    first, last : ndarray of int64, shape (n,)
        Words.
    weight : ndarray, shape (n,)
        To six decimals.
    """

    tag: Ids
    first: Ids
    last: Ids
    weight: Array


def heaviest_terms(words: WeightedWords, tag: Ids, most: int) -> Terms:
    """Cut the words of each tag into terms.

    Parameters
    ----------
    words : WeightedWords
    tag : ndarray of int64, shape (n_words,)
        Ascending.
    most : int
        Terms a tag. Twice as many words are looked at.
    """
    seed, rank = _seeds(words.weight, tag, 2 * most)
    first, last, total = _grown(words, seed, rank)
    kept = np.flatnonzero(total > 0)
    seed, first, last = seed.take(kept), first.take(kept), last.take(kept)
    # As they are written: what looks alike comes in the order of the text.
    unit = np.rint(total.take(kept) * _UNIT)
    of = tag.take(seed)
    order = order_of(of, _MOST - np.minimum(unit, _MOST).astype(np.int64))
    order = order[_number(of.take(order)) < most]
    return Terms(of.take(order), first.take(order), last.take(order), unit.take(order) / _UNIT)


def _seeds(weight: Array, tag: Ids, most: int) -> tuple[Ids, Ids]:
    """Return the heaviest words of every tag, ascending, and the rank of each in its tag."""
    positive = np.flatnonzero(weight > 0)
    # In single precision: words that differ by rounding only come in the order of the text.
    single = weight.take(positive).astype(np.float32)
    falling = 0x7F800000 - single.view(np.int32).astype(np.int64)
    of = tag.take(positive)
    order = order_of(of, falling)
    rank = _number(of.take(order))
    chosen = np.flatnonzero(rank < most)
    seed, rank = positive.take(order.take(chosen)), rank.take(chosen)
    order = order_of(seed)
    return seed.take(order), rank.take(order)


def _number(ascending: Ids) -> Ids:
    """Count through every run of equal values."""
    start = starts_of(ascending)
    size = np.diff(np.append(start, len(ascending)))
    numbers: Ids = np.arange(len(ascending)) - np.repeat(start, size)
    return numbers


def _grown(words: WeightedWords, seed: Ids, rank: Ids) -> tuple[Ids, Ids, Array]:
    """Return first and last word and weight of the term of every seed.

    The weight is 0 where the seed is in the term of a heavier one.
    """
    n = len(words.weight)
    first, last, total = seed.copy(), seed.copy(), words.weight.take(seed)
    # The rank of the seed whose term a word is in. A seed is taken once its turn has come, so
    # it can be marked beforehand: only seeds of higher rank look at it.
    taken = np.full(n + 1, 2**30)
    taken[seed] = rank
    strongest = np.maximum(words.link(seed), words.link(np.maximum(seed - 1, 0)) * (seed > 0))
    growing = np.flatnonzero(strongest > _LINK * total)
    for turn in _turns(seed.take(growing), rank.take(growing)):
        now = growing.take(turn)
        now = now[taken.take(seed.take(now)) == rank.take(now)]
        active = now
        for size in range(1, _MAX_WORDS):
            low, high, order = first.take(active), last.take(active), rank.take(active)
            before = np.maximum(low - 1, 0)
            left = np.where((low > 0) & (taken.take(before) >= order), words.link(before), 0.0)
            right = np.where(taken.take(high + 1) >= order, words.link(high), 0.0)
            on = np.maximum(left, right) > np.maximum(_LINK * total.take(active) / size, 0.0)
            active, to_left = active[on], (left > right)[on]
            if not len(active):
                break
            first[active] -= to_left
            last[active] += ~to_left
            added = np.where(to_left, first.take(active), last.take(active))
            total[active] += words.weight.take(added)
        for step in range(_MAX_WORDS):
            word = first.take(now) + step
            inside = word <= last.take(now)
            word = word[inside]
            taken[word] = np.minimum(taken.take(word), rank.take(now[inside]))
    total[taken.take(seed) < rank] = 0.0
    return first, last, total


def _turns(seed: Ids, rank: Ids) -> list[Ids]:
    """Put seeds into groups that can grow at the same time, one group after the other.

    Parameters
    ----------
    seed : ndarray of int64, shape (n,)
        Words, ascending.
    rank : ndarray of int64, shape (n,)

    Returns
    -------
    list of ndarray of int64
        Those that could meet are in different groups, the one of lower rank first.
    """
    apart = np.diff(seed, prepend=-2 * _MAX_WORDS) > 2 * (_MAX_WORDS - 1)
    cluster: Ids = np.cumsum(apart, dtype=np.int64)
    order = order_of(cluster, rank)
    turn = _number(cluster.take(order))
    return [order[turn == number] for number in range(int(turn.max(initial=-1)) + 1)]
