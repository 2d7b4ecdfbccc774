"""What `12_topics` compares with: coherence counted on its own, and other programs' topics."""

from __future__ import annotations

import itertools
import math
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dvtopics.topics.fitting import Prepared
from dvtopics.topics.terms import top_terms

Lists = list[list[str]]


def syllables(text: str) -> tuple[str, ...]:
    """Return the lower-cased NFC syllables of a text."""
    return tuple(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).lower()))


class Coherence:
    """NPMI by paragraph as the issue defines it; shares no code with the library.

    Parameters
    ----------
    paragraphs : sequence of str
    """

    def __init__(self, paragraphs: Sequence[str]) -> None:
        self._texts = [syllables(text) for text in paragraphs]

    def npmi(self, topics: Lists) -> list[float]:
        """Return per topic the mean over pairs of its top ten; -1 for a pair that never meets."""
        wanted: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for term in {term for topic in topics for term in topic[:10]}:
            wanted.setdefault(syllables(term)[0], []).append((syllables(term), term))
        places: dict[str, set[int]] = {t: set() for topic in topics for t in topic[:10]}
        for number, text in enumerate(self._texts):
            for at, syllable in enumerate(text):
                for sequence, term in wanted.get(syllable, ()):
                    if text[at : at + len(sequence)] == sequence:
                        places[term].add(number)
        n = len(self._texts)
        found = []
        for topic in topics:
            values = []
            for a, b in itertools.combinations(topic[:10], 2):
                both = len(places[a] & places[b]) / n
                apart = len(places[a]) * len(places[b]) / n**2
                values.append(math.log(both / apart) / -math.log(both) if both else -1.0)
            found.append(sum(values) / len(values))
        return found


def diversity(topics: Lists) -> float:
    """Return the unique share of all top 25 terms."""
    shown = [term for topic in topics for term in topic[:25]]
    return len(set(shown)) / len(shown)


def _lists(topics: Any, terms: list[str]) -> Lists:
    return [[terms[i] for i in top_terms(row, terms)] for row in np.asarray(topics, float)]


def gensim_lda(prepared: Prepared, n_topics: int, seed: int) -> tuple[Lists, float]:
    """Plain gensim LdaModel, ten passes over the same tokens, its own defaults otherwise."""
    from gensim.models import LdaModel

    rows = prepared.bags.rows(0, len(prepared.bags))
    corpus = [
        list(zip(rows.indices[a:b].tolist(), rows.data[a:b].tolist(), strict=True))
        for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    ]
    terms = prepared.vocabulary.terms
    start = time.perf_counter()
    model = LdaModel(corpus, n_topics, id2word=dict(enumerate(terms)), passes=10, random_state=seed)
    return _lists(model.get_topics(), terms), time.perf_counter() - start


def gensim_nmf(prepared: Prepared, n_topics: int, seed: int) -> tuple[Lists, float]:
    """Gensim's online NMF of TF-IDF, five passes."""
    from gensim.models.nmf import Nmf

    rows = prepared.weights(prepared.bags.rows(0, len(prepared.bags)))
    from sklearn.preprocessing import normalize

    matrix = normalize(rows).T.tocsc()
    terms = prepared.vocabulary.terms
    start = time.perf_counter()
    model = Nmf(
        matrix, num_topics=n_topics, id2word=dict(enumerate(terms)), passes=5, random_state=seed
    )
    return _lists(model.get_topics(), terms), time.perf_counter() - start


def scikit_nmf(prepared: Prepared, n_topics: int, seed: int) -> tuple[Lists, float]:
    """scikit-learn's NMF of TF-IDF."""
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfTransformer

    rows = prepared.bags.rows(0, len(prepared.bags))
    start = time.perf_counter()
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(rows)
    model = NMF(n_topics, init="nndsvd", random_state=seed).fit(weighted)
    return _lists(model.components_, prepared.vocabulary.terms), time.perf_counter() - start


def tomotopy_lda(prepared: Prepared, n_topics: int, seed: int) -> tuple[Lists, float] | None:
    """Tomotopy's LDA, 300 iterations; None where it is not installed."""
    try:
        import tomotopy
    except ImportError:
        return None
    rows = prepared.bags.rows(0, len(prepared.bags))
    terms = prepared.vocabulary.terms
    start = time.perf_counter()
    model = tomotopy.LDAModel(k=n_topics, seed=seed)
    for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        repeated = np.repeat(rows.indices[a:b], rows.data[a:b].astype(int))
        if len(repeated):
            model.add_doc([terms[i] for i in repeated.tolist()])
    model.train(300, workers=1)
    spent = time.perf_counter() - start
    used = list(model.used_vocabs)
    topics = [model.get_topic_word_dist(k) for k in range(n_topics)]
    return _lists(topics, used), spent


PEERS: dict[str, Callable[[Prepared, int, int], tuple[Lists, float] | None]] = {
    "gensim LdaModel, 10 passes": gensim_lda,
    "gensim Nmf of TF-IDF, 5 passes": gensim_nmf,
    "scikit-learn NMF of TF-IDF": scikit_nmf,
    "tomotopy LDA, 300 iterations": tomotopy_lda,
}
