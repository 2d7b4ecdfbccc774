"""Likely label errors, and what a second reading says of them: part of `07_labels`."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from kept import Mask, Systems, row
from lab import STRATA, Array, Lab, Outcome

from dvtopics.corpus.agreement import agreement
from dvtopics.taggers.context import sigmoid

N_LISTED = 200


def suspect_labels(labels: Array, probability: Array) -> tuple[Mask, list[dict[str, float]]]:
    """Find likely label errors by confident learning.

    A label is suspect where the other label's probability reaches the mean that this label's
    own examples get (Northcutt, Jiang & Chuang 2021, Confident learning).
    """
    suspect = np.zeros(labels.shape, dtype=bool)
    themes = []
    for theme in range(labels.shape[1]):
        y, p = labels[:, theme], probability[:, theme]
        cut = (1 - p[y == 0]).mean(), p[y == 1].mean()
        says = (1 - p >= cut[0], p >= cut[1])
        either = np.where(says[0] & says[1], p >= 0.5, says[1])
        confident = says[0] | says[1]
        joint = np.array(
            [[(confident & (y == i) & (either == j)).sum() for j in (0, 1)] for i in (0, 1)]
        )
        given = np.array([(y == 0).sum(), (y == 1).sum()])
        rate = joint / joint.sum(axis=1, keepdims=True) * given[:, None]
        suspect[:, theme] = confident & (y == 1 - either)
        themes.append({
            "positive threshold": round(float(cut[1]), 3),
            "suspect negatives": int(joint[0, 1]), "suspect positives": int(joint[1, 0]),
            "estimated wrong share of negatives": round(float(rate[0, 1] / given[0]), 4),
            "estimated wrong share of positives": round(float(rate[1, 0] / given[1]), 4),
        })  # fmt: skip
    return suspect, themes


def label_noise(systems: Systems, usual: Outcome, again: dict[str, Any]) -> dict[str, Any]:
    """Find likely errors, compare them with a second reading, train without and flipped."""
    lab = systems.lab
    labels = np.where(np.isnan(usual.paragraph), np.nan, lab.labels)
    probability = np.nan_to_num(sigmoid(usual.paragraph))
    suspect, themes = suspect_labels(labels, probability)
    support = np.where(labels == 1, probability, 1 - probability)
    rows, columns = np.nonzero(suspect)
    listed = []
    for at in np.argsort(support[rows, columns], kind="stable")[:N_LISTED]:
        r, t = rows[at], columns[at]
        article, place = lab.articles[lab.article[r]], int(lab.position[r])
        listed.append({
            "id": article.id, "paragraph": place, "line": article.paragraphs[place].line,
            "theme": lab.themes[t], "label": int(labels[r, t]),
            "probability": round(float(probability[r, t]), 4),
        })  # fmt: skip
    by_stratum = {
        stratum: {
            "labels": int((~np.isnan(labels[inside])).sum()),
            "suspect": int(suspect[inside].sum()),
            "share": round(float(suspect[inside].sum() / (~np.isnan(labels[inside])).sum()), 4),
        }
        for stratum in (*STRATA, "random", "no-theme-words")
        if (inside := lab.drawn[lab.article] == stratum).any()
    }
    second = second_opinion(lab, labels, suspect, again)
    undisputed = copy.copy(lab)
    undisputed.labels = np.where(suspect, np.nan, lab.labels)
    results, calm = {"all labels": row(lab, usual, None)}, {}
    calm["all labels"] = row(undisputed, usual, None)
    # For training, suspects are found again for every fold by models that never saw its labels.
    inside = [
        suspect_labels(np.where(lab.row_folds[:, None] == fold, np.nan, labels), guess)[0]
        for fold, guess in enumerate(np.nan_to_num(sigmoid(systems.unseeing()["paragraph"])))
    ]
    for name, changed in (
        ("without suspects", [np.where(some, np.nan, lab.labels) for some in inside]),
        ("suspects flipped", [np.where(some, 1 - lab.labels, lab.labels) for some in inside]),
    ):
        found = systems.changed(name, changed)
        results[name] = row(lab, found, usual)
        calm[name] = row(undisputed, found, usual)
    return {
        "themes": dict(zip(lab.themes, themes, strict=True)), "strata": by_stratum,
        "second reading": second, "retrained": results, "measured on the others": calm,
        "strongest": listed,
    }  # fmt: skip


def second_opinion(
    lab: Lab, labels: Array, suspect: Mask, again: dict[str, Any]
) -> dict[str, dict[str, int]]:
    """Count how often a second reading changed suspect labels, and the others."""
    counts = {"suspect": Counter(), "others": Counter()}  # type: ignore[var-annotated]
    for r in np.flatnonzero(lab.judged):
        record = again.get(str(lab.articles[lab.article[r]].id))
        grades = record and record["paragraphs"][int(lab.position[r])]["grades"]
        for t, theme in enumerate(lab.themes) if grades else ():
            if not np.isnan(labels[r, t]) and grades.get(theme) is not None:
                kind = counts["suspect" if suspect[r, t] else "others"]
                kind["read again"] += 1
                kind["changed"] += int((grades[theme] >= 1) != (labels[r, t] == 1))
    return {name: dict(kind) for name, kind in counts.items()}


def read_twice(
    first: list[dict[str, Any]], second: list[dict[str, Any]], themes: Sequence[str]
) -> dict[str, Any]:
    """Return agreement of two passes over the same articles, per level and theme."""
    found = agreement(first, second, themes)
    apart = Counter((d["level"], d["theme"]) for d in found["disagreements"])
    result: dict[str, Any] = {"articles": found["articles"]}
    for level in ("paragraph", "article"):
        result[level] = {}
        for theme in themes:
            figures = found[level][theme]
            positive = sum(figures["positive"])
            f1 = (positive - apart[level, theme]) / max(positive, 1)
            result[level][theme] = {**figures, "f1": round(f1, 4)}
    return result
