"""How much each text of an article moved a logit of stage two, for a batch of logits at once.

At one paragraph stage two is linear (`dvtopics.taggers.network.LocalModel`) in its features, and
every feature is a mean, maximum or weighted sum over stage-one logits ``s`` or over
``p = sigmoid(s)``. Writing ``p = p0 + g * (s - s0)`` with ``s0`` the logit of a text without any
known term and ``g`` the slope of the secant, the logit is exactly ``bias + extras + sum over
texts of influence * (s - s0) + influence on content * content``. That identity is what lets
evidence add up (Štrumbelj & Kononenko 2010 discuss such additive explanations). The article
model is taken apart in the same way, over the paragraph logits of stage two.

Arrays run over links: one text that bears on one logit. Texts are places in reading order: the
title of an article, then its paragraphs, then the next article.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import (
    ARTICLE_BLOCKS,
    FADES,
    PARAGRAPH_BLOCKS,
    PARAGRAPH_EXTRAS,
    REACH,
    TOP,
    Array,
    LinearStage,
    Signals,
    sigmoid,
)
from dvtopics.taggers.network import NEAR, LocalModel
from dvtopics.taggers.segments import ranges

Ids = NDArray[np.int64]
Rows = TypeVar("Rows", NDArray[np.float64], NDArray[np.int64])


@dataclass(frozen=True, slots=True)
class Ground:
    """Logits that a stage reads, seen from those of a text that says nothing.

    Attributes
    ----------
    layout : Layout
    rise, slope : ndarray, shape (n_paragraphs, k)
        Logit less its base, and the slope of the sigmoid's secant between the two.
    highest : ndarray, shape (n_paragraphs, k)
        1 where the logit is the maximum of its article.
    among_top : ndarray, shape (n_paragraphs, k)
        Its share in the mean of the `TOP` highest; 0 where it is not among them.
    titled : ndarray of bool, shape (n_articles,)
    title_rise, title_slope : ndarray, shape (n_articles, k)
        The same for titles; 0 where there is none.
    """

    layout: Layout
    rise: Array
    slope: Array
    highest: Array
    among_top: Array
    titled: NDArray[np.bool_]
    title_rise: Array
    title_slope: Array

    @classmethod
    def of(cls, signals: Signals, base: Array, title_base: Array) -> Ground:
        """Prepare `signals`, given the logits of a paragraph and of a title that say nothing."""
        titled = np.asarray(~np.isnan(signals.title).any(axis=1))
        title = np.where(titled[:, None], signals.title, title_base)
        return cls(
            signals.layout,
            signals.own - base,
            _secant(signals.own, base),
            *_standing(signals.own, signals.layout),
            titled,
            title - title_base,
            np.where(titled[:, None], _secant(title, title_base), 0.0),
        )


@dataclass(frozen=True, slots=True)
class Links:
    """Texts that bear on logits.

    Attributes
    ----------
    target : ndarray of int64, shape (n,)
        Which logit.
    place : ndarray of int64, shape (n,)
        Which text.
    on_logits : ndarray, shape (n, k)
        By how much the logit rises with each logit of the text.
    content : ndarray of int64, shape (n,)
        Row of `ContentWeights.far` that holds the influence on content, but for what is near;
        -1 where there is none.
    distance : ndarray of int64, shape (n,)
        Paragraphs between the text and the one that is judged; `FAR` for titles.
    """

    target: Ids
    place: Ids
    on_logits: Array
    content: Ids
    distance: Ids

    def take(self, chosen: Ids) -> Links:
        """Return some of the links."""
        return Links(
            self.target.take(chosen),
            self.place.take(chosen),
            self.on_logits.take(chosen, axis=0),
            self.content.take(chosen),
            self.distance.take(chosen),
        )

    def with_titles(self, target: Ids, place: Ids, on_logits: Array) -> Links:
        """Return these links and those of titles whose content does not count."""
        wide = np.zeros((len(place), self.on_logits.shape[1]))
        wide[:, : on_logits.shape[1]] = on_logits
        return Links(
            np.concatenate([self.target, target]),
            np.concatenate([self.place, place]),
            np.concatenate([self.on_logits, wide]),
            np.concatenate([self.content, np.full(len(place), -1)]),
            np.concatenate([self.distance, np.full(len(place), FAR)]),
        )


#: Distance of a text that is no paragraph near the one that is judged.
FAR = 1_000_000


@dataclass(frozen=True, slots=True)
class ContentWeights:
    """Influence of contents on the logits of paragraphs.

    Attributes
    ----------
    far : ndarray, shape (2 * n_targets + 1, d)
        Of any paragraph, by target; of titles, by target; of nothing.
    own, near : ndarray, shape (n_targets, d)
        On top: of the paragraph that is judged, of its neighbours.
    """

    far: Array
    own: Array
    near: Array

    @classmethod
    def of(cls, model: LocalModel, size: Ids) -> ContentWeights:
        """Take the weights of `model`, whose articles have `size` paragraphs."""
        nothing = np.zeros((1, model.own.shape[1]))
        far = np.concatenate([model.whole / size[:, None], model.title, nothing])
        return cls(far, model.own, model.near)

    def moved(self, links: Links, content: Array) -> Array:
        """Return how far the content of every text moved its logit, shape (n,)."""
        found: Array = np.einsum(
            "ij,ij->i", self.far.take(links.content, axis=0), content.take(links.place, axis=0)
        )
        for at, weights in self._nearby(links):
            found[at] += np.einsum("ij,ij->i", weights, content.take(links.place[at], axis=0))
        return found

    def influence(self, links: Links) -> Array:
        """Return the influence of every text's content, shape (n, d)."""
        result: Array = self.far.take(links.content, axis=0)
        for at, weights in self._nearby(links):
            result[at] += weights
        return result

    def _nearby(self, links: Links) -> list[tuple[Ids, Array]]:
        result = []
        for step, weight in enumerate((1.0, *NEAR)):
            at = np.flatnonzero(links.distance == step)
            table = self.near if step else self.own
            result.append((at, weight * table.take(links.target.take(at), axis=0)))
        return result


def paragraph_links(ground: Ground, row: Ids, model: LocalModel) -> Links:
    """Say what moved the logits of paragraphs, but for their own peaks.

    The paragraphs named are those near and those that stand for the whole article; others moved
    the logits too, each a little.

    Parameters
    ----------
    ground : Ground
    row : ndarray of int64, shape (n_targets,)
        The paragraphs.
    model : LocalModel
        What the network is there, in the direction of a logit each.
    """
    target, at = _named(ground, row)
    of = ground.layout.article.take(row)
    size = ground.layout.sizes.take(of)[:, None]
    distance = np.abs(at - row.take(target))
    c = _blocks(model.context, PARAGRAPH_BLOCKS, ground.rise.shape[1])
    titled = ground.titled.take(of)
    # No title: the body stood in for it, each paragraph alike.
    flat = (c["mean_probability"] + np.where(titled[:, None], 0, c["title_probability"])) / size
    around = flat.take(target, axis=0)
    for block, share in zip(
        ("near_probability", "wide_probability"), _shares(ground, row, target, distance),
        strict=True,
    ):  # fmt: skip
        around += share[:, None] * c[block].take(target, axis=0)
    own = np.flatnonzero(distance == 0)
    around[own] += c["own_probability"].take(target.take(own), axis=0)
    around += ground.among_top.take(at, axis=0) * c["top3_probability"].take(target, axis=0)
    around *= ground.slope.take(at, axis=0)
    around += ground.highest.take(at, axis=0) * c["max_logit"].take(target, axis=0)
    around[own] += c["own_logit"].take(target.take(own), axis=0)
    if not titled.all():
        bare = np.flatnonzero(~titled.take(target))
        around[bare] += (c["title_logit"] / size).take(target.take(bare), axis=0)
    chosen = np.flatnonzero(titled)
    title = of.take(chosen)
    on_title = c["title_probability"].take(chosen, axis=0) * ground.title_slope.take(title, axis=0)
    on_title += c["title_logit"].take(chosen, axis=0)
    return Links(
        np.concatenate([target, chosen]),
        np.concatenate([paragraph_places(ground.layout, at), title_places(ground.layout, title)]),
        np.concatenate([around, on_title]),
        np.concatenate([target, chosen + len(row)]),
        np.concatenate([distance, np.full(len(chosen), FAR)]),
    )


def article_influence(
    ground: Ground, length: Array, article: Ids, theme: Ids, stage: LinearStage
) -> tuple[Ids, Ids, Array, Array]:
    """Say what moved the logits of articles.

    Parameters
    ----------
    ground : Ground
        The paragraphs that articles are judged by.
    length : ndarray, shape (n_paragraphs,)
    article, theme : ndarray of int64, shape (n_targets,)
        The logits.
    stage : LinearStage

    Returns
    -------
    target, paragraph : ndarray of int64, shape (n,)
        All paragraphs of every article.
    on_logits : ndarray, shape (n, n_themes)
        By how much the logit rises with each logit of the paragraph.
    on_title : ndarray, shape (n_targets, n_themes)
        The same for the title.
    """
    layout = ground.layout
    target, at = ranges(layout.starts.take(article), layout.starts.take(article + 1))
    size = layout.sizes.take(article)[:, None]
    c = _blocks(stage.coef.T.take(theme, axis=0), ARTICLE_BLOCKS, ground.rise.shape[1])
    titled = ground.titled.take(article)[:, None]
    total = np.bincount(layout.article, length, minlength=layout.n_articles)
    share = (length / np.maximum(total, 1.0).take(layout.article)).take(at)[:, None]
    flat = (c["mean_probability"] + np.where(titled, 0, c["title_probability"])) / size
    on_logits = flat.take(target, axis=0)
    on_logits += share * c["weighted_probability"].take(target, axis=0)
    on_logits += ground.among_top.take(at, axis=0) * c["top3_probability"].take(target, axis=0)
    lead = np.flatnonzero(at == layout.starts.take(article).take(target))
    on_logits[lead] += c["lead_probability"].take(target.take(lead), axis=0)
    on_logits *= ground.slope.take(at, axis=0)
    on_logits += ground.highest.take(at, axis=0) * c["max_logit"].take(target, axis=0)
    on_logits += ground.among_top.take(at, axis=0) * c["top3_logit"].take(target, axis=0)
    on_logits += np.where(titled, 0, c["title_logit"] / size).take(target, axis=0)
    slope = ground.title_slope.take(article, axis=0)
    on_title = np.where(titled, c["title_logit"] + c["title_probability"] * slope, 0.0)
    return target, at, on_logits, on_title


def paragraph_bias(model: LocalModel, base: Array) -> Array:
    """Return the logits where no text holds any known term, shape (n_targets,).

    Before length and position count.
    """
    levels = [base if name.endswith("logit") else sigmoid(base) for name in PARAGRAPH_BLOCKS]
    level = np.concatenate(levels)
    bias: Array = np.einsum("ij,j->i", model.context[:, : len(level)], level)
    peaks = on_peaks(model, len(base))
    return bias + peaks @ base[: peaks.shape[1]] + model.intercept


def on_peaks(model: LocalModel, k: int) -> Array:
    """Return by how much logits rise with the peaks of their paragraphs, (n_targets, k or 0)."""
    before = len(PARAGRAPH_BLOCKS) * k + len(PARAGRAPH_EXTRAS)
    result: Array = model.context[:, before:]
    return result


def article_bias(
    stage: LinearStage, theme: Ids, titled: NDArray[np.bool_], base: Array, title_base: Array
) -> Array:
    """Return the same for logits of articles, given what a paragraph and a title say then."""
    bias = stage.intercept.take(theme)
    c = _blocks(stage.coef.T.take(theme, axis=0), ARTICLE_BLOCKS, len(base))
    for name, weights in c.items():
        level = np.where(titled[:, None] & name.startswith("title"), title_base, base)
        bias += (weights * (level if name.endswith("logit") else sigmoid(level))).sum(axis=1)
    return bias


def title_places(layout: Layout, article: Ids) -> Ids:
    """Return the places of titles."""
    return layout.starts.take(article) + article


def paragraph_places(layout: Layout, row: Ids) -> Ids:
    """Return the places of paragraphs."""
    return row + layout.article.take(row) + 1


def in_places(layout: Layout, paragraphs: Rows, titles: Rows) -> Rows:
    """Put rows of paragraphs and of titles into the order of their places."""
    shape = (len(paragraphs) + len(titles), paragraphs.shape[1])
    result = np.empty(shape, dtype=paragraphs.dtype)
    result[paragraph_places(layout, np.arange(len(paragraphs)))] = paragraphs
    result[title_places(layout, np.arange(len(titles)))] = titles
    return result


def _blocks(coef: Array, blocks: tuple[str, ...], k: int) -> dict[str, Array]:
    """Cut weights of shape (n_targets, n_features) into blocks, each (n_targets, k)."""
    return {name: coef[:, i * k : (i + 1) * k] for i, name in enumerate(blocks)}


def _named(ground: Ground, row: Ids) -> tuple[Ids, Ids]:
    """Return targets and the paragraphs named for each."""
    layout = ground.layout
    of = layout.article.take(row)
    low = np.maximum(row - REACH, layout.starts.take(of))
    high = np.minimum(row + REACH + 1, layout.starts.take(of + 1))
    target, at = ranges(low, high)
    top = np.flatnonzero(ground.among_top.any(axis=1))
    bounds = np.searchsorted(top, layout.starts)
    target_of_top, place = ranges(bounds.take(of), bounds.take(of + 1))
    highest = top.take(place)
    far = np.abs(highest - row.take(target_of_top)) > REACH
    return np.concatenate([target, target_of_top[far]]), np.concatenate([at, highest[far]])


def _shares(ground: Ground, row: Ids, target: Ids, distance: Ids) -> list[Array]:
    """Return what every link counts for in the means of the neighbourhood, one array a fade."""
    layout = ground.layout
    of = layout.article.take(row)
    before = np.minimum(row - layout.starts.take(of), REACH)
    after = np.minimum(layout.starts.take(of + 1) - 1 - row, REACH)
    alone = layout.sizes.take(of) == 1
    result = []
    for fade in FADES:
        weight = np.exp(-np.arange(REACH + 2) / fade)
        # Its own neighbour is only a paragraph that stands alone; beyond the reach is none.
        weight[0] = weight[-1] = 0.0
        reached = np.cumsum(weight)
        total = np.where(alone, 1.0, reached.take(before) + reached.take(after))
        share = weight.take(np.minimum(distance, REACH + 1)) / total.take(target)
        share[alone.take(target)] = 1.0
        result.append(share)
    return result


def _standing(own: Array, layout: Layout) -> tuple[Array, Array]:
    """Say which logits are the maximum of their article, and which are among the `TOP`."""
    highest, among = np.zeros(own.shape), np.zeros(own.shape)
    filled = np.flatnonzero(layout.sizes > 0)
    if not len(filled):
        return highest, among
    starts, sizes = layout.starts.take(filled), layout.sizes.take(filled)
    share = 1.0 / np.minimum(sizes, TOP)[:, None] + np.zeros((1, own.shape[1]))
    column, number = np.arange(own.shape[1]), np.arange(len(own))[:, None]
    rest = own.copy()
    for rank in range(TOP):
        value = np.repeat(np.maximum.reduceat(rest, starts, axis=0), sizes, axis=0)
        # Of equal ones the first; where none is left, one that was taken already, again.
        first = np.minimum.reduceat(np.where(rest == value, number, len(own)), starts, axis=0)
        among[first, column] = share
        if rank == 0:
            highest[first, column] = 1.0
        rest[first, column] = -np.inf
    return highest, among


def _secant(logit: Array, base: Array) -> Array:
    """Slope of the sigmoid's secant between `base` and `logit`."""
    difference = logit - base
    flat = np.abs(difference) < 1e-9
    p = sigmoid(base)
    slope = (sigmoid(logit) - p) / np.where(flat, 1.0, difference)
    return np.where(flat, p * (1 - p), slope)
