"""`fit_network` against scikit-learn's `MLPClassifier`, and what it makes of missing labels."""

from __future__ import annotations

import warnings
from dataclasses import fields

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import LinearStage
from dvtopics.taggers.network import Content
from dvtopics.training.network import NetworkParameters, fit_network

LAYOUT = Layout.from_counts([4, 1, 0, 7, 3, 12, 2, 9, 60, 5])
PARAMETERS = NetworkParameters(n_hidden=6, alpha=0.3, n_epochs=15, random_state=3)
#: Of the contents beside the standardised features: own, near, whole, title.
SCALES = (0.5, 0.3, 0.75, 0.5)


class Data:
    """Random features of all sizes, one of them always the same, and labels that follow them."""

    def __init__(self, themes: int) -> None:
        rng = np.random.default_rng(themes)
        n = len(LAYOUT.article)
        self.features = rng.normal(size=(n, 6)) * [1, 50, 0.01, 3, 1, 0] + [0, 20, 0, -7, 1, 2]
        self.content = Content(rng.normal(size=(n, 4)), rng.normal(size=(LAYOUT.n_articles, 4)))
        self.contents = (
            self.content.own,
            self.content.near(LAYOUT),
            self.content.whole(LAYOUT)[LAYOUT.article],
            self.content.title[LAYOUT.article],
        )
        self.linear = LinearStage(rng.normal(size=(6, themes)), rng.normal(size=themes))
        signal = rng.normal(size=(4, themes))
        self.labels = (self.content.own @ signal + rng.normal(size=(n, themes)) > 0).astype(float)

    def fit(self, labels=None, linear=None, parameters=PARAMETERS):
        return fit_network(
            self.features,
            self.contents,
            self.labels if labels is None else labels,
            linear or self.linear,
            parameters,
        )

    def logits(self, network):
        hidden = network.hidden(self.features.T, self.content, LAYOUT)
        return network.logits(self.features.T, hidden)


def perceptron_logits(data, labels, parameters=PARAMETERS):
    """What scikit-learn's own forward pass says, before its last sigmoid."""
    scale = data.features.std(axis=0)
    scale[scale < 1e-9] = 1.0
    standard = (data.features - data.features.mean(axis=0)) / scale
    scaled = [content * by for content, by in zip(data.contents, SCALES, strict=True)]
    inputs = np.concatenate([standard, *scaled], axis=1).astype(np.float32)
    model = MLPClassifier(
        (parameters.n_hidden,), alpha=parameters.alpha, batch_size=min(256, len(inputs)),
        max_iter=parameters.n_epochs, random_state=parameters.random_state,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs, labels if labels.shape[1] > 1 else labels[:, 0])
    p = model.predict_proba(inputs.astype(np.float64))
    p = p if labels.shape[1] > 1 else p[:, 1:]
    return np.log(p / (1 - p))


@pytest.mark.parametrize("themes", [1, 2, 4])
def test_is_the_linear_model_and_the_perceptron_at_one_to_three(themes):
    data = Data(themes)
    expected = data.features @ data.linear.coef + data.linear.intercept
    expected = (expected + 3 * perceptron_logits(data, data.labels.astype(int))) / 4
    np.testing.assert_allclose(data.logits(data.fit()), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("themes", [1, 3])
def test_the_linear_model_stands_in_for_labels_that_are_missing(themes):
    data = Data(themes)
    hole = np.random.default_rng(1).random(data.labels.shape) < 0.4
    guess = data.features @ data.linear.coef + data.linear.intercept >= 0
    assert (guess != data.labels)[hole].any(), "the guess differs from what was there"
    partly = data.fit(np.where(hole, np.nan, data.labels))
    filled = data.fit(np.where(hole, guess, data.labels))
    assert data.logits(partly).tolist() == data.logits(filled).tolist()


def test_two_fits_are_alike_and_the_seed_matters():
    data = Data(2)
    first, again = data.logits(data.fit()), data.logits(data.fit())
    assert first.tobytes() == again.tobytes()
    other = data.fit(parameters=NetworkParameters(6, 0.3, 15, random_state=4))
    assert (data.logits(other) != first).any()


def test_weights_are_those_of_the_last_passes_on_average():
    data = Data(2)
    averaged = data.fit(parameters=NetworkParameters(6, 0.3, 7, 3, n_averaged=3))
    ends = [data.fit(parameters=NetworkParameters(6, 0.3, passes, 3)) for passes in (5, 6, 7)]
    for name in (field.name for field in fields(averaged)):
        expected = np.mean([getattr(network, name) for network in ends], axis=0)
        np.testing.assert_allclose(getattr(averaged, name), expected, rtol=1e-9, atol=1e-12)
    assert (averaged.output != ends[-1].output).any()


def test_more_averaged_than_there_are_is_all():
    data = Data(1)
    fits = [data.fit(parameters=NetworkParameters(6, 0.3, 4, 3, n_averaged=n)) for n in (4, 9)]
    assert fits[0].output.tobytes() == fits[1].output.tobytes()


def test_it_learns():
    data = Data(2)
    nothing = LinearStage(np.zeros((6, 2)), np.zeros(2))
    learned = data.fit(linear=nothing, parameters=NetworkParameters(32, 0.01, 300, 0))
    assert ((data.logits(learned) > 0) == data.labels).mean() > 0.9


@pytest.mark.parametrize("themes", [1, 2])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_theme_with_one_label_only_goes_that_way(themes, label):
    data = Data(themes)
    labels = data.labels.copy()
    labels[:, 0] = label
    # The linear model, which holds the constant, speaks for such a theme alone.
    constant = LinearStage(np.zeros((6, themes)), np.full(themes, 8.0 if label else -8.0))
    fitted = data.fit(labels, constant, NetworkParameters(16, 0.01, 600, 0))
    assert (data.logits(fitted)[:, 0] == constant.intercept[0]).all()
