"""Whether the parameters of a `TopicModel` are such that a fit can begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dvtopics.errors import UsageError
from dvtopics.topics.engines import make_engine


def check_parameters(given: Mapping[str, Any]) -> None:
    """Raise UsageError, in one line, at the first that is out of range."""
    n = given["n_topics"]
    if n != "auto" and (isinstance(n, (bool, str)) or not isinstance(n, int) or n < 2):
        raise UsageError(f'number of topics must be "auto" or a whole number from 2; got {n}')
    make_engine(given["engine"], given["passes"])
    if given["weighting"] not in ("tfidf", "count"):
        raise UsageError(f"unknown weighting {given['weighting']!r}; known: tfidf, count")
    if given["passes"] < 1:
        raise UsageError(f"passes must be positive; got {given['passes']}")
    if not 0 < given["max_df"] <= 1:
        raise UsageError(f"max_df must be above 0 and at most 1; got {given['max_df']}")
    if given["min_df"] is not None and given["min_df"] < 1:
        raise UsageError(f"min_df must be positive; got {given['min_df']}")
    if not 0 <= given["random_state"] < 2**32:
        raise UsageError(f"random_state must be from 0 to 2**32 - 1; got {given['random_state']}")
