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
from dvtopics.taggers.influence import (
    FAR,
    ContentWeights,
    Ground,
    article_bias,
    article_influence,
    in_places,
    paragraph_bias,
    paragraph_links,
)
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
    def ground(self) -> Ground:
        return Ground.of(self.signals, self.base, self.title_base)

    @property
    def contents(self) -> Content:
        return Content(self.content, self.title_content[None])

    def network(self) -> ContextNetwork:
        rng = self.rng
        shapes = [
            (N_PARAGRAPH, K), (K,), (N_PARAGRAPH, H), (D, H), (D, H), (D, H), (D, H), (H,), (H, K)
        ]  # fmt: skip
        return ContextNetwork(*(rng.normal(size=shape) for shape in shapes))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def small_parts(case: Case, block, whole, at: int) -> float:
    """What a paragraph that is neither near nor among the highest does: it is in the means."""
    risen = case.own[at] - case.base
    likelier = sigmoid(case.own[at]) - sigmoid(case.base)
    total = likelier @ block["mean_probability"] + case.content[at] @ whole
    if not case.titled:
        total += risen @ block["title_logit"] + likelier @ block["title_probability"]
    return total / case.size


def blocks(context):
    return {name: context[i * K : (i + 1) * K] for i, name in enumerate(PARAGRAPH_BLOCKS)}


def judged(case: Case, direction):
    """Features, logits in `direction`, and the linear functions, of all paragraphs."""
    network = case.network()
    features = paragraph_features(case.signals)
    hidden = network.hidden(features, case.contents, case.layout)
    return features, network.logits(features, hidden) @ direction, network.local(
        hidden, np.repeat(direction[None], case.size, axis=0)
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(1, 2 * REACH + 12),
    titled=st.booleans(),
    digits=st.sampled_from([0, 1, 8]),
)
def test_paragraph_logits_add_up(seed, size, titled, digits):
    """Bias, extras, everything that the texts named moved, one by one, and the small parts."""
    case = Case(seed, size, titled, digits)
    case.title_base = case.base  # as it is where stage one reads titles
    features, logits, model = judged(case, np.random.default_rng(seed).normal(size=K))
    links = paragraph_links(case.ground, np.arange(size), model)
    contents = ContentWeights.of(model, np.full(size, size))
    on_content, bias = contents.influence(links), paragraph_bias(model, case.base)
    by_place = in_places(case.layout, case.contents.own, case.contents.title)
    moved = contents.moved(links, by_place)
    for index in range(size):
        total = (
            bias[index]
            + features[-len(PARAGRAPH_EXTRAS) :, index]
            @ (model.context[index, -len(PARAGRAPH_EXTRAS) :])
        )
        named = set()
        for link in np.flatnonzero(links.target == index).tolist():
            place = int(links.place[link])
            named.add(place - 1)
            level, base = (case.own[place - 1], case.base) if place else (case.title, case.base)
            for j in range(K):
                total += links.on_logits[link, j] * (level[j] - base[j])
            assert moved[link] == pytest.approx(on_content[link] @ by_place[place], abs=1e-12)
            total += moved[link]
        assert (-1 in named) == titled
        block = blocks(model.context[index])
        unnamed = set(range(size)) - named
        rest = sum(small_parts(case, block, model.whole[index], at) for at in unnamed)
        assert total + rest == pytest.approx(logits[index], abs=1e-8)


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
    themes = np.arange(K)
    target, at, on_logits, on_title = article_influence(
        case.ground, case.signals.length, np.zeros(K, np.int64), themes, stage
    )
    assert at.tolist() == list(range(size)) * K, "all of them"
    total = article_bias(stage, themes, np.full(K, titled), case.base, case.title_base)
    total += features[-len(ARTICLE_EXTRAS) :, 0] @ stage.coef[-len(ARTICLE_EXTRAS) :]
    for link, theme in enumerate(target.tolist()):
        for j in range(K):
            total[theme] += on_logits[link, j] * (case.own[at[link], j] - case.base[j])
    if titled:
        total += on_title @ (case.title - case.title_base)
    else:
        assert not on_title.any()
    np.testing.assert_allclose(total, stage.logits(features)[0], rtol=0, atol=1e-8)


@pytest.mark.parametrize("titled", [True, False])
@pytest.mark.parametrize("index", [0, 15, 39])
def test_the_near_and_the_highest_are_named(titled, index):
    case = Case(5, 40, titled)
    _, _, model = judged(case, np.eye(K)[0])
    links = paragraph_links(case.ground, np.arange(40), model)
    named = (links.place[links.target == index] - 1).tolist()
    near = {i for i in range(40) if abs(i - index) <= REACH}
    highest = {int(i) for j in range(K) for i in np.argsort(-case.own[:, j], kind="stable")[:TOP]}
    assert sorted(named) == sorted(near | highest | ({-1} if titled else set()))


def test_content_counts_by_distance():
    """Own, near and whole apart: each by the weight that the network gives it."""
    case = Case(7, 9, titled=True)
    _, _, model = judged(case, np.eye(K)[1])
    links = paragraph_links(case.ground, np.arange(9), model)
    found = ContentWeights.of(model, np.full(9, 9)).influence(links)
    for link in np.flatnonzero(links.target == 4).tolist():
        away = abs(links.place[link] - 1 - 4)
        if links.place[link] == 0:
            assert links.distance[link] == FAR
            expected = model.title[4]
        else:
            assert links.distance[link] == away
            expected = model.whole[4] / 9
            if away == 0:
                expected = expected + model.own[4]
            elif away <= len(NEAR):
                expected = expected + NEAR[away - 1] * model.near[4]
        np.testing.assert_allclose(found[link], expected, atol=1e-12)
