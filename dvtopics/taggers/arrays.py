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
    PEAK_BLOCKS,
)

#: Arrays of a saved model: name → (dtype, shape). ``T`` themes, ``K`` scores of stage one, ``D``
#: dimensions of content, ``P`` and ``A`` context features, ``H`` hidden units.
Specification = Mapping[str, tuple[str, tuple[str, ...]]]
_STAGE_TWO: Specification = {
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
#: Of `TfidfTagger`: ``F`` features, ``S`` syllables.
_TFIDF: Specification = {
    "keys": ("int64", ("F",)),
    "idf": ("float32", ("F",)),
    "coef": ("float16", ("F", "K")),
    "intercept": ("float64", ("K",)),
    "embedding": ("float16", ("S", "D")),
    **_STAGE_TWO,
}
#: Of `LdaTagger`: ``Z`` topics, ``M`` pairs of words, ``V`` terms, ``E`` terms in topics.
_LDA: Specification = {
    "pairs": ("int64", ("M",)),
    "alpha": ("float64", ("Z",)),
    "n_topics": ("uint16", ("V",)),
    "topic": ("uint16", ("E",)),
    "weight": ("float32", ("E",)),
    "coef": ("float32", ("Z", "K")),
    "intercept": ("float64", ("K",)),
    "scale": ("float64", ("D",)),
    **_STAGE_TWO,
}
#: Axes that may be empty: a small corpus repeats no pair of words.
_MAY_BE_EMPTY = ("M",)


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


def fit_topics(arrays: Mapping[str, NDArray[Any]], n_words: int) -> bool:
    """Say whether pairs are those of a vocabulary of this size, and topics those of its terms.

    Pairs ascend; so do the topics of a term; every weight and prior is positive.
    """
    pairs, size = arrays["pairs"], arrays["n_topics"].astype(np.int64)
    topic, n_topics = arrays["topic"].astype(np.int64), len(arrays["alpha"])
    term = np.repeat(np.arange(len(size)), size)
    return bool(
        0 < n_words < 2_000_000
        and len(size) == n_words + len(pairs)
        and len(term) == len(topic)
        and (np.diff(pairs) > 0).all()
        and (pairs >= 0).all()
        and (pairs < n_words**2).all()
        and (topic < n_topics).all()
        and (np.diff(term * n_topics + topic) > 0).all()
        and (arrays["weight"] > 0).all()
        and (arrays["alpha"] > 0).all()
        and len(arrays["scale"]) <= n_topics
    )


def lda_arrays(
    arrays: Mapping[str, NDArray[Any]], n_themes: int, n_words: int, folder: Path
) -> dict[str, NDArray[Any]]:
    """Return the arrays of an `LdaTagger` if they fit; raises ModelError if not."""
    told = {"M": ("pairs", 0), "Z": ("alpha", 0), "E": ("topic", 0), "D": ("scale", 0)}
    n_pairs = len(arrays["pairs"]) if "pairs" in arrays and arrays["pairs"].ndim else 0
    known = {"V": n_words + n_pairs, "P": _paragraph_features(n_themes)}
    return _checked(arrays, _LDA, n_themes, told, known, folder)


def tfidf_arrays(
    arrays: Mapping[str, NDArray[Any]],
    n_themes: int,
    n_syllables: int,
    peaked: bool,
    folder: Path,
) -> dict[str, NDArray[Any]]:
    """Return the arrays of a `TfidfTagger` if they fit; raises ModelError if not.

    `peaked` says whether its stage two reads peaks.
    """
    told = {"F": ("keys", 0), "D": ("embedding", 1)}
    known = {"S": n_syllables, "P": _paragraph_features(n_themes, peaked)}
    return _checked(arrays, _TFIDF, n_themes, told, known, folder)


def _paragraph_features(n_themes: int, peaked: bool = False) -> int:
    blocks = len(PARAGRAPH_BLOCKS) + len(PEAK_BLOCKS) * peaked
    return blocks * 2 * n_themes + len(PARAGRAPH_EXTRAS)


def _checked(
    arrays: Mapping[str, NDArray[Any]],
    specification: Specification,
    n_themes: int,
    told: Mapping[str, tuple[str, int]],
    known: Mapping[str, int],
    folder: Path,
) -> dict[str, NDArray[Any]]:
    """Return `arrays` if names, types, shapes and values fit; raises ModelError if not.

    Parameters
    ----------
    arrays, specification : mapping
    n_themes : int
    told : mapping of str to (str, int)
        Which side of which array says how long an axis is.
    known : mapping of str to int
        Lengths of other axes.
    folder : Path
    """
    if set(arrays) != set(specification):
        missing = sorted(set(specification) - set(arrays))
        more = sorted(set(arrays) - set(specification))
        raise ModelError(f"{folder}: missing arrays {missing[:5]}, unexpected arrays {more[:5]}")
    sizes = {
        "T": n_themes,
        "K": 2 * n_themes,
        "A": len(ARTICLE_BLOCKS) * n_themes + len(ARTICLE_EXTRAS),
        **known,
    }
    for axis, (name, side) in {**told, "H": ("paragraph_output", 0)}.items():
        expected_sides = len(specification[name][1])
        sizes[axis] = arrays[name].shape[side] if arrays[name].ndim == expected_sides else -1
    if min(size for axis, size in sizes.items() if axis not in _MAY_BE_EMPTY) < 1:
        raise ModelError(f"{folder}: arrays without any feature, theme, dimension or hidden unit")
    for name, (dtype, shape) in specification.items():
        array, expected = arrays[name], tuple(sizes[axis] for axis in shape)
        if array.dtype != dtype or array.shape != expected:
            raise ModelError(
                f"{folder}: array {name!r} is {array.dtype} {array.shape}, "
                f"expected {dtype} {expected}"
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelError(f"{folder}: array {name!r} holds values that are not finite")
    return dict(arrays)
