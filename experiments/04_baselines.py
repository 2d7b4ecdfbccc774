"""Compare the shipped model with what else one could train on the same paragraphs.

Seven baselines (`peers`) are trained on everything that the shipped model is trained on, once on
paragraphs and once on whole articles; for the best two by cross-validation, the article is also
judged by the maximum over its paragraphs. All get the calibration of the shipped model's training
and thresholds with the best F1, chosen on out-of-fold scores (5 folds by article) with population
weights, so that none suffers from a bad cut.

``--on dev`` (default) measures all on the dev part of the news labels; ``--on fold`` holds out
every fifth training article that was found by theme words and leaves out the shipped model, which
has seen these. Results: ``results/04_baselines.{json,md,png}``, with ``_fold`` for ``--on fold``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from time import perf_counter, process_time
from typing import Any

import numpy as np
from common import AUTHORED, RESULTS, news, write_results
from joblib import Parallel, delayed
from numpy.typing import NDArray
from peers import N_FOLDS, NGRAMS, PEERS, Array, Items, Level, run
from thresholds import tuned_thresholds

import dvtopics
from dvtopics.article import Article
from dvtopics.corpus.labels import Labels
from dvtopics.corpus.store import read_labelled
from dvtopics.evaluation.metrics import average_precision, bootstrap_macro_f1, level_report
from dvtopics.taggers.batch import Batch
from dvtopics.training.decisions import fit_platt
from dvtopics.training.folds import POPULATION_WEIGHTS, article_folds, population_weights

LEVELS = ("paragraph", "article")
SHIPPED = "shipped model"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Probabilities and tags of the test items."""

    probability: Array
    tags: NDArray[np.bool_]


def training_articles() -> list[Article]:
    own = [path for path in (AUTHORED, AUTHORED.with_name("law_train.jsonl")) if path.is_file()]
    graded = [*news("train"), *news("suggested"), *news("extra")]
    return [*graded, *read_labelled(own)]


def split(on: str) -> tuple[list[Article], list[Article]]:
    """Return the articles to train and to measure on."""
    train = training_articles()
    if on == "dev":
        return train, news("dev")
    n = len(news("train"))
    found = [i for i, a in enumerate(train[:n]) if a.metadata.get("drawn") == "theme-words"]
    held_out = set(found[::5])
    rest = [a for i, a in enumerate(train) if i not in held_out]
    return rest, [train[i] for i in sorted(held_out)]


def items(articles: Sequence[Article]) -> dict[str, Items]:
    labels = Labels.from_articles(articles, dvtopics.THEMES.ids)
    batch = Batch.from_articles(articles)
    n = len(articles)
    whole = ["\n".join([a.title, *(p.text for p in a.paragraphs)]) for a in articles]
    return {
        "paragraph": Items(batch.texts, labels.paragraph, batch.layout.article, n),
        "article": Items(whole, labels.article, np.arange(n), n),
    }


def decided(unseen: Array, test: Array, level: Level) -> Outcome:
    """Calibrate scores as the training of the shipped model does, and cut them."""
    train, weight = level.train, level.weight[level.train.article]
    platt = fit_platt(unseen, train.labels, weight)
    # By labels: a peer whose scores Platt cannot make probabilities would suffer otherwise.
    limits = tuned_thresholds(platt.probabilities(unseen), train.labels, weight, train.article)
    probability = platt.probabilities(test)
    return Outcome(probability, probability >= limits)


def quality(unseen: Array, level: Level) -> float:
    """Mean average precision out of fold, on training articles drawn like the population."""
    train = level.train
    use = (level.weight[train.article] == 1)[:, None] & ~np.isnan(train.labels)
    scores = [
        average_precision(train.labels[use[:, t], t], unseen[use[:, t], t])
        for t in range(train.labels.shape[1])
    ]
    return float(np.mean(scores))


def highest(scores: Array, of: Items) -> Array:
    """Maximum over the paragraphs of every article."""
    result = np.repeat(np.nanmin(scores, axis=0)[None], of.n_articles, axis=0)
    np.maximum.at(result, of.article, scores)
    return result


def shipped(articles: Sequence[Article]) -> tuple[str, dict[str, Outcome], float]:
    tagger = dvtopics.load("tfidf")
    start = process_time()
    scores = tagger.score_articles(articles)
    seconds = process_time() - start
    outcomes = {
        "paragraph": Outcome(scores.paragraph, scores.paragraph_tags),
        "article": Outcome(scores.article, scores.article_tags),
    }
    return tagger.model_, outcomes, seconds


def measured(
    outcomes: dict[str, Outcome], reference: dict[str, Outcome], levels: dict[str, Level]
) -> dict[str, Any]:
    """Figures at the levels of `outcomes`, and by how much `reference` is better."""
    result: dict[str, Any] = {}
    for name, outcome in outcomes.items():
        test = levels[name].test
        where = (test.article, test.n_articles)
        report = level_report(
            dvtopics.THEMES.ids, test.labels, outcome.probability, outcome.tags, *where
        )
        # The same draws for both: the seed and the judged articles are the same.
        draws = [
            bootstrap_macro_f1(test.labels, o.tags, *where) for o in (reference[name], outcome)
        ]
        interval = np.percentile(draws[0] - draws[1], [2.5, 97.5])
        report["reference_minus_this_ci"] = [round(float(v), 6) for v in interval]
        result[name] = report
    return result


def compare(
    train: list[Article], test: list[Article], with_shipped: bool
) -> tuple[str, dict[str, Any]]:
    """Return the reference's name and, by row, figures or what is not installed."""
    train_items, test_items = items(train), items(test)
    fold = article_folds(len(train), N_FOLDS, 1)
    weight = population_weights(train, POPULATION_WEIGHTS)
    levels = {x: Level(train_items[x], test_items[x], fold, weight) for x in LEVELS}
    present = [peer for peer in PEERS if peer.installed()]
    # The slow one first: the two processes end together.
    tasks = [(peer, x) for peer in sorted(present, key=lambda p: p.quick) for x in LEVELS]
    done = Parallel(n_jobs=2)(delayed(run)(peer, levels[x]) for peer, x in tasks)
    runs = {(peer.name, x): r for (peer, x), r in zip(tasks, done, strict=True)}

    rows: dict[str, dict[str, Outcome]] = {}
    extra: dict[str, dict[str, Any]] = {}
    for peer in present:
        of = {x: runs[peer.name, x] for x in LEVELS}
        rows[peer.name] = {x: decided(r.unseen, r.test, levels[x]) for x, r in of.items()}
        extra[peer.name] = {
            "train_seconds": round(sum(r.train_seconds for r in of.values()), 1),
            "tag_seconds": round(sum(r.tag_seconds for r in of.values()), 2),
            "out_of_fold_average_precision": {
                x: round(quality(r.unseen, levels[x]), 4) for x, r in of.items()
            },
        }
        print(peer.name, extra[peer.name], flush=True)
    able = [peer.name for peer in present if peer.quick]
    key = "out_of_fold_average_precision"
    for name in sorted(able, key=lambda n: -extra[n][key]["paragraph"])[:2]:
        r, level = runs[name, "paragraph"], levels["article"]
        unseen = highest(r.unseen, train_items["paragraph"])
        top = highest(r.test, test_items["paragraph"])
        row = f"{name}, maximum over paragraphs"
        rows[row] = {"article": decided(unseen, top, level)}
        extra[row] = {
            "train_seconds": round(r.train_seconds, 1), "tag_seconds": round(r.tag_seconds, 2),
            key: {"article": round(quality(unseen, level), 4)},
        }  # fmt: skip
    reference = NGRAMS.name
    if with_shipped:
        model, rows[SHIPPED], seconds = shipped(test)
        extra[SHIPPED] = {"model": model, "tag_seconds": round(seconds, 2)}
        reference = SHIPPED
    figures = {n: measured(o, rows[reference], levels) | extra[n] for n, o in rows.items()}
    absent = {p.name: f"not installed ({p.needs})" for p in PEERS if not p.installed()}
    return reference, figures | absent


def cells(name: str, row: Any, reference: str, table: dict[str, Any]) -> list[str]:
    if isinstance(row, str):
        return [name, row, *[""] * 7]
    result = [name]
    for level in LEVELS:
        if level not in row:
            result += ["–"] * 3
            continue
        r, best = row[level], table[reference][level]
        (low, high), (a, b) = r["macro_f1_ci"], r["reference_minus_this_ci"]
        precision = np.mean([r[t]["average_precision"] for t in dvtopics.THEMES.ids if r[t]])
        gap = f"{best['macro_f1'] - r['macro_f1']:+.3f} ({a:+.3f} to {b:+.3f})"
        result += [
            f"**{r['macro_f1']:.3f}** ({low:.3f}–{high:.3f})",
            "–" if name == reference else gap,
            f"{precision:.3f}",
        ]
    return [*result, str(row.get("train_seconds", "–")), str(row["tag_seconds"])]


def reading(table: dict[str, Any], reference: str) -> str:
    """Say in a sentence per level which other row is the strongest and how far it is."""
    sentences = []
    for level in LEVELS:
        others = {
            n: r[level] for n, r in table.items()
            if isinstance(r, dict) and level in r and n != reference
        }  # fmt: skip
        name = max(others, key=lambda n: others[n]["macro_f1"])
        low, high = others[name]["reference_minus_this_ci"]
        side = "behind" if low > 0 else "ahead" if high < 0 else "not told apart from it"
        gap = table[reference][level]["macro_f1"] - others[name]["macro_f1"]
        sentences.append(
            f"The strongest other row at {level} level is {name}, {side}: "
            f"{reference} minus it {gap:+.3f} ({low:+.3f} to {high:+.3f})."
        )
    return " ".join(sentences)


def draw(table: dict[str, Any], file_name: str) -> None:
    if find_spec("matplotlib") is None:
        print("no figure: matplotlib is not installed")
        return
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    names = [name for name, row in table.items() if isinstance(row, dict)][::-1]
    figure, axes = plt.subplots(1, 2, figsize=(10, 0.36 * len(names) + 1), sharey=True)
    for axis, level in zip(axes, LEVELS, strict=True):
        for place, name in enumerate(names):
            if level in table[name]:
                value = table[name][level]["macro_f1"]
                low, high = table[name][level]["macro_f1_ci"]
                error = [[max(value - low, 0.0)], [max(high - value, 0.0)]]
                color = "tab:red" if name == SHIPPED else "tab:blue"
                axis.barh(place, value, xerr=error, color=color, capsize=2, height=0.7)
        axis.set(xlim=(0, 1), xlabel="macro-F1", title=level)
        axis.set_yticks(range(len(names)), names, fontsize=8)
    figure.tight_layout()
    figure.savefig(RESULTS / f"{file_name}.png", dpi=110, metadata={"Software": None})
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", choices=("dev", "fold"), default="dev")
    on = parser.parse_args().on
    train, test = split(on)
    start = perf_counter()
    reference, table = compare(train, test, with_shipped=on == "dev")
    print(f"{(perf_counter() - start) / 60:.1f} minutes", flush=True)
    what = {
        "dev": "dev part of the news labels",
        "fold": "every fifth training article found by theme words, held out; the shipped model "
        "is left out, since it has seen them",
    }[on]
    gap = f"{reference} − row"
    lines = [
        "# Baselines trained on the same articles",
        "",
        f"Measured on: {what} ({len(test)} articles); trained on {len(train)}. Macro-F1 with 95 % "
        "intervals; differences by a paired bootstrap over articles (1,000 draws); AP: mean "
        "average precision. Calibration and thresholds of all rows by cross-validation on the "
        "training articles. Article level: a model of the same kind trained on whole articles, "
        "or the maximum over paragraphs for the two best (by cross-validation). Processor "
        "seconds for both levels together, cross-validation not counted. Regenerate: "
        f"`python experiments/04_baselines.py{'' if on == 'dev' else ' --on fold'}`.",
        "",
        f"| | paragraph macro-F1 | {gap} | AP | article macro-F1 | {gap} | AP | training s "
        "| tagging s |",
        "|---" * 9 + "|",
        *("| " + " | ".join(cells(n, row, reference, table)) + " |" for n, row in table.items()),
        "",
        reading(table, reference),
    ]
    name = "04_baselines" if on == "dev" else "04_baselines_fold"
    data = {"on": on, "n_train": len(train), "n_test": len(test), "reference": reference}
    write_results(name, data | {"rows": table}, "\n".join(lines) + "\n")
    draw(table, name)


if __name__ == "__main__":
    main()
