"""Probabilities to tags: per-theme thresholds at both levels, and how users trade them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import UsageError

LEVELS = ("paragraph", "article")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The probability from which a theme becomes a tag.

    Attributes
    ----------
    paragraph, article : ndarray of float64, shape (n_themes,)
    by_precision : dict
        Level → list per theme of ``[precision, threshold]`` pairs, ascending in precision: the
        lowest threshold at which the cross-validated precision reaches the value.
    by_review : dict
        Level → list per theme of ``[precision, upper end]`` pairs, ascending in precision: if a
        reader looks at the tags below the upper end and takes the wrong ones out, the tags that
        are left reach the precision.
    review : float or None
        The precision that a user wants to reach so; not saved with a model.
    """

    paragraph: NDArray[np.float64]
    article: NDArray[np.float64]
    by_precision: Mapping[str, list[list[list[float]]]] = field(default_factory=dict)
    by_review: Mapping[str, list[list[list[float]]]] = field(default_factory=dict)
    review: float | None = None

    def replaced(
        self,
        themes: Sequence[str],
        threshold: float | Mapping[str, float] | None = None,
        precision: float | None = None,
    ) -> Thresholds:
        """Return thresholds as a user asks for them.

        Parameters
        ----------
        themes : sequence of str
            Ids in order.
        threshold : float or mapping of theme to float, optional
            One for all themes, or for those named; used at both levels.
        precision : float, optional
            Take for every theme and level the lowest threshold that reached this precision in
            cross-validation, or the strictest known where none did.

        Raises
        ------
        UsageError
            If a value is out of range, a theme unknown, or the model holds no precision table.
        """
        paragraph, article = self.paragraph.copy(), self.article.copy()
        if precision is not None:
            if not 0 < precision < 1:
                raise UsageError(f"precision must lie between 0 and 1, got {precision}")
            if not self.by_precision:
                raise UsageError("this model holds no precision table; give --threshold instead")
            for values, level in ((paragraph, "paragraph"), (article, "article")):
                for index, pairs in enumerate(self.by_precision[level]):
                    reached = [t for p, t in pairs if p >= precision - 1e-9]
                    if pairs:
                        values[index] = reached[0] if reached else pairs[-1][1]
        if threshold is not None:
            chosen = (
                dict(threshold)
                if isinstance(threshold, Mapping)
                else dict.fromkeys(themes, threshold)
            )
            for theme, value in chosen.items():
                if theme not in themes:
                    raise UsageError(f"unknown theme {theme!r}; known: {', '.join(themes)}")
                if not 0 <= value <= 1:
                    raise UsageError(f"threshold must lie between 0 and 1, got {value}")
                paragraph[themes.index(theme)] = article[themes.index(theme)] = value
        return replace(self, paragraph=paragraph, article=article)

    def reviewed(self, precision: float | None) -> Thresholds:
        """Return thresholds that say which tags a reader should look at (`unsure`).

        Raises
        ------
        UsageError
            If `precision` is out of range or the model holds no such table.
        """
        if precision is not None and not 0 < precision < 1:
            raise UsageError(f"precision must lie between 0 and 1, got {precision}")
        if precision is not None and not self.by_review:
            raise UsageError("this model does not say which tags to look at; train it again")
        return replace(self, review=precision)

    def decide(self, level: str, probability: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return the tags of `probability`, shape (n_items, n_themes).

        A zero probability never becomes a tag: it stands for nothing to judge.
        """
        limits: NDArray[np.float64] = getattr(self, level)
        return (probability >= limits) & (probability > 0)

    def unsure(self, level: str, probability: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        """Return the tags that a reader should look at, or None where `review` is None."""
        if self.review is None:
            return None
        upper = [
            # Beyond the strictest precision known, every tag is to be looked at.
            next((u for p, u in pairs if p >= self.review - 1e-9), np.inf)
            for pairs in self.by_review[level]
        ]
        return self.decide(level, probability) & (probability < np.array(upper))

    def to_config(self, themes: Sequence[str]) -> dict[str, Any]:
        """Return the JSON form."""
        config: dict[str, Any] = {
            level: dict(zip(themes, getattr(self, level).tolist(), strict=True)) for level in LEVELS
        }
        config["by_precision"] = {
            level: dict(zip(themes, pairs, strict=True))
            for level, pairs in self.by_precision.items()
        }
        config["by_review"] = {
            level: dict(zip(themes, pairs, strict=True)) for level, pairs in self.by_review.items()
        }
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any], themes: Sequence[str]) -> Thresholds:
        """Read the JSON form; raises KeyError, TypeError or ValueError where it does not fit."""
        limits = {
            level: np.array([float(config[level][theme]) for theme in themes]) for level in LEVELS
        }
        for values in limits.values():
            if not ((values >= 0) & (values <= 1)).all():
                raise ValueError("thresholds must lie between 0 and 1")
        by_precision, by_review = (
            _pairs(config.get(name) or {}, themes) for name in ("by_precision", "by_review")
        )
        return cls(limits["paragraph"], limits["article"], by_precision, by_review)


def _pairs(
    table: Mapping[str, Mapping[str, Any]], themes: Sequence[str]
) -> dict[str, list[list[list[float]]]]:
    if table and set(table) != set(LEVELS):
        raise ValueError("tables of thresholds need both levels")
    return {
        level: [[[float(p), float(t)] for p, t in rows[theme]] for theme in themes]
        for level, rows in table.items()
    }
