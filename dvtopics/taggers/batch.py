"""A batch of articles laid flat: one text list for the scorer, with where each article lies.

In: articles. Out: `Batch` (texts and layout) and, after scoring, `Scores`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the paragraphs of each article lie in a batch.

    Attributes
    ----------
    starts : ndarray of int64, shape (n_articles + 1,)
        Paragraphs ``starts[a]:starts[a + 1]`` belong to article ``a``.
    article : ndarray of int64, shape (n_paragraphs,)
        Article of every paragraph.
    """

    starts: NDArray[np.int64]
    article: NDArray[np.int64]

    @classmethod
    def from_counts(cls, counts: Sequence[int] | NDArray[np.int64]) -> Layout:
        """Lay out articles that have the given numbers of paragraphs."""
        sizes = np.asarray(counts, dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        return cls(starts, np.repeat(np.arange(len(sizes)), sizes))

    @property
    def n_articles(self) -> int:
        """Number of articles."""
        return len(self.starts) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Paragraphs of every article."""
        return np.diff(self.starts)

    def keep(self, mask: NDArray[np.bool_]) -> Layout:
        """Return the layout of the paragraphs that `mask` selects."""
        counts = np.bincount(self.article[mask], minlength=self.n_articles)
        return Layout.from_counts(counts)


@dataclass(frozen=True, slots=True)
class Batch:
    """Articles and their layout.

    Attributes
    ----------
    articles : list of Article
    titles : list of str, length n_articles
    texts : list of str, length n_paragraphs
    layout : Layout
    """

    articles: list[Article]
    titles: list[str]
    texts: list[str]
    layout: Layout

    @classmethod
    def from_articles(cls, articles: Sequence[Article]) -> Batch:
        """Lay out `articles`."""
        return cls(
            list(articles),
            [article.title for article in articles],
            [p.text for article in articles for p in article.paragraphs],
            Layout.from_counts([len(article.paragraphs) for article in articles]),
        )


@dataclass(frozen=True, slots=True)
class Logits:
    """Scores of a batch before calibration; NaN where there is nothing to judge.

    Attributes
    ----------
    paragraph : ndarray of float64, shape (n_paragraphs, n_themes)
    article : ndarray of float64, shape (n_articles, n_themes)
    """

    paragraph: NDArray[np.float64]
    article: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Calibrated probabilities and decisions of a batch.

    Attributes
    ----------
    paragraph, article : ndarray of float64, shape (n_paragraphs or n_articles, n_themes)
        Probabilities with six decimals; zero where there is nothing to judge.
    paragraph_tags, article_tags : ndarray of bool, same shapes
    paragraph_unsure, article_unsure : ndarray of bool, same shapes, or None
        Tags that a reader should look at, where the tagger was asked.
    """

    paragraph: NDArray[np.float64]
    article: NDArray[np.float64]
    paragraph_tags: NDArray[np.bool_]
    article_tags: NDArray[np.bool_]
    paragraph_unsure: NDArray[np.bool_] | None = None
    article_unsure: NDArray[np.bool_] | None = None

    @classmethod
    def joined(cls, parts: Sequence[Scores]) -> Scores:
        """Return the scores of several batches as those of one."""
        joined: dict[str, Any] = {}
        for field in fields(cls):
            values = [getattr(part, field.name) for part in parts]
            joined[field.name] = None if values[0] is None else np.concatenate(values)
        return cls(**joined)
