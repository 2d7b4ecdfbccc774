"""Articles as bags of terms on disk: what the engines read, block by block or as a sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.topics.cutting import Cutter
from dvtopics.topics.spill import Spill
from dvtopics.topics.vocabulary import Vocabulary, content_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]


class Bags:
    """Term counts of articles in files of a folder.

    Parameters
    ----------
    folder : Path
    n_terms : int
    """

    def __init__(self, folder: Path, n_terms: int) -> None:
        self._folder = folder
        self.n_terms = n_terms
        self.ends: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.ends)

    def write(self, spill: Spill, cutter: Cutter, vocabulary: Vocabulary) -> Bags:
        """Count the terms of all articles of a spill."""
        position = positions(vocabulary, cutter.n_words)
        ends: list[NDArray[np.int64]] = []
        total = 0
        with (
            (self._folder / "terms.bin").open("wb") as terms,
            (self._folder / "counts.bin").open("wb") as counts,
        ):
            for block in spill.blocks():
                content = content_of(block, cutter)
                found = position[content.words]
                inside = found >= 0
                keys = content.articles[inside] * self.n_terms + found[inside]
                pairs, times = np.unique(keys, return_counts=True)
                terms.write((pairs % self.n_terms).astype(np.int32).tobytes())
                counts.write(times.astype(np.float32).tobytes())
                sizes = np.bincount(pairs // self.n_terms, minlength=block.n_articles)
                ends.append(total + np.cumsum(sizes))
                total += len(pairs)
        self.ends = np.concatenate(ends) if ends else np.zeros(0, dtype=np.int64)
        return self

    def _array(self, name: str, dtype: Any) -> NDArray[Any]:
        path = self._folder / name
        if not path.stat().st_size:
            return np.zeros(0, dtype=dtype)
        return np.memmap(path, dtype=dtype, mode="r")

    def rows(self, first: int, last: int) -> csr_matrix:
        """Return the articles from `first` up to `last` as a matrix (articles, terms)."""
        from scipy.sparse import csr_matrix

        start = int(self.ends[first - 1]) if first else 0
        end = int(self.ends[last - 1]) if last else 0
        indptr = np.r_[start, self.ends[first:last]] - start
        data = np.array(self._array("counts.bin", np.float32)[start:end])
        indices = np.array(self._array("terms.bin", np.int32)[start:end])
        return csr_matrix((data, indices, indptr), shape=(last - first, self.n_terms))

    def blocks(self, size: int = 512) -> Iterator[tuple[int, csr_matrix]]:
        """Yield the position of the first article and the matrix of each block."""
        for first in range(0, len(self), size):
            yield first, self.rows(first, min(first + size, len(self)))

    def sample(self, limit: int) -> csr_matrix:
        """Return at most `limit` articles, spread evenly over the collection."""
        from scipy.sparse import vstack

        if len(self) <= limit:
            return self.rows(0, len(self))
        chosen = np.linspace(0, len(self) - 1, limit).astype(np.int64)
        parts = []
        for first, rows in self.blocks():
            own = chosen[(chosen >= first) & (chosen < first + rows.shape[0])] - first
            parts.append(rows[own])
        return vstack(parts, format="csr")


def positions(vocabulary: Vocabulary, n_words: int) -> NDArray[np.int64]:
    """Return for every word its position among the terms, or -1."""
    position = np.full(n_words, -1, dtype=np.int64)
    position[vocabulary.words] = np.arange(len(vocabulary.words))
    return position


class Weights:
    """How much an occurrence of a term counts.

    Raw counts make common words lead every topic, since the likelihood is over words and most
    words are common. Weighting counts by informativeness mends that within the model, with no
    list of stop words and no re-ranking afterwards [1]_: the topics are distributions over
    weighted occurrences. Here an article's count n of a term in d of D articles counts
    ``(1 + log n) * (1 + log((1 + D) / (1 + d)))``, scaled so that the collection keeps its size.

    Parameters
    ----------
    idf : ndarray of shape (n_terms,) or None
        None leaves counts as they are.
    scale : float

    References
    ----------
    .. [1] A. T. Wilson, P. A. Chew, "Term weighting schemes for latent Dirichlet allocation",
       NAACL-HLT 2010.
    """

    def __init__(self, idf: Floats | None, scale: float = 1.0) -> None:
        self.idf = idf
        self.scale = scale

    @classmethod
    def learn(cls, bags: Bags, vocabulary: Vocabulary, weighting: str) -> Weights:
        """Learn the weights of a collection."""
        if weighting == "count":
            return cls(None)
        n = len(bags)
        weights = cls(1.0 + np.log((1 + n) / (1.0 + vocabulary.article_counts)))
        raw = weighted = 0.0
        for _, rows in bags.blocks():
            raw += float(rows.data.sum(dtype=np.float64))
            weighted += float(weights(rows).data.sum(dtype=np.float64))
        weights.scale = raw / weighted if weighted else 1.0
        return weights

    def __call__(self, rows: csr_matrix) -> csr_matrix:
        """Return the weighted form of counts."""
        if self.idf is None:
            return rows
        weighted = rows.copy()
        weighted.data = (
            (1.0 + np.log(rows.data.astype(np.float64))) * self.idf[rows.indices] * self.scale
        ).astype(np.float32)
        return weighted
