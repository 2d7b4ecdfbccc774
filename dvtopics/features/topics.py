"""Topics as arrays, and the topic shares of texts: variational inference for LDA in numpy.

In: terms and counts of texts (`Bags`). Out: the variational Dirichlet parameters ``gamma`` of
every text (`TopicWords.infer`), from a fixed start and each text until it has converged by
itself: what comes out for a text depends on nothing else in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.words import Terms

Array = NDArray[np.float64]
Ids = NDArray[np.int64]

#: Texts inferred together: their arrays stay in the cache.
_CHUNK = 512


def digamma(x: Array) -> Array:
    """Return the digamma function of positive `x`.

    Recurrence up to arguments above six, then the asymptotic series (Abramowitz & Stegun 1964,
    6.3.5 and 6.3.18): exact to 1e-12. SciPy is not imported while tagging.
    """
    shift = 1 / x
    for step in range(1, 6):
        shift += 1 / (x + step)
    y = x + 6
    z = 1 / (y * y)
    series = z * (1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z / 132))))
    result: Array = np.log(y) - 0.5 / y - series - shift
    return result


@dataclass(frozen=True, slots=True)
class Bags:
    """Terms of texts with their counts, compressed by row.

    Attributes
    ----------
    indptr : ndarray of int64, shape (n_texts + 1,)
    term : ndarray of int64, shape (n_entries,)
        Ascending within a text.
    count : ndarray of float64, shape (n_entries,)
    """

    indptr: Ids
    term: Ids
    count: Array

    @classmethod
    def of(cls, terms: Terms, n_texts: int, n_terms: int) -> tuple[Bags, Ids]:
        """Count `terms`; return also the entry of every occurrence."""
        key = terms.row * n_terms + terms.term
        order = np.argsort(key, kind="stable")
        ascending = key[order]
        new = np.append(True, ascending[1:] != ascending[:-1])[: len(key)]
        entry = np.empty(len(key), np.int64)
        entry[order] = np.cumsum(new) - 1
        distinct = ascending[new]
        row, term = np.divmod(distinct, n_terms)
        indptr = np.searchsorted(row, np.arange(n_texts + 1))
        count = np.bincount(entry, minlength=len(distinct)).astype(np.float64)
        return cls(indptr, term, count), entry

    @property
    def row(self) -> Ids:
        """Text of every entry."""
        return np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))

    @property
    def totals(self) -> Array:
        """Occurrences per text."""
        # Over no entry bincount gives integers.
        return np.bincount(self.row, self.count, len(self.indptr) - 1).astype(np.float64)

    def part(self, low: int, high: int) -> Bags:
        """Return texts ``low:high``."""
        begin, end = self.indptr[[low, high]]
        return Bags(
            self.indptr[low : high + 1] - begin, self.term[begin:end], self.count[begin:end]
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """How the occurrences of terms were shared out among topics.

    Attributes
    ----------
    entry : ndarray of int64, shape (n,)
        Entry of the `Bags`.
    topic : ndarray of int64, shape (n,)
    share : ndarray, shape (n,)
        Shares of one entry sum to 1.
    """

    entry: Ids
    topic: Ids
    share: Array


@dataclass(frozen=True, slots=True)
class TopicWords:
    """Topics: ``exp(E[log beta])`` of the terms that each may hold, and the prior of shares.

    Attributes
    ----------
    alpha : ndarray of float64, shape (n_topics,)
        Dirichlet prior of the topic shares of a text.
    indptr : ndarray of int64, shape (n_terms + 1,)
        Entries ``indptr[v]:indptr[v + 1]`` are those of term ``v``.
    topic : ndarray of int64, shape (n_entries,)
        Ascending within a term.
    weight : ndarray of float64, shape (n_entries,)
        Positive; a topic that a term has no entry for cannot hold it (weight 0).

    References
    ----------
    Blei, Ng & Jordan (2003), Latent Dirichlet allocation. Hoffman, Blei & Bach (2010), Online
    learning for latent Dirichlet allocation (the form of the update that is used here).
    """

    alpha: Array
    indptr: Ids
    topic: Ids
    weight: Array

    @property
    def n_topics(self) -> int:
        """Number of topics."""
        return len(self.alpha)

    def dense(self) -> Array:
        """Return ``exp(E[log beta])`` as gensim keeps it, shape (n_topics, n_terms)."""
        n_terms = len(self.indptr) - 1
        result = np.zeros((self.n_topics, n_terms))
        result[self.topic, np.repeat(np.arange(n_terms), np.diff(self.indptr))] = self.weight
        return result

    @classmethod
    def from_dense(cls, alpha: Array, weight: NDArray[np.floating]) -> TopicWords:
        """Build from ``exp(E[log beta])`` as gensim keeps it; zeros take no room."""
        term, topic = np.nonzero(weight.T > 0)
        indptr = np.searchsorted(term, np.arange(weight.shape[1] + 1))
        # Single precision is what is saved: fitting and loading give the same shares.
        single = weight[topic, term].astype(np.float32).astype(np.float64)
        return cls(alpha.astype(np.float64), indptr, topic, single)

    def infer(self, bags: Bags, threshold: float = 1e-6, iterations: int = 1000) -> Array:
        """Return the Dirichlet parameters of the topic shares of every text.

        Parameters
        ----------
        bags : Bags
        threshold : float, default 1e-6
            A text has converged once the mean change over its topics is below.
        iterations : int, default 1000
            At most.

        Returns
        -------
        ndarray, shape (n_texts, n_topics)
            ``gamma``: the prior plus the occurrences assigned to each topic. It starts at the
            prior plus an equal part of the occurrences for each.
        """
        n = len(bags.indptr) - 1
        gamma = np.empty((n, self.n_topics))
        for low in range(0, n, _CHUNK):
            high = min(low + _CHUNK, n)
            gamma[low:high] = _infer(self, bags.part(low, high), threshold, iterations)
        return gamma

    def assign(self, bags: Bags, gamma: Array) -> Assignment:
        """Return how `gamma` shares out every entry among the topics that may hold it."""
        row, entry, topic, weight = self._candidates(bags)
        first = np.flatnonzero(np.append(True, entry[1:] != entry[:-1])[: len(entry)])
        share = np.exp(digamma(gamma[row, topic])) * weight
        if len(first):
            size = np.diff(np.append(first, len(entry)))
            share /= np.repeat(np.add.reduceat(share, first), size)
        return Assignment(entry, topic, share)

    def _candidates(self, bags: Bags) -> tuple[Ids, Ids, Ids, Array]:
        """Return text, entry, topic and weight of every topic that may hold an entry."""
        size = self.indptr[bags.term + 1] - self.indptr[bags.term]
        entry = np.repeat(np.arange(len(bags.term)), size)
        before = np.cumsum(size) - size
        at = np.arange(len(entry)) - before[entry] + self.indptr[bags.term][entry]
        return bags.row[entry], entry, self.topic[at], self.weight[at]


def _infer(topics: TopicWords, bags: Bags, threshold: float, iterations: int) -> Array:
    """Fixed-point iteration: ``gamma = alpha + sum over terms of count * phi``.

    A cell is a (text, topic) that some term of the text may belong to; all others keep their
    prior. Sums over a cell's terms run in their order (bincount), so nothing depends on the batch.
    """
    n, k = len(bags.indptr) - 1, topics.n_topics
    gamma = np.tile(topics.alpha, (n, 1))
    row, entry, topic, weight = topics._candidates(bags)
    if not len(row):
        return gamma
    cell, of = _cells(row * k + topic, n * k)
    text, in_topic = np.divmod(cell, k)
    prior = topics.alpha[in_topic]
    current = prior + (bags.totals / k)[text]
    # Topics without any term of a text fall from the start to their prior in the first step.
    others = k - np.bincount(text, minlength=n)
    first_step = bags.totals / k * others
    count = bags.count[entry]
    for step in range(iterations):
        part = np.exp(digamma(current))[of] * weight
        start = np.flatnonzero(np.append(True, entry[1:] != entry[:-1]))
        size = np.diff(np.append(start, len(entry)))
        part *= count / np.repeat(np.maximum(np.add.reduceat(part, start), 1e-300), size)
        updated = prior + np.bincount(of, part, minlength=len(cell))
        change = np.zeros(n) + np.bincount(text, np.abs(updated - current), minlength=n)
        if step == 0:
            change = change + first_step
        current = updated
        done = change / k < threshold
        converged = done[text]
        gamma[text[converged], in_topic[converged]] = current[converged]
        if step + 1 == iterations:
            gamma[text, in_topic] = current
        elif converged.any():
            keep = ~converged
            if not keep.any():
                break
            stays = keep[of]
            of = (np.cumsum(keep) - 1)[of[stays]]
            entry, weight, count = entry[stays], weight[stays], count[stays]
            cell, text, in_topic = cell[keep], text[keep], in_topic[keep]
            prior, current = prior[keep], current[keep]
    return gamma


def _cells(key: Ids, size: int) -> tuple[Ids, Ids]:
    """Return the distinct keys, ascending, and the place of every key among them."""
    there = np.zeros(size, dtype=bool)
    there[key] = True
    distinct = np.flatnonzero(there)
    place = np.cumsum(there) - 1
    return distinct, place[key]
