"""gensim's LDA, as `LdaTagger` fits it: topics without labels, and topics that priors seed.

In: bags of terms and priors. Out: plain arrays. gensim is imported here only.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.topics import Array, Bags, TopicWords

Ids = NDArray[np.int64]
Bow = list[list[tuple[int, float]]]


def background_topics(
    bags: Bags, n_terms: int, n_topics: int, passes: int, random_state: int
) -> Array:
    """Return topics that nobody has told anything, as expected counts of terms.

    Parameters
    ----------
    bags : Bags
        Of articles.
    n_terms, n_topics, passes, random_state : int

    Returns
    -------
    ndarray, shape (n_topics, n_terms)

    References
    ----------
    Hoffman, Blei & Bach (2010), Online learning for latent Dirichlet allocation.
    """
    from gensim.models import LdaModel

    with _quiet():
        model = LdaModel(
            corpus=_as_bow(bags),
            id2word={term: str(term) for term in range(n_terms)},
            num_topics=n_topics,
            chunksize=1000,
            passes=passes,
            alpha=1.0 / n_topics,
            eta=0.01,
            eval_every=None,
            random_state=random_state,
            dtype=np.float64,
        )
    counts: Array = model.state.get_lambda() - 0.01
    return np.maximum(counts, 0.0)


def seeded_topics(bags: Bags, alpha: Array, eta: Array, iterations: int) -> TopicWords:
    """Return topics that start at their priors and have read all texts once.

    Every occurrence of a term is shared out among the topics that its prior allows; the counts
    are added to the priors (one step of variational Bayes over the whole corpus).

    Parameters
    ----------
    bags : Bags
    alpha : ndarray, shape (n_topics,)
    eta : ndarray, shape (n_topics, n_terms)
        Zero where a topic cannot hold a term.
    iterations : int
        Of inference, at most.

    References
    ----------
    Blei, Ng & Jordan (2003), Latent Dirichlet allocation. Jagarlamudi, Daumé & Udupa (2012),
    Incorporating lexical priors into topic models.
    """
    n_topics, n_terms = eta.shape
    with _quiet():
        model = _fixed_start_class()(
            corpus=None,
            id2word={term: str(term) for term in range(n_terms)},
            num_topics=n_topics,
            # So small a parameter gives a weight of exactly zero in floating point.
            eta=np.where(eta > 0, eta, _NEVER),
            alpha=alpha,
            iterations=iterations,
            update_every=0,
            chunksize=len(bags.indptr),
            eval_every=None,
            random_state=0,
            dtype=np.float32,
        )
        # gensim starts from random counts, which would drown the seeds.
        model.state.sstats[...] = 0.0
        model.sync_state()
        model.update(_as_bow(bags))
    weight = np.where(eta > 0, model.expElogbeta, 0.0)
    return TopicWords.from_dense(alpha, weight)


#: Dirichlet parameter of a term that a topic cannot hold: ``exp(digamma(1e-3))`` is zero.
_NEVER = 1e-3


def _fixed_start_class() -> Any:
    """Return gensim's `LdaModel` with the inference of `TopicWords`.

    The same updates from a fixed start: no chance, and whole chunks at once.
    """
    from gensim.models import LdaModel

    class FixedStartLda(LdaModel):  # type: ignore[misc]
        def inference(
            self, chunk: Bow, collect_sstats: bool = False
        ) -> tuple[NDArray[Any], NDArray[Any] | None]:
            bags = _from_bow(chunk)
            topics = TopicWords.from_dense(self.alpha, self.expElogbeta)
            gamma = topics.infer(bags, self.gamma_threshold, self.iterations)
            if not collect_sstats:
                return gamma.astype(self.dtype), None
            found = topics.assign(bags, gamma)
            cell = found.topic * self.num_terms + bags.term[found.entry]
            counts = np.bincount(
                cell, found.share * bags.count[found.entry], self.num_topics * self.num_terms
            )
            sstats = counts.reshape(self.num_topics, self.num_terms)
            return gamma.astype(self.dtype), sstats.astype(self.dtype)

    return FixedStartLda


def _as_bow(bags: Bags) -> Bow:
    pairs = list(zip(bags.term.tolist(), bags.count.tolist(), strict=True))
    bounds = bags.indptr.tolist()
    return [pairs[low:high] for low, high in itertools.pairwise(bounds)]


def _from_bow(chunk: Bow) -> Bags:
    indptr = np.cumsum([0, *map(len, chunk)])
    pairs = [pair for document in chunk for pair in document]
    term = np.array([term for term, _ in pairs], dtype=np.int64)
    return Bags(indptr, term, np.array([count for _, count in pairs], dtype=np.float64))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep gensim's advice on passes from standard error: the passes here are meant so."""
    logger = logging.getLogger("gensim.models.ldamodel")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
