"""Stage two: judge each paragraph, and the article, from stage-one scores in context.

In: stage-one logits of paragraphs and titles, token counts, layout. Out: features for the two
linear models of this stage, their logits, and how much each stage-one logit moved a result
(`paragraph_influence`, `article_influence`), which is what evidence is made of.

All arithmetic is element-wise or runs over one article's own values in their order, so a
result does not depend on the batch that the article is in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.batch import Layout

Array = NDArray[np.float64]

#: How quickly the pull of a neighbour fades, in paragraphs, and how far it reaches.
FADES = (1.5, 4.0)
REACH = 8
TOP = 3
#: The part that an article is judged by: its first paragraphs of some length. The labels were
#: given so, and news says at its head what it is about.
HEAD = 12
HEAD_LENGTH = 10

PARAGRAPH_BLOCKS = (
    "own_logit", "own_probability", "title_logit", "title_probability", "mean_probability",
    "max_logit", "top3_probability", "near_probability", "wide_probability",
)  # fmt: skip
PARAGRAPH_EXTRAS = ("log_length", "is_first", "log_position", "position")
ARTICLE_BLOCKS = (
    "title_logit", "title_probability", "mean_probability", "weighted_probability",
    "max_logit", "top3_probability", "top3_logit", "lead_probability",
)  # fmt: skip
ARTICLE_EXTRAS = ("log_paragraphs",)


def sigmoid(x: Array) -> Array:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


@dataclass(frozen=True, slots=True)
class Signals:
    """What stage two reads: k signals a paragraph and title (one per theme here).

    Attributes
    ----------
    own : ndarray, shape (n_paragraphs, k)
        Stage-one logits of the paragraphs.
    title : ndarray, shape (n_articles, k)
        Of the titles; NaN rows where an article has none.
    length : ndarray, shape (n_paragraphs,)
        Tokens of every paragraph, at least 1.
    layout : Layout
    """

    own: Array
    title: Array
    length: Array
    layout: Layout


@dataclass(frozen=True, slots=True)
class _Summary:
    """Per-article values that features of both levels share, each (n_articles, k)."""

    mean: Array
    weighted: Array
    maximum: Array
    top: Array
    top_logit: Array
    title: Array
    title_probability: Array


def _sum_by_article(values: Array, layout: Layout) -> Array:
    # bincount adds in order, entry by entry: the same sum in any batch.
    columns = [
        np.bincount(layout.article, values[:, j], minlength=layout.n_articles)
        for j in range(values.shape[1])
    ]
    return np.stack(columns, axis=1)


def _rank_within_article(values: Array, layout: Layout) -> NDArray[np.int64]:
    """Rank of every paragraph within its article, 0 = highest, shape of `values`."""
    rank = np.empty(values.shape, np.int64)
    place = np.arange(len(values)) - layout.starts[layout.article]
    for j in range(values.shape[1]):
        order = np.lexsort((-values[:, j], layout.article))
        rank[order, j] = place
    return rank


def _summary(signals: Signals, probability: Array) -> _Summary:
    layout, own = signals.layout, signals.own
    size = np.maximum(layout.sizes, 1)[:, None].astype(np.float64)
    mean = _sum_by_article(probability, layout) / size
    total = np.bincount(layout.article, signals.length, minlength=layout.n_articles)
    share = signals.length / np.maximum(total, 1.0)[layout.article]
    weighted = _sum_by_article(probability * share[:, None], layout)
    rank = _rank_within_article(own, layout)
    of_top = np.minimum(size, TOP)
    in_top = rank < TOP
    top = _sum_by_article(np.where(in_top, probability, 0.0), layout) / of_top
    top_logit = _sum_by_article(np.where(in_top, own, 0.0), layout) / of_top
    maximum = _sum_by_article(np.where(rank == 0, own, 0.0), layout)
    # An article without title is judged as if the title said what the body says on average.
    own_mean = _sum_by_article(own, layout) / size
    missing = np.isnan(signals.title)
    title = np.where(missing, own_mean, signals.title)
    # Without paragraphs the title is all there is.
    bare = (layout.sizes == 0)[:, None]
    title_probability = np.where(missing & ~bare, mean, sigmoid(title))
    return _Summary(
        mean=np.where(bare, title_probability, mean),
        weighted=np.where(bare, title_probability, weighted),
        maximum=np.where(bare, title, maximum),
        top=np.where(bare, title_probability, top),
        top_logit=np.where(bare, title, top_logit),
        title=title,
        title_probability=title_probability,
    )


def _neighbour_weights(layout: Layout) -> tuple[Array, Array]:
    """Weights of the neighbours at shifts 1..reach to the left, then to the right.

    Returns
    -------
    left, right : ndarray, shape (n_fades, reach, n_paragraphs)
        ``exp(-d / fade)``, zero beyond the article; left and right together sum to one for
        every paragraph that has a neighbour.
    """
    n = len(layout.article)
    place = np.arange(n) - layout.starts[layout.article]
    after = layout.sizes[layout.article] - 1 - place
    shift = np.arange(1, REACH + 1)[:, None]
    raw = np.exp(-shift[None] / np.asarray(FADES)[:, None, None])
    left = np.where(place >= shift, raw, 0.0)
    right = np.where(after >= shift, raw, 0.0)
    total = np.zeros((len(FADES), n))
    for d in range(REACH):
        total = total + left[:, d] + right[:, d]
    total = np.maximum(total, 1e-12)[:, None]
    return left / total, right / total


def _smoothed(probability: Array, layout: Layout) -> list[Array]:
    """Probability of the neighbourhood, self left out, one array a fade."""
    left, right = _neighbour_weights(layout)
    result = [np.zeros_like(probability) for _ in FADES]
    for fade in range(len(FADES)):
        for d in range(1, REACH + 1):
            if d >= len(probability):
                break
            result[fade][d:] += left[fade, d - 1, d:, None] * probability[:-d]
            result[fade][:-d] += right[fade, d - 1, :-d, None] * probability[d:]
    return result


def paragraph_features(signals: Signals) -> Array:
    """Return the features of every paragraph.

    Returns
    -------
    ndarray, shape (len(PARAGRAPH_BLOCKS) * k + len(PARAGRAPH_EXTRAS), n_paragraphs)
        Feature-major: block after block, each of k rows.
    """
    layout = signals.layout
    probability = sigmoid(signals.own)
    summary = _summary(signals, probability)
    near, wide = _smoothed(probability, layout)
    of = layout.article
    # A paragraph that stands alone is its own neighbourhood.
    alone = (layout.sizes[of] == 1)[:, None]
    blocks = [
        signals.own, probability, summary.title[of], summary.title_probability[of],
        summary.mean[of], summary.maximum[of], summary.top[of],
        np.where(alone, probability, near), np.where(alone, probability, wide),
    ]  # fmt: skip
    place = (np.arange(len(of)) - layout.starts[of]).astype(np.float64)
    extras = [
        np.log1p(signals.length),
        (place == 0).astype(np.float64),
        np.log1p(place),
        np.minimum(place, 10.0) / 10.0,
    ]
    return np.concatenate([np.concatenate(blocks, axis=1).T, np.stack(extras)])


def head(signals: Signals) -> NDArray[np.bool_]:
    """Return which paragraphs articles are judged by, shape (n_paragraphs,).

    The first `HEAD` of `HEAD_LENGTH` tokens or more; of an article that has none, the first of
    any length.
    """
    layout = signals.layout
    of, start = layout.article, layout.starts[layout.article]
    counted = signals.length >= HEAD_LENGTH
    without = np.bincount(of[counted], minlength=layout.n_articles) == 0
    counted = counted | without[of]
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(counted)])
    chosen: NDArray[np.bool_] = counted & (before[:-1] - before[start] < HEAD)
    return chosen


def article_features(signals: Signals) -> Array:
    """Return the features of every article, feature-major like `paragraph_features`.

    They are those of its head (`head`), which is chosen here.
    """
    chosen = head(signals)
    signals = Signals(
        signals.own[chosen], signals.title, signals.length[chosen], signals.layout.keep(chosen)
    )
    layout = signals.layout
    probability = sigmoid(signals.own)
    s = _summary(signals, probability)
    lead = s.title_probability.copy()
    filled = np.flatnonzero(layout.sizes > 0)
    lead[filled] = probability[layout.starts[filled]]
    blocks = [
        s.title, s.title_probability, s.mean, s.weighted, s.maximum, s.top, s.top_logit, lead,
    ]  # fmt: skip
    extras = [np.log1p(layout.sizes.astype(np.float64))]
    return np.concatenate([np.concatenate(blocks, axis=1).T, np.stack(extras)])


@dataclass(frozen=True, slots=True)
class LinearStage:
    """One linear model per theme over context features.

    Attributes
    ----------
    coef : ndarray, shape (n_features, n_themes)
    intercept : ndarray, shape (n_themes,)
    """

    coef: Array
    intercept: Array

    def logits(self, features: Array) -> Array:
        """Return the logits, shape (n_items, n_themes), of feature-major `features`."""
        # Feature by feature: no BLAS, so no dependence on the number of items.
        result = np.repeat(self.intercept[:, None], features.shape[1], axis=1)
        for row, weights in zip(features, self.coef, strict=True):
            result += weights[:, None] * row
        return np.ascontiguousarray(result.T)
