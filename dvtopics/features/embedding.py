"""What a text is about, in a few numbers: latent semantic coordinates of its syllables.

In: TF-IDF rows. Out: a dense vector a text, which stage two reads beside the theme scores:
two paragraphs may score alike and still be of different kinds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.rows import Rows


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
        cls, rows: Rows, n_syllables: int, n_dimensions: int, random_state: int
    ) -> SyllableEmbedding:
        """Learn coordinates from the single-syllable part of TF-IDF `rows`.

        With fewer texts or syllables than `n_dimensions`, the coordinates left over are zero.
        """
        from sklearn.utils.extmath import randomized_svd

        matrix = _single_syllables(rows, n_syllables)[0].to_scipy()
        n_found = min(n_dimensions, min(matrix.shape) - 1)
        table = np.zeros((n_syllables, n_dimensions))
        if n_found > 0:
            _, _, axes = randomized_svd(matrix, n_found, n_iter=4, random_state=random_state)
            spread = float((matrix @ axes.T).std())
            table[:, :n_found] = axes.T / max(spread, 1e-9)
        return cls(table.astype(np.float32))

    def norms(self, rows: Rows) -> NDArray[np.float64]:
        """Return the length of the single-syllable part of every row, shape (n_rows,)."""
        return _single_syllables(rows, len(self.table))[1]

    def transform(self, rows: Rows) -> NDArray[np.float64]:
        """Return the coordinates of every row, shape (n_rows, n_dimensions).

        Sums run over a row's own entries in their order: the same result in any batch.
        """
        part, _ = _single_syllables(rows, len(self.table))
        result = np.zeros((rows.shape[0], self.table.shape[1]))
        if len(part.row):
            first = np.flatnonzero(np.append(True, part.row[1:] != part.row[:-1]))
            filled = part.row[first]
            # Column by column: sums along memory are several times as fast.
            for number, column in enumerate(np.ascontiguousarray(self.table.T)):
                terms = column[part.feature] * part.value
                result[filled, number] = np.add.reduceat(terms, first)
        return result


def _single_syllables(rows: Rows, n_syllables: int) -> tuple[Rows, NDArray[np.float64]]:
    """Return the single-syllable part of `rows`, each of unit length again, and the lengths."""
    single = rows.feature < n_syllables
    row, value = rows.row[single], rows.value[single]
    norm = np.sqrt(np.bincount(row, value * value, minlength=rows.shape[0]))
    part = Rows(row, rows.feature[single], value / norm[row], (rows.shape[0], n_syllables))
    return part, norm
