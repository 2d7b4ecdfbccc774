"""Out-of-fold peaks of texts, for `05_stage_two`: see `dvtopics.taggers.peaks`."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from lab import MIN_DF, N_FOLDS, N_JOBS, Array, Lab
from lab_counts import frequencies, ngram_places, take_columns, tfidf
from lab_models import SMOOTHING, logistic
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from dvtopics.taggers.peaks import find_peaks
from dvtopics.training.stages import count_ratio

#: Coefficients of all columns, and the intercept.
Model = tuple[NDArray[np.float32], float]


class Windows:
    """Peaks of all texts of a lab by models of the shipped stage one that have not seen them.

    Parameters
    ----------
    lab : Lab
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        found = ngram_places(lab.texts, 2)
        self._at, self._row = found["at"], found["row"]
        assert sum(found["sizes"]) == lab.counts.shape[1]
        # What one of several occurrences weighs, before the inverse document frequency.
        key = self._row * np.int64(lab.counts.shape[1]) + self._at
        self._once = np.zeros(self._at.shape)
        for size, here in enumerate(self._at >= 0):
            _, column, count = np.unique(key[size, here], return_inverse=True, return_counts=True)
            times = count[column]
            self._once[size, here] = (1 + np.log(times)) / times
        n_themes = len(lab.themes)
        tasks = [(fold, column) for fold in range(N_FOLDS) for column in range(2 * n_themes)]
        labels = np.hstack([lab.labels, lab.main])
        learned = [np.flatnonzero(lab.judged & (lab.row_folds != f)) for f in range(N_FOLDS)]
        counts = [lab.counts[rows] for rows in learned]
        df = [frequencies(part) for part in counts]
        self._idf = [
            np.where(d >= MIN_DF, np.log((1 + part.shape[0]) / (1 + d)) + 1, 0.0)
            for d, part in zip(df, counts, strict=True)
        ]
        models = Parallel(N_JOBS)(
            delayed(_fit)(counts[f], df[f] >= MIN_DF, labels[learned[f], c], c < n_themes)
            for f, c in tasks
        )
        width = 2 * n_themes
        self._models = [models[f * width : (f + 1) * width] for f in range(N_FOLDS)]

    def peaks(self, logits: Array, window: int) -> Array:
        """Return the peaks of all rows, given the logits of whole texts."""
        lab, result = self._lab, logits.copy()
        for fold, models in enumerate(self._models):
            chosen = lab.row_folds == fold
            token = chosen[self._row]
            feature = self._at[:, token]
            idf = self._idf[fold].take(feature) * (feature >= 0)
            # N-grams that are too rare for the fold are none.
            feature = np.where(idf > 0, feature, -1)
            places = np.append(feature, np.full((3, 1), -1, np.int32), axis=1).astype(np.int32)
            share = np.append(self._once[:, token] * idf, np.zeros((3, 1)), axis=1)
            coef = np.stack([model[0] for model in models], axis=1)
            intercept = np.array([model[1] for model in models])
            windows = lab.length[chosen], (places, share), window
            result[chosen] = find_peaks(windows, (coef, intercept), logits[chosen]).value
        return result


def _fit(counts: csr_matrix, keep: NDArray[np.bool_], label: Array, present: bool) -> Model:
    """Fit one score of the shipped stage one."""
    rows = take_columns(counts, keep)
    rows, _ = tfidf(rows, rows[:1])
    factor = np.ones(rows.shape[1])
    if present:
        factor += count_ratio(rows, label, SMOOTHING)
        rows = csr_matrix((rows.data * factor[rows.indices], rows.indices, rows.indptr), rows.shape)
    options = {"solver": "liblinear", "class_weight": "balanced"}
    coef, intercept = logistic(rows, label, 1.0 if present else 10.0, **options)
    every = np.zeros(len(keep), np.float32)
    every[keep] = coef * factor
    return every, intercept
