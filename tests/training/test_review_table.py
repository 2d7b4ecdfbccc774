"""Which tags a reader should look at, against brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvtopics.training.decisions import PRECISIONS, review_table

ITEMS = st.lists(
    st.tuples(st.integers(0, 20), st.booleans()).map(lambda i: (i[0] / 20, float(i[1]))),
    min_size=1,
    max_size=60,
)


def precision_after_reading(p, y, limit, upper):
    """Precision of the tags once the wrong ones below `upper` are taken out."""
    tags = p >= limit
    right = (tags & (y > 0)).sum()
    wrong = (tags & (p >= upper) & (y == 0)).sum()
    return right / (right + wrong) if right + wrong else None


@given(ITEMS, st.integers(0, 20))
def test_the_lowest_upper_end_that_reaches_the_precision(items, limit):
    p, y = np.array(items).T
    limit = limit / 20
    (pairs,) = review_table(p[:, None], y[:, None], np.ones(len(y)), np.array([limit]))
    found = dict(pairs)
    for target in PRECISIONS:
        reached = [
            upper
            for upper in sorted(set(p[p >= limit].tolist()))
            if (p >= upper).sum() >= 10
            and (after := precision_after_reading(p, y, limit, upper)) is not None
            and after >= target - 1e-12
        ]
        assert found.get(target) == (round(reached[0], 6) if reached else None)


def test_unknown_labels_and_weights():
    p = np.linspace(1, 0, 40)[:, None]
    y = (p > 0.3).astype(float)
    (base,) = review_table(p, y, np.ones(40), np.array([0.0]))
    noisy, labels = np.vstack([p, [[0.9]]]), np.vstack([y, [[0.0]]])
    for weight, label in ((0.0, 0.0), (1.0, np.nan)):
        labels[-1] = label
        weights = np.append(np.ones(40), weight)
        assert review_table(noisy, labels, weights, np.array([0.0])) == [base]


def test_no_tags_no_table():
    assert review_table(np.zeros((5, 1)), np.ones((5, 1)), np.ones(5), np.array([0.5])) == [[]]
