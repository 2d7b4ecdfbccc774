"""What `06_unlabelled` and `07_labels` share: outcomes kept on disk, rows and tables of them."""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config
from lab import (
    CACHE,
    HEAD,
    MIN_DF,
    N_FOLDS,
    N_JOBS,
    PRESENT,
    SYSTEM,
    Array,
    Contents,
    Lab,
    Network,
    Outcome,
    Predict,
    cells,
    count_ratios,
    frequencies,
    logistic,
    take_columns,
    tfidf,
)
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
#: Rows to learn from, their labels and weights.
Target = tuple[Rows, Array, Array | None]


class Kept:
    """Arrays by name under ``experiments/cache``: a run that was cut off goes on where it was.

    Parameters
    ----------
    lab : Lab
        Its labels and sizes are part of every key.
    name : str
        Of the experiment.
    fresh : bool
        Forget what is there.
    """

    def __init__(self, lab: Lab, name: str, fresh: bool) -> None:
        self.folder = CACHE / f"{name}-{SYSTEM}"
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.glob("*.npz") if fresh else ():
            path.unlink()
        self._data = hashlib.sha256(lab.labels.tobytes() + lab.length.tobytes()).hexdigest()

    def __call__(self, name: str, make: Callable[[], dict[str, Array]]) -> dict[str, Array]:
        """Return the arrays that `make` returned when it was first asked for `name`."""
        path = self._path(name)
        if not path.is_file():
            print("computing:", name, flush=True)
            # Threads share the count matrix; liblinear and BLAS let go of the interpreter.
            with parallel_config(backend="threading"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                arrays = make()
            fresh = path.with_suffix(".partial.npz")
            np.savez(fresh, **arrays)
            fresh.replace(path)
        with np.load(path) as saved:
            return dict(saved)

    def __contains__(self, name: str) -> bool:
        """Say whether `name` was made before."""
        return self._path(name).is_file()

    def _path(self, name: str) -> Path:
        key = hashlib.sha256((self._data + name).encode()).hexdigest()[:20]
        return self.folder / f"{key}.npz"


def arrays_of(found: Outcome, own: Array) -> dict[str, Array]:
    """Return an outcome and its stage-one logits as arrays to keep."""
    return {"paragraph": found.paragraph, "article": found.article, "own": own}


def outcome_of(kept: dict[str, Array]) -> Outcome:
    """Return the outcome among kept arrays."""
    return Outcome(kept["paragraph"], kept["article"])


def stage_one(lab: Lab, min_df: int = MIN_DF, fresh: bool = False) -> Array:
    """Return out-of-fold logits of the shipped stage one."""
    kept = Kept(lab, "stage_one", fresh)
    return kept(f"min_df {min_df}", lambda: {"own": lab.stage_one(min_df)})["own"]


def reference(lab: Lab, fresh: bool = False) -> dict[str, Array]:
    """Return the arrays of the reference system."""

    def make() -> dict[str, Array]:
        own = stage_one(lab, fresh=fresh)
        return arrays_of(lab.stage_two(own), own)

    return Kept(lab, "reference", fresh)("reference", make)


def read_records(path: Path) -> list[dict[str, Any]]:
    """Read the records of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def taught(
    lab: Lab, teach: Mask, labels: Array | None = None, article_level: Mask | None = None
) -> Lab:
    """Return a view of `lab` in which only the articles `teach` carry labels.

    Labels of articles as wholes are those of `article_level` where it is given.
    """
    part = copy.copy(lab)
    labels = lab.labels if labels is None else labels
    whole = teach if article_level is None else article_level
    learned = teach[lab.article, None]
    part.labels = np.where(learned, labels, np.nan)
    part.main = np.where(learned, lab.main, np.nan)
    part.article_labels = np.where(whole[:, None], lab.article_labels, np.nan)
    part.judged = ~np.isnan(part.labels).all(axis=1) & (lab.length > 0)
    return part


def row(lab: Lab, found: Outcome, reference: Outcome | None) -> dict[str, Any]:
    """Return figures of an outcome, with the paired difference to `reference`."""
    gap = None if reference is None else lab.compare(found, reference)
    return {"difference": gap, **lab.report(found)}


def table(first: str, rows: dict[str, Any], extra: tuple[str, ...] = ()) -> list[str]:
    """Return the Markdown table of `rows`; `extra` names further figures, shown first."""
    lines = [
        f"| {' | '.join((first, *extra))} | {HEAD} |",
        "|---" * (len(extra) + 1 + len(HEAD.split("|"))) + "|",
    ]
    for name, figures in rows.items():
        shown = [f"{v:,}" if isinstance(v := figures[key], int) else str(v) for key in extra]
        lines.append(f"| {' | '.join((name, *shown))} | {cells(figures, figures['difference'])} |")
    return lines


class Systems:
    """Out-of-fold outcomes of whole systems, kept on disk."""

    def __init__(self, lab: Lab, name: str, fresh: bool) -> None:
        self.lab = lab
        self.kept = Kept(lab, name, fresh)
        # Contents read no labels: learned once, from all texts, for every variant.
        lab.content()
        self.usual = reference(lab, fresh)

    def arrays(
        self,
        name: str,
        teach: Mask | None = None,
        labels: Array | None = None,
        article_level: Mask | None = None,
    ) -> dict[str, Array]:
        """Return what the system says that learned from these labels and weights."""
        teach = np.ones(self.lab.n_articles, dtype=bool) if teach is None else teach
        return self.taught_by(name, taught(self.lab, teach, labels, article_level))

    def taught_by(self, name: str, student: Lab) -> dict[str, Array]:
        """Return what the system says that learned from the labels of `student`."""

        def make() -> dict[str, Array]:
            own = student.stage_one()
            return arrays_of(student.stage_two(own), own)

        return self.kept(name, make)

    def of(self, name: str, teach: Mask | None = None, labels: Array | None = None) -> Outcome:
        """Return the outcome alone."""
        return outcome_of(self.arrays(name, teach, labels))

    def unseeing(self) -> dict[str, Array]:
        """Return, for every fold, out-of-fold logits of systems that never saw its labels.

        What is changed in the training of a fold must not be chosen by models that know the
        answers of that fold: the changes would carry them. Stage two is linear here, which is
        quicker and says nearly the same.

        Returns
        -------
        dict of str to ndarray, shape (n_folds, n_rows, n_scores or n_themes)
            ``own`` of stage one, ``paragraph`` of both stages.
        """

        def make(fold: int) -> dict[str, Array]:
            student = taught(self.lab, self.lab.folds != fold)
            own = student.stage_one()
            found = student.stage_two(own, model="linear", n_dimensions=0).paragraph
            return {"own": own.astype(np.float32), "paragraph": found.astype(np.float32)}

        parts = [self.kept(f"without fold {f}", partial(make, f)) for f in range(N_FOLDS)]
        return {name: np.stack([part[name] for part in parts]) for name in parts[0]}

    def changed(
        self, name: str, labels: Sequence[Array], weight: Sequence[Array] | None = None
    ) -> Outcome:
        """Return the outcome where every fold has its own training labels and weights.

        `weight` is by row and theme and heeded by stage one's scores of presence. Where a label
        is changed, the theme is no main subject.
        """
        lab = self.lab

        def stage_one(fold: int) -> tuple[Rows, Array]:
            known = ~np.isnan(labels[fold]).all(axis=1) & lab.judged
            train = np.flatnonzero(known & (lab.row_folds != fold))
            held_out = np.flatnonzero(lab.row_folds == fold)
            same = (labels[fold] == lab.labels) | np.isnan(lab.labels)
            main = np.where(same, lab.main, 0 * labels[fold])
            targets = [
                (train, labels[fold][train, t], None if weight is None else weight[fold][train, t])
                for t in range(len(lab.themes))
            ]
            targets += [(train, label, None) for label in main[train].T]
            return held_out, fit_rows(lab, train, targets, held_out)

        def network(features: Array, contents: Contents, rows: Array) -> Predict:
            # In place of labels the lab hands over row numbers, which tell the fold.
            at = rows[:, 0].astype(np.int64)
            (fold,) = set(range(N_FOLDS)) - set(np.unique(lab.row_folds[at]).tolist())
            return Network()(features, contents, labels[fold][at])

        def make() -> dict[str, Array]:
            own = gathered(stage_one, len(lab.article))
            rows = np.full(lab.labels.shape, np.nan)
            rows[lab.judged] = np.flatnonzero(lab.judged)[:, None]
            return arrays_of(lab.stage_two(own, model=network, labels=rows), own)

        return outcome_of(self.kept(name, make))


def labelled(lab: Lab, rows: Rows) -> list[Target]:
    """Return what every score of stage one learns from the labels of `rows`."""
    return [(rows, label, None) for label in np.hstack([lab.labels, lab.main])[rows].T]


def fit_rows(lab: Lab, shown: Rows, targets: list[Target], other: Rows) -> Array:
    """Fit stage one as the lab does; every score has its own rows, labels and weights.

    Vocabulary and document frequencies come from the rows `shown`, of which a score's rows are
    some, perhaps repeated.
    """
    learned = lab.counts[shown]
    keep = frequencies(learned) >= MIN_DF
    x, z = tfidf(take_columns(learned, keep), take_columns(lab.counts[other], keep))
    place = np.full(lab.counts.shape[0], -1)
    place[shown] = np.arange(len(shown))
    return fit_scores(x, z, [(place[rows], *rest) for rows, *rest in targets])


def fit_scores(x: csr_matrix, z: csr_matrix, targets: list[Target]) -> Array:
    """Fit on rows of `x`, presence of every theme before main subjects; return scores of `z`."""
    found = []
    for column, (rows, label, weight) in enumerate(targets):
        learned, asked, C = x[rows], z, 10.0  # noqa: N806
        if column < len(targets) // 2:
            learned, asked = count_ratios(learned, z, label, weight)
            C = PRESENT["C"]  # noqa: N806
        coef, bias = logistic(
            learned, label, C, weight, solver="liblinear", class_weight="balanced"
        )
        found.append(asked @ coef + bias)
    return np.stack(found, axis=1)


def gathered(part: Callable[[int], tuple[Rows, Array]], n: int) -> Array:
    """Put the held-out rows of all folds together."""
    found = Parallel(N_JOBS)(delayed(part)(fold) for fold in range(N_FOLDS))
    result = np.full((n, found[0][1].shape[1]), np.nan)
    for rows, values in found:
        result[rows] = values
    return result
