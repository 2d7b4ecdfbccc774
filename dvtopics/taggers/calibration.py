"""Logits to probabilities that mean what they say: Platt scaling per theme and level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.context import sigmoid


@dataclass(frozen=True, slots=True)
class Platt:
    """``P = sigmoid(slope * logit + offset)``, per theme.

    Attributes
    ----------
    slope, offset : ndarray of float64, shape (n_themes,)

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines.
    """

    slope: NDArray[np.float64]
    offset: NDArray[np.float64]

    def probabilities(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return probabilities with six decimals; 0 where the logit is NaN.

        They are rounded here, before any decision, so that a tag can be checked against the
        probability that is written out.
        """
        blank = np.isnan(logits)
        p = np.round(sigmoid(self.slope * np.where(blank, 0.0, logits) + self.offset), 6)
        return np.where(blank, 0.0, p)
