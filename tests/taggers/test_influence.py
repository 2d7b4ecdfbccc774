"""Influences add up: a logit is its bias, its extras and what texts moved, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import (
    ARTICLE_BLOCKS,
    ARTICLE_EXTRAS,
    HEAD,
    HEAD_LENGTH,
    PARAGRAPH_BLOCKS,
    PARAGRAPH_EXTRAS,
    REACH,
    TOP,
    LinearStage,
    Signals,
    article_features,
    paragraph_features,
)
from dvtopics.taggers.influence import ArticleSignals, Influence, InfluenceMap
from dvtopics.taggers.network import NEAR, Content, ContextNetwork

K, D, H = 3, 2, 5
N_PARAGRAPH = len(PARAGRAPH_BLOCKS) * K + len(PARAGRAPH_EXTRAS)
N_ARTICLE = len(ARTICLE_BLOCKS) * K + len(ARTICLE_EXTRAS)


class Case:
    """Logits and contents of one random article."""

    def __init__(self, seed: int, size: int, titled: bool, digits: int = 8) -> None:
        self.rng = rng = np.random.default_rng(seed)
        self.size, self.titled = size, titled
        self.base, self.title_base = rng.normal(size=(2, K))
        # Rounded logits tie; some texts hold no known term and stay at the base.
        self.own = np.round(self.base + rng.normal(scale=3, size=(size, K)), digits)
        self.content = rng.normal(size=(size, D))
        silent = rng.random(size) < 0.3
        self.own[silent], self.content[silent] = self.base, 0.0
        self.title = self.title_base + rng.normal(scale=3, size=K) if titled else None
        self.title_content = rng.normal(size=D) * titled
        self.length = rng.integers(1, 50, size).astype(float)
        self.layout = Layout.from_counts([size])

    @property
    def signals(self) -> Signals:
        title = np.full(K, np.nan) if self.title is None else self.title
        return Signals(self.own, title[None], self.length, self.layout)

    @property
    def map(self) -> InfluenceMap:
        return InfluenceMap(
            ArticleSignals(self.own, self.title, self.length, self.base, self.title_base)
        )

    def moved(self, influence: Influence) -> np.ndarray:
        """Bias and everything that the texts named moved, shape (n_themes,), by loops."""
        total = influence.bias.copy()
        for at, logits, contents in zip(
            influence.paragraphs, influence.on_logits, influence.on_content, strict=True
        ):
            for j in range(K):
                total += logits[j] * (self.own[at, j] - self.base[j])
            for j in range(len(contents)):
                total += contents[j] * self.content[at, j]
        if self.title is not None:
            for j in range(K):
                total += influence.title_logits[j] * (self.title[j] - self.title_base[j])
            for j in range(len(influence.title_content)):
                total += influence.title_content[j] * self.title_content[j]
        return total

    def network(self) -> ContextNetwork:
        rng = self.rng
        shapes = [
            (N_PARAGRAPH, K), (K,), (N_PARAGRAPH, H), (D, H), (D, H), (D, H), (D, H), (H,), (H, K)
        ]  # fmt: skip
        return ContextNetwork(*(rng.normal(size=shape) for shape in shapes))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def small_parts(case: Case, model, at: int) -> np.ndarray:
    """What a paragraph that is neither near nor among the highest does: it is in the means."""
    block = {name: model.coef[i * K : (i + 1) * K] for i, name in enumerate(PARAGRAPH_BLOCKS)}
    risen = case.own[at] - case.base
    likelier = sigmoid(case.own[at]) - sigmoid(case.base)
    total = likelier @ block["mean_probability"] + case.content[at] @ model.whole
    if not case.titled:
        total += risen @ block["title_logit"] + likelier @ block["title_probability"]
    return total / case.size


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 2 * REACH + 12),
    titled=st.booleans(),
    digits=st.sampled_from([0, 1, 8]),
)
def test_paragraph_logits_add_up(seed, size, titled, digits):
    case = Case(seed, size, titled, digits)
    network, influences = case.network(), case.map
    features = paragraph_features(case.signals)
    hidden = network.hidden(features, Content(case.content, case.title_content[None]), case.layout)
    logits = network.logits(features, hidden)
    for index in range(size):
        model = network.local(hidden[index])
        influence = influences.on_paragraph(model, index)
        extras = features[-len(PARAGRAPH_EXTRAS) :, index] @ model.coef[-len(PARAGRAPH_EXTRAS) :]
        unnamed = set(range(size)) - set(influence.paragraphs.tolist())
        rest = sum(small_parts(case, model, at) for at in unnamed)
        np.testing.assert_allclose(
            case.moved(influence) + extras + rest, logits[index], rtol=0, atol=1e-8
        )


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, HEAD),
    titled=st.booleans(),
    digits=st.sampled_from([0, 1, 8]),
)
def test_article_logits_add_up(seed, size, titled, digits):
    case = Case(seed, size, titled, digits)
    # All of it is head, which is what the article model reads.
    case.signals.length[:] += HEAD_LENGTH
    stage = LinearStage(case.rng.normal(size=(N_ARTICLE, K)), case.rng.normal(size=K))
    features = article_features(case.signals)
    influence = case.map.on_article(stage)
    assert influence.paragraphs.tolist() == list(range(size)), "all of them"
    assert influence.on_content.size == influence.title_content.size == 0
    extras = features[-len(ARTICLE_EXTRAS) :, 0] @ stage.coef[-len(ARTICLE_EXTRAS) :]
    np.testing.assert_allclose(
        case.moved(influence) + extras, stage.logits(features)[0], rtol=0, atol=1e-8
    )


@pytest.mark.parametrize("titled", [True, False])
@pytest.mark.parametrize("index", [0, 15, 39])
def test_the_near_and_the_highest_are_named(titled, index):
    case = Case(5, 40, titled)
    network = case.network()
    features = paragraph_features(case.signals)
    content = Content(case.content, case.title_content[None])
    model = network.local(network.hidden(features, content, case.layout)[index])
    named = case.map.on_paragraph(model, index).paragraphs.tolist()
    near = {i for i in range(40) if abs(i - index) <= REACH}
    highest = {int(i) for j in range(K) for i in np.argsort(-case.own[:, j])[:TOP]}
    assert named == sorted(near | highest)


def test_an_article_without_title_gives_the_title_no_influence():
    case = Case(6, 4, titled=False)
    stage = LinearStage(case.rng.normal(size=(N_ARTICLE, K)), case.rng.normal(size=K))
    assert not case.map.on_article(stage).title_logits.any()
    network = case.network()
    features = paragraph_features(case.signals)
    hidden = network.hidden(features, Content(case.content, np.zeros((1, D))), case.layout)
    assert not case.map.on_paragraph(network.local(hidden[0]), 0).title_logits.any()


def test_content_counts_by_distance():
    """Own, near and whole apart: each by the weight that the network gives it."""
    case = Case(7, 9, titled=True)
    network = case.network()
    features = paragraph_features(case.signals)
    content = Content(case.content, case.title_content[None])
    model = network.local(network.hidden(features, content, case.layout)[4])
    influence = case.map.on_paragraph(model, 4)
    assert influence.paragraphs.tolist() == list(range(9))
    for at, found in enumerate(influence.on_content):
        expected = model.whole / 9
        if at == 4:
            expected = expected + model.own
        elif abs(at - 4) <= len(NEAR):
            expected = expected + NEAR[abs(at - 4) - 1] * model.near
        np.testing.assert_allclose(found, expected, atol=1e-12)
    assert (influence.title_content == model.title).all()
