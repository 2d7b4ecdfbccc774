"""What a text is about, in a few numbers: latent semantic coordinates of its syllables.

In: TF-IDF rows. Out: a dense vector a text, which stage two reads beside the theme scores:
two paragraphs may score alike and still be of different kinds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.rows import Rows, sum_by_row, sum_columns


@dataclass(frozen=True, slots=True)
class SyllableEmbedding:
    """Coordinates of every syllable of a vocabulary.

    Attributes
    ----------
    table : ndarray of float32, shape (n_syllables, n_dimensions)
        In the order of the vectorizer's single-syllable features, which come first.

    References
    ----------
    Deerwester et al. (1990), Indexing by latent semantic analysis.
    """

    table: NDArray[np.float32]

    @classmethod
    def fit(
        cls, parts: Iterable[Rows], n_syllables: int, n_dimensions: int, random_state: int
    ) -> SyllableEmbedding:
        """Learn coordinates from the single-syllable part of TF-IDF rows.

        With fewer texts or syllables than `n_dimensions`, the coordinates left over are zero.

        Parameters
        ----------
        parts : iterable of Rows
            Of which nothing but that part is kept in memory.
        n_syllables, n_dimensions, random_state : int
        """
        from scipy.sparse import vstack
        from sklearn.utils.extmath import randomized_svd

        single = [_single_syllables(rows, n_syllables)[0].to_scipy() for rows in parts]
        matrix = single[0] if len(single) == 1 else vstack(single, format="csr")
        n_found = min(n_dimensions, min(matrix.shape) - 1)
        table = np.zeros((n_syllables, n_dimensions))
        if n_found > 0:
            _, _, axes = randomized_svd(matrix, n_found, n_iter=4, random_state=random_state)
            spread = float((matrix @ axes.T).std())
            # Texts that are all alike are spread over nothing but rounding.
            table[:, :n_found] = axes.T / (spread if spread > 1e-6 else 1.0)
        # Half precision is what is saved: fitting and loading give the same vectors.
        return cls(table.astype(np.float16).astype(np.float32))

    def transform(self, rows: Rows) -> NDArray[np.float64]:
        """Return the coordinates of every row, shape (n_rows, n_dimensions)."""
        return self.project(rows)[0]

    def project(self, rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the coordinates, and the length of the single-syllable part of every row.

        Sums run over a row's own entries in their order: the same result in any batch.
        """
        part, norm = _single_syllables(rows, len(self.table))
        # A column at a time stays in the nearest caches.
        columns = np.ascontiguousarray(self.table.T)
        terms = (column.take(part.feature) * part.value for column in columns)
        return sum_columns(terms, part.indptr, len(columns)), norm


def _single_syllables(rows: Rows, n_syllables: int) -> tuple[Rows, NDArray[np.float64]]:
    """Return the single-syllable part of `rows`, each of unit length again, and the lengths."""
    single = np.flatnonzero(rows.feature < n_syllables)
    value = rows.value.take(single)
    indptr = np.searchsorted(single, rows.indptr)
    norm = np.sqrt(sum_by_row(value * value, indptr))
    value /= np.repeat(norm, np.diff(indptr))
    shape = (rows.shape[0], n_syllables)
    return Rows(indptr, rows.feature.take(single), value, shape), norm
