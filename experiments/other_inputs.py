"""What `06_unlabelled` puts in place of, or beside, the contents that stage two reads."""

from __future__ import annotations

import re

import numpy as np
import scipy.sparse as sp
from lab import MIN_DF, Array, Lab, frequencies, take_columns, tfidf
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from dvtopics.text.tokenize import tokenize
from dvtopics.themes import load_themes

K = 50


def unigrams(lab: Lab) -> sp.csr_matrix:
    """Return TF-IDF of single syllables of every row, weighted as the contents of the lab."""
    single = take_columns(lab.counts, lab.ngram == 1)
    single = take_columns(single, frequencies(single[lab.judged]) >= MIN_DF)
    return tfidf(single[lab.judged], single)[1]


def spread(content: Array) -> Array:
    """Scale contents to unit spread, as the network expects them."""
    return np.asarray(content / content.std())


def lsa(matrix: sp.csr_matrix, rows: NDArray[np.int64], d: int = 32) -> Array:
    """Return coordinates of all rows on axes fitted on some of them."""
    _, _, axes = randomized_svd(matrix[rows], d, n_iter=4, random_state=0)
    return spread(matrix @ axes.T)


def bigram_counts(lab: Lab) -> sp.csr_matrix:
    """Return counts of frequent syllable pairs, which stand for words in topic models."""
    pairs = take_columns(lab.counts, lab.ngram == 2)
    df = frequencies(pairs)
    return take_columns(pairs, (df >= 100) & (df <= 0.1 * pairs.shape[0]))


def lda_shares(lab: Lab) -> Array:
    """Return topic shares by online variational LDA, two passes over 40,000 paragraphs."""
    from gensim.matutils import Sparse2Corpus
    from gensim.models import LdaModel

    counts = bigram_counts(lab)
    rows = np.random.RandomState(0).permutation(np.flatnonzero(~lab.is_title))[:40_000]
    corpus = Sparse2Corpus(counts[rows], documents_columns=False)
    names = {i: str(i) for i in range(counts.shape[1])}
    model = LdaModel(
        corpus, K, names, passes=2, iterations=20, chunksize=4000, random_state=0, eval_every=None
    )
    parts = []
    for start in range(0, counts.shape[0], 4000):
        gamma, _ = model.inference(
            list(Sparse2Corpus(counts[start : start + 4000], documents_columns=False))
        )
        parts.append(gamma / gamma.sum(axis=1, keepdims=True))
    return spread(np.concatenate(parts))


def nmf_shares(lab: Lab) -> Array:
    """Return topic weights by non-negative matrix factorisation of TF-IDF."""
    from sklearn.decomposition import NMF

    counts = bigram_counts(lab)
    _, rows = tfidf(counts, counts)
    sample = np.random.RandomState(0).permutation(np.flatnonzero(~lab.is_title))[:40_000]
    model = NMF(K, init="nndsvd", max_iter=40, tol=1e-3, random_state=0).fit(rows[sample])
    return spread(model.transform(rows))


def random_projection(lab: Lab, d: int = 32) -> Array:
    """Return TF-IDF of syllables on random axes."""
    matrix = unigrams(lab)
    return spread(matrix @ np.random.RandomState(0).standard_normal((matrix.shape[1], d)))


def word_vectors(lab: Lab, texts: list[str]) -> Array:
    """Return the mean vector of a row's syllables; vectors from 100,000 texts."""
    from gensim.models import Word2Vec

    some = np.random.RandomState(0).permutation(len(texts))[:100_000]
    model = Word2Vec(
        [tokenize(texts[i]) for i in some], vector_size=64, epochs=3, min_count=5,
        seed=0, workers=1,
    )  # fmt: skip
    table = np.zeros((len(lab.syllables), 64))
    for index, syllable in enumerate(lab.syllables):
        if syllable in model.wv:
            table[index] = model.wv[syllable]
    total = take_columns(lab.counts, lab.ngram == 1) @ table
    mean = total / np.maximum(lab.length, 1)[:, None]
    return spread(mean - mean[lab.judged].mean(axis=0))


def lexicon(lab: Lab) -> Array:
    """Return how often seed terms of each theme occur in a row, its title and its article."""
    columns = []
    for theme in load_themes().values():
        terms = sorted({" ".join(tokenize(seed)) for seed in theme.seeds}, key=len, reverse=True)
        pattern = re.compile(" (?:" + "|".join(map(re.escape, terms)) + ")(?= )")
        columns.append([len(pattern.findall(f" {' '.join(tokenize(t))} ")) for t in lab.texts])
    own = np.array(columns, dtype=np.float64).T
    first = lab.starts[:-1]
    total = np.add.reduceat(own, first, axis=0)
    return np.log1p(np.hstack([own, own[first][lab.article], total[lab.article]]))
