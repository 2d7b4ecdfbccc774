"""`ContextNetwork`: what it computes, that batches do not matter, that it is linear locally."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics import Article
from dvtopics.taggers.batch import Batch, Layout
from dvtopics.taggers.network import NEAR, Content, ContextNetwork

N, D, H, K = 7, 3, 5, 2
#: Paragraphs per article; articles without any, in every place.
COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=8)


def random_network(rng: np.random.Generator, n=N, d=D, hidden=H, themes=K) -> ContextNetwork:
    return ContextNetwork(
        coef=rng.normal(size=(n, themes)),
        intercept=rng.normal(size=themes),
        hidden_coef=rng.normal(size=(n, hidden)),
        hidden_own=rng.normal(size=(d, hidden)),
        hidden_near=rng.normal(size=(d, hidden)),
        hidden_whole=rng.normal(size=(d, hidden)),
        hidden_title=rng.normal(size=(d, hidden)),
        hidden_intercept=rng.normal(size=hidden),
        output=rng.normal(size=(hidden, themes)),
    )


def random_content(rng: np.random.Generator, layout: Layout, d=D) -> Content:
    title = rng.normal(size=(layout.n_articles, d))
    title[rng.random(layout.n_articles) < 0.3] = 0.0
    return Content(rng.normal(size=(len(layout.article), d)), title)


def run(network, features, content, layout):
    return network.logits(features, network.hidden(features, content, layout))


# -- contents -------------------------------------------------------------------------------


def naive_near(own, counts):
    result, start = np.zeros_like(own), 0
    for count in counts:
        for i in range(count):
            for j in range(count):
                if 1 <= abs(i - j) <= len(NEAR):
                    result[start + i] += NEAR[abs(i - j) - 1] * own[start + j]
        start += count
    return result


def naive_whole(own, counts):
    result, start = [], 0
    for count in counts:
        total = np.zeros(own.shape[1])
        for row in own[start : start + count]:
            total += row
        result.append(total / count if count else total)
        start += count
    return np.array(result)


@settings(max_examples=100, deadline=None)
@given(counts=COUNTS, seed=st.integers(0, 2**32 - 1))
def test_neighbours_and_mean_against_a_loop(counts, seed):
    layout = Layout.from_counts(counts)
    content = random_content(np.random.default_rng(seed), layout)
    np.testing.assert_allclose(content.near(layout), naive_near(content.own, counts), atol=1e-12)
    np.testing.assert_allclose(content.whole(layout), naive_whole(content.own, counts), atol=1e-12)


# -- logits ---------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(counts=COUNTS, seed=st.integers(0, 2**32 - 1))
def test_logits_against_a_loop(counts, seed):
    rng = np.random.default_rng(seed)
    layout = Layout.from_counts(counts)
    network, content = random_network(rng), random_content(rng, layout)
    features = rng.normal(size=(N, len(layout.article)))
    near, whole = naive_near(content.own, counts), naive_whole(content.own, counts)
    found = run(network, features, content, layout)
    assert found.shape == (len(layout.article), K)
    for row, article in enumerate(layout.article):
        hidden = (
            features[:, row] @ network.hidden_coef
            + content.own[row] @ network.hidden_own
            + near[row] @ network.hidden_near
            + whole[article] @ network.hidden_whole
            + content.title[article] @ network.hidden_title
            + network.hidden_intercept
        )
        expected = features[:, row] @ network.coef + network.intercept
        expected += np.where(hidden > 0, hidden, 0.0) @ network.output
        np.testing.assert_allclose(found[row], expected, rtol=0, atol=1e-10)


@settings(max_examples=60, deadline=None)
@given(counts=COUNTS, seed=st.integers(0, 2**32 - 1))
def test_local_is_exact_at_its_paragraph(counts, seed):
    rng = np.random.default_rng(seed)
    layout = Layout.from_counts(counts)
    network, content = random_network(rng), random_content(rng, layout)
    features = rng.normal(size=(N, len(layout.article)))
    hidden = network.hidden(features, content, layout)
    logits = network.logits(features, hidden)
    near, whole = content.near(layout), content.whole(layout)
    direction = rng.normal(size=logits.shape)
    local = network.local(hidden, direction)
    for row, article in enumerate(layout.article):
        linear = (
            features[:, row] @ local.context[row]
            + content.own[row] @ local.own[row]
            + near[row] @ local.near[row]
            + whole[article] @ local.whole[row]
            + content.title[article] @ local.title[row]
            + local.intercept[row]
        )
        np.testing.assert_allclose(linear, logits[row] @ direction[row], rtol=0, atol=1e-9)


def test_local_is_the_slope():
    """Beyond its paragraph too, until a unit switches: the derivative, not just any plane."""
    rng = np.random.default_rng(4)
    layout = Layout.from_counts([3])
    network, content = random_network(rng), random_content(rng, layout)
    features = rng.normal(size=(N, 3))
    hidden = network.hidden(features, content, layout)
    themes, step = np.eye(network.output.shape[1]), 1e-6
    local = network.local(np.repeat(hidden[1:2], len(themes), axis=0), themes)
    for number in range(N):
        moved = features.copy()
        moved[number, 1] += step
        slope = run(network, moved, content, layout) - network.logits(features, hidden)
        np.testing.assert_allclose(slope[1] / step, local.context[:, number], rtol=1e-4, atol=1e-6)


# -- the batch ------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(0, 90), min_size=2, max_size=6),
    cut=st.integers(1, 5),
    themes=st.sampled_from([1, 4]),
    seed=st.integers(0, 2**32 - 1),
)
def test_articles_do_not_see_their_batch(counts, cut, themes, seed):
    cut = min(cut, len(counts) - 1)
    rng = np.random.default_rng(seed)
    layout = Layout.from_counts(counts)
    # Sizes as in a trained model: how a product is computed depends on them.
    network = random_network(rng, 40, 32, 128, themes)
    content = random_content(rng, layout, 32)
    features = rng.normal(size=(40, len(layout.article)))
    together = run(network, features, content, layout)
    at = layout.starts[cut]
    parts = [
        run(
            network, features[:, rows], Content(content.own[rows], content.title[articles]),
            Layout.from_counts(counts[articles]),
        )
        for rows, articles in (
            (slice(None, at), slice(None, cut)), (slice(at, None), slice(cut, None))
        )
    ]  # fmt: skip
    np.testing.assert_allclose(np.concatenate(parts), together, rtol=0, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(cuts=st.sets(st.integers(1, 23), max_size=6), random=st.randoms(use_true_random=False))
def test_any_split_of_a_batch_gives_the_same_bytes(small_tagger, authored, cuts, random):
    extra = [Article("", []), Article("Tiếp công dân", []), Article("", ["khiếu nại"])]
    articles = [*authored[:21], *extra]
    random.shuffle(articles)
    together = small_tagger.pipeline_.judge(Batch.from_articles(articles)).logits()
    edges = [0, *sorted(cuts), len(articles)]
    parts = [articles[a:b] for a, b in itertools.pairwise(edges)]
    apart = [small_tagger.pipeline_.judge(Batch.from_articles(part)).logits() for part in parts]
    for level in ("paragraph", "article"):
        whole = getattr(together, level)
        pieces = np.concatenate([getattr(logits, level) for logits in apart])
        np.testing.assert_allclose(pieces, whole, rtol=0, atol=1e-9)
        platt = small_tagger.calibration_[level]
        assert platt.probabilities(pieces).tobytes() == platt.probabilities(whole).tobytes()


def test_nothing_to_judge_gives_no_logits():
    rng = np.random.default_rng(0)
    for counts in ([], [0], [0, 0]):
        layout = Layout.from_counts(counts)
        content = random_content(rng, layout)
        assert run(random_network(rng), np.zeros((N, 0)), content, layout).shape == (0, K)


@pytest.mark.parametrize("counts", [[64], [63, 1, 64], [130]])
def test_block_sizes(counts):
    """As many paragraphs as a block of the product, one less, one more."""
    rng = np.random.default_rng(7)
    layout = Layout.from_counts(counts)
    network, content = random_network(rng), random_content(rng, layout)
    features = rng.normal(size=(N, sum(counts)))
    hidden = network.hidden(features, content, layout)
    expected = features.T @ network.coef + np.maximum(hidden, 0) @ network.output
    np.testing.assert_allclose(
        network.logits(features, hidden), expected + network.intercept, rtol=0, atol=1e-10
    )
