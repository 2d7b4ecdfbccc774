"""Which paragraphs an article is judged by."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import (
    ARTICLE_BLOCKS,
    HEAD,
    HEAD_LENGTH,
    Signals,
    article_features,
    head,
)

LENGTHS = st.lists(st.lists(st.integers(1, 2 * HEAD_LENGTH), max_size=40), max_size=5)


def signals(lengths, own=None):
    layout = Layout.from_counts([len(part) for part in lengths])
    length = np.array([n for part in lengths for n in part], dtype=float)
    own = np.zeros((len(length), 1)) if own is None else own
    return Signals(own, np.zeros((len(lengths), 1)), length, layout)


@given(LENGTHS)
def test_the_first_paragraphs_of_some_length(lengths):
    expected = []
    for part in lengths:
        some = [i for i, n in enumerate(part) if n >= HEAD_LENGTH] or list(range(len(part)))
        expected += [i in some[:HEAD] for i in range(len(part))]
    assert head(signals(lengths)).tolist() == expected


def test_what_follows_the_head_does_not_count():
    rng = np.random.default_rng(0)
    own = rng.normal(size=(30, 1))
    lengths = [[HEAD_LENGTH] * 30]
    features = article_features(signals(lengths, own))
    own[HEAD:] += 5
    assert (article_features(signals(lengths, own)) == features).all()
    own[HEAD - 1] += 5
    changed = article_features(signals(lengths, own)) != features
    assert changed[: len(ARTICLE_BLOCKS)].any()
