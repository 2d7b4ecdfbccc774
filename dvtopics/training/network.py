"""Fitting the paragraph network: context features and contents → `ContextNetwork`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.context import Array, LinearStage, sigmoid
from dvtopics.taggers.network import ContextNetwork

#: Scale of the contents beside standardised features: own, near, whole, title.
_SCALES = (0.5, 0.3, 0.75, 0.5)
_BATCH = 256
#: What the linear model counts beside the networks.
LINEAR_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class NetworkParameters:
    """What the network is fitted with; see `TfidfTagger` for the meaning."""

    n_hidden: int
    alpha: float
    n_epochs: int
    random_state: int
    n_networks: int = 1
    n_averaged: int = 1


def fit_network(
    features: Array,
    contents: tuple[Array, Array, Array, Array],
    labels: Array,
    linear: LinearStage,
    parameters: NetworkParameters,
) -> ContextNetwork:
    """Fit multilayer perceptrons; return their mean, averaged with `linear`, as one network.

    The mean of networks with one hidden layer is a network whose hidden layer holds all of theirs.

    Parameters
    ----------
    features : ndarray, shape (n_items, n_features)
    contents : tuple of ndarray, each of shape (n_items, d)
        Of the paragraph, its neighbours, its article and its title.
    labels : ndarray, shape (n_items, n_themes)
        NaN where unknown: `linear` stands in there.
    linear : LinearStage
        Fitted on the same features.
    parameters : NetworkParameters
    """
    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    n, d = features.shape[1], contents[0].shape[1]
    # Filled in place: with many paragraphs this is what training takes most memory for.
    inputs = np.empty((len(features), n + len(contents) * d), dtype=np.float32)
    np.divide(features - mean, scale, out=inputs[:, :n], casting="same_kind")
    for i, (content, factor) in enumerate(zip(contents, _SCALES, strict=True)):
        part = inputs[:, n + i * d : n + (i + 1) * d]
        np.multiply(content, factor, out=part, casting="same_kind")
    guess = sigmoid(linear.logits(features.T)) >= 0.5
    target = np.where(np.isnan(labels), guess, labels > 0).astype(np.int64)
    constant = (target == target[:1]).all(axis=0)
    if target.shape[1] == 1 and constant[0]:
        # One class only is nothing that scikit-learn can learn: any other stands in, unused.
        target = np.arange(len(target))[:, None] % 2
    # One theme only: scikit-learn wants a flat target.
    target = target if target.shape[1] > 1 else target[:, 0]
    fitted = [
        _perceptron(inputs, target, parameters, parameters.random_state + number)
        for number in range(parameters.n_networks)
    ]
    first = np.concatenate([weights[0] for weights in fitted], axis=1)
    hidden_intercept = np.concatenate([weights[1] for weights in fitted])
    output = np.concatenate([weights[2] for weights in fitted]) / len(fitted)
    intercept = np.mean([weights[3] for weights in fitted], axis=0)
    # What all labels agree on is the linear model's alone to say.
    output[:, constant] = 0.0
    share = np.where(constant, 1.0, LINEAR_SHARE)
    hidden_coef = first[:n] / scale[:, None]
    parts = [first[n + i * d : n + (i + 1) * d] * _SCALES[i] for i in range(len(_SCALES))]
    return ContextNetwork(
        coef=linear.coef * share,
        intercept=linear.intercept * share + intercept * (1 - share),
        hidden_coef=hidden_coef,
        hidden_own=parts[0],
        hidden_near=parts[1],
        hidden_whole=parts[2],
        hidden_title=parts[3],
        hidden_intercept=hidden_intercept - mean @ hidden_coef,
        output=output * (1 - LINEAR_SHARE),
    )


def _perceptron(
    inputs: NDArray[np.float32], target: NDArray[np.int64], parameters: NetworkParameters, seed: int
) -> list[Array]:
    """Fit one perceptron; return its hidden layer's weights and intercepts, then its output's.

    Weights are averaged over the last passes: those of a single one still swing about what they
    would settle on (Polyak & Juditsky 1992; Izmailov et al. 2018, of networks).
    """
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (parameters.n_hidden,),
        alpha=parameters.alpha,
        batch_size=min(_BATCH, len(inputs)),
        # Not a number, from which every pass would start anew.
        random_state=np.random.RandomState(seed),
    )
    # Of flat targets, of columns.
    classes = np.arange(2 if target.ndim == 1 else target.shape[1])
    first = max(parameters.n_epochs - parameters.n_averaged, 0)
    total: list[Array] = []
    for epoch in range(parameters.n_epochs):
        model.partial_fit(inputs, target, classes=classes)
        if epoch >= first:
            weights = (model.coefs_[0], model.intercepts_[0], model.coefs_[1], model.intercepts_[1])
            arrays = [part.astype(np.float64) for part in weights]
            total = [a + b for a, b in zip(total, arrays, strict=True)] if total else arrays
    return [part / (parameters.n_epochs - first) for part in total]
