"""A batch of sparse rows: what the vectorizer puts out and the linear scorer takes in."""

from __future__ import annotations

from collections.abc import Iterable
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
        taken = weights.take(self.feature, axis=0)
        return sum_columns((c * self.value for c in taken.T), self.indptr, weights.shape[1])

    def to_scipy(self) -> csr_matrix:
        """Return the same rows as a SciPy matrix (for training libraries)."""
        from scipy.sparse import csr_matrix

        return csr_matrix((self.value, self.feature, self.indptr), shape=self.shape)


def sum_by_row(values: NDArray[np.float64], indptr: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sums of ``values[indptr[i]:indptr[i + 1]]``, one value after the other."""
    return sum_columns([values], indptr)[:, 0]


def sum_columns(
    columns: Iterable[NDArray[np.float64]],
    indptr: NDArray[np.int64],
    n_columns: int = 1,
) -> NDArray[np.float64]:
    """Return the sums by row of `n_columns` columns, shape (n_rows, n_columns).

    ``bincount`` adds one value after the other (``reduceat`` does not), and so does the compiled
    kernel.
    """
    n_rows = len(indptr) - 1
    row = np.repeat(np.arange(n_rows), np.diff(indptr))
    result = np.empty((n_rows, n_columns))
    for number, values in enumerate(columns):
        result[:, number] = np.bincount(row, values, minlength=n_rows)
    return result
