"""A tagger and labelled articles → figures at both levels, and as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dvtopics.corpus.labels import Labels
from dvtopics.errors import UsageError
from dvtopics.evaluation.metrics import level_report
from dvtopics.taggers.batch import Layout, Scores

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
    labels, scores = _labels_and_scores(tagger, articles)
    layout = Layout.from_counts([len(a.paragraphs) for a in articles])
    n = len(articles)
    return {
        "paragraph": level_report(
            themes, labels.measured, scores.paragraph, scores.paragraph_tags, layout.article, n
        ),
        "article": level_report(
            themes, labels.article, scores.article, scores.article_tags, np.arange(n), n
        ),
    }


def evaluate_review(tagger: Tagger, articles: Sequence[Article]) -> dict[str, Any]:
    """Say what a reader gains who looks at the tags that `tagger` is unsure of.

    The tagger must have been asked for them (`Tagger.set_review`); a reader is taken to know the
    labels.

    Returns
    -------
    dict
        Per level: tags, how many are looked at, precision before and after, recall; over all
        themes together.
    """
    labels, scores = _labels_and_scores(tagger, articles)
    levels = {
        "paragraph": (labels.measured, scores.paragraph_tags, scores.paragraph_unsure),
        "article": (labels.article, scores.article_tags, scores.article_unsure),
    }
    report = {}
    for name, (label, tags, unsure) in levels.items():
        assert unsure is not None
        known = ~np.isnan(label)
        right, wrong = known & (label > 0) & tags, known & (label == 0) & tags
        left = int((wrong & ~unsure).sum())
        n_right = int(right.sum())
        n_tags = n_right + int(wrong.sum())
        report[name] = {
            "tags": n_tags,
            "looked_at": int((known & unsure).sum()),
            "precision_before": round(n_right / max(n_tags, 1), 6),
            "precision_after": round(n_right / max(n_right + left, 1), 6),
            "recall": round(n_right / max(int((known & (label > 0)).sum()), 1), 6),
        }
    return report


def _labels_and_scores(tagger: Tagger, articles: Sequence[Article]) -> tuple[Labels, Scores]:
    labels = Labels.from_articles(articles, tagger.themes_)
    if np.isnan(labels.measured).all() and np.isnan(labels.article).all():
        raise UsageError("no labelled article to evaluate on: nothing is graded on these themes")
    parts = [
        tagger.score_articles(articles[i : i + _CHUNK]) for i in range(0, len(articles), _CHUNK)
    ]
    return labels, Scores.joined(parts)


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


def review_table(report: Mapping[str, Any]) -> str:
    """Return the figures of `evaluate_review` as Markdown."""
    lines = [
        f"\n### review for precision {report['precision']:g}",
        "",
        "| level | tags | looked at | precision before | after | recall |",
        "|---|---|---|---|---|---|",
    ]
    for level, row in report.items():
        if isinstance(row, Mapping):
            lines.append(
                f"| {level} | {row['tags']} | {row['looked_at']} | {row['precision_before']:.3f} "
                f"| {row['precision_after']:.3f} | {row['recall']:.3f} |"
            )
    return "\n".join(lines) + "\n"


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
