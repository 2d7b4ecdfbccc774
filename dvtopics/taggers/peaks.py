"""Peaks: the highest score of any few tokens in a row, beside that of the whole text.

In: n-grams of texts and what each puts into scores. Out: `Peaks`, one a text and score.

A theme may be said in one clause of a long text, whose own score is thinned by all the rest. A
window of tokens is scored as a text is: what the n-grams that start in it put into the score,
divided by the length of their vector. The peak is the highest score of all windows of a text; that
of a text shorter than a window is its own. (Max-pooling over windows, as in Kim 2014,
Convolutional neural networks for sentence classification, by weights learned on whole texts.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.native.kernels import Places
from dvtopics.taggers.context import Array
from dvtopics.taggers.segments import starts_of

Ids = NDArray[np.int64]

#: Tokens that a window may have: sums are made by doubling. 0: no peaks.
WINDOWS = (0, 2, 4, 8, 16, 32, 64)
#: Windows that are in memory at a time.
_SLAB = 65_536


@dataclass(frozen=True, slots=True)
class Peaks:
    """Peaks of texts.

    Attributes
    ----------
    value : ndarray, shape (n_texts, k)
        Logits.
    at : ndarray of int64, shape (n_texts, k)
        First token of the window, the first of several as high; -1 where the text is shorter.
    scale : ndarray, shape (n_texts, k)
        What the weights of its n-grams are multiplied by.
    """

    value: Array
    at: Ids
    scale: Array


def find_peaks(
    windows: tuple[Ids, Places, int],
    model: tuple[NDArray[np.float32], Array],
    logits: Array,
    located: bool = True,
) -> Peaks:
    """Find the peaks of texts, as `dvtopics.native.kernels.score` does, in numpy.

    Parameters
    ----------
    windows : tuple
        Tokens of every text, shape (n_texts,); the n-gram that starts at every token, -1 for none,
        and what this occurrence weighs, each of shape (ngram_max, n_tokens + 1); the tokens of a
        window, one of `WINDOWS` but 0.
    model : tuple
        Coefficients, shape (n_features, k), and intercepts, shape (k,).
    logits : ndarray, shape (n_texts, k)
        Of the whole texts.
    located : bool, default True
        Whether `at` and `scale` are wanted: a third of the time.
    """
    (lengths, places, window), (coef, intercept) = windows, model
    n = int(lengths.sum())
    text = np.repeat(np.arange(len(lengths)), lengths)
    fits = text[: max(n - window + 1, 0)] == text[window - 1 :]
    best = np.full(logits.shape, -np.inf)
    at, scale = np.full(logits.shape, -1), np.zeros(logits.shape)
    for low in range(0, len(fits), _SLAB):
        tokens = slice(low, low + _SLAB + window - 1)
        total, square = np.zeros((len(text[tokens]), coef.shape[1])), np.zeros(len(text[tokens]))
        for feature, share in zip(*(part[:, :n][:, tokens] for part in places), strict=True):
            here = np.flatnonzero(feature >= 0)
            total[here] += coef.take(feature.take(here), axis=0) * share.take(here)[:, None]
            square += share * share
        width = 1
        while width < window:
            total[:-width] += total[width:]
            square[:-width] += square[width:]
            width *= 2
        start = np.flatnonzero(fits[low : low + _SLAB])
        if not len(start):
            continue
        square = square.take(start)
        unit = np.where(square > 0, 1.0 / np.sqrt(np.where(square > 0, square, 1.0)), 0.0)
        value = total.take(start, axis=0) * unit[:, None]
        of = text.take(low + start)
        first = starts_of(of)
        size = np.diff(np.append(first, len(of)))
        highest = np.maximum.reduceat(value, first, axis=0)
        if not located:
            best[of.take(first)] = np.maximum(best[of.take(first)], highest)
            continue
        number = np.arange(len(of))[:, None]
        is_highest = value == np.repeat(highest, size, axis=0)
        where = np.minimum.reduceat(np.where(is_highest, number, len(of)), first, axis=0)
        of = of.take(first)
        # A text may go on from the slab before.
        row, column = np.nonzero(highest > best[of])
        best[of[row], column] = highest[row, column]
        at[of[row], column] = low + start.take(where[row, column])
        scale[of[row], column] = unit.take(where[row, column])
    return Peaks(np.where(np.isneginf(best), logits, best + intercept), at, scale)
