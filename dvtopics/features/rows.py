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
    indptr : ndarray of int64, shape (n_rows + 1,)
        Entries ``indptr[i]:indptr[i + 1]`` are those of row ``i``.
    feature : ndarray of int32, shape (n_entries,)
        Feature of every entry, ascending within a row.
    value : ndarray of float64, shape (n_entries,)
    shape : tuple of int
        ``(n_rows, n_features)``.
    """

    indptr: NDArray[np.int64]
    feature: NDArray[np.int32]
    value: NDArray[np.float64]
    shape: tuple[int, int]

    @property
    def row(self) -> NDArray[np.int64]:
        """Row of every entry, ascending, shape (n_entries,)."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    def dot(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return ``X @ weights``, shape (n_rows, n_columns).

        Every sum runs over the row's own entries in their order, so a row's result does not
        depend on the batch it is in (a BLAS product would not promise that).
        """
        return sum_columns(weights, self.feature, self.value, self.indptr)

    def to_scipy(self) -> csr_matrix:
        """Return the same rows as a SciPy matrix (for training libraries)."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.value, self.feature, self.indptr), shape=self.shape)


def sum_by_row(values: NDArray[np.float64], indptr: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sums of ``values[indptr[i]:indptr[i + 1]]``, one value after the other.

    ``bincount`` adds so (``reduceat`` does not), and so does the compiled kernel.
    """
    row = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    return np.asarray(np.bincount(row, values, minlength=len(indptr) - 1), dtype=np.float64)


def sum_columns(
    table: NDArray[np.floating],
    feature: NDArray[np.integer],
    value: NDArray[np.float64],
    indptr: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the sums of ``table[feature] * value`` by row, shape (n_rows, n_columns)."""
    row = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    terms = np.ascontiguousarray((table.take(feature, axis=0) * value[:, None]).T)
    result = np.empty((len(indptr) - 1, len(terms)))
    for number, column in enumerate(terms):
        result[:, number] = np.bincount(row, column, minlength=len(result))
    return result
