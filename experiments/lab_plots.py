"""How results of `lab` are shown: differences to the reference with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib
from lab import Lab, Outcome, span

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def reading(gap: Mapping[str, float] | None, ablation: bool = False) -> str:
    """Say what a difference to the reference means for a change, or for leaving a part out."""
    if gap is None:
        return ""
    if gap["low"] > 0:
        return "better"
    if gap["high"] < 0:
        return "part kept: worse without" if ablation else "dropped: worse"
    return "no loss shown without" if ablation else "dropped: no gain shown"


def differences(
    lab: Lab, outcomes: Mapping[str, Outcome], pairs: Iterable[tuple[str, str]]
) -> list[tuple[str, str, list[dict[str, float]]]]:
    """Return the differences that `differences_table` shows, of the pairs that are there."""
    return [
        (
            name,
            other,
            [
                lab.compare(outcomes[name], outcomes[other]),
                lab.compare_ranking(outcomes[name], outcomes[other]),
                lab.compare(outcomes[name], outcomes[other], stratum="uncertainty"),
                lab.compare(outcomes[name], outcomes[other], level="article"),
            ],
        )
        for name, other in pairs
        if name in outcomes and other in outcomes
    ]


def differences_table(found: list[Any]) -> list[str]:
    """Return the lines of a table of `differences`."""
    return [
        "",
        "Some of them by several measures (AP: average precision, which needs no threshold); "
        "differences with 95 % intervals:",
        "",
        "| variant | minus | theme-words F1 | its AP | uncertainty F1 | theme-words article F1 |",
        "|---" * 6 + "|",
        *(f"| {name} | {other} | {' | '.join(map(span, gaps))} |" for name, other, gaps in found),
    ]


def draw_differences(gaps: Mapping[str, Mapping[str, float]], path: Path, label: str) -> None:
    """Draw one line a variant: point and 95 % interval."""
    names = list(gaps)[::-1]
    figure, axes = plt.subplots(figsize=(7, 0.24 * len(names) + 0.8))
    for place, name in enumerate(names):
        gap = gaps[name]
        clear = gap["low"] > 0 or gap["high"] < 0
        axes.plot([gap["low"], gap["high"]], [place, place], color="tab:blue", lw=1.2)
        face = "tab:blue" if clear else "white"
        axes.plot(gap["difference"], place, "o", ms=4, mfc=face, mec="tab:blue")
    axes.axvline(0, color="grey", lw=0.8)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_xlabel(label, fontsize=8)
    figure.tight_layout()
    # No version and no date in the file: the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
