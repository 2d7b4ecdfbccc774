"""The report of `13_lda`: figures → Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from kept import table
from lab import span
from lab_plots import differences_table
from lda_small import LEVELS, N_FEW, N_SMALL, N_TOPICS, TAGGERS

SHIPPED = "LDA as shipped: labels and theme words, 256 seeded topics, 48 background"
TFIDF = "TF-IDF as shipped"
_SEED = ", random seed "

Gap = Mapping[str, float] | None


def told(gap: Gap) -> str:
    """Say whether a difference is told from chance."""
    if gap is None:
        return ""
    if gap["low"] > 0:
        return "better"
    return "worse" if gap["high"] < 0 else "not told from chance"


def short(name: str) -> str:
    """Return a name for the picture, whose margin is narrow."""
    name = name.replace(SHIPPED, "LDA as shipped").replace(" among themes", "")
    name = name.replace(" with theme words, 40 topics", "")
    return name.replace("theme words the only seeds, 128 topics", "theme words only")


def _moved(gap: Gap) -> str:
    return "–" if gap is None else span(dict(gap))


def _rows(variants: Mapping[str, Any]) -> list[str]:
    """Return the table of kinds of LDA that have been judged in context."""
    by_seed = spread(variants).get(SHIPPED, [])
    # Training is a matter of chance too, of which the intervals know nothing.
    chance = max(by_seed) - min(by_seed) if by_seed else 0.0
    lines = [
        "| variant | alone: theme-words F1 | minus shipped LDA alone | "
        "in context: theme-words F1 | minus shipped LDA in context | "
        "theme-words AP | uncertainty F1 | minus shipped LDA | "
        "suggested F1 | theme-words article F1 | minus shipped LDA | reading, in context |",
        "|---" * 12 + "|",
    ]
    for name, stages in variants.items():
        if "in context" not in stages:
            continue
        alone, whole = stages["alone"], stages["in context"]
        words = whole["theme-words"]
        lines.append(
            f"| {name} | {alone['theme-words']['paragraph']['macro_f1']:.3f} | "
            f"{_moved(alone['difference'])} | {words['paragraph']['macro_f1']:.3f} | "
            f"{_moved(whole['difference'])} | {words['paragraph']['average_precision']:.3f} | "
            f"{whole['uncertainty']['paragraph']['macro_f1']:.3f} | "
            f"{_moved(whole.get('uncertainty difference'))} | "
            f"{whole['suggested']['paragraph']['macro_f1']:.3f} | "
            f"{words['article']['macro_f1']:.3f} | {_moved(whole.get('article difference'))} | "
            f"{told(whole['difference'])}{_within(whole['difference'], chance)} |"
        )
    return lines


def _within(gap: Gap, chance: float) -> str:
    """Say that random seeds alone move a figure as much, where they do."""
    if gap is None or told(gap) == "not told from chance" or abs(gap["difference"]) > chance:
        return ""
    return ", but no more than random seeds move it"


def _shares(variants: Mapping[str, Any]) -> list[str]:
    """Return the table of what is judged from one paragraph: by share, or linear in all shares."""
    ways = {"by share": "share of the theme's topics", "alone": "linear in topic shares"}
    lines = [
        "| model | way | theme-words F1 | minus shipped LDA alone | theme-words AP | "
        "uncertainty F1 | suggested F1 | theme-words article F1 | reading |",
        "|---" * 9 + "|",
    ]
    for name, stages in variants.items():
        peer = "in context" not in stages
        for stage, way in ways.items():
            if stage not in stages or (stage == "alone" and not peer and name != SHIPPED):
                continue
            found = stages[stage]
            words = found["theme-words"]
            lines.append(
                f"| {name} | {way} | {words['paragraph']['macro_f1']:.3f} | "
                f"{_moved(found['difference'])} | {words['paragraph']['average_precision']:.3f} | "
                f"{found['uncertainty']['paragraph']['macro_f1']:.3f} | "
                f"{found['suggested']['paragraph']['macro_f1']:.3f} | "
                f"{words['article']['macro_f1']:.3f} | {told(found['difference'])} |"
            )
    return lines


def spread(variants: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return theme-words F1 in context by random seed, of what was run with several."""
    found: dict[str, list[float]] = {}
    for name, stages in variants.items():
        kind = name.split(_SEED)[0]
        several = any(other.startswith(kind + _SEED) for other in variants)
        if several and "in context" in stages:
            value = stages["in context"]["theme-words"]["paragraph"]["macro_f1"]
            found.setdefault(kind, []).append(value)
    return {name: values for name, values in found.items() if len(values) > 1}


def _stability(data: Mapping[str, Any]) -> list[str]:
    small = data["small"]
    lines = ["", "## Random seeds", ""]
    for name, values in spread(data["variants"]).items():
        lines.append(
            f"- {name}: theme-words F1 in context by seed {' '.join(f'{v:.3f}' for v in values)}, "
            f"spread {max(values) - min(values):.3f}."
        )
    if small["stability"]:
        lines += [
            "",
            f"Topics of {small['collection']:,} training articles (theme-words and uncertainty), "
            f"{N_TOPICS} topics, three seeds, every two compared over the best one-to-one "
            "matching: mean cosine of the probabilities of terms, mean overlap (Jaccard) of the "
            "top ten terms.",
            "",
            "| engine | cosine, mean (lowest) | top-term Jaccard, mean (lowest) |",
            "|---|---|---|",
        ]
        for name, found in small["stability"].items():
            cosine, jaccard = found["cosine"], found["jaccard"]
            lines.append(
                f"| {name} | {np.mean(cosine):.2f} ({min(cosine):.2f}) | "
                f"{np.mean(jaccard):.2f} ({min(jaccard):.2f}) |"
            )
    return lines


def _small(small: Mapping[str, Any]) -> list[str]:
    lines = ["", f"## {N_SMALL} articles", ""]
    if small["taggers"]:
        lines += [
            f"Taggers with their defaults, fitted to {N_SMALL} labelled theme-words articles drawn "
            f"at random, measured on the {small['rest']} others with the thresholds of their own "
            "training; macro-F1 by draw, differences with a paired bootstrap over the articles "
            "measured.",
            "",
            f"| level | draw | {' | '.join(TAGGERS)} | lda − tfidf (95 %) | reading |",
            "|---" * 6 + "|",
        ]
        for level in LEVELS:
            row = small["taggers"][level]
            for draw, gap in enumerate(row["differences"]):
                values = " | ".join(f"{row[name][draw]:.3f}" for name in TAGGERS)
                lines.append(f"| {level} | {draw + 1} | {values} | {_moved(gap)} | {told(gap)} |")
            means = " | ".join(f"{np.mean(row[name]):.3f}" for name in TAGGERS)
            lines.append(f"| {level} | mean | {means} | {row['mean_difference']:+.4f} | |")
    if small["topics"]:
        lines += [
            "",
            f"Topics of {N_SMALL} articles, {N_FEW} topics; mean over draws. NPMI as in "
            "`12_topics`, by the paragraphs of these articles, and by those of all "
            f"{small['collection']:,}.",
            "",
            "| engine | NPMI, own paragraphs | NPMI, all | diversity |",
            "|---|---|---|---|",
        ]
        for name, draws in small["topics"].items():
            own, far, diverse = np.mean(draws, axis=0)
            lines.append(f"| {name} | {own:.3f} | {far:.3f} | {diverse:.2f} |")
    return lines


def _numbers(articles: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in articles.items())


def markdown(data: Mapping[str, Any]) -> str:
    """Return the report."""
    whole, articles = data["all"], data["articles"]
    lines = [
        "# LDA as a tagger",
        "",
        "Cross-validation by article, 5 folds, protocol of `lab.py`; nothing here looks at dev. "
        "*Alone*: stage one, the paragraph by itself; *in context*: with stage two and contents. "
        "Macro-F1 of paragraphs unless said, differences with 95 % intervals by a paired bootstrap "
        "over articles (1,000 draws); a difference whose interval holds zero is not told from "
        "chance, and chance in training comes on top (see random seeds). Uncertainty articles "
        "were chosen because an earlier TF-IDF model was unsure of them. Regenerate: "
        "`pip install tomotopy corextopic six`, `python experiments/13_lda.py`.",
        "",
        "## Beside TF-IDF",
        "",
        f"All {whole['articles']:,} training articles of the lab, {whole['judged']:,} judged "
        "paragraphs. TF-IDF is the reference of the "
        "other studies. Stage one alone:",
        "",
        *table("stage one", whole["alone"]),
        "",
        "## LDA as a further input of TF-IDF",
        "",
        "The same articles, both stages. Scores and background topics of LDA are out of fold; "
        "the 64 topics without labels are learned from all articles at once, as the contents of "
        "the lab are. Differences to TF-IDF.",
        "",
        *table("stage two reads", whole["in context"]),
        *differences_table(whole["steps"]),
        "",
        "## Where the quality of LDA comes from",
        "",
        f"A part of the training articles, so that every variant is affordable: "
        f"{sum(articles.values()):,} ({_numbers(articles)}), {data['judged']:,} judged paragraphs. "
        "Variants named *labels* are the "
        "shipped kind with one thing changed: its topics are seeded by label statistics in the "
        "training folds. The others are gensim's LDA over whole articles, which sees no label, "
        "and a logistic regression over its shares; *theme words the only seeds*: priors of four "
        "topics a theme. TF-IDF is trained on the same part.",
        "",
        *_rows(data["variants"]),
        *differences_table(data["steps"]),
        "",
        "## Seeded and supervised topic models of other programs",
        "",
        "The same articles and folds, one paragraph alone, no context. What is learned without "
        "labels is fitted once, to all judged paragraphs and titles; PLDA, which reads labels, "
        "once for every fold. Thresholds are chosen by labels throughout.",
        "",
        *_shares(data["variants"]),
        *_stability(data),
        *_small(data["small"]),
    ]
    lines += _left_out(data["missing"])
    return "\n".join(lines) + "\n"


def _left_out(missing: Sequence[str]) -> list[str]:
    return ["", f"Not run yet (run the script again): {'; '.join(missing)}."] if missing else []
