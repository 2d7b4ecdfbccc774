"""Inference of topic shares: gensim's results from a fixed start, alone or in any batch."""

from __future__ import annotations

import numpy as np
import pytest
from gensim.models import LdaModel
from scipy.special import psi

from dvtopics.features.topics import Bags, TopicWords, digamma

N_TOPICS, N_TERMS = 12, 80


def some_topics(rng, dense=False):
    weight = rng.gamma(0.3, size=(N_TOPICS, N_TERMS))
    if not dense:
        weight *= rng.random_sample((N_TOPICS, N_TERMS)) < 0.3
        weight[rng.randint(N_TOPICS, size=N_TERMS), np.arange(N_TERMS)] += 0.1
    weight /= weight.sum(axis=1, keepdims=True)
    return TopicWords.from_dense(rng.uniform(0.05, 2.0, N_TOPICS), weight)


def some_bags(rng, n=150):
    """Texts of one to sixty terms, and some of none."""
    indptr, term, count = [0], [], []
    for number in range(n):
        size = 0 if number % 20 == 7 else rng.randint(1, 60)
        chosen = np.sort(rng.permutation(N_TERMS)[:size])
        term += chosen.tolist()
        count += rng.randint(1, 5, size=size).tolist()
        indptr.append(len(term))
    return Bags(np.array(indptr), np.array(term), np.array(count, dtype=np.float64))


def test_digamma():
    x = np.concatenate([np.geomspace(1e-3, 1e5, 4000), np.arange(1, 30)])
    np.testing.assert_allclose(digamma(x), psi(x), rtol=1e-11, atol=1e-11)


class GivenStart:
    """Gives gensim, which asks for random numbers, the start that we take."""

    def __init__(self, start):
        self.start = start

    def gamma(self, shape, scale, size):
        assert size == self.start.shape
        return self.start


@pytest.mark.parametrize("dense", [False, True])
def test_as_gensim_infers(dense):
    rng = np.random.RandomState(3)
    topics, bags = some_topics(rng, dense), some_bags(rng)
    model = LdaModel(
        id2word={i: str(i) for i in range(N_TERMS)}, num_topics=N_TOPICS, alpha=topics.alpha,
        gamma_threshold=1e-6, iterations=1000, dtype=np.float64,
    )  # fmt: skip
    model.expElogbeta = topics.dense()
    model.random_state = GivenStart(topics.alpha + bags.totals[:, None] / N_TOPICS)
    chunk = [
        list(zip(bags.term[a:b].tolist(), bags.count[a:b].tolist(), strict=True))
        for a, b in zip(bags.indptr[:-1], bags.indptr[1:], strict=True)
    ]
    expected, _ = model.inference(chunk)
    found = topics.infer(bags, threshold=1e-6, iterations=1000)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(found - topics.alpha).max() > 5
    np.testing.assert_allclose(found.sum(axis=1) - topics.alpha.sum(), bags.totals, atol=1e-6)


@pytest.mark.parametrize("size", [1, 3, 64])
def test_a_text_does_not_depend_on_its_batch(size):
    rng = np.random.RandomState(5)
    topics, bags = some_topics(rng), some_bags(rng)
    n = len(bags.indptr) - 1
    together = topics.infer(bags)
    parts = [topics.infer(bags.part(low, min(low + size, n))) for low in range(0, n, size)]
    assert np.concatenate(parts).tobytes() == together.tobytes()


def test_iterations_are_an_upper_bound():
    rng = np.random.RandomState(6)
    topics, bags = some_topics(rng), some_bags(rng)
    once = topics.infer(bags, iterations=1)
    assert np.abs(once - topics.infer(bags)).max() > 0.1
    # One step by hand.
    row = 3
    a, b = bags.indptr[row : row + 2]
    start = topics.alpha + bags.totals[row] / N_TOPICS
    phi = np.exp(psi(start))[:, None] * topics.dense()[:, bags.term[a:b]]
    phi /= phi.sum(axis=0)
    np.testing.assert_allclose(once[row], topics.alpha + phi @ bags.count[a:b], rtol=1e-9)


def test_texts_without_terms_keep_the_prior():
    topics = some_topics(np.random.RandomState(7))
    empty = Bags(np.zeros(4, np.int64), np.zeros(0, np.int64), np.zeros(0))
    assert (topics.infer(empty) == topics.alpha).all()
    assert topics.infer(empty.part(0, 0)).shape == (0, N_TOPICS)
    assert len(topics.assign(empty, topics.infer(empty)).share) == 0


def test_assignments_add_up_to_the_shares():
    rng = np.random.RandomState(8)
    topics, bags = some_topics(rng), some_bags(rng)
    gamma = topics.infer(bags, threshold=1e-9, iterations=2000)
    found = topics.assign(bags, gamma)
    np.testing.assert_allclose(np.bincount(found.entry, found.share), 1.0)
    again = np.tile(topics.alpha, (len(gamma), 1))
    np.add.at(
        again, (bags.row[found.entry], found.topic), found.share * bags.count[found.entry]
    )  # fmt: skip
    np.testing.assert_allclose(again, gamma, atol=1e-5)


def test_dense_and_back():
    topics = some_topics(np.random.RandomState(9))
    again = TopicWords.from_dense(topics.alpha, topics.dense())
    for name in ("alpha", "indptr", "topic", "weight"):
        assert getattr(again, name).tolist() == getattr(topics, name).tolist()
