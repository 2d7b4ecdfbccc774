"""How much each stage-one logit moved a stage-two logit.

Stage two is linear in its features, and every feature is a mean, maximum or weighted sum over
stage-one logits ``s`` or over ``p = sigmoid(s)``. Writing ``p = p0 + g * (s - s0)`` with ``s0``
the logit of a text without any known term and ``g`` the slope of the secant, each stage-two
logit is exactly ``bias + extras + sum over sources of influence * (s - s0)``. That identity is
what lets evidence add up (Štrumbelj & Kononenko 2010 discuss such additive explanations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.context import (
    ARTICLE_BLOCKS,
    FADES,
    PARAGRAPH_BLOCKS,
    REACH,
    TOP,
    Array,
    LinearStage,
    sigmoid,
)


@dataclass(frozen=True, slots=True)
class ArticleSignals:
    """Stage-one logits of one article: (m, k) paragraphs; title (k,) or None."""

    own: Array
    title: Array | None
    length: Array
    base: Array


@dataclass(frozen=True, slots=True)
class Spread:
    """What moved a stage-two logit by way of the whole article.

    It is the same for all paragraphs of an article, so it is worked out once a theme: evidence
    for a long article takes time in proportion to its length.

    Attributes
    ----------
    coef : dict of str to ndarray, shape (k,)
        Weights of the stage by block.
    paragraphs : ndarray, shape (n_paragraphs, k)
    title : ndarray, shape (k,), or None
        None where the article has no title.
    bias : float
        The logit where no text holds any known term, before length and position count.
    order : ndarray of int64, shape (n_paragraphs,)
        Paragraphs by how much they moved the logit up, the strongest first.
    """

    coef: dict[str, Array]
    paragraphs: Array
    title: Array | None
    bias: float
    order: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Influence:
    """Influence of every source on one stage-two logit.

    Attributes
    ----------
    spread : Spread
    near : ndarray of int64, shape (n_near,)
        Paragraphs that count for more than their part in the whole, ascending.
    extra : ndarray, shape (n_near, k)
        Their influence on top of that part.
    """

    spread: Spread
    near: NDArray[np.int64]
    extra: Array

    def on(self, paragraphs: NDArray[np.int64]) -> Array:
        """Return the influence of `paragraphs`, which are ascending and hold all of `near`."""
        total = self.spread.paragraphs[paragraphs]
        total[np.searchsorted(paragraphs, self.near)] += self.extra
        return total


class InfluenceMap:
    """Influence of the paragraphs and the title of one article on its stage-two logits.

    Parameters
    ----------
    signals : ArticleSignals
    """

    def __init__(self, signals: ArticleSignals) -> None:
        self._s = signals
        self.size, self._k = signals.own.shape
        self._slope = _secant(signals.own, signals.base)
        self._top = np.argsort(-signals.own, axis=0, kind="stable")[:TOP]
        self._base_probability = sigmoid(signals.base)

    def spread(self, stage: LinearStage, theme: int) -> Spread:
        """Return what moved the logits of all paragraphs for `theme`."""
        c = self._coefficients(stage, theme, PARAGRAPH_BLOCKS)
        total = np.zeros((self.size, self._k))
        title = self._add_title(total, c)
        total += c["mean_probability"] * self._slope / self.size
        self._add_maxima(total, c["max_logit"], c["top3_probability"])
        return self._spread(c, total, title, self._bias(stage, theme, c))

    def on_paragraph(self, spread: Spread, index: int) -> Influence:
        """Return what moved the logit of paragraph `index` for the theme of `spread`."""
        c = spread.coef
        near = np.arange(max(0, index - REACH), min(self.size, index + REACH + 1))
        extra = np.zeros((len(near), self._k))
        for block, fade in zip(("near_probability", "wide_probability"), FADES, strict=True):
            extra += self._neighbours(near, index, fade)[:, None] * c[block]
        extra[index - near[0]] += c["own_probability"]
        extra *= self._slope[near]
        extra[index - near[0]] += c["own_logit"]
        return Influence(spread, near, extra)

    def on_article(self, stage: LinearStage, theme: int) -> Influence:
        """Return what moved the logit of the article for `theme`."""
        c = self._coefficients(stage, theme, ARTICLE_BLOCKS)
        total = np.zeros((self.size, self._k))
        bias = self._bias(stage, theme, c)
        if self.size == 0:
            # Every block stands for the title.
            assert self._s.title is not None
            slope = _secant(self._s.title, self._s.base)
            moved = np.zeros(self._k)
            for name, weights in c.items():
                moved += weights * (1.0 if name.endswith("logit") else slope)
            return self._whole(self._spread(c, total, moved, bias))
        title = self._add_title(total, c)
        share = self._s.length / max(self._s.length.sum(), 1.0)
        spread = c["mean_probability"] / self.size + share[:, None] * c["weighted_probability"]
        total += spread * self._slope
        self._add_maxima(total, c["max_logit"], c["top3_probability"], c["top3_logit"])
        total[0] += c["lead_probability"] * self._slope[0]
        return self._whole(self._spread(c, total, title, bias))

    def _spread(
        self, coef: dict[str, Array], total: Array, title: Array | None, bias: float
    ) -> Spread:
        pull = (total * (self._s.own - self._s.base)).sum(axis=1)
        return Spread(coef, total, title, bias, np.argsort(-pull, kind="stable"))

    def _whole(self, spread: Spread) -> Influence:
        return Influence(spread, np.zeros(0, np.int64), np.zeros((0, self._k)))

    def _coefficients(
        self, stage: LinearStage, theme: int, blocks: tuple[str, ...]
    ) -> dict[str, Array]:
        column = stage.coef[:, theme]
        return {name: column[i * self._k : (i + 1) * self._k] for i, name in enumerate(blocks)}

    def _bias(self, stage: LinearStage, theme: int, c: dict[str, Array]) -> float:
        value = float(stage.intercept[theme])
        for name, weights in c.items():
            level = self._s.base if name.endswith("logit") else self._base_probability
            value += float((weights * level).sum())
        return value

    def _add_title(self, total: Array, c: dict[str, Array]) -> Array | None:
        logit, probability = c["title_logit"], c["title_probability"]
        if self._s.title is not None:
            return logit + probability * _secant(self._s.title, self._s.base)
        # No title: the body stood in for it, each paragraph alike.
        total += (logit + probability * self._slope) / self.size
        return None

    def _add_maxima(
        self,
        total: Array,
        max_logit: Array,
        top_probability: Array,
        top_logit: Array | float = 0.0,
    ) -> None:
        every = np.arange(self._k)
        n_top = len(self._top)
        total[self._top[0], every] += max_logit
        for best in self._top:
            slope = self._slope[best, every]
            total[best, every] += (top_probability * slope + top_logit) / n_top

    def _neighbours(self, near: NDArray[np.int64], index: int, fade: float) -> Array:
        if self.size == 1:
            return np.ones(1)
        distance = np.abs(near - index)
        weight = np.where(distance > 0, np.exp(-distance / fade), 0.0)
        share: Array = weight / weight.sum()
        return share


def _secant(logit: Array, base: Array) -> Array:
    """Slope of the sigmoid's secant between `base` and `logit`."""
    difference = logit - base
    flat = np.abs(difference) < 1e-9
    p = sigmoid(base)
    slope = (sigmoid(logit) - p) / np.where(flat, 1.0, difference)
    return np.where(flat, p * (1 - p), slope)
