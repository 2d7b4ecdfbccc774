"""Agreement of two annotators, by hand-worked cases."""

from __future__ import annotations

from typing import Any

import pytest

from dvtopics.corpus.agreement import agreement, cohen_kappa, interval_alpha

THEMES = ("a", "b")


def record(name: str, article: dict[str, Any], *grades: dict[str, Any] | None) -> dict[str, Any]:
    paragraphs = [{"text": f"{name} {i}", "grades": g} for i, g in enumerate(grades)]
    return {"id": name, "title": name, "grades": article, "paragraphs": paragraphs}


def test_kappa_of_a_hand_worked_table() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, expected .5.
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10
    pairs += [(False, False)] * 15
    assert cohen_kappa(pairs) == pytest.approx(0.4)


def test_kappa_without_variation_is_undefined() -> None:
    assert cohen_kappa([(False, False)] * 5) is None
    assert cohen_kappa([]) is None


def test_alpha_of_a_hand_worked_case() -> None:
    # Values 0 0 2 2 0 2: observed (4 + 4) / 6 ... one pair of three differs by 2.
    pairs = [(0.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
    observed, expected = 4 * 2 / 6, 2 * 6 / 5
    assert interval_alpha(pairs) == pytest.approx(1 - observed / expected)
    assert interval_alpha([(1.0, 1.0)] * 4) is None


def test_only_what_both_have_graded_counts() -> None:
    first = [
        record("x", {"a": 2, "b": 0}, {"a": 1, "b": 0}, {"a": 0, "b": 0}, None),
        record("only first", {"a": 1, "b": 1}, {"a": 1, "b": 1}),
    ]
    second = [record("x", {"a": 2, "b": None}, {"a": 0, "b": 0}, {"a": 0, "b": 0}, {"a": 1})]
    result = agreement(first, second, THEMES)
    assert result["articles"] == 1
    assert result["paragraph"]["a"]["n"] == 2
    assert result["paragraph"]["a"]["positive"] == [1, 0]
    assert result["article"]["b"]["n"] == 0
    assert [(d["id"], d["paragraph"], d["theme"]) for d in result["disagreements"]] == [
        ("x", 0, "a")
    ]
    assert result["disagreements"][0]["text"] == "x 0"


def test_paragraphs_of_another_text_are_not_compared() -> None:
    first = [record("x", {"a": 0}, {"a": 1})]
    second = [record("x", {"a": 0}, {"a": 0})]
    second[0]["paragraphs"][0]["text"] = "something else"
    assert agreement(first, second, THEMES)["paragraph"]["a"]["n"] == 0


def test_ambiguous_grades_are_no_disagreement() -> None:
    first, second = [record("x", {}, {"a": 0.5})], [record("x", {}, {"a": 2})]
    assert agreement(first, second, THEMES)["disagreements"] == []
