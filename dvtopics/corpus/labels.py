"""Grades to label matrices: the one place that knows what a grade means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article


def label_of(grade: float | None) -> float:
    """Return 1.0 for a grade of 1 or more, 0.0 for 0, NaN for ambiguous or not judged."""
    if grade is None or not (grade == 0 or grade >= 1):
        return float("nan")
    return float(grade >= 1)


def main_of(grade: float | None) -> float:
    """Return 1.0 for a grade of 2, a main subject, 0.0 for 0 and 1, NaN between or not judged."""
    if grade is None or 1 < grade < 2:
        return float("nan")
    return float(grade >= 2)


def label_row(grades: Mapping[str, float | None] | None, themes: Sequence[str]) -> list[float]:
    """Return the labels of one item, one per theme."""
    return [label_of(grades.get(theme) if grades else None) for theme in themes]


def in_article_part(article: Article) -> list[bool]:
    """Say of every paragraph whether it is of the part that the article was graded on."""
    limit = article.metadata.get("article_part")
    graded = [any(g is not None for g in (p.grades or {}).values()) for p in article.paragraphs]
    if isinstance(limit, bool) or not isinstance(limit, (int, float)):
        return graded
    return [
        is_graded and number <= limit
        for is_graded, number in zip(graded, accumulate(graded), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of a list of articles.

    Attributes
    ----------
    paragraph : ndarray of float64, shape (n_paragraphs, n_themes)
        1, 0, or NaN where ambiguous or not judged.
    main : ndarray of float64, shape (n_paragraphs, n_themes)
        Whether the theme is a main subject of the paragraph, or NaN.
    article : ndarray of float64, shape (n_articles, n_themes)
    part : ndarray of bool, shape (n_paragraphs,)
        The graded paragraphs that the labels of their article were given on: all of them, or the
        first ``article_part`` of an article with that field. The others were graded later, in
        articles where they teach most: a biased sample, to learn from but not to measure on.
    """

    paragraph: NDArray[np.float64]
    main: NDArray[np.float64]
    article: NDArray[np.float64]
    part: NDArray[np.bool_]

    @property
    def measured(self) -> NDArray[np.float64]:
        """`paragraph`, NaN beyond `part`: what figures and thresholds are made of."""
        found: NDArray[np.float64] = np.where(self.part[:, None], self.paragraph, np.nan)
        return found

    @classmethod
    def from_articles(cls, articles: Sequence[Article], themes: Sequence[str]) -> Labels:
        """Read the grades of `articles`."""
        width = len(themes)
        grades = [p.grades or {} for a in articles for p in a.paragraphs]
        rows = [label_row(known, themes) for known in grades]
        main = [[main_of(known.get(theme)) for theme in themes] for known in grades]
        part = [inside for a in articles for inside in in_article_part(a)]
        return cls(
            np.array(rows, dtype=np.float64).reshape(-1, width),
            np.array(main, dtype=np.float64).reshape(-1, width),
            np.array([label_row(a.grades, themes) for a in articles]).reshape(-1, width),
            np.array(part, dtype=bool),
        )
