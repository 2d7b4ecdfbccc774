"""Stage one of `LdaTagger`: texts → topic shares → scores by theme and what texts are about.

Topic shares are all that scores are made of. A text of ``N`` terms has ``gamma`` (prior plus
terms assigned to each topic) and so ``gamma - alpha - N * alpha / sum(alpha)`` terms more of a
topic than the prior expects; divided by ``sqrt(N)`` that is its share less the prior's, times a
function of length. Scores are linear in it, hence sums over the terms of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.topics import Bags, TopicWords
from dvtopics.features.words import Terms, WordBatch, WordTerms
from dvtopics.taggers.context import Array
from dvtopics.taggers.network import fixed_product
from dvtopics.taggers.scorer import TextScores, TokenWeights

#: Texts scored together; what is kept for each is as long as there are topics.
_CHUNK = 1024


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
        bags, _ = self._bags(self.terms.terms(batch), len(batch.lengths))
        shape = (len(batch.lengths), self.coef.shape[1] + self.n_dimensions)
        found = np.zeros(shape)
        for low in range(0, len(found), _CHUNK):
            part = bags.part(low, min(low + _CHUNK, len(found)))
            found[low : low + _CHUNK] = fixed_product((self.shares(part),), self._weights())
        k = len(self.intercept)
        return TextScores(found[:, :k] + self.intercept, found[:, k:], batch.lengths)

    def shares(self, bags: Bags) -> Array:
        """Return what the scores are linear in, shape (n_texts, n_topics)."""
        total = bags.totals[:, None]
        gamma = self.topics.infer(bags)
        result: Array = gamma - self.topics.alpha - total * self._expected()
        return result / np.sqrt(np.maximum(total, 1.0))

    def token_weights(self, texts: list[str]) -> TokenWeights:
        """Take the scores of `texts` apart: a term counts as its topics do, less the prior's."""
        batch = self.terms.encode(texts)
        terms = self.terms.terms(batch)
        bags, entry = self._bags(terms, len(texts))
        assigned = self.topics.assign(bags, self.topics.infer(bags))
        weights = self._weights()
        each = np.repeat(-(self._expected() @ weights)[None], len(bags.term), axis=0)
        np.add.at(each, assigned.entry, assigned.share[:, None] * weights[assigned.topic])
        each /= np.sqrt(bags.totals)[bags.row, None]
        # A term counts for each of its syllables alike.
        n, k = int(batch.lengths.sum()), len(self.intercept)
        weight, link = np.zeros((n, weights.shape[1])), np.zeros((n, k))
        value = each[entry] / terms.size[:, None]
        for shift in range(int(terms.size.max(initial=0))):
            covers = terms.size > shift
            np.add.at(weight, terms.start[covers] + shift, value[covers])
            joins = terms.size > shift + 1
            pull = value[joins, :k] * (terms.size[joins] / (terms.size[joins] - 1))[:, None]
            np.add.at(link, terms.start[joins] + shift, pull)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(batch.lengths)])
        ids = self.terms.syllable_ids(texts)
        return TokenWeights(
            ids, starts, weight[:, :k], link, np.ones(n), np.arange(n), weight[:, k:]
        )

    def _bags(self, terms: Terms, n_texts: int) -> tuple[Bags, NDArray[np.int64]]:
        return Bags.of(terms, n_texts, self.terms.n_terms)

    def _expected(self) -> Array:
        """Return the share of every topic that the prior expects."""
        alpha = self.topics.alpha
        expected: Array = alpha / alpha.sum()
        return expected

    def _weights(self) -> Array:
        """Return what every topic puts into scores and content, shape (n_topics, k + d)."""
        d = self.n_dimensions
        content = np.zeros((len(self.coef), d))
        content[len(self.coef) - d :][np.arange(d), np.arange(d)] = self.scale
        return np.concatenate([self.coef, content], axis=1)
