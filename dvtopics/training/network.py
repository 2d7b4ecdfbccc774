"""Fitting the paragraph network: context features and contents → `ContextNetwork`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

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
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    mean, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    scaled = [content * factor for content, factor in zip(contents, _SCALES, strict=True)]
    inputs = np.concatenate([(features - mean) / scale, *scaled], axis=1).astype(np.float32)
    guess = sigmoid(linear.logits(features.T)) >= 0.5
    target = np.where(np.isnan(labels), guess, labels > 0).astype(np.int64)
    constant = (target == target[:1]).all(axis=0)
    if target.shape[1] == 1 and constant[0]:
        # One class only is nothing that scikit-learn can learn: any other stands in, unused.
        target = np.arange(len(target))[:, None] % 2
    models = []
    for number in range(parameters.n_networks):
        model = MLPClassifier(
            (parameters.n_hidden,),
            alpha=parameters.alpha,
            batch_size=min(_BATCH, len(inputs)),
            max_iter=parameters.n_epochs,
            random_state=parameters.random_state + number,
        )
        with warnings.catch_warnings():
            # The number of epochs is a parameter: stopping there is not a failure.
            warnings.simplefilter("ignore", ConvergenceWarning)
            # One theme only: scikit-learn wants a flat target.
            model.fit(inputs, target if target.shape[1] > 1 else target[:, 0])
        models.append(model)
    first = np.concatenate([m.coefs_[0] for m in models], axis=1).astype(np.float64)
    output = np.concatenate([m.coefs_[1] for m in models]).astype(np.float64) / len(models)
    hidden_intercept = np.concatenate([m.intercepts_[0] for m in models]).astype(np.float64)
    intercept = np.mean([m.intercepts_[1] for m in models], axis=0, dtype=np.float64)
    # What all labels agree on is the linear model's alone to say.
    output[:, constant] = 0.0
    part = np.where(constant, 1.0, LINEAR_SHARE)
    n, d = features.shape[1], contents[0].shape[1]
    hidden_coef = first[:n] / scale[:, None]
    parts = [first[n + i * d : n + (i + 1) * d] * _SCALES[i] for i in range(len(_SCALES))]
    return ContextNetwork(
        coef=linear.coef * part,
        intercept=linear.intercept * part + intercept * (1 - part),
        hidden_coef=hidden_coef,
        hidden_own=parts[0],
        hidden_near=parts[1],
        hidden_whole=parts[2],
        hidden_title=parts[3],
        hidden_intercept=hidden_intercept - mean @ hidden_coef,
        output=output * (1 - LINEAR_SHARE),
    )
