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
    likely = _likely_seeds(weight, tag, most)
    # In single precision: words that differ by rounding only come in the order of the text.
    single = weight.take(likely).astype(np.float32)
    falling = 0x7F800000 - single.view(np.int32).astype(np.int64)
    of = tag.take(likely)
    order = order_of(of, falling)
    rank = _number(of.take(order))
    chosen = np.flatnonzero(rank < most)
    seed, rank = likely.take(order.take(chosen)), rank.take(chosen)
    order = order_of(seed)
    return seed.take(order), rank.take(order)


def _likely_seeds(weight: Array, tag: Ids, most: int) -> Ids:
    """Return words of positive weight among which the `most` heaviest of every tag are."""
    start = starts_of(tag)
    if not len(start):
        return start
    size = np.diff(np.append(start, len(tag)))
    heavy = np.maximum.reduceat(weight, start) / 8
    some = weight > np.repeat(heavy, size)
    few = np.add.reduceat(some, start, dtype=np.int64) < most
    return np.flatnonzero((some | np.repeat(few, size)) & (weight > 0))


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
    # Links from every word to the next, where they are asked for; the last one is before all.
    link = np.zeros(n + 1)
    _look_up(link, words, seed, range(-1, 1))
    strongest = np.maximum(link.take(seed), link.take(seed - 1))
    growing = np.flatnonzero(strongest > _LINK * total)
    _look_up(link, words, seed.take(growing), range(1 - _MAX_WORDS, _MAX_WORDS - 1))
    for turn in _turns(seed.take(growing), rank.take(growing), link):
        now = growing.take(turn)
        now = now[taken.take(seed.take(now)) == rank.take(now)]
        active = now
        for size in range(1, _MAX_WORDS):
            low, high, order = first.take(active), last.take(active), rank.take(active)
            left = link.take(low - 1) * (taken.take(low - 1) >= order)
            right = link.take(high) * (taken.take(high + 1) >= order)
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


def _look_up(link: Array, words: WeightedWords, seed: Ids, steps: range) -> None:
    """Fill in the links of the words so many steps from the seeds."""
    wanted = np.zeros(len(link) - 1 + _MAX_WORDS, dtype=bool)
    for step in steps:
        wanted[seed + step] = True
    at = np.flatnonzero(wanted[: len(link) - 1])
    link[at] = words.link(at)


def _turns(seed: Ids, rank: Ids, link: Array) -> list[Ids]:
    """Put seeds into groups that can grow at the same time, one group after the other.

    Parameters
    ----------
    seed : ndarray of int64, shape (n,)
        Words, ascending.
    rank : ndarray of int64, shape (n,)
    link : ndarray
        From every word near a seed to the next.

    Returns
    -------
    list of ndarray of int64
        Those that could meet are in different groups, the one of lower rank first.
    """
    # No term goes over a link that is not positive, so the seeds on both sides never meet.
    ends = link <= 0
    run: Ids = np.cumsum(ends, dtype=np.int64) - ends
    far = np.diff(seed, prepend=-2 * _MAX_WORDS) > 2 * (_MAX_WORDS - 1)
    apart = far | (np.diff(run.take(seed), prepend=-1) > 0)
    cluster: Ids = np.cumsum(apart, dtype=np.int64)
    order = order_of(cluster, rank)
    turn = _number(cluster.take(order))
    return [order[turn == number] for number in range(int(turn.max(initial=-1)) + 1)]
