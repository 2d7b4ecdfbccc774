"""What the arrays of a saved model must be: names, types, shapes, n-grams of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import ModelError
from dvtopics.taggers.context import (
    ARTICLE_BLOCKS,
    ARTICLE_EXTRAS,
    PARAGRAPH_BLOCKS,
    PARAGRAPH_EXTRAS,
)

#: Arrays of a saved model: name → (dtype, shape). ``F`` features, ``T`` themes, ``K`` scores of
#: stage one, ``S`` syllables, ``D`` dimensions of content, ``P`` and ``A`` context features, ``H``
#: hidden units.
_ARRAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "keys": ("int64", ("F",)),
    "idf": ("float32", ("F",)),
    "coef": ("float16", ("F", "K")),
    "intercept": ("float64", ("K",)),
    "embedding": ("float16", ("S", "D")),
    "paragraph_coef": ("float64", ("P", "T")),
    "paragraph_intercept": ("float64", ("T",)),
    "paragraph_hidden_coef": ("float64", ("P", "H")),
    "paragraph_hidden_own": ("float64", ("D", "H")),
    "paragraph_hidden_near": ("float64", ("D", "H")),
    "paragraph_hidden_whole": ("float64", ("D", "H")),
    "paragraph_hidden_title": ("float64", ("D", "H")),
    "paragraph_hidden_intercept": ("float64", ("H",)),
    "paragraph_output": ("float64", ("H", "T")),
    "article_coef": ("float64", ("A", "T")),
    "article_intercept": ("float64", ("T",)),
}


def fit_keys(keys: NDArray[np.int64], n_syllables: int) -> bool:
    """Say whether the n-gram keys are ascending and those of a vocabulary of this size.

    A syllable of a frequent n-gram is frequent itself, so the keys start with one for each.
    """
    base = n_syllables + 1
    return bool(
        0 < n_syllables < 2_000_000
        and np.array_equal(keys[:n_syllables], np.arange(1, base))
        and (np.diff(keys) > 0).all()
        and keys[n_syllables:].min(initial=base + 1) > base
        and keys[-1] < base**3
    )


def checked_arrays(
    arrays: Mapping[str, NDArray[Any]], n_themes: int, n_syllables: int, folder: Path
) -> dict[str, NDArray[Any]]:
    """Return `arrays` if names, types, shapes and values fit; raises ModelError if not."""
    if set(arrays) != set(_ARRAYS):
        missing, more = sorted(set(_ARRAYS) - set(arrays)), sorted(set(arrays) - set(_ARRAYS))
        raise ModelError(f"{folder}: missing arrays {missing[:5]}, unexpected arrays {more[:5]}")
    sizes = {
        "F": len(arrays["keys"]) if arrays["keys"].ndim else -1,
        "T": n_themes,
        "K": 2 * n_themes,
        "S": n_syllables,
        "D": arrays["embedding"].shape[1] if arrays["embedding"].ndim == 2 else -1,
        "H": len(arrays["paragraph_output"]) if arrays["paragraph_output"].ndim else -1,
        "P": len(PARAGRAPH_BLOCKS) * 2 * n_themes + len(PARAGRAPH_EXTRAS),
        "A": len(ARTICLE_BLOCKS) * n_themes + len(ARTICLE_EXTRAS),
    }
    if min(sizes.values()) < 1:
        raise ModelError(f"{folder}: arrays without any feature, theme, dimension or hidden unit")
    for name, (dtype, shape) in _ARRAYS.items():
        array, expected = arrays[name], tuple(sizes[axis] for axis in shape)
        if array.dtype != dtype or array.shape != expected:
            raise ModelError(
                f"{folder}: array {name!r} is {array.dtype} {array.shape}, "
                f"expected {dtype} {expected}"
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelError(f"{folder}: array {name!r} holds values that are not finite")
    return dict(arrays)
