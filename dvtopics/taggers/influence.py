"""How much each text of an article moved a logit of stage two.

At one paragraph stage two is linear (`dvtopics.taggers.network.LocalModel`) in its features, and
every feature is a mean, maximum or weighted sum over stage-one logits ``s`` or over
``p = sigmoid(s)``. Writing ``p = p0 + g * (s - s0)`` with ``s0`` the logit of a text without any
known term and ``g`` the slope of the secant, the logit is exactly ``bias + extras + sum over
texts of influence * (s - s0) + influence on content * content``. That identity is what lets
evidence add up (Štrumbelj & Kononenko 2010 discuss such additive explanations). The article
model is taken apart in the same way, over the paragraph logits of stage two.
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
from dvtopics.taggers.network import NEAR, LocalModel


@dataclass(frozen=True, slots=True)
class ArticleSignals:
    """Logits of one article that a stage reads, and the logits of a text that says nothing.

    Attributes
    ----------
    own : ndarray, shape (n_paragraphs, k)
    title : ndarray, shape (k,), or None
        None where the article has no title.
    length : ndarray, shape (n_paragraphs,)
    base, title_base : ndarray, shape (k,)
        Logits of a paragraph and of a title without any known term.
    """

    own: Array
    title: Array | None
    length: Array
    base: Array
    title_base: Array


@dataclass(frozen=True, slots=True)
class Influence:
    """Influence of the texts of an article on the logits of one paragraph, or of the article.

    Attributes
    ----------
    paragraphs : ndarray of int64, shape (n,)
        The paragraphs named, ascending; others moved the logits too, each a little.
    on_logits : ndarray, shape (n, k, n_themes)
        By how much the logits rise with each logit of these paragraphs.
    on_content : ndarray, shape (n, d, n_themes)
        The same for their contents; d is 0 at the article level.
    title_logits : ndarray, shape (k, n_themes)
    title_content : ndarray, shape (d, n_themes)
    bias : ndarray, shape (n_themes,)
        The logits where no text holds any known term, before length and position count.
    """

    paragraphs: NDArray[np.int64]
    on_logits: Array
    on_content: Array
    title_logits: Array
    title_content: Array
    bias: Array


class InfluenceMap:
    """Influence of the paragraphs and the title of one article on logits of a stage.

    Parameters
    ----------
    signals : ArticleSignals
        What the stage reads.
    """

    def __init__(self, signals: ArticleSignals) -> None:
        self._s = signals
        self.size, self._k = signals.own.shape
        self._slope = _secant(signals.own, signals.base)[..., None]
        self._top = np.argsort(-signals.own, axis=0, kind="stable")[:TOP]

    def on_paragraph(self, model: LocalModel, index: int) -> Influence:
        """Return what moved the logits of paragraph `index`.

        The paragraphs named are those near and those that stand for the whole article.
        """
        c = self._coefficients(model.coef, PARAGRAPH_BLOCKS)
        named = np.zeros(self.size, dtype=bool)
        named[max(0, index - REACH) : index + REACH + 1] = True
        named[self._top] = True
        at = np.flatnonzero(named)
        distance = np.abs(at - index)
        own = int(np.searchsorted(at, index))
        title, total = self._title(c, at)
        around = c["mean_probability"] / self.size + np.zeros((len(at), 1, 1))
        for block, fade in zip(("near_probability", "wide_probability"), FADES, strict=True):
            around += self._neighbours(distance, fade)[:, None, None] * c[block]
        around[own] += c["own_probability"]
        total += around * self._slope[at]
        total[own] += c["own_logit"]
        self._add_maxima(total, at, c["max_logit"], c["top3_probability"])
        content = np.repeat(model.whole[None] / self.size, len(at), axis=0)
        content[own] += model.own
        for step, weight in enumerate(NEAR, start=1):
            content[distance == step] += weight * model.near
        return Influence(at, total, content, title, model.title, self._bias(model.intercept, c))

    def on_article(self, stage: LinearStage) -> Influence:
        """Return what moved the logits of the article; all paragraphs are named."""
        c = self._coefficients(stage.coef, ARTICLE_BLOCKS)
        at, n_themes = np.arange(self.size), stage.coef.shape[1]
        content = np.zeros((self.size, 0, n_themes))
        title, total = self._title(c, at)
        share = (self._s.length / max(self._s.length.sum(), 1.0))[:, None, None]
        spread = c["mean_probability"] / self.size + share * c["weighted_probability"]
        total += spread * self._slope
        self._add_maxima(total, at, c["max_logit"], c["top3_probability"], c["top3_logit"])
        total[0] += c["lead_probability"] * self._slope[0]
        return Influence(at, total, content, title, title[:0], self._bias(stage.intercept, c))

    def _coefficients(self, coef: Array, blocks: tuple[str, ...]) -> dict[str, Array]:
        """Return the weights of every block, each of shape (k, n_themes)."""
        return {name: coef[i * self._k : (i + 1) * self._k] for i, name in enumerate(blocks)}

    def _bias(self, intercept: Array, c: dict[str, Array]) -> Array:
        value = intercept.copy()
        for name, weights in c.items():
            titled = name.startswith("title") and self._s.title is not None
            base = self._s.title_base if titled else self._s.base
            value += (base if name.endswith("logit") else sigmoid(base)) @ weights
        return value

    def _title(self, c: dict[str, Array], at: NDArray[np.int64]) -> tuple[Array, Array]:
        """Influence of the title, and the start of the influence of the paragraphs `at`."""
        logit, probability = c["title_logit"], c["title_probability"]
        if self._s.title is not None:
            slope = _secant(self._s.title, self._s.title_base)[:, None]
            return logit + probability * slope, np.zeros((len(at), *logit.shape))
        # No title: the body stood in for it, each paragraph alike.
        return np.zeros(logit.shape), (logit + probability * self._slope[at]) / self.size

    def _add_maxima(
        self,
        total: Array,
        at: NDArray[np.int64],
        max_logit: Array,
        top_probability: Array,
        top_logit: Array | float = 0.0,
    ) -> None:
        every = np.arange(self._k)
        # `at` holds all of them.
        total[np.searchsorted(at, self._top[0]), every] += max_logit
        for best in self._top:
            part = top_probability * self._slope[best, every] + top_logit
            total[np.searchsorted(at, best), every] += part / len(self._top)

    def _neighbours(self, distance: NDArray[np.int64], fade: float) -> Array:
        if self.size == 1:
            return np.ones(1)
        reached = (distance > 0) & (distance <= REACH)
        weight = np.where(reached, np.exp(-distance / fade), 0.0)
        share: Array = weight / weight.sum()
        return share


def _secant(logit: Array, base: Array) -> Array:
    """Slope of the sigmoid's secant between `base` and `logit`."""
    difference = logit - base
    flat = np.abs(difference) < 1e-9
    p = sigmoid(base)
    slope = (sigmoid(logit) - p) / np.where(flat, 1.0, difference)
    return np.where(flat, p * (1 - p), slope)
