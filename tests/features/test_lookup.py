"""The hash table against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvtopics.features.lookup import IntegerTable

NUMBERS = st.one_of(st.integers(0, 40), st.integers(0, 2**63 - 1))


@given(st.lists(NUMBERS, unique=True, max_size=300), st.lists(NUMBERS, max_size=60))
def test_finds_what_a_dictionary_finds(keys, others):
    where = {key: place for place, key in enumerate(keys)}
    queries = keys[::-1] + others
    found = IntegerTable(np.array(keys, dtype=np.int64)).find(np.array(queries, dtype=np.int64))
    assert found.tolist() == [where.get(query, -1) for query in queries]


def test_many_keys_that_meet_in_one_slot():
    # Multiples of the constant's inverse: their products are small, so all slots are the first.
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    keys = np.array([(i * inverse) % 2**64 for i in range(200)], dtype=np.uint64)
    table = IntegerTable(keys)
    assert table.find(keys).tolist() == list(range(200))
    strangers = np.array([(i * inverse) % 2**64 for i in range(200, 300)], dtype=np.uint64)
    assert (table.find(strangers) == -1).all()
