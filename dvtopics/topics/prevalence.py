"""How much of the collection each topic is, over time and by source, with uncertainty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import UsageError

Floats = NDArray[np.float64]
PERIODS = {"year": 4, "month": 7, "day": 10}
_DRAWS = 1000
_BATCH = 50
#: Groups with fewer articles get no interval: a bootstrap over so few says nothing.
LEAST_ARTICLES = 5


@dataclass(frozen=True, slots=True)
class Prevalence:
    """Mean topic shares of the articles of one group (a period or a source).

    Attributes
    ----------
    group : str
    n : int
        Articles.
    mean, low, high : ndarray of shape (n_topics,)
        Mean share, and the 95 % interval of a bootstrap over articles (NaN below
        `LEAST_ARTICLES`).
    """

    group: str
    n: int
    mean: Floats
    low: Floats
    high: Floats


def period_of(time: str | None, period: str) -> str | None:
    """Return the year, month or day of an ISO date; None where it is not known so exactly.

    Examples
    --------
    >>> period_of("2024-03-05", "month"), period_of("2024", "month")
    ('2024-03', None)
    """
    size = PERIODS[period]
    return None if time is None or len(time) < size else time[:size]


def choose_period(times: Iterable[str | None]) -> str:
    """Return the coarsest of year, month and day by which there are three groups or more."""
    known = [time for time in times if time]
    for period in ("year", "month", "day"):
        groups = {period_of(time, period) for time in known} - {None}
        if len(groups) >= 3:
            return period
    return "year"


def prevalence(
    shares: NDArray[np.floating], groups: Sequence[str | None], seed: int = 0
) -> list[Prevalence]:
    """Return the mean shares of every group, groups in order of their names.

    Parameters
    ----------
    shares : ndarray of shape (n_articles, n_topics)
    groups : sequence of str or None
        None leaves an article out.
    seed : int, default 0

    Raises
    ------
    UsageError
        If no article has a group.
    """
    names = sorted({group for group in groups if group is not None})
    if not names:
        raise UsageError(
            "no article has a date or source; the fields looked at are named by "
            "`dvtopics topics over-time --help`"
        )
    codes = {name: code for code, name in enumerate(names)}
    labels = np.array([-1 if group is None else codes[group] for group in groups])
    found = []
    for code, name in enumerate(names):
        own = np.asarray(shares[labels == code], dtype=np.float64)
        low, high = _interval(own, np.random.default_rng([seed, code]))
        found.append(Prevalence(name, len(own), own.mean(axis=0), low, high))
    return found


def _interval(shares: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    n = len(shares)
    if n < LEAST_ARTICLES:
        unknown = np.full(shares.shape[1], np.nan)
        return unknown, unknown
    means = []
    # In batches: a thousand draws of all articles at once would not fit.
    for _ in range(0, _DRAWS, _BATCH):
        times = rng.multinomial(n, np.full(n, 1.0 / n), size=_BATCH)
        means.append(times @ shares / n)
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975], axis=0)
    return low, high
