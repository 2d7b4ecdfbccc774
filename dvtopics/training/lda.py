"""Fitting stage one of `LdaTagger`: labelled paragraphs → topics seeded by themes → scores.

What labels say of a term decides which topic may hold it: terms that speak alike for all themes
seed one topic. Words belong, for another part, to background topics that are found without
labels. Both are priors of gensim's LDA, which then reads the paragraphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.tokens import TokenisedTexts
from dvtopics.features.topics import Array, Bags
from dvtopics.features.words import WordBatch, WordTerms, read_words
from dvtopics.taggers.scorer import Scorer, TextScores
from dvtopics.taggers.topic_scorer import LdaScorer
from dvtopics.training.data import StageOne, TrainingSet
from dvtopics.training.gensim_lda import background_topics, seeded_topics
from dvtopics.training.label_weights import LabelWeights, label_weights

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

#: Background topics that a word may belong to.
_PLACES = 4
#: Paragraphs that the seeded topics read.
_READ = 20_000
#: Words of the background: in this many articles at least, and in this share at most.
_MIN_ARTICLES, _MAX_SHARE = 5, 0.25
_INFERENCE = 30


@dataclass(frozen=True, slots=True)
class LdaParameters:
    """What the two stages of an `LdaTagger` are fitted with; see there for the meaning."""

    phrases: tuple[str, ...]
    seeds: tuple[tuple[str, ...], ...]
    min_df: int
    min_pair_df: int
    n_seeded: int
    n_background: int
    background_share: float
    concentration: float
    prior_strength: float
    seed_weight: float
    C: float
    smoothing: float
    n_steps: int
    passes: int
    context_C: float  # noqa: N815
    article_C: float  # noqa: N815
    n_hidden: int
    network_alpha: float
    n_epochs: int
    n_averaged: int
    n_networks: int
    n_folds: int
    random_state: int

    def read(self, texts: Sequence[str]) -> TokenisedTexts:
        """Cut texts into words."""
        return read_words(texts, self.phrases)

    def stage_one(self) -> StageOne:
        """Return what fits the scorers of one pipeline."""
        return LdaStage(self)


class LdaStage:
    """Fits scorers whose background topics are the same: those that `find_background` found."""

    independent = False

    def __init__(self, parameters: LdaParameters) -> None:
        self._p = parameters
        #: Word → its shares of the background topics.
        self._background: dict[str, Array] = {}
        self._scale = np.zeros(0)

    def fit(self, data: TrainingSet) -> LdaScorer:
        """Find the background and fit the scorer that is kept."""
        self.find_background(data)
        width = len(self._scale)
        scorer = self.fit_part(data)
        content = self.scores(scorer, data.body).content
        spread = float(content.std())
        self._scale = np.full(width, 1 / spread if spread > 1e-6 else 1.0)
        return LdaScorer(scorer.terms, scorer.topics, scorer.coef, scorer.intercept, self._scale)

    def find_background(self, data: TrainingSet) -> None:
        """Find the topics that all scorers share, labels left aside.

        Without it, scorers have seeded topics only.
        """
        self._background, width = self._background_shares(data)
        self._scale = np.ones(width)

    def fit_part(self, data: TrainingSet) -> LdaScorer:
        """Fit a scorer over the background that was found."""
        p = self._p
        judged = np.asarray(~np.isnan(data.labels.paragraph).all(axis=1))
        tokens = data.body.take(judged)
        terms = WordTerms.fit(tokens, p.phrases, p.min_df, p.min_pair_df)
        bags = _bags(terms, terms.encode_tokens(tokens))
        counts = _matrix(bags, terms.n_terms)
        labels = np.concatenate([data.labels.paragraph[judged], data.labels.main[judged]], axis=1)
        found = label_weights(counts, labels, p.C, p.smoothing, p.n_steps)
        n_themes = data.labels.paragraph.shape[1]
        weight = self._with_seeds(terms, found, n_themes)
        total = np.asarray(counts.sum(axis=0)).ravel()
        group, centre = _grouped(weight, n_themes, total, p.n_seeded, p.random_state)
        member = self._memberships(terms, group, len(centre))
        expected = member * total[:, None]
        share = expected.sum(axis=0) / expected.sum()
        # Every topic keeps a little of the prior, so that its parameter is not zero.
        alpha = p.concentration * (0.99 * share + 0.01 / len(share))
        read = _some(bags, _READ, p.random_state)
        part = read.count.sum() / bags.count.sum()
        eta = p.prior_strength * part * expected.T
        topics = seeded_topics(read, alpha, eta, _INFERENCE)
        coef = np.zeros((len(alpha), weight.shape[1]))
        coef[: len(centre)] = centre / (1 - p.background_share)
        # Single precision is what is saved: fitting and loading give the same scores.
        coef = coef.astype(np.float32).astype(np.float64)
        return LdaScorer(terms, topics, coef, found.intercept, self._scale)

    def scores(self, scorer: Scorer, tokens: TokenisedTexts) -> TextScores:
        """Score texts that `LdaParameters.read` has read."""
        assert isinstance(scorer, LdaScorer)
        return scorer.score_words(scorer.terms.encode_tokens(tokens))

    def _background_shares(self, data: TrainingSet) -> tuple[dict[str, Array], int]:
        """Fit LDA on whole articles, labels left aside; return the shares of every word."""
        from dvtopics.text.stopwords import stop_words

        p, tokens = self._p, data.body
        article = data.layout.article[tokens.batch.row]
        n_articles, n_words = data.layout.n_articles, len(tokens.words)
        pair = np.unique(article * n_words + tokens.batch.ids)
        df = np.bincount(pair % n_words, minlength=n_words)
        stops = stop_words()
        chosen = np.array([
            word not in stops and not word.isdigit() and len(word) > 1 for word in tokens.words
        ])  # fmt: skip
        chosen &= (df >= min(_MIN_ARTICLES, max(n_articles // 10, 1))) & (
            df <= max(_MAX_SHARE * n_articles, 5)
        )
        place = np.cumsum(chosen) - 1
        kept = chosen[tokens.batch.ids]
        n_topics = min(p.n_background, max(n_articles // 4, 1))
        width = int(chosen.sum())
        if not width:
            return {}, n_topics
        key = article[kept] * width + place[tokens.batch.ids[kept]]
        distinct, count = np.unique(key, return_counts=True)
        row, term = np.divmod(distinct, width)
        indptr = np.searchsorted(row, np.arange(n_articles + 1))
        bags = Bags(indptr, term, count.astype(np.float64))
        topics = background_topics(bags, width, n_topics, p.passes, p.random_state)
        shares = topics / np.maximum(topics.sum(axis=0), 1e-12)
        # A word belongs to few topics: the others hold what is left of chance.
        if n_topics > _PLACES:
            least = np.sort(shares, axis=0)[-_PLACES]
            shares = np.where(shares >= least, shares, 0.0)
        shares /= np.maximum(shares.sum(axis=0), 1e-12)
        words = [tokens.words[i] for i in np.flatnonzero(chosen).tolist()]
        return dict(zip(words, shares.T, strict=True)), n_topics

    def _with_seeds(self, terms: WordTerms, found: LabelWeights, n_themes: int) -> Array:
        """Return the weights of all terms, those of seed terms raised for their theme."""
        weight = found.weight.copy()
        for theme, seeds in enumerate(self._p.seeds[:n_themes]):
            positive = weight[:, theme][weight[:, theme] > 0]
            if not len(positive):
                continue
            least = self._p.seed_weight * float(np.quantile(positive, 0.9))
            seeded = seed_terms(terms, seeds)
            weight[seeded, theme] = np.maximum(weight[seeded, theme], least)
        return weight

    def _memberships(self, terms: WordTerms, group: NDArray[np.int64], n_groups: int) -> Array:
        """Return the share of every term that each topic is to hold, shape (n_terms, n_topics)."""
        width = len(self._scale)
        member = np.zeros((terms.n_terms, n_groups + width))
        member[np.arange(terms.n_terms), group] = 1.0
        for index, word in enumerate(terms.words):
            shares = self._background.get(word)
            if shares is not None:
                member[index, :n_groups] *= 1 - self._p.background_share
                member[index, n_groups:] = self._p.background_share * shares
        return member


def seed_terms(terms: WordTerms, seeds: Sequence[str]) -> NDArray[np.int64]:
    """Return the terms that seeds are made of, without those that `terms` does not hold.

    A seed of one word is that word; a longer one is its pairs of neighbouring words.
    """
    place = {word: index for index, word in enumerate(terms.words)}
    n = len(terms.words)
    batch = read_words(seeds, terms.phrases)
    ids = np.array([place.get(word, -1) for word in batch.words], dtype=np.int64)[batch.batch.ids]
    found = [np.zeros(0, np.int64)]
    for row in range(len(seeds)):
        words = ids[batch.batch.row == row]
        if len(words) <= 1:
            found.append(words[words >= 0])
            continue
        keys = words[:-1] * n + words[1:]
        at = np.searchsorted(terms.pairs, keys)
        there = (at < len(terms.pairs)) & (words[:-1] >= 0) & (words[1:] >= 0)
        there[there] = terms.pairs[at[there]] == keys[there]
        found.append(n + at[there])
    return np.unique(np.concatenate(found))


def _grouped(
    weight: Array, n_themes: int, total: Array, n_groups: int, random_state: int
) -> tuple[NDArray[np.int64], Array]:
    """Group terms that speak alike for all themes; return groups and their mean weights."""
    from sklearn.cluster import KMeans

    points = weight[:, :n_themes]
    distinct = len(np.unique(points.round(9), axis=0))
    n_groups = max(1, min(n_groups, distinct, len(points) // 4))
    model = KMeans(n_groups, n_init=1, max_iter=15, random_state=random_state)
    group = model.fit(points, sample_weight=total).labels_.astype(np.int64)
    mass = np.bincount(group, total, n_groups)
    centre = np.stack([np.bincount(group, total * column, n_groups) for column in weight.T], axis=1)
    return group, centre / np.maximum(mass, 1e-12)[:, None]


def _bags(terms: WordTerms, batch: WordBatch) -> Bags:
    return Bags.of(terms.terms(batch), len(batch.lengths), terms.n_terms)[0]


def _matrix(bags: Bags, n_terms: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    return csr_matrix((bags.count, bags.term, bags.indptr), shape=(len(bags.indptr) - 1, n_terms))


def _some(bags: Bags, n: int, random_state: int) -> Bags:
    """Return at most `n` of the texts."""
    n_texts = len(bags.indptr) - 1
    if n_texts <= n:
        return bags
    rows = np.sort(np.random.RandomState(random_state).permutation(n_texts)[:n])
    sizes = np.diff(bags.indptr)[rows]
    starts = np.cumsum(sizes) - sizes
    at = np.arange(sizes.sum()) - np.repeat(starts - bags.indptr[rows], sizes)
    return Bags(np.append(starts, sizes.sum()), bags.term[at], bags.count[at])
