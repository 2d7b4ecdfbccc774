"""Stage two: judge each paragraph, and the article, from stage-one scores in context.

In: stage-one logits of paragraphs and titles, token counts, layout. Out: features for the
models of this stage, and the logits of a linear one.

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
#: Behind them, where stage one gives peaks; see `dvtopics.taggers.peaks`.
PEAK_BLOCKS = ("peak_logit",)
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
    """What stage two reads: k signals a paragraph and title, one or more per theme.

    Attributes
    ----------
    own : ndarray, shape (n_paragraphs, k)
        Stage-one logits of the paragraphs.
    title : ndarray, shape (n_articles, k)
        Of the titles; NaN rows where an article has none.
    length : ndarray, shape (n_paragraphs,)
        Tokens of every paragraph, at least 1.
    layout : Layout
    peak : ndarray, shape (n_paragraphs, k), optional
        The highest logits of any few tokens in a row.
    """

    own: Array
    title: Array
    length: Array
    layout: Layout
    peak: Array | None = None

    def keep(self, chosen: NDArray[np.bool_]) -> Signals:
        """Return the signals with the paragraphs `chosen` only."""
        layout = self.layout.keep(chosen)
        peak = None if self.peak is None else self.peak[chosen]
        return Signals(self.own[chosen], self.title, self.length[chosen], layout, peak)


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
    # reduceat adds in order, row by row: the same sum in any batch.
    result = np.zeros((layout.n_articles, values.shape[1]))
    filled = np.flatnonzero(layout.sizes > 0)
    if len(filled):
        result[filled] = np.add.reduceat(values, layout.starts[filled], axis=0)
    return result


def _highest(values: Array, layout: Layout) -> list[tuple[Array, Array]]:
    """Return the `TOP` highest values of every article, and how often to count each.

    Returns
    -------
    list of (value, times), each of shape (n_articles, k)
        Falling values; the times of an article add up to `TOP`, or to all its paragraphs.
    """
    shape = (layout.n_articles, values.shape[1])
    filled = np.flatnonzero(layout.sizes > 0)
    left = np.minimum(layout.sizes, TOP).astype(np.float64)[:, None] + np.zeros(shape)
    rest, found = values, []
    for _ in range(TOP if len(filled) else 0):
        value = np.zeros(shape)
        value[filled] = np.maximum.reduceat(rest, layout.starts[filled], axis=0)
        here = rest == value.take(layout.article, axis=0)
        times = np.minimum(_sum_by_article(here.astype(np.float64), layout), left)
        found.append((np.where(times > 0, value, 0.0), times))
        left = left - times
        rest = np.where(here, -np.inf, rest)
    return found


def _summary(signals: Signals, probability: Array) -> _Summary:
    layout, own = signals.layout, signals.own
    size = np.maximum(layout.sizes, 1)[:, None].astype(np.float64)
    mean = _sum_by_article(probability, layout) / size
    total = np.bincount(layout.article, signals.length, minlength=layout.n_articles)
    share = signals.length / np.maximum(total, 1.0)[layout.article]
    weighted = _sum_by_article(probability * share[:, None], layout)
    of_top = np.minimum(size, TOP)
    top, top_logit, maximum = np.zeros_like(mean), np.zeros_like(mean), np.zeros_like(mean)
    for rank, (value, times) in enumerate(_highest(own, layout)):
        top += times * sigmoid(value)
        top_logit += times * value
        if rank == 0:
            maximum = value
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
        top=np.where(bare, title_probability, top / of_top),
        top_logit=np.where(bare, title, top_logit / of_top),
        title=title,
        title_probability=title_probability,
    )


def neighbour_sums(values: Array, layout: Layout, weights: Array) -> list[Array]:
    """Return weighted sums over the paragraphs before and after each.

    Parameters
    ----------
    values : ndarray, shape (n_paragraphs, k)
    layout : Layout
    weights : ndarray, shape (m, reach)
        Of the paragraphs 1, 2, ... places away, on both sides; beyond the article nothing counts.

    Returns
    -------
    list of m ndarray, each of shape (n_paragraphs, k)
    """
    # Articles are laid out with gaps of zeros between them, so that no sum needs a mask.
    reach = weights.shape[1]
    at = np.arange(len(values)) + reach * layout.article
    n = len(values) + reach * layout.n_articles
    spaced = np.zeros((n + 2 * reach, values.shape[1]))
    spaced[at + reach] = values
    sums = [np.zeros((n, values.shape[1])) for _ in weights]
    for d in range(1, reach + 1):
        both = spaced[reach - d : reach - d + n] + spaced[reach + d : reach + d + n]
        for total, row in zip(sums, weights, strict=True):
            total += row[d - 1] * both
    return [total.take(at, axis=0) for total in sums]


def _smoothed(probability: Array, layout: Layout) -> list[Array]:
    """Probability of the neighbourhood, self left out, one array a fade.

    Neighbours count ``exp(-d / fade)``; all together count one.
    """
    raw = np.exp(-np.arange(1, REACH + 1) / np.asarray(FADES)[:, None])
    reached = np.concatenate([np.zeros((len(FADES), 1)), np.cumsum(raw, axis=1)], axis=1)
    place = np.arange(len(layout.article)) - layout.starts[layout.article]
    before = np.minimum(place, REACH)
    after = np.minimum(layout.sizes[layout.article] - 1 - place, REACH)
    total = np.maximum(reached[:, before] + reached[:, after], 1e-12)
    sums = neighbour_sums(probability, layout, raw)
    return [part / weight[:, None] for part, weight in zip(sums, total, strict=True)]


def paragraph_features(signals: Signals) -> Array:
    """Return the features of every paragraph.

    Returns
    -------
    ndarray, shape (n_features, n_paragraphs)
        Feature-major: `PARAGRAPH_BLOCKS`, each of k rows, `PARAGRAPH_EXTRAS`, and `PEAK_BLOCKS`
        where there are peaks. Its transpose is contiguous.
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
    peak = [] if signals.peak is None else [signals.peak]
    return np.concatenate([*blocks, np.stack(extras, axis=1), *peak], axis=1).T


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


def article_features(signals: Signals, chosen: NDArray[np.bool_] | None = None) -> Array:
    """Return the features of every article, feature-major like `paragraph_features`.

    Parameters
    ----------
    signals : Signals
    chosen : ndarray of bool, shape (n_paragraphs,), optional
        The paragraphs that the article is judged by; its `head` by default.
    """
    if chosen is None:
        chosen = head(signals)
    signals = signals.keep(chosen)
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
