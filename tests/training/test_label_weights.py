"""The label statistics that seed topics: against scikit-learn, and where there is no label."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import LogisticRegression

from dvtopics.training.label_weights import label_weights

C, SMOOTHING = 0.5, 2.0


@pytest.fixture(scope="module")
def sample():
    rng = np.random.RandomState(0)
    counts = rng.poisson(0.4, size=(300, 30)).astype(np.float64)
    signal = counts[:, 0] - counts[:, 1] + rng.normal(size=300)
    labels = np.stack([signal > 0.8, counts[:, 2] > rng.poisson(0.8, 300)], axis=1).astype(float)
    labels[:40, 1] = np.nan
    return csr_matrix(counts), labels


def test_as_scikit_learn(sample):
    counts, labels = sample
    found = label_weights(counts, labels, C, SMOOTHING, 2000)
    length = np.sqrt(np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1))
    rows = diags(1 / length) @ counts
    for column, label in enumerate(labels.T):
        known = ~np.isnan(label)
        sums = [np.asarray(counts[label == y].sum(axis=0)).ravel() for y in (1, 0)]
        base = sums[0].sum() / (sums[0].sum() + sums[1].sum())
        odds = (sums[0] + SMOOTHING * base) / (sums[1] + SMOOTHING * (1 - base))
        factor = 10 * np.abs(np.log(odds * (1 - base) / base))
        model = LogisticRegression(C=C, class_weight="balanced", max_iter=5000, tol=1e-8)
        model.fit((rows @ diags(factor)).tocsr()[known], label[known])
        np.testing.assert_allclose(
            found.weight[:, column], model.coef_[0] * factor, rtol=0.02, atol=0.05
        )
        assert found.intercept[column] == pytest.approx(model.intercept_[0], abs=0.05)


def test_labels_that_teach_nothing(sample):
    counts, labels = sample
    labels = np.stack([np.zeros(300), np.ones(300), np.full(300, np.nan), labels[:, 0]], axis=1)
    found = label_weights(counts, labels, C, SMOOTHING, 30)
    assert (found.weight[:, :3] == 0).all()
    assert found.intercept[:3].tolist() == [-8.0, 8.0, -8.0]
    alone = label_weights(counts, labels[:, 3:], C, SMOOTHING, 2000)
    together = label_weights(counts, labels, C, SMOOTHING, 2000)
    np.testing.assert_allclose(together.weight[:, 3:], alone.weight, atol=0.02)
