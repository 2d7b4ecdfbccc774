"""Topic shares of articles by variational inference, each from a fixed start.

The same article gives the same shares whatever stands beside it: the start is fixed, where
gensim draws a random one, and every article converges on its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
_MAX_ITERATIONS = 100
_CONVERGED = 1e-3
_TINY = 1e-100


def expectation(weights: Floats) -> Floats:
    """Return ``exp(E[log p])`` of rows that are Dirichlet parameters."""
    from scipy.special import psi

    result: Floats = np.exp(psi(weights) - psi(weights.sum(axis=-1, keepdims=True)))
    return result


def topic_shares(rows: csr_matrix, term_given_topic: Floats, alpha: Floats) -> Floats:
    """Infer the topic shares of articles (Blei, Ng & Jordan 2003, section 5).

    Parameters
    ----------
    rows : csr_matrix of shape (n_articles, n_terms)
        Weighted counts.
    term_given_topic : ndarray of shape (n_topics, n_terms)
        ``exp(E[log p(term given topic)])``, or the probabilities.
    alpha : ndarray of shape (n_topics,)

    Returns
    -------
    ndarray of shape (n_articles, n_topics)
        Rows sum to 1; an article without terms gets the prior's shares.
    """
    from scipy.special import psi

    shares = np.empty((rows.shape[0], len(alpha)))
    ends = rows.indptr
    for row in range(rows.shape[0]):
        terms = rows.indices[ends[row] : ends[row + 1]]
        counts = rows.data[ends[row] : ends[row + 1]].astype(np.float64)
        beta = term_given_topic[:, terms]
        gamma = alpha + counts.sum() / len(alpha)
        for _ in range(_MAX_ITERATIONS if len(terms) else 0):
            last = gamma
            theta = np.exp(psi(gamma))
            # sum over terms of count * p(topic given term): theta_k * beta_kw / norm_w
            gamma = alpha + theta * (beta @ (counts / (theta @ beta + _TINY)))
            if np.abs(gamma - last).mean() < _CONVERGED:
                break
        if not len(terms):
            gamma = alpha
        shares[row] = gamma / gamma.sum()
    return shares
