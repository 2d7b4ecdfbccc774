"""TF-IDF rows for training: token ids → rows, part by part, on disk where they are many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from dvtopics.features.rows import Rows
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.features.tokens import TokenisedTexts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def rows_of(vectorizer: NgramTfidf, tokens: TokenisedTexts) -> Iterator[Rows]:
    """Yield the rows of texts, part by part."""
    for part in tokens.parts():
        yield vectorizer.transform_batch(vectorizer.encode_tokens(part))


@contextmanager
def stored_rows(vectorizer: NgramTfidf, tokens: TokenisedTexts) -> Iterator[csr_matrix]:
    """Give the rows of texts, to be read only.

    Where there is more than one part the arrays are mapped from files in the folder for temporary
    files (``TMPDIR``), which are gone when the context is left: the system takes memory for what
    is being read, and can have it back.

    Parameters
    ----------
    vectorizer : NgramTfidf
        Fitted.
    tokens : TokenisedTexts

    Yields
    ------
    csr_matrix of float64, shape (n_texts, n_features)
    """
    parts = rows_of(vectorizer, tokens)
    first, second = next(parts), next(parts, None)
    if second is None:
        yield first.to_scipy()
        return
    with TemporaryDirectory(prefix="dvtopics-", ignore_cleanup_errors=True) as folder:
        yield _written(chain([first, second], parts), Path(folder)).to_scipy()


def _written(parts: Iterator[Rows], folder: Path) -> Rows:
    feature, value = folder / "feature", folder / "value"
    sizes, n_features = [np.zeros(1, np.int64)], 0
    with feature.open("wb") as features, value.open("wb") as values:
        for rows in parts:
            features.write(rows.feature.data)
            values.write(rows.value.data)
            sizes.append(np.diff(rows.indptr))
            n_features = rows.shape[1]
    indptr = np.cumsum(np.concatenate(sizes))
    return Rows(
        indptr,
        np.memmap(feature, np.int32, "r"),
        np.memmap(value, np.float64, "r"),
        (len(indptr) - 1, n_features),
    )
