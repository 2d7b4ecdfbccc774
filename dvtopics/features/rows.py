"""A batch of sparse rows: what the vectorizer puts out and the linear scorer takes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True)
class Rows:
    """Compressed sparse rows.

    Attributes
    ----------
    row : ndarray of int64, shape (n_entries,)
        Row of every entry, ascending.
    feature : ndarray of int64, shape (n_entries,)
        Feature of every entry, ascending within a row.
    value : ndarray of float64, shape (n_entries,)
    shape : tuple of int
        ``(n_rows, n_features)``.
    """

    row: NDArray[np.int64]
    feature: NDArray[np.int64]
    value: NDArray[np.float64]
    shape: tuple[int, int]

    def dot(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return ``X @ weights``, shape (n_rows, n_columns).

        Every sum runs over the row's own entries in their order, so a row's result does not
        depend on the batch it is in (a BLAS product would not promise that).
        """
        result = np.empty((self.shape[0], weights.shape[1]))
        gathered = weights[self.feature]
        for column in range(weights.shape[1]):
            result[:, column] = np.bincount(
                self.row, self.value * gathered[:, column], minlength=self.shape[0]
            )
        return result

    def to_scipy(self) -> csr_matrix:
        """Return the same rows as a SciPy matrix (for training libraries)."""
        from scipy.sparse import csr_matrix

        indptr = np.searchsorted(self.row, np.arange(self.shape[0] + 1))
        return csr_matrix((self.value, self.feature, indptr), shape=self.shape)
