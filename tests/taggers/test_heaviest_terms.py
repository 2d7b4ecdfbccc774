"""Terms by arrays against the plain loop; runs, orders and segments against plain Python."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dvtopics.taggers.segments import order_of, ranges, runs, starts_of, strongest
from dvtopics.taggers.terms import heaviest_terms

MOST = 4


@dataclass
class Row:
    """Words in a row; links end with the text that they are in."""

    weight: np.ndarray
    links: np.ndarray

    def link(self, cell):
        return self.links[cell]


def by_loop(weight, link):
    """Terms of one tag: grow from the heaviest words, the heaviest first."""
    taken = [False] * (len(weight) + 1)
    found = []
    for seed in sorted(range(len(weight)), key=lambda i: (-weight[i], i))[: 2 * MOST]:
        if taken[seed] or weight[seed] <= 0:
            continue
        low = high = seed
        total = weight[seed]
        while high - low + 1 < 4:
            left = link[low - 1] if low and not taken[low - 1] else 0.0
            right = 0.0 if taken[high + 1] else link[high]
            if max(left, right) <= max(0.35 * total / (high - low + 1), 0.0):
                break
            if left > right:
                low -= 1
                total += weight[low]
            else:
                high += 1
                total += weight[high]
        for i in range(low, high + 1):
            taken[i] = True
        if total > 0:
            found.append((total, low, high))
    return sorted(found, key=lambda term: (-term[0], term[1]))[:MOST]


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.lists(st.integers(1, 25), min_size=1, max_size=4), max_size=5),
    linked=st.sampled_from([0.1, 0.5, 1.0]),
)
def test_terms_are_those_of_the_loop(seed, sizes, linked):
    """Of several tags, each with several texts; the weights are eighths, so that sums are exact."""
    rng = np.random.default_rng(seed)
    n = sum(map(sum, sizes))
    weight = (rng.permutation(2 * n)[:n] - 7 * n // 10) / 8
    link = rng.normal(size=n) * n / 8 * (rng.random(n) < linked)
    link[np.cumsum([size for of_tag in sizes for size in of_tag]).astype(int) - 1] = 0.0
    tag = np.repeat(np.arange(len(sizes)), [sum(of_tag) for of_tag in sizes])
    found = heaviest_terms(Row(weight, link), tag, MOST)
    expected, low = [], 0
    for number, of_tag in enumerate(sizes):
        high = low + sum(of_tag)
        expected += [
            (number, first + low, last + low, round(total, 6))
            for total, first, last in by_loop(weight[low:high].tolist(), link[low:high].tolist())
        ]
        low = high
    columns = (found.tag, found.first, found.last, found.weight)
    as_found = list(zip(*(column.tolist() for column in columns), strict=True))
    assert sorted(as_found) == sorted(expected)
    assert [term[0] for term in as_found] == [term[0] for term in expected]
    assert [term[3] for term in as_found] == [term[3] for term in expected]


def test_equal_words_come_in_the_order_of_the_text():
    weight = np.array([1.0, 2.0, 1.0 + 1e-15, 2.0 - 1e-15, 1.0])
    found = heaviest_terms(Row(weight, np.zeros(5)), np.zeros(5, np.int64), 3)
    assert found.first.tolist() == found.last.tolist() == [1, 3, 0]
    assert found.weight.tolist() == [2.0, 2.0, 1.0]


SEGMENTS = st.lists(st.lists(st.integers(-3, 3), min_size=1, max_size=9), max_size=6)


@given(SEGMENTS, st.integers(1, 4))
def test_strongest(segments, n):
    value = np.array([v for part in segments for v in part], dtype=float)
    segment = np.repeat(np.arange(len(segments)), [len(part) for part in segments])
    expected, low = [], 0
    for part in segments:
        best = sorted(range(len(part)), key=lambda i: (-part[i], i))[:n]
        expected += sorted(low + i for i in best)
        low += len(part)
    assert strongest(value, segment, n).tolist() == expected
    assert starts_of(segment).tolist() == [segment.tolist().index(i) for i in range(len(segments))]


@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 3)), max_size=30))
@example([(2**62, 1), (1, 2), (2**62, 0)])
def test_order_of(rows):
    keys = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    assert order_of(*keys).tolist() == sorted(range(len(rows)), key=rows.__getitem__)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=6))
def test_runs(pairs):
    start, size = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    expected = [(i, a + step) for i, (a, n) in enumerate(pairs) for step in range(n)]
    assert runs(start, size).tolist() == [number for _, number in expected]
    assert list(zip(*(x.tolist() for x in ranges(start, start + size)), strict=True)) == expected
