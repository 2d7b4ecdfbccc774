"""Counting and weighting for `lab`: texts → sparse n-gram counts → weighted rows."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import scipy.sparse as sp
from common import ROOT
from numpy.typing import NDArray

from dvtopics.text.tokenize import tokenize

Array = NDArray[np.float64]

CACHE = ROOT / "experiments" / "cache"


def take_columns(matrix: sp.csr_matrix, keep: NDArray[np.bool_]) -> sp.csr_matrix:
    """Return the chosen columns (much faster than scipy's indexing)."""
    chosen = keep[matrix.indices]
    new = np.cumsum(keep, dtype=np.int32) - 1
    ends = np.concatenate([[0], np.cumsum(chosen)])[matrix.indptr]
    return sp.csr_matrix(
        (matrix.data[chosen], new[matrix.indices[chosen]], ends),
        shape=(matrix.shape[0], int(keep.sum())),
    )


def frequencies(counts: sp.csr_matrix) -> NDArray[np.int64]:
    """Return in how many rows each column occurs."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def scaled(matrix: sp.csr_matrix, factor: Array) -> sp.csr_matrix:
    """Return `matrix` with its columns multiplied by `factor`, rows scaled to unit length."""
    data = matrix.data * factor[matrix.indices].astype(np.float32)
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    norm = np.sqrt(np.bincount(row, data * data, minlength=matrix.shape[0]))
    data /= np.maximum(norm, 1e-12)[row].astype(np.float32)
    return sp.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def tfidf(
    train: sp.csr_matrix, other: sp.csr_matrix, sublinear: bool = True
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Weight as the shipped vectorizer does."""
    idf = np.log((1 + train.shape[0]) / (1 + frequencies(train))) + 1
    parts = [part.copy() for part in (train, other)]
    for part in parts:
        if sublinear:
            part.data = 1 + np.log(part.data)
    return scaled(parts[0], idf), scaled(parts[1], idf)


def counted(texts: list[str], min_count: int) -> tuple[Any, ...]:
    """Count syllable 1-3-grams by integer arithmetic; kept under the checksum of the texts."""
    digest = hashlib.sha256(str(min_count).encode())
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\n")
    path = CACHE / f"counts-{digest.hexdigest()[:16]}.npz"
    if not path.is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **count_ngrams(texts, min_count))
        partial.replace(path)
    with np.load(path) as saved:
        a = dict(saved)
    shape = (len(texts), len(a["ngram"]))
    counts = sp.csr_matrix((a["data"], a["indices"], a["indptr"]), shape=shape)
    return counts, a["length"], a["ngram"], a["syllables"]


def ngram_places(texts: list[str], min_count: int) -> dict[str, Any]:
    """Return where the syllable 1-3-grams are that occur `min_count` times or more.

    Returns
    -------
    dict
        ``at``, shape (3, n_tokens): by length, the n-gram that starts at every token, -1 for none;
        ``row``: the text of every token; ``length``: tokens of every text; ``sizes``: n-grams of
        every length; ``syllables``: those that occur so often.
    """
    vocabulary: dict[str, int] = {}
    parts = [[vocabulary.setdefault(s, len(vocabulary)) for s in tokenize(t)] for t in texts]
    length = np.array([len(part) for part in parts], dtype=np.int64)
    ids = np.concatenate([np.array(part, dtype=np.int64) for part in parts])
    row = np.repeat(np.arange(len(texts)), length)
    frequent = np.bincount(ids, minlength=len(vocabulary)) >= min_count
    ids = np.where(frequent, np.cumsum(frequent), 0)[ids]
    base = int(frequent.sum()) + 1
    at, sizes = np.full((3, len(ids)), -1, np.int32), []
    key, whole = np.zeros(len(ids), np.int64), np.ones(len(ids), dtype=bool)
    for n in (1, 2, 3):
        # An n-gram lies in one text and has no rare syllable (id 0).
        last = len(ids) - n + 1
        key = key[:last] * base + ids[n - 1 :]
        whole = whole[:last] & (ids[n - 1 :] > 0) & (row[:last] == row[n - 1 :])
        start = np.flatnonzero(whole)
        _, column, count = np.unique(key[start], return_inverse=True, return_counts=True)
        keep = count >= min_count
        chosen = keep[column]
        at[n - 1, start[chosen]] = (np.cumsum(keep) - 1)[column[chosen]] + sum(sizes)
        sizes.append(int(keep.sum()))
    syllables = np.array([s for s, i in vocabulary.items() if frequent[i]])
    return {"at": at, "row": row, "length": length, "sizes": sizes, "syllables": syllables}


def count_ngrams(texts: list[str], min_count: int) -> dict[str, Any]:
    """Count syllable 1-3-grams."""
    found = ngram_places(texts, min_count)
    size, token = np.nonzero(found["at"] >= 0)
    where = (found["row"][token], found["at"][size, token])
    shape = (len(texts), sum(found["sizes"]))
    counts = sp.csr_matrix((np.ones(len(token), dtype=np.float32), where), shape=shape)
    counts.sort_indices()
    return {
        "data": counts.data,
        "indices": counts.indices.astype(np.int32),
        "indptr": counts.indptr,
        "length": found["length"],
        "ngram": np.repeat([1, 2, 3], found["sizes"]),
        "syllables": found["syllables"],
    }
