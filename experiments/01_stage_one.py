"""Compare features, weights and training samples of stage one.

Every variant goes through both stages by the protocol of `lab` (stage two linear, which is
quicker than the network and takes the same features). The reference is plain: one score a theme
by logistic regression over TF-IDF; what is shipped is among the variants. Outcomes are kept under
``experiments/cache``; with ``--minutes`` the script begins nothing new after that time, and
goes on when run again.
Results: ``results/01_stage_one.{json,md,png}``.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from common import RESULTS, ROOT, write_results
from kept import stage_one
from lab import (
    CACHE,
    HEAD,
    PRESENT,
    Array,
    Lab,
    Outcome,
    cells,
    count_ratios,
    frequencies,
    load,
    scaled,
    tfidf,
)
from lab_counts import counted
from lab_models import count_ratio
from lab_plots import differences, differences_table, draw_differences, reading

from dvtopics.features.phrases import PhraseList
from dvtopics.text.stopwords import without_stop_words
from dvtopics.text.tokenize import tokenize

REFERENCE = "reference: 1-3 syllables, min_df 5, C 10, balanced"
NAME = "01_stage_one"
CHARACTERS = "characters 3-5 (hashed)"
RATIOS, MAIN = "log-count ratios over TF-IDF", "main subject"
MIXED = "log-count ratios beside plain weights (shipped)"
BESIDE, BOTH = "a score for the main subject beside (shipped)", "both"
BOTH_3, BOTH_4 = "both, min_df 3", "both, min_df 4"
BOTH_MIXED = "both, beside plain weights, min_df 4 (shipped)"
MAIN_RATIOS = "both, main subject by log-count ratios as well"
#: Steps on the way to what is shipped, and around it: variants and what they are set against.
STEPS = (
    (RATIOS, REFERENCE), (BESIDE, REFERENCE), (BOTH_3, REFERENCE),
    (BOTH, RATIOS), (BOTH, BESIDE), (BOTH_3, BOTH), (BOTH_4, BOTH), (MAIN_RATIOS, BOTH),
    (MIXED, REFERENCE), (MIXED, RATIOS), (BOTH_MIXED, BOTH_4),
    ("log-count ratios, smoothing 1", RATIOS), ("log-count ratios, C 3", RATIOS),
)  # fmt: skip
#: Character n-grams share this many columns.
N_HASHED = 2**20
_DIGITS = re.compile(r"\d+")
Matrix = sp.csr_matrix
Pair = tuple[Matrix, Matrix]


def bm25(train: Matrix, other: Matrix, k1: float = 1.2, b: float = 0.75) -> Pair:
    """Weight by Okapi BM25 (Robertson & Zaragoza 2009), rows then scaled to unit length."""
    df = frequencies(train)
    idf = np.log(1 + (train.shape[0] - df + 0.5) / (df + 0.5))
    mean = train.sum() / train.shape[0]
    parts = []
    for counts in (train, other):
        size = np.asarray(counts.sum(axis=1)).ravel() / mean
        norm = np.repeat(k1 * (1 - b + b * size), np.diff(counts.indptr)).astype(np.float32)
        data = counts.data * (k1 + 1) / (counts.data + norm)
        parts.append(scaled(Matrix((data, counts.indices, counts.indptr), counts.shape), idf))
    return parts[0], parts[1]


def present(train: Matrix, other: Matrix) -> Pair:
    """Weight every n-gram that is there by one."""
    return tuple(  # type: ignore[return-value]
        Matrix((np.ones_like(m.data), m.indices, m.indptr), m.shape) for m in (train, other)
    )


def nb_ratio(train: Matrix, other: Matrix, label: Array) -> Pair:
    """Multiply columns by their naive-Bayes log-count ratio (Wang & Manning 2012)."""
    factor = count_ratio(train, label, 1.0)
    return scaled(train, factor), scaled(other, factor)


def chi_square(train: Matrix, other: Matrix, label: Array, n_kept: int = 50_000) -> Pair:
    """Keep the columns that depend most on the theme."""
    from sklearn.feature_selection import chi2

    known = ~np.isnan(label)
    score = np.nan_to_num(chi2(train[known], label[known])[0])
    keep = np.zeros(len(score))
    keep[np.argsort(-score, kind="stable")[:n_kept]] = 1.0
    # Rows keep the length that all columns give them.
    factor = sp.diags(keep.astype(np.float32))
    return (train @ factor).tocsr(), (other @ factor).tocsr()


def characters(texts: list[str], low: int = 3, high: int = 5) -> Matrix:
    """Count hashed character n-grams, syllables joined by one space."""
    blocks = []
    for first in range(0, len(texts), 10_000):
        block = [" " + " ".join(tokenize(text)) + " " for text in texts[first : first + 10_000]]
        length = np.fromiter(map(len, block), np.int64, len(block))
        row = np.repeat(np.arange(len(block)), length)
        code = np.frombuffer("".join(block).encode("utf-32-le"), np.uint32).astype(np.uint64)
        column, where, key = [], [], np.zeros(len(code), np.uint64)
        for n in range(1, high + 1):
            last = len(code) - n + 1
            key = key[:last] * np.uint64(1_000_003) + code[n - 1 :] + np.uint64(n)
            if n >= low:
                whole = row[:last] == row[n - 1 :]
                # The high bits of a product are the well-mixed ones.
                mixed = (key[whole] * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(44)
                column.append(mixed.astype(np.int32))
                where.append(row[:last][whole])
        ones = np.ones(sum(map(len, column)), np.float32)
        index = (np.concatenate(where), np.concatenate(column))
        blocks.append(Matrix((ones, index), shape=(len(block), N_HASHED)))
    return sp.vstack(blocks, format="csr")


def phrase_counts(lab: Lab) -> Matrix:
    """Count the words of the shipped phrase list, cut greedily, longest first."""
    listed = (ROOT / "models/tfidf/phrases.txt").read_text(encoding="utf-8").split("\n")[:-1]
    syllables = sorted({s for phrase in listed for s in phrase.split(" ")})
    ids = {s: i for i, s in enumerate(syllables)}
    words = PhraseList(listed, syllables)
    column = {phrase: i for i, phrase in enumerate(listed)}
    rows, columns = [], []
    for row, text in enumerate(lab.texts):
        tokens = tokenize(text)
        starts = words.word_starts(np.array([ids.get(t, -1) for t in tokens], dtype=np.int64))
        for start, end in pairwise([*starts.tolist(), len(tokens)]):
            if end - start > 1:
                rows.append(row)
                columns.append(column[" ".join(tokens[start:end])])
    ones = np.ones(len(rows), np.float32)
    return Matrix((ones, (rows, columns)), shape=(len(lab.texts), len(listed)))


def rewritten(lab: Lab, rewrite: Callable[[str], str]) -> Matrix:
    """Count the n-grams of changed texts."""
    return counted([rewrite(text) for text in lab.texts], 2)[0]


def row_weights(lab: Lab, strata: tuple[str, ...], value: float) -> dict[str, Array]:
    """Weigh the rows of some strata."""
    return {"weight": np.where(np.isin(lab.drawn, strata)[lab.article], value, 1.0)}


def with_titles(lab: Lab) -> dict[str, Array]:
    """Give titles the labels of their articles."""
    labels = np.where(lab.is_title[:, None], lab.article_labels[lab.article], lab.labels)
    return {"labels": labels}


def scores(lab: Lab) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return the options of `Lab.out_of_fold` for every set of scores, made when needed."""
    chosen = ("uncertainty", "suggested")
    main = {"labels": lab.main, "train": lab.judged}
    plain: dict[str, dict[str, Any]] = {
        REFERENCE: {},
        "1 syllable": {"ngram_max": 1},
        "1-2 syllables": {"ngram_max": 2},
        "min_df 2": {"min_df": 2},
        "min_df 3": {"min_df": 3},
        "min_df 10": {"min_df": 10},
        "C 3": {"C": 3.0},
        "C 30": {"C": 30.0},
        "no class weights": {"class_weight": None},
        "plain term frequency": {"weighting": partial(tfidf, sublinear=False)},
        "BM25 weights": {"weighting": bm25},
        "naive-Bayes ratios (NB-SVM)": {"weighting": present, "per_theme": nb_ratio},
        "50,000 features by chi-square": {"per_theme": chi_square},
        RATIOS: PRESENT,
        MIXED: PRESENT | {"per_theme": partial(count_ratios, offset=1.0)},
        f"{MIXED}, min_df 4": PRESENT
        | {"per_theme": partial(count_ratios, offset=1.0), "min_df": 4},
        "log-count ratios beside plain weights, offset 2, C 0.5": {
            "C": 0.5,
            "per_theme": partial(count_ratios, offset=2.0),
        },
        "log-count ratios, smoothing 1": PRESENT
        | {"per_theme": partial(count_ratios, smoothing=1.0)},
        "log-count ratios, C 3": PRESENT | {"C": 3.0},
        MAIN: main,
        f"{MAIN}, ratios": PRESENT | main,
    }
    return {name: (lambda options=options: options) for name, options in plain.items()} | {
        "without stop words": lambda: {"counts": rewritten(lab, without_stop_words)},
        "numbers as one token": lambda: {"counts": rewritten(lab, partial(_DIGITS.sub, "0"))},
        "phrase list beside n-grams": lambda: {
            "counts": sp.hstack([lab.counts, phrase_counts(lab)], format="csr")
        },
        "grade 2 counts twice": lambda: {"weight": np.where(lab.grades >= 2, 2.0, 1.0)},
        "model-chosen articles × 0.5": lambda: row_weights(lab, chosen, 0.5),
        "model-chosen articles × 0.25": lambda: row_weights(lab, chosen, 0.25),
        "authored articles × 2": lambda: row_weights(lab, ("authored",), 2.0),
        "authored articles × 4": lambda: row_weights(lab, ("authored",), 4.0),
        "titles as training texts": lambda: with_titles(lab),
        CHARACTERS: lambda: {"counts": characters(lab.texts)},
    }


def variants(lab: Lab, folder: Path) -> dict[str, Callable[[], Array]]:
    """Return what makes the stage-one logits of every variant; the reference comes first."""
    of = partial(logits_of, lab, folder)
    shipped = {
        REFERENCE: lambda: of(REFERENCE),
        RATIOS: lambda: of(RATIOS),
        BESIDE: lambda: np.hstack([of(REFERENCE), of(MAIN)]),
        BOTH: lambda: np.hstack([of(RATIOS), of(MAIN)]),
        BOTH_3: lambda: stage_one(lab),
        BOTH_4: lambda: stage_one(lab, 4),
        BOTH_MIXED: lambda: np.hstack(
            [of(f"{MIXED}, min_df 4"), stage_one(lab, 4)[:, len(lab.themes) :]]
        ),
        MAIN_RATIOS: lambda: np.hstack([of(RATIOS), of(f"{MAIN}, ratios")]),
    }
    parts = (MAIN, f"{MIXED}, ")
    alone = {name: partial(of, name) for name in scores(lab) if not name.startswith(parts)}
    mean = {"mean of syllables and characters": lambda: (of(REFERENCE) + of(CHARACTERS)) / 2}
    # Those that are in both keep the place they have here.
    return shipped | alone | mean


def logits_of(lab: Lab, folder: Path, name: str) -> Array:
    """Return a set of out-of-fold logits, kept on disk."""
    path = folder / f"{slug(name)}.npy"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        begun = time.perf_counter()
        logits = lab.out_of_fold(**scores(lab)[name]())
        np.save(path, logits)
        print(f"{name}: {time.perf_counter() - begun:.0f} s", flush=True)
    return np.load(path)


def slug(name: str) -> str:
    """Return a file name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    limit = time.monotonic() + 60 * parser.parse_args().minutes
    lab = Lab(load())
    folder = CACHE / f"{NAME}-{lab.key}"
    results: dict[str, Any] = {}
    missing: list[str] = []
    outcomes: dict[str, Outcome] = {}
    for name, make in variants(lab, folder).items():
        path = folder / f"{slug(name)}.npz"
        if time.monotonic() > limit and not path.is_file():
            missing.append(name)
            continue
        logits = make()
        made = Outcome.kept(
            path, lambda logits=logits: lab.stage_two(logits, model="linear", n_dimensions=0)
        )
        outcome = lab.rejudged(made, logits)
        gap = lab.compare(outcome, outcomes[REFERENCE]) if outcomes else None
        outcomes[name] = outcome
        single = Outcome(logits[:, : len(lab.themes)], outcome.article)
        alone = lab.report(single)["theme-words"]["paragraph"]["macro_f1"]
        results[name] = {
            "stage one alone": alone,
            "both stages": lab.report(outcome),
            "difference": gap,
        }
        print(name, alone, cells(results[name]["both stages"], gap), flush=True)
    write(lab, results, differences(lab, outcomes, STEPS), missing)


def write(lab: Lab, results: dict[str, Any], steps: list[Any], missing: list[str]) -> None:
    """Write the tables and the picture."""
    lines = [
        "# Stage one: features, weights, training samples",
        "",
        f"Cross-validation by article on {lab.n_labelled:,} training articles "
        f"({int(lab.judged.sum()):,} judged paragraphs), both stages, stage two linear; protocol "
        "in `lab.py`. Macro-F1 of paragraphs unless said otherwise; “stage one” is stage one "
        "alone on the same paragraphs. With so many variants one or two intervals leave out zero "
        "by chance. Regenerate: `python experiments/01_stage_one.py`.",
        "",
        f"| variant | stage one | {HEAD} | reading |",
        "|---" * 10 + "|",
    ]
    for name, row in results.items():
        figures = cells(row["both stages"], row["difference"])
        word = "shipped: see below" if "(shipped)" in name else reading(row["difference"])
        lines.append(f"| {name} | {row['stage one alone']:.4f} | {figures} | {word} |")
    if missing:
        lines += ["", f"Not run yet (run the script again): {'; '.join(missing)}."]
    lines += differences_table(steps)
    data = {"variants": results, "steps": steps}
    write_results(NAME, data, "\n".join(lines) + "\n")
    gaps = {name: row["difference"] for name, row in results.items() if row["difference"]}
    draw_differences(gaps, RESULTS / f"{NAME}.png", "macro-F1 minus reference, theme-words")


if __name__ == "__main__":
    main()
