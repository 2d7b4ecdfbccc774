"""Compare calibrations, and say what looking at tags buys.

Out-of-fold logits of the whole system (`lab.py`) are calibrated per theme and level on four folds
and measured on the fifth, with the population weights that training uses: none (the sigmoid of the
logit), Platt scaling, beta calibration (Kull et al. 2017) and isotonic regression (Zadrozny & Elkan
2002). Brier score and log loss judge probabilities as a whole; the calibration error is shown
beside what a perfectly calibrated model of the same sharpness would show. Then, with the shipped
choice: thresholds by the expected F1 of calibrated probabilities against those that gave the best
F1 on the labels of the other folds, and how many tags must a reader look at to reach a precision
(``--review``)?
Results: ``results/08_calibration.{json,md,png}``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from common import RESULTS, write_results
from kept import outcome_of, reference
from lab import N_FOLDS, STRATA, Lab, by_article, f1_of, load, span
from numpy.typing import NDArray
from thresholds import tuned_thresholds

from dvtopics.evaluation.metrics import expected_calibration_error, perfect_calibration_error
from dvtopics.taggers.context import sigmoid
from dvtopics.taggers.decision import Thresholds
from dvtopics.training.decisions import best_thresholds, fit_platt, review_table

Array = NDArray[np.float64]
#: (logits, labels, weights) of one theme → function from logits to probabilities.
Method = Callable[[Array, Array, Array], Callable[[Array], Array]]
SHIPPED = "Platt"
PRECISIONS = (0.8, 0.85, 0.9, 0.95)
POPULATIONS = {
    "theme-words": ("theme-words", "no-theme-words"),
    "uncertainty": ("uncertainty",),
    "suggested": ("suggested",),
    "random": ("random",),
    "authored": ("authored",),
}


def none(z: Array, y: Array, w: Array) -> Callable[[Array], Array]:
    return sigmoid


def platt(z: Array, y: Array, w: Array) -> Callable[[Array], Array]:
    fitted = fit_platt(z[:, None], y[:, None], w)
    return lambda x: fitted.probabilities(x[:, None])[:, 0]


def beta(z: Array, y: Array, w: Array) -> Callable[[Array], Array]:
    from sklearn.linear_model import LogisticRegression

    def features(x: Array) -> Array:
        p = np.clip(sigmoid(x), 1e-6, 1 - 1e-6)
        return np.stack([np.log(p), -np.log1p(-p)], axis=1)

    model = LogisticRegression(C=100.0, max_iter=1000).fit(features(z), y, sample_weight=w)
    return lambda x: np.asarray(model.predict_proba(features(x))[:, 1])


def isotonic(z: Array, y: Array, w: Array) -> Callable[[Array], Array]:
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(z, y, sample_weight=w)
    return lambda x: np.asarray(model.predict(x))


METHODS: dict[str, Method] = {"none": none, "Platt": platt, "beta": beta, "isotonic": isotonic}


class Level:
    """Out-of-fold logits and labels of one level."""

    def __init__(self, lab: Lab, logits: Array, labels: Array, article: NDArray[np.int64]) -> None:
        self.logits, self.article = logits, article
        self.labels = np.where(np.isnan(logits), np.nan, labels)
        self.folds, self.weight = lab.folds[article], lab.weight[article]
        self.drawn = lab.drawn[article]

    def calibrated(self, method: Method) -> Array:
        """Return probabilities, each from calibration on the four other folds."""
        result = np.full(self.logits.shape, np.nan)
        for fold in range(N_FOLDS):
            for theme in range(self.logits.shape[1]):
                known = ~np.isnan(self.labels[:, theme])
                rest, inside = known & (self.folds != fold), known & (self.folds == fold)
                z = self.logits[:, theme]
                apply = method(z[rest], self.labels[rest, theme], self.weight[rest])
                result[inside, theme] = apply(z[inside])
        return result


def figures(level: Level, p: Array, population: tuple[str, ...]) -> dict[str, float]:
    rows = np.isin(level.drawn, population)
    known = ~np.isnan(level.labels[rows])
    y, q = level.labels[rows][known], p[rows][known]
    clipped = np.clip(q, 1e-6, 1 - 1e-6)
    loss = -(y * np.log(clipped) + (1 - y) * np.log1p(-clipped))
    return {
        "brier": round(float(np.mean((q - y) ** 2)), 5),
        "log_loss": round(float(np.mean(loss)), 5),
        "ece": round(expected_calibration_error(y, q), 5),
        "ece_if_perfect": round(perfect_calibration_error(q), 5),
        "n": int(known.sum()),
    }


def review(level: Level, name: str, p: Array) -> dict[str, dict[str, float]]:
    """Chosen on four folds, measured on the theme-words articles of the fifth."""
    counts = {target: np.zeros(5) for target in PRECISIONS}
    filled = np.where(np.isnan(p), 0.0, p)
    for fold in range(N_FOLDS):
        rest, inside = level.folds != fold, level.folds == fold
        inside &= np.isin(level.drawn, POPULATIONS["theme-words"])
        limits = best_thresholds(filled[rest], level.labels[rest], level.weight[rest])
        table = review_table(filled[rest], level.labels[rest], level.weight[rest], limits)
        thresholds = Thresholds(limits, limits, by_review={name: table})
        y, q = level.labels[inside], filled[inside]
        tags, known = thresholds.decide(name, q), ~np.isnan(y)
        for target, total in counts.items():
            unsure = thresholds.reviewed(target).unsure(name, q)
            right, wrong = known & tags & (y > 0), known & tags & (y == 0)
            total += [
                (known & (y > 0)).sum(), right.sum(), wrong.sum(),
                (known & unsure).sum(), (wrong & ~unsure).sum(),
            ]  # fmt: skip
    return {
        str(target): {
            "tags": int(right + wrong),
            "looked_at": int(looked),
            "precision_before": round(right / (right + wrong), 4),
            "precision_after": round(right / (right + left), 4),
            "recall": round(right / positive, 4),
        }
        for target, (positive, right, wrong, looked, left) in counts.items()
    }


def thresholds(lab: Lab, level: Level, p: Array) -> dict[str, Any]:
    """Choose thresholds on four folds, by expected F1 and by labels; measure on the fifth."""
    filled = np.where(np.isnan(p), 0.0, p)
    tags = {way: np.zeros(p.shape, dtype=bool) for way in ("expected", "labels")}
    cuts: dict[str, list[list[float]]] = {way: [] for way in tags}
    for fold in range(N_FOLDS):
        rest, inside = level.folds != fold, level.folds == fold
        known = filled[rest], level.labels[rest], level.weight[rest]
        limits = {
            "expected": best_thresholds(*known),
            "labels": tuned_thresholds(*known, level.article[rest]),
        }
        for way, limit in limits.items():
            tags[way][inside] = filled[inside] >= limit
            cuts[way].append(limit.tolist())
    counts = {
        w: by_article(level.labels, t, level.article, lab.n_articles) for w, t in tags.items()
    }
    populations = {}
    for stratum in STRATA:
        f1 = {
            w: float(f1_of(c[lab.drawn == stratum].sum(axis=0)).mean()) for w, c in counts.items()
        }
        gap = lab.gap_of(counts["expected"], counts["labels"], stratum)
        populations[stratum] = {**{w: round(v, 4) for w, v in f1.items()}, "gap": gap}
    spread = {w: np.std(c, axis=0).round(4).tolist() for w, c in cuts.items()}
    mean = {w: np.mean(c, axis=0).round(4).tolist() for w, c in cuts.items()}
    return {"macro_f1": populations, "mean": mean, "standard deviation over folds": spread}


def plot(levels: dict[str, Level], chosen: dict[str, dict[str, Array]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True)
    for axis, (name, level) in zip(axes, levels.items(), strict=True):
        rows = np.isin(level.drawn, POPULATIONS["theme-words"])
        for method, style in (("none", "x:"), (SHIPPED, "o-"), ("isotonic", "s--")):
            y, p = level.labels[rows], chosen[name][method][rows]
            known = ~np.isnan(y)
            y, p = y[known], p[known]
            of = np.minimum((p * 10).astype(int), 9)
            n = np.bincount(of, minlength=10)
            full = n > 0
            axis.plot(
                (np.bincount(of, p, minlength=10) / np.maximum(n, 1))[full],
                (np.bincount(of, y, minlength=10) / np.maximum(n, 1))[full],
                style,
                label=method,
            )
        axis.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
        axis.set_title(name)
        axis.set_xlabel("probability given / xác suất")
    axes[0].set_ylabel("share that carry the theme / tỷ lệ đúng")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "08_calibration.png", dpi=110)


def main() -> None:
    lab = Lab(load())
    outcome = outcome_of(reference(lab))
    levels = {
        "paragraph": Level(lab, outcome.paragraph, lab.labels, lab.article),
        "article": Level(
            lab, outcome.article, lab.article_labels, np.arange(lab.n_articles)
        ),
    }  # fmt: skip
    chosen = {
        name: {method: level.calibrated(METHODS[method]) for method in METHODS}
        for name, level in levels.items()
    }
    results: dict[str, Any] = {
        name: {
            population: {m: figures(level, chosen[name][m], drawn) for m in METHODS}
            for population, drawn in POPULATIONS.items()
        }
        for name, level in levels.items()
    }
    results["thresholds"] = {n: thresholds(lab, x, chosen[n][SHIPPED]) for n, x in levels.items()}
    results["review"] = {n: review(x, n, chosen[n][SHIPPED]) for n, x in levels.items()}
    lines = [
        "# Calibration",
        "",
        "Out-of-fold logits of the training articles, calibrated on four folds, measured on the "
        f"fifth; shipped: {SHIPPED}. Populations by how articles were drawn; the weights of "
        "calibration are for the first. Regenerate: `python experiments/08_calibration.py`.",
        "",
        "| level | population | method | Brier | log loss | ECE | ECE if perfect | decisions |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in levels:
        for population, methods in results[name].items():
            for method, f in methods.items():
                lines.append(
                    f"| {name} | {population} | {method} | {f['brier']:.4f} | {f['log_loss']:.4f} "
                    f"| {f['ece']:.4f} | {f['ece_if_perfect']:.4f} | {f['n']:,} |"
                )
    lines += [
        "",
        "## Thresholds",
        "",
        "Macro-F1 with thresholds by the expected F1 of calibrated probabilities (shipped), and by "
        "the F1 on labels (mean over bootstrap samples); chosen on four folds, measured on the "
        "fifth; 95 % intervals over articles. Spread: standard deviation of a threshold over the "
        "folds, mean over themes.",
        "",
        "| level | population | expected F1 | by labels | difference (95 %) | spread, expected | "
        "spread, by labels |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in levels:
        found = results["thresholds"][name]
        wide = {w: np.mean(v) for w, v in found["standard deviation over folds"].items()}
        for population, f in found["macro_f1"].items():
            lines.append(
                f"| {name} | {population} | {f['expected']:.4f} | {f['labels']:.4f} "
                f"| {span(f['gap'])} | {wide['expected']:.3f} | {wide['labels']:.3f} |"
            )
    lines += [
        "",
        "## Tags to look at for a precision (theme-words articles)",
        "",
        "| level | precision asked | tags | looked at | precision before | after | recall |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rows in results["review"].items():
        for target, r in rows.items():
            lines.append(
                f"| {name} | {target} | {r['tags']:,} | {r['looked_at']:,} "
                f"({r['looked_at'] / r['tags']:.0%}) | {r['precision_before']:.3f} "
                f"| {r['precision_after']:.3f} | {r['recall']:.3f} |"
            )
    plot(levels, chosen)
    write_results("08_calibration", results, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
