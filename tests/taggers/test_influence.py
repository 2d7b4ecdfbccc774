"""Influences add up: each stage-two logit is its bias, its extras and what the sources moved."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import (
    ARTICLE_BLOCKS,
    ARTICLE_EXTRAS,
    PARAGRAPH_BLOCKS,
    PARAGRAPH_EXTRAS,
    LinearStage,
    Signals,
    article_features,
    paragraph_features,
)
from dvtopics.taggers.influence import ArticleSignals, Influence, InfluenceMap

K = 3


def stage(rng: np.random.Generator, blocks: int, extras: int) -> LinearStage:
    return LinearStage(rng.normal(size=(blocks * K + extras, K)), rng.normal(size=K))


def moved(influence: Influence, signals: ArticleSignals) -> float:
    """Bias and everything that texts moved."""
    every = np.arange(len(signals.own))
    total = influence.spread.bias + (influence.on(every) * (signals.own - signals.base)).sum()
    if influence.spread.title is not None:
        total += float((influence.spread.title * (signals.title - signals.base)).sum())
    return float(total)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.integers(0, 40),
    titled=st.booleans(),
    digits=st.sampled_from([0, 1, 8]),
)
def test_identity(seed, size, titled, digits):
    titled = titled or size == 0
    rng = np.random.default_rng(seed)
    base = rng.normal(size=K)
    # Rounded logits tie; some texts hold no known term and stay at the base.
    own = np.round(base + rng.normal(scale=3, size=(size, K)), digits)
    own[rng.random(size) < 0.3] = base
    title = np.round(base + rng.normal(scale=3, size=K), digits) if titled else None
    length = rng.integers(1, 50, size).astype(float)
    signals = Signals(
        own, np.full((1, K), np.nan) if title is None else title[None], length,
        Layout.from_counts([size]),
    )  # fmt: skip
    of_article = ArticleSignals(own, title, length, base)
    influences = InfluenceMap(of_article)

    article_stage = stage(rng, len(ARTICLE_BLOCKS), len(ARTICLE_EXTRAS))
    features = article_features(signals)
    logits = article_stage.logits(features)
    for theme in range(K):
        extras = (
            article_stage.coef[-len(ARTICLE_EXTRAS) :, theme] @ features[-len(ARTICLE_EXTRAS) :]
        )
        influence = influences.on_article(article_stage, theme)
        assert moved(influence, of_article) + extras[0] == pytest.approx(logits[0, theme], abs=1e-8)

    if not size:
        return
    paragraph_stage = stage(rng, len(PARAGRAPH_BLOCKS), len(PARAGRAPH_EXTRAS))
    features = paragraph_features(signals)
    logits = paragraph_stage.logits(features)
    for theme in range(K):
        extras = (
            paragraph_stage.coef[-len(PARAGRAPH_EXTRAS) :, theme]
            @ features[-len(PARAGRAPH_EXTRAS) :]
        )
        spread = influences.spread(paragraph_stage, theme)
        for index in range(size):
            influence = influences.on_paragraph(spread, index)
            assert moved(influence, of_article) + extras[index] == pytest.approx(
                logits[index, theme], abs=1e-8
            )


def test_the_order_is_by_pull():
    rng = np.random.default_rng(1)
    own, base = rng.normal(size=(9, K)), np.zeros(K)
    influences = InfluenceMap(ArticleSignals(own, None, np.ones(9), base))
    spread = influences.spread(stage(rng, len(PARAGRAPH_BLOCKS), len(PARAGRAPH_EXTRAS)), 0)
    pull = (spread.paragraphs * own).sum(axis=1)
    assert pull[spread.order].tolist() == sorted(pull, reverse=True)
