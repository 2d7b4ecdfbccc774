"""Models and features that `05_stage_two` sets beside the shipped stage two."""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed, parallel_config
from lab import (
    MIN_DF,
    N_FOLDS,
    PRESENT,
    Array,
    Contents,
    Lab,
    Network,
    Outcome,
    Predict,
    frequencies,
    take_columns,
    tfidf,
)
from lab_counts import counted
from lab_models import count_ratios, logistic
from scipy.sparse import csr_matrix

from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import PARAGRAPH_BLOCKS, PARAGRAPH_EXTRAS, sigmoid

_NUMBER = re.compile(r"(?<!\w)\d+(?!\w)")
CUES = ("ông", "bà", "vụ việc", "trên", "đoàn thanh tra", "theo đó", "cũng", "này")
TITLE = ("title_logit", "title_probability")
NEIGHBOURS = ("near_probability", "wide_probability")
WHOLE = ("mean_probability", "max_logit", "top3_probability")
PLACE = ("log_length", "is_first", "log_position", "position")


def without(names: tuple[str, ...], n_themes: int) -> Callable[[Array], Array]:
    """Return what drops the named features."""
    columns = [block for block in PARAGRAPH_BLOCKS for _ in range(n_themes)] + [*PARAGRAPH_EXTRAS]
    kept = np.array([name not in names for name in columns])
    # Features added behind the standard ones stay.
    return lambda x: x[:, np.append(kept, np.ones(x.shape[1] - len(kept), dtype=bool))]


def boosting(with_contents: bool) -> Callable[[Array, Contents, Array], Predict]:
    """Return stage two by gradient-boosted trees."""

    def fit(features: Array, contents: Contents, labels: Array) -> Predict:
        from sklearn.ensemble import HistGradientBoostingClassifier

        def inputs(x: Array, parts: Contents) -> Array:
            return np.hstack([x, *parts]) if with_contents else x

        rows, models = inputs(features, contents).astype(np.float32), []
        for label in labels.T:
            known = ~np.isnan(label)
            model = HistGradientBoostingClassifier(
                max_iter=150, learning_rate=0.06, l2_regularization=5.0, random_state=0
            )
            models.append(model.fit(rows[known], label[known]))
        return lambda x, parts: np.stack(
            [m.decision_function(inputs(x, parts).astype(np.float32)) for m in models], axis=1
        )

    return fit


def shifted(lab: Lab, values: Array, distance: int) -> Array:
    """Return the values of the paragraph `distance` places on; zero beyond the article."""
    result = np.zeros_like(values)
    rows = np.arange(len(values))
    other = rows + distance
    inside = (other >= 0) & (other < len(values))
    inside[inside] = lab.article[other[inside]] == lab.article[rows[inside]]
    inside[inside] &= ~lab.is_title[other[inside]]
    result[rows[inside]] = values[other[inside]]
    return result


def single_neighbours(lab: Lab, logits: Array) -> Array:
    """Probabilities of the paragraphs up to three places away, and running maxima."""
    probability = np.where(lab.is_title[:, None], 0, sigmoid(np.nan_to_num(logits)))
    parts = [shifted(lab, probability, d) for d in (-3, -2, -1, 1, 2, 3)]
    before, after = np.zeros_like(probability), np.zeros_like(probability)
    for start, end in zip(lab.starts[:-1], lab.starts[1:], strict=True):
        own = probability[start + 1 : end]
        if len(own) > 1:
            before[start + 2 : end] = np.maximum.accumulate(own)[:-1]
            after[start + 1 : end - 1] = np.maximum.accumulate(own[::-1])[::-1][1:]
    return np.hstack([*parts, before, after])


def foretold(lab: Lab) -> Array:
    """Probabilities of themes by models that learned what comes after a text, or before it."""
    parts = []
    for distance in (1, -1):
        # Zero beyond the article is no label.
        there = shifted(lab, np.ones_like(lab.labels), distance) > 0
        labels = np.where(there, shifted(lab, lab.labels, distance), np.nan)
        labels[lab.is_title] = np.nan
        logits = lab.out_of_fold(min_df=MIN_DF, labels=labels, **PRESENT)
        parts.append(shifted(lab, sigmoid(np.nan_to_num(logits)), -distance))
    return np.hstack(parts)


def over_again(lab: Lab, paragraph: Array) -> Array:
    """Give what stage two said of a paragraph, its neighbours and article (Tu 2008, auto-context).

    As with stage one, the models behind the training rows have seen the labels of the test fold.
    """
    probability = np.where(lab.is_title[:, None], 0, sigmoid(np.nan_to_num(paragraph)))
    rows = np.maximum(np.bincount(lab.article, ~lab.is_title), 1)
    mean = np.stack([np.bincount(lab.article, p) / rows for p in probability.T], axis=1)
    parts = [shifted(lab, probability, distance) for distance in (-2, -1, 0, 1, 2)]
    return np.hstack([*parts, np.nan_to_num(paragraph), mean[lab.article]])


def mixed(lab: Lab, logits: Array) -> Array:
    """Return stage-one logits that learned from ratios beside plain weights (offset 1)."""
    ratios = partial(count_ratios, offset=1.0)
    present = lab.out_of_fold(min_df=MIN_DF, C=1.0, per_theme=ratios)
    return np.hstack([present, logits[:, present.shape[1] :]])


def cue_words(lab: Lab) -> Array:
    """Say which words that continue a story are in a text."""
    patterns = [re.compile(rf"(?<!\w){cue}(?!\w)") for cue in CUES]
    texts = [unicodedata.normalize("NFC", text.lower()) for text in lab.texts]
    return np.array([[bool(p.search(t)) for p in patterns] for t in texts], dtype=float)


def chain(lab: Lab, paragraph: Array, view: Any) -> Outcome:
    """Smooth paragraph logits by a two-state chain per theme (forward-backward)."""
    rows = np.flatnonzero(~lab.is_title)[view.judged]
    layout = view.signals.layout
    place = np.arange(len(rows)) - layout.starts[layout.article]
    result = np.full(paragraph.shape, np.nan)
    own, labels, fold = paragraph[rows], lab.labels[rows], lab.row_folds[rows]
    same = layout.article[1:] == layout.article[:-1]
    for theme in range(own.shape[1]):
        label = labels[:, theme]
        pair = same & ~np.isnan(label[1:]) & ~np.isnan(label[:-1])
        for held_out in range(N_FOLDS):
            train = fold != held_out
            used = pair & train[1:]
            known = train & ~np.isnan(label)
            slope, bias = logistic(own[known, theme, None], label[known], 1.0)
            prior = float(label[known].mean())
            move = np.array(
                [
                    [np.mean(label[1:][used & (label[:-1] == a)] == b) for b in (0, 1)]
                    for a in (0, 1)
                ]
            )
            inside = np.flatnonzero(~train)
            evidence = slope[0] * own[inside, theme] + bias - np.log(prior / (1 - prior))
            result[rows[inside], theme] = _smooth(
                np.clip(evidence, -30, 30), place[inside], move, np.array([1 - prior, prior])
            )
    return Outcome(result, lab.article_stage(view, result))


def _smooth(evidence: Array, place: Array, move: Array, prior: Array) -> Array:
    """Posterior log-odds of state 1 given all of an article's log likelihood ratios."""
    likelihood = np.stack([np.ones_like(evidence), np.exp(evidence)], axis=1)
    forward, backward = np.empty_like(likelihood), np.ones_like(likelihood)
    for i in range(len(evidence)):
        arrived = prior if place[i] == 0 else forward[i - 1] @ move
        forward[i] = arrived * likelihood[i]
        forward[i] /= forward[i].sum()
    for i in range(len(evidence) - 2, -1, -1):
        if place[i + 1] > 0:
            backward[i] = move @ (likelihood[i + 1] * backward[i + 1])
            backward[i] /= backward[i].sum()
    posterior = np.maximum(forward * backward, 1e-12)
    return np.log(posterior[:, 1] / posterior[:, 0])


def stage_one_alone(lab: Lab, logits: Array) -> Outcome:
    """Take stage-one logits that themes are there as they are."""
    own = logits[:, : len(lab.themes)]
    own = np.where((lab.is_title | (lab.length == 0))[:, None], np.nan, own)
    return Outcome(own, lab.article_stage(lab.signals(logits, lab.content(0)), own))


def main_targets(lab: Lab, logits: Array) -> Outcome:
    """Learn to tell main subjects beside presence; return what is said of presence."""
    found = lab.stage_two(logits, labels=np.hstack([lab.labels, lab.main]))
    own = found.paragraph[:, : len(lab.themes)]
    view = lab.signals(logits, lab.content(0))
    return Outcome(own, lab.article_stage(view, own), found.microseconds)


def several(logits: Array, layout: Layout) -> Array:
    """Return log-odds that an article has one paragraph, two or more with a theme."""
    p = np.clip(sigmoid(logits), 1e-6, 1 - 1e-6)
    odds, none = np.zeros((2, layout.n_articles, p.shape[1]))
    np.add.at(none, layout.article, np.log1p(-p))
    np.add.at(odds, layout.article, p / (1 - p))
    # Paragraphs taken as independent: exactly one has chance exp(none) * sum of odds.
    chance = np.stack([-np.expm1(none), 1 - np.exp(none) * (1 + odds)])
    chance = np.clip(chance, 1e-6, 1 - 1e-6)
    return np.hstack(list(np.log(chance / (1 - chance))))


def numbers_as_one(lab: Lab) -> Lab:
    """Return `lab` with every number counted as the same token."""
    changed = copy.copy(lab)
    changed.texts = [_NUMBER.sub("0", text) for text in lab.texts]
    changed.counts, _, changed.ngram, changed.syllables = counted(changed.texts, 2)
    changed._contents = {}
    return changed


def with_grades(lab: Lab, logits: Array) -> Outcome:
    """Let grade 2 count twice where stage one learns whether a theme is there."""
    weight = np.where(lab.grades >= 2, 2.0, 1.0)
    present = lab.out_of_fold(min_df=MIN_DF, weight=weight, **PRESENT)
    return lab.stage_two(np.hstack([present, logits[:, present.shape[1] :]]))


def said(lab: Lab, part: Array, C: float = 100.0, length_power: float = 0.5) -> Array:  # noqa: N803
    """Return out-of-fold article logits by a model over means of the rows of texts.

    Parameters
    ----------
    lab : Lab
    part : ndarray of bool, shape (n_rows,)
        Paragraphs that count, beside titles.
    C : float
        Inverse regularisation.
    length_power : float
        A text counts by this power of its length.
    """
    rows = np.flatnonzero((part | lab.is_title) & (lab.length > 0))
    weight = lab.length[rows].astype(np.float64) ** length_power
    weight /= np.bincount(lab.article[rows], weight, minlength=lab.n_articles)[lab.article[rows]]
    shape = (lab.n_articles, len(lab.article))
    mean = csr_matrix((weight, (lab.article[rows], rows)), shape)
    known = ~np.isnan(lab.article_labels).all(axis=1)

    def of_fold(fold: int) -> Array:
        learned = lab.counts[lab.judged & (lab.row_folds != fold)]
        keep = frequencies(learned) >= MIN_DF
        _, x = tfidf(take_columns(learned, keep), take_columns(lab.counts, keep))
        x, inside = (mean @ x).tocsr(), lab.folds == fold
        train = known & (lab.folds != fold)
        fitted = [
            logistic(x[train], label[train], C, solver="liblinear", class_weight="balanced")
            for label in lab.article_labels.T
        ]
        return np.stack([x[inside] @ coef + bias for coef, bias in fitted], axis=1)

    logits = np.full(lab.article_labels.shape, np.nan)
    with parallel_config(backend="threading"):
        for fold, found in enumerate(Parallel(2)(delayed(of_fold)(f) for f in range(N_FOLDS))):
            logits[lab.folds == fold] = found
    return logits


def network_articles(features: Array, labels: Array) -> Callable[[Array], Array]:
    """Fit a small network beside the linear model, as for paragraphs."""
    nothing = tuple(np.zeros((len(features), 0)) for _ in range(4))
    fit = Network(n_hidden=32, alpha=1.0, n_epochs=30)
    predict = fit(features, nothing, labels)  # type: ignore[arg-type]
    return lambda x: predict(x, tuple(np.zeros((len(x), 0)) for _ in range(4)))  # type: ignore[arg-type]
