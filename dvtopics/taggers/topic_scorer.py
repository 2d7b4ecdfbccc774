"""Stage one of `LdaTagger`: texts → topic shares → scores by theme and what texts are about.

Topic shares are all that scores are made of. A text of ``N`` terms has ``gamma`` (prior plus
terms assigned to each topic) and so ``gamma - alpha - N * alpha / sum(alpha)`` terms more of a
topic than the prior expects; divided by ``sqrt(N)`` that is its share less the prior's, times a
function of length. Scores are linear in it, hence sums over the terms of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.tokens import TokenBatch
from dvtopics.features.topics import Bags, TopicWords
from dvtopics.features.words import Terms, WordBatch, WordTerms
from dvtopics.taggers.context import Array
from dvtopics.taggers.network import fixed_product
from dvtopics.taggers.scorer import TextScores, TokenWeights, Trace

#: Texts scored together; what is kept for each is as long as there are topics.
_CHUNK = 1024
#: Terms of texts taken apart together; each is as long as there are topics.
_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class LdaScorer:
    """Scores that are linear in topic shares, and the shares of the background topics.

    The first k / 2 scores say that a theme is there, the others that it is a main subject.

    Attributes
    ----------
    terms : WordTerms
    topics : TopicWords
        Those seeded by themes first, then the background.
    coef : ndarray, shape (n_topics, k)
    intercept : ndarray, shape (k,)
    scale : ndarray, shape (d,)
        Of the content, which is what the last d topics hold.
    """

    #: It gives no peaks.
    window: ClassVar[int] = 0

    terms: WordTerms
    topics: TopicWords
    coef: Array
    intercept: Array
    scale: Array

    @property
    def n_dimensions(self) -> int:
        """Length of a content: the number of background topics."""
        return len(self.scale)

    @property
    def syllables(self) -> Sequence[str]:
        """The syllables that its words are made of."""
        return self.terms.syllables

    def score(self, texts: list[str]) -> TextScores:
        """Score `texts`."""
        return self.score_words(self.terms.encode(texts))

    def score_words(self, batch: WordBatch) -> TextScores:
        """Score texts that are words of the vocabulary."""
        return self._traced(batch)[0]

    def traced(self, texts: list[str]) -> tuple[TextScores, LdaTrace]:
        """Score `texts` and keep what evidence is made of."""
        batch, tokens = self.terms.locate(texts)
        scores, terms, bags, entry, gamma = self._traced(batch)
        return scores, LdaTrace(tokens, terms, bags, entry, gamma)

    def _traced(self, batch: WordBatch) -> tuple[TextScores, Terms, Bags, NDArray[np.int64], Array]:
        terms = self.terms.terms(batch)
        bags, entry = Bags.of(terms, len(batch.lengths), self.terms.n_terms)
        shape = (len(batch.lengths), self.coef.shape[1] + self.n_dimensions)
        found, gamma = np.zeros(shape), np.zeros((len(batch.lengths), len(self.coef)))
        for low in range(0, len(found), _CHUNK):
            part = bags.part(low, min(low + _CHUNK, len(found)))
            gamma[low : low + _CHUNK] = self.topics.infer(part)
            shares = self._shares(part, gamma[low : low + _CHUNK])
            found[low : low + _CHUNK] = fixed_product((shares,), self.weights())
        k = len(self.intercept)
        scores = TextScores(found[:, :k] + self.intercept, found[:, k:], batch.lengths)
        return scores, terms, bags, entry, gamma

    def dissector(self) -> LdaDissector:
        """Return what takes scores apart."""
        return LdaDissector(self)

    def _shares(self, bags: Bags, gamma: Array) -> Array:
        total = bags.totals[:, None]
        result: Array = gamma - self.topics.alpha - total * self.expected()
        return result / np.sqrt(np.maximum(total, 1.0))

    def expected(self) -> Array:
        """Return the share of every topic that the prior expects."""
        alpha = self.topics.alpha
        expected: Array = alpha / alpha.sum()
        return expected

    def weights(self) -> Array:
        """Return what every topic puts into scores and content, shape (n_topics, k + d)."""
        d = self.n_dimensions
        content = np.zeros((len(self.coef), d))
        content[len(self.coef) - d :][np.arange(d), np.arange(d)] = self.scale
        return np.concatenate([self.coef, content], axis=1)


@dataclass(frozen=True, slots=True)
class LdaTrace:
    """What `LdaScorer` keeps: tokens, terms, their counts by text, and the topics of texts.

    Attributes
    ----------
    tokens : TokenBatch
    terms : Terms
    bags : Bags
    entry : ndarray of int64, shape (n_occurrences,)
        Entry of the bags that every occurrence of a term is counted in.
    gamma : ndarray, shape (n_texts, n_topics)
    """

    peaks: ClassVar[None] = None

    tokens: TokenBatch
    terms: Terms
    bags: Bags
    entry: NDArray[np.int64]
    gamma: Array


class LdaDissector:
    """A term counts as its topics do, less the prior's, and for each of its syllables alike.

    Parameters
    ----------
    scorer : LdaScorer
    """

    def __init__(self, scorer: LdaScorer) -> None:
        self._scorer = scorer

    def open(self, trace: Trace) -> _DissectedLda:
        """Prepare the texts of `trace`."""
        assert isinstance(trace, LdaTrace)
        scorer, terms, bags = self._scorer, trace.terms, trace.bags
        k, d, n = len(scorer.intercept), scorer.n_dimensions, len(bags.term)
        assigned = scorer.topics.assign(bags, trace.gamma)
        size = np.ones(n)
        size[trace.entry] = terms.size
        # What every syllable of a term gets, and every joint between two; last, where none is.
        part, joint = np.zeros((n + 1, k + d)), np.zeros((n + 1, k))
        ends = np.searchsorted(assigned.entry, np.arange(0, n + _ENTRIES, _ENTRIES))
        for low, (begin, end) in zip(range(0, n, _ENTRIES), pairwise(ends.tolist()), strict=True):
            block = part[low : min(low + _ENTRIES, n)]
            share = np.zeros((len(block), len(scorer.coef)))
            entry, topic = assigned.entry[begin:end] - low, assigned.topic[begin:end]
            share[entry, topic] = assigned.share[begin:end]
            share -= scorer.expected()
            block[:, :k] = fixed_product((share,), scorer.coef)
            block[:, k:] = share[:, share.shape[1] - d :] * scorer.scale
        part[:-1] /= size[:, None]
        joint[:-1] = part[:-1, :k] * (size / np.maximum(size - 1, 1))[:, None]
        scale = 1 / np.sqrt(np.maximum(bags.totals, 1.0))
        entries, joints = _of_tokens(trace, len(scorer.terms.words))
        return _DissectedLda(np.repeat(scale[:, None], k + d, axis=1), part, joint, entries, joints)


def _of_tokens(trace: LdaTrace, n_words: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what terms a token is in, and the joint between it and the next one.

    Returns
    -------
    entries, joints : ndarray of int64, shape (3, n_tokens + 1)
        Entries of the bags, -1 where there is none: a word, the pair that begins with it, the
        pair that ends with it.
    """
    terms, n = trace.terms, len(trace.tokens.ids)
    entries, joints = np.full((2, 3, n + 1), -1)
    begin = np.full(n + 1, -1)
    is_pair = terms.term >= n_words
    for kind in (np.flatnonzero(~is_pair), np.flatnonzero(is_pair)):
        for shift in range(int(terms.size.take(kind).max(initial=0))):
            kind = kind[terms.size.take(kind) > shift]
            start, entry = terms.start.take(kind), trace.entry.take(kind)
            token = start + shift
            role = np.zeros(len(kind), np.int64)
            if is_pair[kind[0]]:
                role += 1 + (begin.take(token) != start)
            else:
                begin[token] = start
            entries[role, token] = entry
            goes_on = terms.size.take(kind) > shift + 1
            joints[role[goes_on], token[goes_on]] = entry[goes_on]
    return entries, joints


@dataclass(frozen=True, slots=True)
class _DissectedLda:
    """Texts of an `LdaTrace`.

    Attributes
    ----------
    scale : ndarray, shape (n_texts, k + d)
    part, joint : ndarray, shapes (n_entries + 1, k + d) and (n_entries + 1, k)
        What each entry of the bags gives a syllable, and a joint between two; last, nothing.
    entries, joints : ndarray of int64, shape (3, n_tokens + 1)
        The entries that every token, and what is between it and the next, belongs to.
    """

    grams: ClassVar[None] = None

    scale: Array
    part: Array
    joint: Array
    entries: NDArray[np.int64]
    joints: NDArray[np.int64]

    def weights(self, at: NDArray[np.int64]) -> TokenWeights:
        """Return the weights of the tokens `at`; see `Dissected`."""
        weight, link = (
            sum(table.take(row.take(at), axis=0) for row in rows)
            for table, rows in ((self.part, self.entries), (self.joint, self.joints))
        )
        return TokenWeights(weight, link)
