"""Probabilities, decisions and labels to figures: F1, average precision, calibration.

NaN labels (ambiguous or not judged) are left out everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

N_BINS = 10
N_DRAWS = 1000
_PERFECT_DRAWS = 200


def average_precision(label: Array, probability: Array) -> float:
    """Return average precision: the sum over ranks of precision times the gain in recall.

    Ties are one rank, as in scikit-learn.
    """
    order = np.argsort(-probability, kind="stable")
    label, probability = label[order], probability[order]
    last = np.flatnonzero(np.append(np.diff(probability) != 0, True))
    hits = np.cumsum(label)[last]
    precision = hits / (last + 1)
    recall = hits / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def expected_calibration_error(label: Array, probability: Array, n_bins: int = N_BINS) -> float:
    """Return ECE over equal-width bins.

    References
    ----------
    Naeini, Cooper & Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian
    binning.
    """
    if len(label) == 0:
        return 0.0
    of = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    gap = np.bincount(of, label - probability, minlength=n_bins)
    return float(np.abs(gap).sum() / len(label))


def perfect_calibration_error(probability: Array, n_bins: int = N_BINS) -> float:
    """Return the mean ECE that labels drawn from `probability` itself would show."""
    rng = np.random.default_rng(0)
    draws = [
        expected_calibration_error(
            (rng.random(len(probability)) < probability).astype(float), probability, n_bins
        )
        for _ in range(_PERFECT_DRAWS)
    ]
    return float(np.mean(draws))


def _f1(tp: Array, fp: Array, fn: Array) -> Array:
    return 2 * tp / np.maximum(2 * tp + fp + fn, 1e-12)


def _counts_by_article(label: Array, tags: Bools, article: NDArray[np.int64], n: int) -> Array:
    """Count true and false positives and false negatives: (n_articles, n_themes, 3)."""
    known = ~np.isnan(label)
    positive = known & (label > 0.5)
    negative = known & ~(label > 0.5)
    result = np.zeros((n, label.shape[1], 3))
    for kind, hit in enumerate((positive & tags, negative & tags, positive & ~tags)):
        np.add.at(result[:, :, kind], article, hit)
    return result


def _macro(counts: Array) -> Array:
    """Macro-F1 of counts (..., n_themes, 3), over the themes that have positives."""
    tp, fp, fn = counts[..., 0], counts[..., 1], counts[..., 2]
    present = (tp + fn) > 0
    total: Array = np.where(present, _f1(tp, fp, fn), 0).sum(-1)
    return np.asarray(total / np.maximum(present.sum(-1), 1))


def macro_f1(label: Array, tags: Bools) -> float:
    """Return macro-F1 over the themes that have positives."""
    one = np.zeros(len(label), dtype=np.int64)
    return float(_macro(_counts_by_article(label, tags, one, 1)[0]))


def bootstrap_macro_f1(
    label: Array, tags: Bools, article: NDArray[np.int64], n_articles: int, seed: int = 0
) -> Array:
    """Return macro-F1 of 1,000 resamples of the articles, shape (1000,).

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap.
    """
    counts = _counts_by_article(label, tags, article, n_articles)
    judged = np.flatnonzero(
        np.bincount(article, (~np.isnan(label)).any(axis=1), minlength=n_articles) > 0
    )
    rng = np.random.default_rng(seed)
    draws = np.empty(N_DRAWS)
    for i in range(N_DRAWS):
        draws[i] = _macro(counts[rng.choice(judged, len(judged))].sum(axis=0))
    return draws


def level_report(
    themes: Sequence[str],
    label: Array,
    probability: Array,
    tags: Bools,
    article: NDArray[np.int64],
    n_articles: int,
) -> dict[str, Any]:
    """Return the figures of one level, in the form that ``evaluate --json`` writes.

    Parameters
    ----------
    themes : sequence of str
    label, probability, tags : ndarray, shape (n_items, n_themes)
    article : ndarray of int64, shape (n_items,)
        Article of every item; the bootstrap draws articles.
    n_articles : int

    Returns
    -------
    dict
        A theme without positives is None and left out of the macro average.
    """
    report: dict[str, Any] = {}
    scores = []
    for index, theme in enumerate(themes):
        known = ~np.isnan(label[:, index])
        y, p, t = label[known, index], probability[known, index], tags[known, index]
        if not y.any():
            report[theme] = None
            continue
        tp, fp, fn = (y > 0) & t, (y == 0) & t, (y > 0) & ~t
        f1 = 2 * tp.sum() / (2 * tp.sum() + fp.sum() + fn.sum())
        scores.append(f1)
        report[theme] = {
            "precision": _rounded(tp.sum() / max(t.sum(), 1)),
            "recall": _rounded(tp.sum() / y.sum()),
            "f1": _rounded(f1),
            "average_precision": _rounded(average_precision(y, p)),
            "ece": _rounded(expected_calibration_error(y, p)),
            "n_positive": int(y.sum()),
            "n": len(y),
        }
    known = ~np.isnan(label)
    pooled_y, pooled_p = label[known], probability[known]
    judged = known.any(axis=1)
    report["macro_f1"] = _rounded(np.mean(scores)) if scores else None
    report["macro_f1_ci"] = None
    if scores:
        draws = bootstrap_macro_f1(label, tags, article, n_articles)
        report["macro_f1_ci"] = [_rounded(v) for v in np.percentile(draws, [2.5, 97.5])]
    report["ece"] = _rounded(expected_calibration_error(pooled_y, pooled_p))
    report["ece_if_perfect"] = _rounded(perfect_calibration_error(pooled_p))
    report["brier"] = _rounded(np.mean((pooled_p - pooled_y) ** 2)) if len(pooled_y) else 0.0
    report["n_articles"] = len(np.unique(article[judged]))
    return report


def _rounded(value: Any) -> float:
    return round(float(value), 6)
