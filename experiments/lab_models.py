"""What `lab` fits in one fold: stage one, and the models of stage two."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from lab_counts import Array, frequencies, take_columns
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from dvtopics.taggers.context import LinearStage
from dvtopics.training.network import LINEAR_SHARE, NetworkParameters, fit_network
from dvtopics.training.stages import count_ratio

Contents = tuple[Array, Array, Array, Array]
Predict = Callable[[Array, Contents], Array]
#: (features, contents, labels) of training paragraphs → predictor of logits.
Fit = Callable[[Array, Contents, Array], Predict]
#: (training counts, counts of other rows) → the same two, weighted.
Weighting = Callable[[sp.csr_matrix, sp.csr_matrix], tuple[sp.csr_matrix, sp.csr_matrix]]
#: (weighted training rows, weighted other rows, labels of one theme) → the same two matrices.
PerTheme = Callable[
    [sp.csr_matrix, sp.csr_matrix, Array], tuple[sp.csr_matrix, sp.csr_matrix]
]  # fmt: skip

N_FOLDS = 5
CONTEXT_C = 0.05
SMOOTHING = 0.02
#: Logit of what training has no example of.
NEVER = -8.0


def logistic(
    rows: Any,
    label: Array,
    C: float,  # noqa: N803
    weight: Array | None = None,
    **options: Any,
) -> tuple[Array, float]:
    """Fit one logistic regression on the rows whose label is known."""
    known = ~np.isnan(label)
    if label[known].min() == label[known].max():
        return np.zeros(rows.shape[1]), NEVER * (1 - 2 * float(label[known][0]))
    model = LogisticRegression(C=C, max_iter=1000, random_state=0, **options)
    model.fit(rows[known], label[known], sample_weight=None if weight is None else weight[known])
    return model.coef_[0], float(model.intercept_[0])


def count_ratios(
    train: sp.csr_matrix,
    other: sp.csr_matrix,
    label: Array,
    weight: Array | None = None,
    smoothing: float = SMOOTHING,
    offset: float = 0.0,
) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Multiply columns by the size of their log-count ratio and `offset`.

    The shipped stage one does so, with an offset of 1.
    """
    seen = train if weight is None else (sp.diags(weight) @ train).tocsr()
    factor = offset + count_ratio(seen, label, smoothing)
    parts = [
        sp.csr_matrix((m.data * factor[m.indices], m.indices, m.indptr), m.shape)
        for m in (train, other)
    ]
    return parts[0], parts[1]


def fit_linear(features: Array, labels: Array, C: float = CONTEXT_C) -> LinearStage:  # noqa: N803
    """Fit one logistic regression per theme on standardised features."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    rows = (features - mean) / scale
    fitted = [logistic(rows, label, C) for label in labels.T]
    coef = np.stack([weights for weights, _ in fitted], axis=1) / scale[:, None]
    return LinearStage(coef, np.array([bias for _, bias in fitted]) - mean @ coef)


def linear(features: Array, contents: Contents, labels: Array) -> Predict:
    """Stage two: the linear path alone."""
    stage = fit_linear(features, labels)
    return lambda x, _: x @ stage.coef + stage.intercept


@dataclass(frozen=True)
class Network:
    """Stage two: a network of the shipped kind; see `fit_network`.

    `linear_share` is what the linear path counts beside the mean of the networks. The shipped
    one makes 20 passes and averages the weights of the last 10.
    """

    n_hidden: int = 128
    alpha: float = 0.3
    n_epochs: int = 12
    n_averaged: int = 1
    seeds: tuple[int, ...] = (0,)
    linear_share: float = LINEAR_SHARE

    def __call__(self, features: Array, contents: Contents, labels: Array) -> Predict:
        """Fit on training paragraphs."""
        stage = fit_linear(features, labels)
        nets = [
            fit_network(
                features,
                contents,
                labels,
                stage,
                NetworkParameters(
                    self.n_hidden, self.alpha, self.n_epochs, seed, n_averaged=self.n_averaged
                ),
            )
            for seed in self.seeds
        ]

        def predict(x: Array, parts: Contents) -> Array:
            path = x @ stage.coef + stage.intercept
            mixed = np.zeros((len(x), labels.shape[1]))
            for net in nets:
                hidden = x @ net.hidden_coef + net.hidden_intercept
                of = (net.hidden_own, net.hidden_near, net.hidden_whole, net.hidden_title)
                for part, weights in zip(parts, of, strict=True):
                    hidden += part @ weights
                mixed += x @ net.coef + np.maximum(hidden, 0) @ net.output + net.intercept
            # Every network comes mixed with the linear path: take that out, mix again.
            alone = (mixed / len(nets) - LINEAR_SHARE * path) / (1 - LINEAR_SHARE)
            return self.linear_share * path + (1 - self.linear_share) * alone

        return predict


def stage_one_part(
    counts: sp.csr_matrix,
    labels: Array,
    row_folds: NDArray[np.int64],
    train: NDArray[np.bool_],
    weight: Array | None,
    fold: int,
    which: NDArray[np.int64],
    min_df: int,
    weighting: Weighting,
    per_theme: PerTheme | None,
    options: dict[str, Any],
) -> tuple[NDArray[np.int64], Array]:
    """Fit some themes without one fold; return the fold's rows and their logits."""
    rows = np.flatnonzero(train & (row_folds != fold))
    other = np.flatnonzero((row_folds == fold) | ((row_folds < 0) & (fold == N_FOLDS - 1)))
    learned = counts[rows]
    keep = frequencies(learned) >= min_df
    x, z = weighting(take_columns(learned, keep), take_columns(counts[other], keep))
    found = []
    for theme in which:
        label = labels[rows, theme]
        a, b = (x, z) if per_theme is None else per_theme(x, z, label)
        of_rows = None
        if weight is not None:
            of_rows = weight[rows] if weight.ndim == 1 else weight[rows, theme]
        coef, bias = logistic(a, label, weight=of_rows, **options)
        found.append(b @ coef + bias)
    return other, np.stack(found, axis=1)


def stage_two_part(
    fit: Fit,
    inputs: list[tuple[Array, Contents]],
    target: Array,
    fold: NDArray[np.int64],
    repeat: NDArray[np.int64],
    again: NDArray[np.bool_],
    held_out: int,
) -> tuple[Array, float]:
    """Fit on the other folds, both views; return the fold's logits and the seconds they took."""
    first = np.repeat(np.arange(len(fold)), np.where(fold != held_out, repeat, 0))
    picks = (first, first[again[first]])
    features = np.concatenate([x[p] for (x, _), p in zip(inputs, picks, strict=True)])
    contents = [
        np.concatenate([c[i][p] for (_, c), p in zip(inputs, picks, strict=True)]) for i in range(4)
    ]
    predict = fit(features, tuple(contents), target[np.concatenate(picks)])  # type: ignore[arg-type]
    inside = fold == held_out
    x, parts = inputs[0][0][inside], tuple(c[inside] for c in inputs[0][1])
    begun = time.perf_counter()
    values = predict(x, parts)  # type: ignore[arg-type]
    return values, time.perf_counter() - begun
