"""Engines behind one interface: weighted bags of terms in, topics as weights over terms out.

Each engine is deterministic for a seed, and goes on from the checkpoint of its last pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import UsageError
from dvtopics.topics.bags import Bags, Weights
from dvtopics.topics.checkpoint import Checkpoint
from dvtopics.topics.inference import expectation
from dvtopics.topics.theme_map import map_scores

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
#: Articles that the start (NMF) is computed on at most: what bounds memory.
START_ARTICLES = 10_000
_BLOCK = 512


@dataclass(slots=True)
class Topics:
    """What an engine learned.

    Attributes
    ----------
    weights : ndarray of shape (n_topics, n_terms)
        Dirichlet parameters of the topics, or probabilities (`is_dirichlet` tells).
    alpha : ndarray of shape (n_topics,)
        Prior of the topic shares.
    is_dirichlet : bool
    n_seen : float
        Articles that the weights stand for.
    """

    weights: Floats
    alpha: Floats
    is_dirichlet: bool
    n_seen: float

    @property
    def probabilities(self) -> Floats:
        """p(term given topic)."""
        result: Floats = self.weights / self.weights.sum(axis=1, keepdims=True)
        return result

    @property
    def for_inference(self) -> Floats:
        """What `topic_shares` takes."""
        return expectation(self.weights) if self.is_dirichlet else self.probabilities


class Engine(Protocol):
    """Fits topics to bags of terms."""

    def fit(
        self,
        bags: Bags,
        weights: Weights,
        n_topics: int,
        seed: int,
        checkpoint: Checkpoint,
        anchors: Floats | None = None,
    ) -> Topics:
        """Return the topics of a collection.

        `anchors` are distributions over terms that topics should be found for; an engine may
        leave them.
        """
        ...

    def update(self, topics: Topics, bags: Bags, weights: Weights, seed: int) -> Topics:
        """Return topics that have also seen new articles."""
        ...


def make_engine(name: str, passes: int) -> Engine:
    """Return the engine of that name.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name == "lda":
        return LdaEngine(passes)
    if name == "nmf":
        return NmfEngine()
    if name == "tomotopy":
        return TomotopyEngine()
    raise UsageError(f"unknown engine {name!r}; known: lda, nmf, tomotopy")


def nmf_topics(rows: csr_matrix, n_topics: int, seed: int) -> Floats:
    """Return topics of a sample by non-negative matrix factorisation; rows sum to 1.

    Rows of `rows` are scaled to unit length first, as is usual for NMF of texts; the start is
    the non-negative SVD of Boutsidis & Gallopoulos (2008), which needs no luck.
    """
    import warnings

    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.preprocessing import normalize

    model = NMF(n_topics, init="nndsvd", random_state=seed, max_iter=200)
    with warnings.catch_warnings():
        # 200 rounds are enough: what follows does not need the last digit.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(normalize(rows))
    found: Floats = np.asarray(model.components_, dtype=np.float64)
    # A factor that came out empty starts flat.
    empty = found.sum(axis=1) <= 0
    found[empty] = 1.0
    found /= found.sum(axis=1, keepdims=True)
    return found


class LdaEngine:
    """gensim's latent Dirichlet allocation, started from NMF, in a few batch passes.

    LDA's likelihood has many local optima, and which one variational Bayes ends in is decided
    by where it starts. From NMF of the same weighted counts it needs three passes where it
    needs ten from gensim's random start, and its topics are twice as coherent
    (``experiments/results/12_topics.md``). Each pass is one E-step of gensim over all articles,
    block by block, and one M-step (Hoffman, Blei & Bach 2010, with one batch). A topic that
    stands for an anchor has it as a prior as well, lest it drifts (Jagarlamudi, Daumé &
    Udupa 2012).

    Parameters
    ----------
    passes : int
    """

    def __init__(self, passes: int) -> None:
        self._passes = passes

    def fit(
        self,
        bags: Bags,
        weights: Weights,
        n_topics: int,
        seed: int,
        checkpoint: Checkpoint,
        anchors: Floats | None = None,
    ) -> Topics:
        """Return the topics of a collection."""
        sample = weights(bags.sample(START_ARTICLES))
        total = float(sample.data.sum(dtype=np.float64)) * len(bags) / sample.shape[0]
        start, held = _start(sample, n_topics, seed, anchors)
        start, prior = start * (total / n_topics), held * (_HOLD * total / n_topics)
        saved = checkpoint.load()
        if saved is None:
            checkpoint.save(0, start)
        done, statistics = saved or (0, start)
        model = self._model(n_topics, bags.n_terms)
        for step in range(done, self._passes):
            _set_statistics(model, statistics + prior)
            statistics = _e_step(model, bags, weights, seed, step)
            checkpoint.save(step + 1, statistics)
        return Topics(statistics + prior + _ETA, self._alpha(n_topics), True, float(len(bags)))

    def update(self, topics: Topics, bags: Bags, weights: Weights, seed: int) -> Topics:
        """Return topics that have also seen new articles.

        One E-step over the new articles, whose counts are added to the old ones: what was
        seen keeps the weight that its number of articles gives it.
        """
        model = self._model(len(topics.weights), bags.n_terms)
        _set_statistics(model, topics.weights - _ETA)
        fresh = _e_step(model, bags, weights, seed, int(topics.n_seen))
        return Topics(topics.weights + fresh, topics.alpha, True, topics.n_seen + len(bags))

    @staticmethod
    def _alpha(n_topics: int) -> Floats:
        # An article of news is about few things: a prior that lets most shares be near zero.
        return np.full(n_topics, min(0.1, 2.0 / n_topics))

    def _model(self, n_topics: int, n_terms: int) -> Any:
        from gensim.models import LdaModel

        return LdaModel(
            # gensim takes from it the number of terms, which the highest id tells.
            id2word={n_terms - 1: ""},
            num_topics=n_topics,
            alpha=self._alpha(n_topics),
            eta=_ETA,
            iterations=_ITERATIONS,
            gamma_threshold=_GAMMA_THRESHOLD,
            dtype=np.float64,
            random_state=0,
        )


def _start(
    sample: csr_matrix, n_topics: int, seed: int, anchors: Floats | None
) -> tuple[Floats, Floats]:
    """Return topics by NMF, of which some are replaced by anchors that no topic is near to.

    And the anchor that each topic is to stay with; rows of others are 0.
    """
    found = nmf_topics(sample, n_topics, seed)
    if anchors is None or not len(anchors):
        return found, np.zeros_like(found)
    marginal = np.asarray(sample.sum(axis=0), dtype=np.float64).ravel()
    marginal /= marginal.sum()
    nearness = _nearness(found, anchors, marginal).max(axis=0)
    order = np.argsort(nearness, kind="stable")[: n_topics // 3]
    missing = [index for index in order.tolist() if nearness[index] < _NEAR]
    if missing:
        found = nmf_topics(sample, n_topics - len(missing), seed)
    near = _nearness(found, anchors, marginal)
    near[:, missing] = 0.0
    held = np.zeros_like(found)
    for topic, anchor in np.argwhere((near >= _NEAR) & (near == near.max(axis=0))).tolist():
        held[topic] = anchors[anchor]
    rest = anchors[missing]
    return np.concatenate([found, rest]), np.concatenate([held, rest])


def _nearness(topics: Floats, anchors: Floats, marginal: Floats) -> Floats:
    """Return map scores (topics, anchors); a topic stands for the anchor it is nearest to only."""
    scores = map_scores(topics, anchors, marginal)
    nearest = scores.argmax(axis=1)[:, None] == np.arange(len(anchors))
    result: Floats = np.where(nearest, scores, 0.0)
    return result


#: A topic whose map score is at least this is about the theme.
_NEAR = 0.8
#: What an anchor weighs as a prior, beside the words of an average topic.
_HOLD = 0.25
_ETA = 0.01
_ITERATIONS = 30
_GAMMA_THRESHOLD = 0.01


def _set_statistics(model: Any, statistics: Floats) -> None:
    model.state.sstats = statistics.copy()
    model.sync_state()


def _e_step(model: Any, bags: Bags, weights: Weights, seed: int, step: int) -> Floats:
    statistics = np.zeros((model.num_topics, bags.n_terms))
    for first, rows in bags.blocks(_BLOCK):
        rows = weights(rows)
        # Drawn anew for every block: a resumed fit draws what the whole one would have.
        model.random_state = np.random.RandomState([seed, step, first])
        chunk = [
            list(zip(rows.indices[a:b].tolist(), rows.data[a:b].tolist(), strict=True))
            for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
        ]
        statistics += model.inference(chunk, collect_sstats=True)[1]
    return statistics


class NmfEngine:
    """scikit-learn's NMF of weighted counts, on a sample of at most `START_ARTICLES`."""

    def fit(
        self,
        bags: Bags,
        weights: Weights,
        n_topics: int,
        seed: int,
        checkpoint: Checkpoint,
        anchors: Floats | None = None,
    ) -> Topics:
        """Return the topics of a collection."""
        saved = checkpoint.load()
        if saved is None:
            found = nmf_topics(weights(bags.sample(START_ARTICLES)), n_topics, seed)
            checkpoint.save(1, found)
        else:
            found = saved[1]
        return Topics(found, np.full(n_topics, 0.1), False, float(len(bags)))

    def update(self, topics: Topics, bags: Bags, weights: Weights, seed: int) -> Topics:
        """Raise: NMF keeps no counts that new articles could be added to."""
        raise UsageError("the engine nmf cannot take new articles; fit again, or use lda")


class TomotopyEngine:
    """tomotopy's LDA by collapsed Gibbs sampling (an extra; holds all articles in memory)."""

    _ITERATIONS = 300

    def fit(
        self,
        bags: Bags,
        weights: Weights,
        n_topics: int,
        seed: int,
        checkpoint: Checkpoint,
        anchors: Floats | None = None,
    ) -> Topics:
        """Return the topics of a collection; Gibbs sampling takes whole counts, unweighted."""
        try:
            import tomotopy
        except ImportError as error:
            raise UsageError("the engine tomotopy needs: pip install 'dvtopics[topics]'") from error
        saved = checkpoint.load()
        if saved is not None:
            return Topics(saved[1], np.full(n_topics, 0.1), False, float(len(bags)))
        model = tomotopy.LDAModel(k=n_topics, seed=seed)
        for _, rows in bags.blocks():
            for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
                repeated = np.repeat(rows.indices[a:b], rows.data[a:b].astype(np.int64))
                if len(repeated):
                    model.add_doc([str(term) for term in repeated.tolist()])
        # One worker: with more, the order of updates is up to the scheduler.
        model.train(self._ITERATIONS, workers=1)
        found = np.zeros((n_topics, bags.n_terms))
        at = np.array([int(term) for term in model.used_vocabs])
        for topic in range(n_topics):
            found[topic, at] = model.get_topic_word_dist(topic)
        found += 1e-12
        found /= found.sum(axis=1, keepdims=True)
        checkpoint.save(1, found)
        return Topics(found, np.full(n_topics, 0.1), False, float(len(bags)))

    def update(self, topics: Topics, bags: Bags, weights: Weights, seed: int) -> Topics:
        """Raise: a Gibbs sampler needs the old articles too."""
        raise UsageError("the engine tomotopy cannot take new articles; fit again, or use lda")
