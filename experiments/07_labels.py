"""What labels give: how many, which ones, how right they are, which should weigh more.

Whole system by the protocol of `lab`; a variant learns from fewer or other labels and is
measured on all labelled articles of the fold that is held out. Out-of-fold logits of every
variant are kept under ``experiments/cache``; ``--fresh`` forgets them, and with ``--minutes`` no
study is begun after that time. Results:
``results/07_labels.{json,md,png}``.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from common import AUTHORED, LAW_TRAIN, RESULTS, ROOT, news, write_results
from kept import Systems, outcome_of, read_records, row, table
from lab import N_DRAWS, Array, Lab, Outcome, first_part, span
from lab_plots import reading
from label_noise import N_LISTED, label_noise, read_twice
from numpy.typing import NDArray

from dvtopics.article import Article
from dvtopics.corpus.labels import Labels
from dvtopics.corpus.store import read_labelled

SHARES = {0.12: (0, 1), 0.25: (0, 1), 0.5: (0,)}
HARD_WEIGHT = 3.0


def resampled(lab: Lab, found: Outcome, stratum: str = "theme-words") -> Array:
    """Return macro-F1 of bootstrap draws of articles; the same draws for every outcome."""
    _, labels, tags, article = lab.decided(found, "paragraph")
    chosen = np.flatnonzero(lab.drawn == stratum)
    draws = np.random.default_rng(0).multinomial(
        len(chosen), np.full(len(chosen), 1 / len(chosen)), N_DRAWS
    )
    hits, size = np.zeros((2, lab.n_articles, labels.shape[1]))
    for theme in range(labels.shape[1]):
        positive, tagged = labels[:, theme] > 0, tags[:, theme] & ~np.isnan(labels[:, theme])
        hits[:, theme] = np.bincount(article, positive & tagged, lab.n_articles)
        size[:, theme] = np.bincount(article, 1.0 * positive + tagged, lab.n_articles)
    f1 = 2 * (draws @ hits[chosen]) / np.maximum(draws @ size[chosen], 1)
    return np.asarray(f1.mean(axis=1))


def learning_curve(lab: Lab, systems: Systems, usual: Outcome) -> dict[str, Any]:
    """Return figures by share of the training articles, and what twice as many would give."""
    rows: dict[str, Any] = {}
    points: dict[float, list[Outcome]] = {}
    for share, seeds in SHARES.items():
        for seed in seeds:
            rank = np.random.RandomState(seed).permutation(lab.n_articles) / lab.n_articles
            found = systems.of(f"{share:.0%} of the articles, draw {seed + 1}", rank < share)
            points.setdefault(share, []).append(found)
            key = f"{share:.0%}" + (f", draw {seed + 1}" if len(seeds) > 1 else "")
            rows[key] = row(lab, found, usual)
    rows["100%"] = row(lab, usual, None)
    points[1.0] = [usual]
    result: dict[str, Any] = {"rows": rows}
    shares = np.log(np.array(list(points)))
    for stratum in ("theme-words", "uncertainty"):
        drawn = np.stack(
            [
                np.mean([resampled(lab, o, stratum) for o in group], axis=0)
                for group in points.values()
            ]
        )
        f1 = [
            float(np.mean([lab.report(o)[stratum]["paragraph"]["macro_f1"] for o in group]))
            for group in points.values()
        ]
        # error = a * share ** -b: a line in logarithms.
        slope, level = np.polyfit(shares, np.log(1 - np.array(f1)), 1)
        slopes, levels = np.polyfit(shares, np.log(1 - drawn), 1)
        gains = np.exp(levels) - np.exp(levels + slopes * np.log(2))
        result[stratum] = {
            "shares": list(points), "macro_f1": [round(v, 4) for v in f1],
            "exponent": round(float(-slope), 4), "error_at_100": round(float(np.exp(level)), 4),
            "twice": round(1 - float(np.exp(level + slope * np.log(2))), 4),
            "gain": round(float(np.exp(level) - np.exp(level + slope * np.log(2))), 4),
            "gain_interval": [round(float(v), 4) for v in np.percentile(gains, [2.5, 97.5])],
        }  # fmt: skip
    return result


def draw_curve(curve: dict[str, Any], n_articles: int) -> None:
    """Write the learning curve with its extrapolation."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 3.2), dpi=120)
    for stratum, colour in (("theme-words", "C0"), ("uncertainty", "C1")):
        c = curve[stratum]
        grid = np.geomspace(min(c["shares"]), 2, 50)
        axes.plot(
            np.array(c["shares"]) * n_articles, c["macro_f1"], "o", color=colour, label=stratum
        )
        axes.plot(
            grid * n_articles, 1 - c["error_at_100"] * grid ** -c["exponent"], "--", color=colour
        )
    axes.set(xscale="log", xlabel="bài huấn luyện / training articles", ylabel="macro-F1 (đoạn)")
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(RESULTS / "07_labels.png", metadata={"Software": None})


def label_files(systems: Systems, file: NDArray[np.str_], usual: Outcome) -> dict[str, Any]:
    """Leave out one file after the other."""
    rows = {"all": row(systems.lab, usual, None)}
    for name in ("train", "suggested", "extra", "authored"):
        found = systems.of(f"all without {name}", file != name)
        rows[f"all without {name}"] = row(systems.lab, found, usual)
    return rows


def equal_numbers(systems: Systems) -> dict[str, Any]:
    """Compare ways of choosing articles to label at the same number of articles."""
    lab, rows = systems.lab, {}
    pools = {
        "theme-words": lab.drawn == "theme-words",
        "uncertainty": lab.drawn == "uncertainty",
        "suggested": lab.drawn == "suggested",
        "random": np.isin(lab.drawn, ("random", "no-theme-words")),
    }
    for number in (480, 800):
        base = None
        for name, pool in pools.items():
            if pool.sum() < number:
                continue
            picked = np.random.RandomState(0).permutation(np.flatnonzero(pool))[:number]
            teach = np.isin(np.arange(lab.n_articles), picked)
            # Random articles hold too few positives to fit the article model on them.
            everything = np.ones(lab.n_articles, dtype=bool)
            made = systems.arrays(f"{number} articles: {name}", teach, article_level=everything)
            found = outcome_of(made)
            judged = lab.judged & teach[lab.article]
            rows[f"{number} {name}"] = row(lab, found, base) | {
                "paragraphs": int(judged.sum()),
                "positive labels": int(np.nansum(lab.labels[judged])),
            }
            base = found if base is None else base
    return rows


def hard_negatives(systems: Systems, usual: Outcome) -> dict[str, Any]:
    """Let negatives that stage one took for positives count more in stage one."""
    lab = systems.lab
    seen = systems.unseeing()["own"][:, :, : len(lab.themes)]
    hard = [(lab.labels == 0) & (own > 0) for own in seen]
    weight = [np.where(some, HARD_WEIGHT, 1.0) for some in hard]
    found = systems.changed("hard negatives", [lab.labels] * len(weight), weight)
    figures = {"reference": row(lab, usual, None), "hard negatives": row(lab, found, usual)}
    return {"hard": int(np.mean([some.sum() for some in hard])), "rows": figures}


def later_paragraphs(
    systems: Systems, articles: Sequence[Article], usual: Outcome
) -> dict[str, Any]:
    """Learn also from what was graded beyond the part that an article's own label stands on."""
    lab = systems.lab
    known = Labels.from_articles(articles, lab.themes)
    has_more = np.array(["article_part" in a.metadata for a in articles])
    draw = np.random.RandomState(0).random_sample(lab.n_articles)
    rows: dict[str, Any] = {}
    body = ~lab.is_title
    for share in (0.5, 1.0):
        taken = (has_more & (draw < share))[lab.article[body], None]
        student = copy.copy(lab)
        student.labels, student.main = lab.labels.copy(), lab.main.copy()
        student.labels[body] = np.where(taken, known.paragraph, lab.labels[body])
        student.main[body] = np.where(taken, known.main, lab.main[body])
        student.judged = ~np.isnan(student.labels).all(axis=1) & (lab.length > 0)
        found = outcome_of(systems.taught_by(f"later paragraphs, {share:.0%}", student))
        more = student.judged & ~lab.judged
        rows[f"also of {share:.0%} of the {has_more.sum()} articles"] = row(lab, found, usual) | {
            "later paragraphs": int(more.sum()),
            "positive labels": int(np.nansum(student.labels[more])),
            "gaps": {
                stratum: {
                    "F1": lab.compare(found, usual, stratum=stratum),
                    "AP": lab.compare_ranking(found, usual, stratum),
                    "article F1": lab.compare(found, usual, "article", stratum),
                }
                for stratum in ("theme-words", "uncertainty", "suggested")
            },
        }
    none = {"later paragraphs": 0, "positive labels": 0}
    return {"none": row(lab, usual, None) | none, **rows}


def later_lines(rows: dict[str, Any]) -> list[str]:
    """Return the part of the report on later paragraphs."""
    lines = [
        "## Later paragraphs of the same articles", "",
        "Articles had been graded on their first ten or twelve paragraphs. In those where a model "
        "expected most, weakest theme first, the following ones were read and graded too. They "
        "teach only: all rows are measured on the paragraphs graded before.", "",
        *table("graded later", rows, ("later paragraphs", "positive labels")), "",
        "| graded later | articles | F1 | average precision | article F1 |", "|---" * 5 + "|",
    ]  # fmt: skip
    for name, figures in rows.items():
        for stratum, gaps in figures.get("gaps", {}).items():
            lines.append(f"| {name} | {stratum} | {' | '.join(map(span, gaps.values()))} |")
    return [*lines, ""]


def curve_lines(c: dict[str, Any]) -> list[str]:
    """Return the part of the report on the learning curve."""
    words = c["theme-words"]
    return [
        "## Learning curve", "", *table("share of the articles", c["rows"]), "",
        "![learning curve](07_labels.png)", "",
        f"Error falls as n^-{words['exponent']:.2f} (theme-words) and "
        f"n^-{c['uncertainty']['exponent']:.2f} (uncertainty). By that power law twice as many "
        f"articles of the same mix would give {words['gain']:+.4f} "
        f"({words['gain_interval'][0]:+.4f} to {words['gain_interval'][1]:+.4f}) on theme-words "
        f"and {c['uncertainty']['gain']:+.4f} on uncertainty articles; an extrapolation from four "
        "points, not a measurement.", "",
    ]  # fmt: skip


def file_lines(rows: dict[str, Any]) -> list[str]:
    """Return the part of the report on the files of articles."""
    return [
        "## Which files", "", *table("learned from", rows), "",
        *(f"- `{n}`: {reading(v['difference'], True)}." for n, v in rows.items() if n != "all"), "",
        "Kept: all files, as a file is dropped only where leaving it out is clearly better.", "",
    ]  # fmt: skip


def number_lines(rows: dict[str, Any]) -> list[str]:
    """Return the part of the report on ways of choosing articles."""
    return [
        "## Ways of choosing articles, same number", "",
        *table("articles", rows, ("paragraphs", "positive labels")), "",
        "Differences are to the theme-words articles of the same number; the article model learns "
        "from all articles here. Only 480 articles were drawn at random (with those without theme "
        "words). Theme-words articles are what the first column measures, so they start with an "
        "advantage there; one draw of articles each.", "",
    ]  # fmt: skip


def noise_lines(noise: dict[str, Any]) -> list[str]:
    """Return the part of the report on errors among the labels."""
    two = noise["second reading"]
    share = {k: v["changed"] / max(v["read again"], 1) for k, v in two.items()}
    gap = {k: v["difference"] for k, v in noise["retrained"].items() if v["difference"]}
    return [
        "## Label noise", "",
        "Confident learning on out-of-fold probabilities of the reference:", "",
        "| theme | positive threshold | suspect negatives | suspect positives "
        "| estimated wrong share of negatives | of positives |", "|---" * 6 + "|",
        *(
            f"| `{theme}` | " + " | ".join(str(v) for v in figures.values()) + " |"
            for theme, figures in noise["themes"].items()
        ), "",
        "| stratum | labels | suspect | share |", "|---|---|---|---|",
        *(
            f"| {name} | {v['labels']:,} | {v['suspect']} | {v['share']:.2%} |"
            for name, v in noise["strata"].items()
        ), "",
        f"Of {two['suspect']['read again']} suspect labels that the same kind of reader read again "
        f"{two['suspect']['changed']} changed ({share['suspect']:.0%}); of "
        f"{two['others']['read again']:,} others {two['others']['changed']} "
        f"({share['others']:.2%}). So most suspects are "
        f"{'errors of the labels' if share['suspect'] > 0.5 else 'errors of the model'}. "
        f"The {N_LISTED} strongest are listed by id and line in the JSON.", "",
        *table("trained on (measured on all labels)", noise["retrained"]), "",
        *table("measured without the suspects", noise["measured on the others"]), "",
        "For training, suspects are found anew for every fold, by systems (stage two linear) that "
        "never saw its labels (found by models that know the fold's answers, they would carry "
        "them). The second table favours agreement with the reference model by construction. "
        + " ".join(f"{name.capitalize()}: {reading(g)}." for name, g in gap.items())
        + (
            " Kept as a candidate." if any(g["low"] > 0 for g in gap.values())
            else " Dropped: labels stay as they are."
        ), "",
    ]  # fmt: skip


def hard_lines(found: dict[str, Any]) -> list[str]:
    """Return the part of the report on hard negatives."""
    gap = found["rows"]["hard negatives"]["difference"]
    return [
        f"## Hard negatives (weight x{HARD_WEIGHT:.0f} in stage one)", "",
        *table("stage one", found["rows"]), "",
        f"{found['hard']:,} labels count more (mean over folds), chosen by systems that never saw "
        f"the fold: {reading(gap)}.", "",
    ]  # fmt: skip


def pass_lines(two_passes: dict[str, Any]) -> list[str]:
    """Return the part of the report on two passes over the same articles."""
    lines = [
        "## Two passes over the same training articles", "",
        f"{two_passes['articles']} articles of the training file were graded a second time.", "",
        "| theme | kappa | F1 | n | kappa of articles | F1 of articles |", "|---" * 6 + "|",
    ]  # fmt: skip
    for theme, p in two_passes["paragraph"].items():
        a = two_passes["article"][theme]
        lines.append(
            f"| `{theme}` | {p['kappa']:.3f} | {p['f1']:.3f} | {p['n']:,} "
            f"| {a['kappa']:.3f} | {a['f1']:.3f} |"
        )
    mean = np.mean([p["f1"] for p in two_passes["paragraph"].values()])
    return [*lines, "", f"Macro-F1 of one pass against the other: {mean:.3f}.", ""]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="forget kept outcomes")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    args = parser.parse_args()
    limit = time.monotonic() + 60 * args.minutes
    parts = {
        "authored": read_labelled([AUTHORED]),
        "law_train": read_labelled([LAW_TRAIN]),
        **{part: news(part) for part in ("train", "suggested", "extra")},
    }
    file = np.repeat(list(parts), [len(articles) for articles in parts.values()])
    articles = [article for some in parts.values() for article in some]
    lab = Lab([first_part(article) for article in articles])
    systems = Systems(lab, "07_labels", args.fresh)
    first = read_records(ROOT / "corpus" / "vietnews" / "labels_train.jsonl.gz")
    second = read_records(ROOT / "corpus" / "passes" / "train_again.jsonl.gz")
    again = {r["id"]: r for r in second}
    whole = outcome_of(systems.usual)
    studies: dict[str, tuple[Callable[[], Any], Callable[[Any], list[str]]]] = {
        "two passes": (lambda: read_twice(first, second, lab.themes), pass_lines),
        "learning curve": (lambda: learning_curve(lab, systems, whole), curve_lines),
        "equal numbers": (lambda: equal_numbers(systems), number_lines),
        "files": (lambda: label_files(systems, file, whole), file_lines),
        "later paragraphs": (lambda: later_paragraphs(systems, articles, whole), later_lines),
        "label noise": (lambda: label_noise(systems, whole, again), noise_lines),
        "hard negatives": (lambda: hard_negatives(systems, whole), hard_lines),
    }
    results: dict[str, Any] = {}
    lines = [
        "# What labels give", "",
        f"{lab.n_articles:,} labelled training articles, 5 folds by article, whole system by the "
        "protocol of `lab.py` (contents are learned without labels, from all texts); macro-F1 of "
        "paragraphs unless said; differences with a paired bootstrap over theme-words articles. "
        "Labels come from a language model reading with guidelines: what is measured is agreement "
        "with one kind of reader. Regenerate: `python experiments/07_labels.py`.", "",
    ]  # fmt: skip
    for name, (make, show) in studies.items():
        if time.monotonic() < limit:
            results[name] = make()
            lines += show(results[name])
    if "learning curve" in results:
        draw_curve(results["learning curve"], lab.n_articles)
    if missing := [name for name in studies if name not in results]:
        lines.append(f"Not run yet (run the script again): {'; '.join(missing)}.")
    write_results("07_labels", results, "\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
