"""Probabilities to tags: per-theme thresholds at both levels, and how users trade them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    """

    paragraph: NDArray[np.float64]
    article: NDArray[np.float64]
    by_precision: Mapping[str, list[list[list[float]]]] = field(default_factory=dict)

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
        return Thresholds(paragraph, article, self.by_precision)

    def decide(self, level: str, probability: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return the tags of `probability`, shape (n_items, n_themes).

        A zero probability never becomes a tag: it stands for nothing to judge.
        """
        limits: NDArray[np.float64] = getattr(self, level)
        return (probability >= limits) & (probability > 0)

    def to_config(self, themes: Sequence[str]) -> dict[str, Any]:
        """Return the JSON form."""
        config: dict[str, Any] = {
            level: dict(zip(themes, getattr(self, level).tolist(), strict=True)) for level in LEVELS
        }
        config["by_precision"] = {
            level: dict(zip(themes, pairs, strict=True))
            for level, pairs in self.by_precision.items()
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
        table = config.get("by_precision") or {}
        by_precision = {
            level: [[[float(p), float(t)] for p, t in table[level][theme]] for theme in themes]
            for level in table
        }
        if by_precision and set(by_precision) != set(LEVELS):
            raise ValueError("by_precision needs both levels")
        return cls(limits["paragraph"], limits["article"], by_precision)
