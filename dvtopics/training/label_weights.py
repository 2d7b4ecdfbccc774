"""How strongly every term speaks for and against each label: the statistics that seed topics.

In: counts of terms, labels. Out: one weight a term and label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dvtopics.features.topics import Array

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

#: Log-odds of a label that training has no example of.
_NEVER = -8.0
_SCALE = 10.0


@dataclass(frozen=True, slots=True)
class LabelWeights:
    """Weights of terms.

    Attributes
    ----------
    weight : ndarray, shape (n_terms, n_labels)
    intercept : ndarray, shape (n_labels,)
    """

    weight: Array
    intercept: Array


def label_weights(
    counts: csr_matrix,
    labels: Array,
    C: float,  # noqa: N803 - scikit-learn's name for it
    smoothing: float,
    n_steps: int,
) -> LabelWeights:
    """Estimate them by penalised logistic regression on term frequencies, all labels at once.

    The penalty is the milder the more one-sidedly a term is used: frequencies are multiplied by
    the size of its shrunken log-count ratio (Wang & Manning 2012, Baselines and bigrams).
    A fixed number of steps of L-BFGS is part of the regularisation.

    Parameters
    ----------
    counts : csr_matrix, shape (n_texts, n_terms)
    labels : ndarray, shape (n_texts, n_labels)
        1, 0 or NaN.
    C : float
        Inverse strength of the penalty.
    smoothing : float
        Occurrences that shrink the ratios.
    n_steps : int
    """
    from scipy.optimize import minimize
    from scipy.sparse import diags

    length = np.sqrt(np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1.0))
    rows = (diags(1 / length) @ counts).tocsr().astype(np.float32)
    columns = rows.T.tocsr()
    known = ~np.isnan(labels)
    positive = np.where(known, labels, 0.0)
    n_positive, n_known = positive.sum(axis=0), known.sum(axis=0)
    usable = (n_positive > 0) & (n_positive < n_known)
    importance = np.where(positive > 0, n_known / np.maximum(2 * n_positive, 1), 0.0) + np.where(
        known & (positive == 0), n_known / np.maximum(2 * (n_known - n_positive), 1), 0.0
    )
    importance = (importance * usable).astype(np.float32)
    positive = positive.astype(np.float32)
    factor = (_SCALE * np.abs(_ratios(counts, labels, smoothing))).astype(np.float32)
    n_terms, n_labels = factor.shape

    def loss(parameters: Array) -> tuple[float, Array]:
        inner = parameters[:-n_labels].reshape(n_terms, n_labels).astype(np.float32)
        z = rows @ (inner * factor) + parameters[-n_labels:].astype(np.float32)
        against = np.where(positive > 0, -z, z)
        value = C * float((importance * np.logaddexp(0, against)).sum(dtype=np.float64))
        value += 0.5 * float((inner.astype(np.float64) ** 2).sum())
        slope = importance * (1 / (1 + np.exp(-np.clip(z, -50, 50))) - positive)
        gradient = C * (columns @ slope) * factor + inner
        ends = C * slope.sum(axis=0)
        return value, np.concatenate([gradient.ravel(), ends]).astype(np.float64)

    start = np.zeros(n_terms * n_labels + n_labels)
    options = {"maxiter": n_steps, "maxfun": n_steps + 10, "maxcor": 6}
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    weight = best[:-n_labels].reshape(n_terms, n_labels) * factor
    always = (n_known > 0) & (n_positive == n_known)
    constant = np.where(always, -_NEVER, _NEVER)
    return LabelWeights(weight * usable, np.where(usable, best[-n_labels:], constant))


def _ratios(counts: csr_matrix, labels: Array, smoothing: float) -> Array:
    """Return log-odds of a label given a term less those of the label, shrunk towards zero."""
    result = np.zeros((counts.shape[1], labels.shape[1]))
    for column, label in enumerate(labels.T):
        with_it = np.asarray(counts[label > 0].sum(axis=0)).ravel()
        without = np.asarray(counts[label == 0].sum(axis=0)).ravel()
        base = with_it.sum() / max(with_it.sum() + without.sum(), 1.0)
        if 0 < base < 1:
            odds = (with_it + smoothing * base) / (without + smoothing * (1 - base))
            result[:, column] = np.log(odds) - np.log(base / (1 - base))
    return result
