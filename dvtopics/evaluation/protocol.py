"""A tagger and labelled articles → figures at both levels, and as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dvtopics.corpus.labels import Labels
from dvtopics.errors import UsageError
from dvtopics.evaluation.metrics import level_report
from dvtopics.taggers.batch import Layout

if TYPE_CHECKING:
    from dvtopics.article import Article
    from dvtopics.taggers.base import Tagger

_CHUNK = 256


def evaluate(tagger: Tagger, articles: Sequence[Article]) -> dict[str, Any]:
    """Evaluate `tagger` on labelled `articles`.

    Parameters
    ----------
    tagger : Tagger
    articles : sequence of Article
        With grades; whole articles, since unjudged paragraphs are context.

    Returns
    -------
    dict
        ``{"paragraph": figures, "article": figures}``, see
        `dvtopics.evaluation.metrics.level_report`.

    Raises
    ------
    UsageError
        If no article or paragraph is graded on the tagger's themes.
    """
    themes = tagger.themes_
    labels = Labels.from_articles(articles, themes)
    if np.isnan(labels.paragraph).all() and np.isnan(labels.article).all():
        raise UsageError("no labelled article to evaluate on: nothing is graded on these themes")
    parts = [
        tagger.score_articles(articles[i : i + _CHUNK]) for i in range(0, len(articles), _CHUNK)
    ]
    layout = Layout.from_counts([len(a.paragraphs) for a in articles])
    n = len(articles)
    return {
        "paragraph": level_report(
            themes,
            labels.paragraph,
            np.concatenate([s.paragraph for s in parts]),
            np.concatenate([s.paragraph_tags for s in parts]),
            layout.article,
            n,
        ),
        "article": level_report(
            themes,
            labels.article,
            np.concatenate([s.article for s in parts]),
            np.concatenate([s.article_tags for s in parts]),
            np.arange(n),
            n,
        ),
    }


def markdown_table(report: Mapping[str, Any]) -> str:
    """Return the figures of `evaluate` as Markdown, one table a level."""
    parts = []
    for level, figures in report.items():
        lines = [
            f"### {level}",
            "",
            "| theme | precision | recall | F1 | average precision | ECE | positive | n |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for theme, row in figures.items():
            if isinstance(row, Mapping):
                lines.append(
                    f"| `{theme}` | {row['precision']:.3f} | {row['recall']:.3f} "
                    f"| {row['f1']:.3f} | {row['average_precision']:.3f} | {row['ece']:.3f} "
                    f"| {row['n_positive']} | {row['n']} |"
                )
        lines += ["", _summary(figures)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _summary(figures: Mapping[str, Any]) -> str:
    macro = "no theme has positives"
    if figures["macro_f1"] is not None:
        low, high = figures["macro_f1_ci"]
        macro = f"Macro-F1 **{figures['macro_f1']:.3f}** (95 % interval {low:.3f} to {high:.3f})"
    return (
        f"{macro}; calibration error {figures['ece']:.3f} (perfect calibration would show "
        f"{figures['ece_if_perfect']:.3f}); Brier score {figures['brier']:.3f}; "
        f"{figures['n_articles']} articles."
    )
