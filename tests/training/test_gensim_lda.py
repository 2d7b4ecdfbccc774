"""gensim's LDA with our seeds and our inference."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from gensim.models import LdaModel
from scipy.special import psi

from dvtopics.features.topics import Bags, TopicWords
from dvtopics.training.gensim_lda import background_topics, seeded_topics

N_TOPICS, N_TERMS = 5, 40


@pytest.fixture(scope="module")
def bags():
    rng = np.random.RandomState(1)
    rows = [np.sort(rng.permutation(N_TERMS)[: rng.randint(3, 15)]) for _ in range(80)]
    term = np.concatenate(rows)
    indptr = np.cumsum([0, *map(len, rows)])
    return Bags(indptr, term, rng.randint(1, 4, size=len(term)).astype(float))


@pytest.fixture(scope="module")
def priors():
    rng = np.random.RandomState(2)
    eta = (0.3 + rng.gamma(1.0, size=(N_TOPICS, N_TERMS))) * (
        rng.random_sample((N_TOPICS, N_TERMS)) < 0.4
    )
    eta[rng.randint(N_TOPICS, size=N_TERMS), np.arange(N_TERMS)] += 1.0
    return rng.uniform(0.5, 3.0, N_TOPICS), eta


def test_one_step_from_the_seeds(bags, priors):
    """Topics are the priors plus the terms that the priors have shared out."""
    alpha, eta = priors
    found = seeded_topics(bags, alpha, eta, 200)
    assert ((found.dense() > 0) == (eta > 0)).all(), "no topic holds what its prior does not allow"
    start = np.where(eta > 0, eta, 1e-3)
    weight = np.exp(psi(start) - psi(start.sum(axis=1, keepdims=True))) * (eta > 0)
    seeds = TopicWords.from_dense(alpha, weight)
    gamma = seeds.infer(bags, 1e-3, 200)
    shared = seeds.assign(bags, gamma)
    counts = np.zeros((N_TOPICS, N_TERMS))
    np.add.at(
        counts, (shared.topic, bags.term[shared.entry]), shared.share * bags.count[shared.entry]
    )
    assert counts.sum() == pytest.approx(bags.count.sum())
    after = start + counts
    expected = np.exp(psi(after) - psi(after.sum(axis=1, keepdims=True))) * (eta > 0)
    np.testing.assert_allclose(found.dense(), expected, rtol=2e-3)


def test_the_same_bytes_and_no_word(bags, priors, caplog, capfd):
    level = logging.getLogger("gensim.models.ldamodel").level
    first, second = (seeded_topics(bags, *priors, 50) for _ in range(2))
    assert first.weight.tobytes() == second.weight.tobytes()
    a, b = (background_topics(bags, N_TERMS, 3, 2, 7) for _ in range(2))
    assert a.tobytes() == b.tobytes()
    assert a.tobytes() != background_topics(bags, N_TERMS, 3, 2, 8).tobytes()
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("gensim.models.ldamodel").level == level


def test_background_is_gensims_own(bags):
    chunk = [
        list(zip(bags.term[a:b].tolist(), bags.count[a:b].tolist(), strict=True))
        for a, b in zip(bags.indptr[:-1], bags.indptr[1:], strict=True)
    ]
    model = LdaModel(
        chunk, 3, {i: str(i) for i in range(N_TERMS)}, chunksize=1000, passes=2, alpha=1 / 3,
        eta=0.01, eval_every=None, random_state=7, dtype=np.float64,
    )  # fmt: skip
    found = background_topics(bags, N_TERMS, 3, 2, 7)
    np.testing.assert_allclose(found, model.state.get_lambda() - 0.01, atol=1e-9)
    assert found.sum() == pytest.approx(bags.count.sum())
