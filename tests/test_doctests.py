"""The examples in docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import dvtopics

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(dvtopics.__path__, "dvtopics.")
    # The kernel is a library of C functions, not a module.
    if not module.name.endswith(("__main__", "._kernel"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
