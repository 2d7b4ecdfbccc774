"""Stage two for paragraphs: a linear model and a small network in one, evaluated in numpy.

In: context features (`dvtopics.taggers.context`) and what the texts around a paragraph are
about (`Content`). Out: logits, and the linear function that the network is at one paragraph,
which is what evidence is made of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import Array, neighbour_sums

#: Weights of the content of the neighbours one and two paragraphs away.
NEAR = (1.0, 0.5)
#: So few rows that no BLAS spreads a product over threads, which costs more than it saves.
_BLOCK = 8


@dataclass(frozen=True, slots=True)
class Content:
    """What the paragraphs and titles of a batch are about.

    Attributes
    ----------
    own : ndarray, shape (n_paragraphs, d)
    title : ndarray, shape (n_articles, d)
        Zeros where an article has none.
    """

    own: Array
    title: Array

    def near(self, layout: Layout) -> Array:
        """Return the content of the neighbours, weighted by `NEAR`, shape of `own`."""
        return neighbour_sums(self.own, layout, np.array([NEAR]))[0]

    def whole(self, layout: Layout) -> Array:
        """Return the mean content of every article, shape of `title`."""
        result = np.zeros_like(self.title)
        filled = np.flatnonzero(layout.sizes > 0)
        if len(filled):
            total = np.add.reduceat(self.own, layout.starts[filled], axis=0)
            result[filled] = total / layout.sizes[filled, None]
        return result


@dataclass(frozen=True, slots=True)
class LocalModel:
    """The linear functions that a `ContextNetwork` is at paragraphs, one logit each.

    Attributes
    ----------
    context : ndarray, shape (n, n_features)
        Weights of the context features.
    own, near, whole, title : ndarray, shape (n, d)
        Weights of the contents.
    intercept : ndarray, shape (n,)
    """

    context: Array
    own: Array
    near: Array
    whole: Array
    title: Array
    intercept: Array


@dataclass(frozen=True, slots=True)
class ContextNetwork:
    """One hidden layer of rectified units beside a linear path, for all themes together.

    Attributes
    ----------
    coef : ndarray, shape (n_features, n_themes)
        Linear path.
    intercept : ndarray, shape (n_themes,)
    hidden_coef : ndarray, shape (n_features, n_hidden)
        Hidden layer: from the context features.
    hidden_own, hidden_near, hidden_whole, hidden_title : ndarray, shape (d, n_hidden)
        From the contents of the paragraph, its neighbours, the article and the title.
    hidden_intercept : ndarray, shape (n_hidden,)
    output : ndarray, shape (n_hidden, n_themes)
    """

    coef: Array
    intercept: Array
    hidden_coef: Array
    hidden_own: Array
    hidden_near: Array
    hidden_whole: Array
    hidden_title: Array
    hidden_intercept: Array
    output: Array

    def hidden(self, features: Array, content: Content, layout: Layout) -> Array:
        """Return the hidden layer before rectifying, shape (n_paragraphs, n_hidden).

        Parameters
        ----------
        features : ndarray, shape (n_features, n_paragraphs)
            See `dvtopics.taggers.context.paragraph_features`.
        content : Content
        layout : Layout
        """
        weights = np.concatenate([self.hidden_coef, self.hidden_own, self.hidden_near])
        result = fixed_product((features.T, content.own, content.near(layout)), weights)
        # What an article is about is the same for all its paragraphs.
        around = np.concatenate([self.hidden_whole, self.hidden_title])
        of_article = fixed_product((content.whole(layout), content.title), around)
        result += (of_article + self.hidden_intercept).take(layout.article, axis=0)
        return result

    def logits(self, features: Array, hidden: Array) -> Array:
        """Return the logits, shape (n_paragraphs, n_themes), given the hidden layer."""
        active = np.maximum(hidden, 0.0)
        weights = np.concatenate([self.coef, self.output])
        return fixed_product((features.T, active), weights) + self.intercept

    def local(self, hidden: Array, direction: Array) -> LocalModel:
        """Return the linear functions that the network is where its hidden layer is `hidden`.

        A rectified unit is either off or linear, so the functions are exact there.

        Parameters
        ----------
        hidden : ndarray, shape (n, n_hidden)
            Of paragraphs, before rectifying.
        direction : ndarray, shape (n, n_themes)
            What is wanted of each: the sum of its logits with these weights.
        """
        gate = fixed_product((direction,), self.output.T) * (hidden > 0)
        d, n_features = len(self.hidden_own), len(self.coef)
        contents = (self.hidden_own, self.hidden_near, self.hidden_whole, self.hidden_title)
        through = np.concatenate([self.hidden_coef, *contents, self.hidden_intercept[None]]).T
        past = np.zeros((len(self.intercept), through.shape[1]))
        past[:, :n_features], past[:, -1] = self.coef.T, self.intercept
        # Shapes (n, n_themes + n_hidden) @ (n_themes + n_hidden, n_features + 4 d + 1).
        weights = fixed_product((direction, gate), np.concatenate([past, through]))
        context, own, near, whole, title, intercept = np.split(
            weights, [n_features + i * d for i in range(5)], axis=1
        )
        return LocalModel(context, own, near, whole, title, intercept[:, 0])


def fixed_product(parts: tuple[Array, ...], weights: NDArray[np.float64]) -> Array:
    """Return the `parts` side by side, times `weights`, in blocks of one fixed size.

    A row's sum may depend on the shape of a BLAS product, so every product has the same one. In
    double precision it does not depend on the row's place in the block either (in single
    precision it does, on some processors).
    """
    n, width = len(parts[0]), len(weights)
    blocks = np.zeros((-(-n // _BLOCK), _BLOCK, width))
    np.concatenate(parts, axis=1, out=blocks.reshape(-1, width)[:n])
    result: Array = np.matmul(blocks, weights).reshape(-1, weights.shape[1])[:n]
    return result
