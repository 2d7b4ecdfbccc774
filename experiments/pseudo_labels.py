"""Labels guessed for unlabelled articles: self-training and co-training of `06_unlabelled`."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from joblib import Parallel, delayed
from kept import Kept, Rows, Target, fit_rows, fit_scores, gathered, labelled
from lab import (
    MIN_DF,
    N_FOLDS,
    N_JOBS,
    Array,
    Contents,
    Lab,
    Network,
    frequencies,
    scaled,
    take_columns,
)
from other_inputs import lsa, unigrams

from dvtopics.article import Article
from dvtopics.taggers.context import PARAGRAPH_BLOCKS, paragraph_features, sigmoid

#: Articles that get pseudo-labels, their weight, and which probabilities are confident.
N_PSEUDO, PSEUDO_WEIGHT, SURE, SURELY_NOT = 2000, 0.3, 0.85, 0.03
#: What the context-only half reads: nothing that knows the paragraph's own words.
_CONTEXT = ("title_logit", "title_probability", "near_probability", "wide_probability")


class Pseudo:
    """Labelled and some unlabelled articles in one lab, and labels guessed for the latter."""

    def __init__(self, lab: Lab, extra: list[Article], own: Array, kept: Kept) -> None:
        self.kept, self.n = kept, len(lab.article)
        some = np.random.RandomState(0).permutation(len(extra))[:N_PSEUDO]
        self.lab = pool = Lab(lab.articles, [extra[i] for i in sorted(some)])
        unlabelled = pool.row_folds < 0
        self.texts = np.flatnonzero(unlabelled)
        self.rows = np.flatnonzero(unlabelled & ~pool.is_title & (pool.length > 0))
        self.own = np.zeros((len(pool.article), own.shape[1]))
        self.own[: self.n] = own
        self.content = lsa(unigrams(pool), np.flatnonzero(~pool.is_title[: self.n]))

    def _rows(self, fold: int) -> tuple[Rows, Rows]:
        """Return the labelled rows of the other folds and all rows of the fold."""
        pool = self.lab
        train = np.flatnonzero(pool.judged & (pool.row_folds != fold))
        return train, np.flatnonzero(pool.row_folds == fold)

    def _inputs(self, own: Array, context_only: bool) -> tuple[Array, Contents]:
        """Return what stage two reads, a row for every text (zeros for titles)."""
        pool = self.lab
        view = pool.signals(own, self.content)
        layout, content = view.signals.layout, view.content
        of = layout.article
        parts = [content.own, content.near(layout), content.whole(layout)[of], content.title[of]]
        features = paragraph_features(view.signals).T
        if context_only:
            blocks = np.repeat(np.isin(PARAGRAPH_BLOCKS, _CONTEXT), own.shape[1])
            features = features[:, np.append(blocks, [False, True, True, True])]
            parts[0], parts[2] = np.zeros_like(parts[0]), np.zeros_like(parts[2])
        rows = np.flatnonzero(~pool.is_title)[view.judged]
        spread = [np.zeros((len(own), part.shape[1]), np.float32) for part in (features, *parts)]
        for whole, part in zip(spread, (features, *parts), strict=True):
            whole[rows] = part
        return spread[0], tuple(spread[1:])  # type: ignore[return-value]

    def guesses(self) -> dict[str, Array]:
        """Return probabilities of the drawn paragraphs, (fold, row, theme), by three judges."""

        def make() -> dict[str, Array]:
            found = Parallel(N_JOBS)(delayed(self._guess)(fold) for fold in range(N_FOLDS))
            return {name: np.stack([f[name] for f in found]) for name in found[0]}

        return self.kept("guesses", make)

    def _guess(self, fold: int) -> dict[str, Array]:
        pool, own = self.lab, self.own.copy()
        train, _ = self._rows(fold)
        own[self.texts] = fit_rows(pool, train, labelled(pool, train), self.texts)
        guessed = {"own": own[self.texts]}
        for name in ("whole", "context"):
            inputs = self._inputs(own, name == "context")
            logits = second_stage(inputs, train, pool.labels[train], self.rows)
            guessed[name] = sigmoid(logits)
        return guessed

    def self_trained(self, judge: str, soft: bool) -> Array:
        """Return out-of-fold stage-one logits of a model that also learned from guesses."""
        pool, guesses = self.lab, self.guesses()[judge]

        def part(fold: int) -> tuple[Rows, Array]:
            train, held_out = self._rows(fold)
            targets: list[Target] = []
            for theme, known in enumerate(pool.labels[train].T):
                p = guesses[fold, :, theme]
                some = (p > 0.02) if soft else (p > SURE) | (p < SURELY_NOT)
                if soft:  # both labels, weighed by their probability
                    rows = np.tile(self.rows[some], 2)
                    label = np.repeat([1.0, 0.0], some.sum())
                    weight = np.concatenate([p[some], 1 - p[some]])
                else:
                    rows, label = self.rows[some], (p[some] > 0.5) * 1.0
                    weight = np.ones(len(rows))
                weight = np.append(np.ones(len(train)), PSEUDO_WEIGHT * weight)
                targets.append((np.append(train, rows), np.append(known, label), weight))
            # Guesses say nothing of main subjects.
            targets += labelled(pool, train)[len(targets) :]
            return held_out, fit_rows(pool, np.append(train, self.rows), targets, held_out)

        return gathered(part, self.n)

    def context_half(self, taught: bool) -> Array:
        """Return out-of-fold logits of the context-only half, perhaps taught by stage one."""
        pool, guesses = self.lab, self.guesses()["own"]

        def part(fold: int) -> tuple[Rows, Array]:
            train, held_out = self._rows(fold)
            labels, own = pool.labels[train], self.own.copy()
            own[self.texts] = guesses[fold]
            if taught:
                p = sigmoid(own[self.rows, : labels.shape[1]])
                label = np.where(p > SURE, 1.0, np.where(p < SURELY_NOT, 0.0, np.nan))
                some = ~np.isnan(label).any(axis=1)
                train = np.append(train, self.rows[some])
                labels = np.concatenate([labels, label[some]])
            return held_out, second_stage(self._inputs(own, True), train, labels, held_out)

        return gathered(part, self.n)


def second_stage(inputs: tuple[Array, Contents], train: Rows, labels: Array, other: Rows) -> Array:
    """Fit the network of stage two on some rows; return its logits of others."""
    features, parts = inputs
    predict = Network()(features[train], tuple(p[train] for p in parts), labels)  # type: ignore[arg-type]
    return predict(features[other], tuple(p[other] for p in parts))  # type: ignore[arg-type]


def common_vocabulary(wide: Lab, n: int) -> Array:
    """Return out-of-fold stage-one logits with vocabulary and IDF from all texts."""
    everywhere = frequencies(wide.counts)
    idf = np.log((1 + wide.counts.shape[0]) / (1 + everywhere)) + 1

    def part(fold: int) -> tuple[Rows, Array]:
        train = np.flatnonzero(wide.judged & (wide.row_folds != fold))
        held_out = np.flatnonzero(wide.row_folds == fold)
        df = frequencies(wide.counts[train])
        keep = (df >= MIN_DF) | ((df >= 2) & (everywhere >= 20))
        x, z = (
            scaled(sublinear(take_columns(wide.counts[rows], keep)), idf[keep])
            for rows in (train, held_out)
        )
        rows = np.arange(len(train))
        return held_out, fit_scores(x, z, [(rows, *rest) for _, *rest in labelled(wide, train)])

    return gathered(part, n)


def sublinear(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Return ``1 + ln`` of the counts."""
    result = counts.copy()
    result.data = 1 + np.log(result.data)
    return result
