"""A fast cross-validation lab: one count matrix, stage one and stage two on top of it.

Protocol
--------
All texts are counted once. Stage one is cross-validated by article (5 folds): every paragraph
and title gets logits, two a theme (it is there, it is a main subject), from models that have not
seen its article; vocabulary, document frequencies and everything that reads labels come from the
training folds only. Stage two is cross-validated over the same folds on top of these logits. That
is faster than nesting whole pipelines (two minutes in place of twenty) and compares variants
fairly, though the stage-one models behind the training rows of stage two have seen the labels of
its test fold. Text contents are learned without labels, from all texts at once. The article model
reads out-of-fold logits of the paragraphs that were judged. Thresholds are chosen per theme on the
four other folds with the population weights that training uses. The reference is the system that
was shipped when most studies were made. Since then log-count ratios count beside plain weights,
the weights of the network are averaged over its last passes, and stage two reads the best passage
of a paragraph (`05_stage_two`). The shipped training
differs in four small ways more: it nests stage one, it keeps terms that are in four paragraphs
rather than three (`01_stage_one` tells no difference), its linear path sees every article twice
(with and without title, at half weight), and its article model also learns from articles without
title.

Usage::

    lab = Lab(load())
    logits = lab.stage_one()
    outcome = lab.stage_two(logits)
    lab.report(outcome)["theme-words"]["paragraph"]["macro_f1"]
    lab.compare(outcome, reference)  # paired bootstrap over articles
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from common import AUTHORED, LAW_TRAIN, training_news
from joblib import Parallel, delayed
from lab_counts import CACHE, Array, counted, frequencies, scaled, take_columns, tfidf
from lab_models import (
    CONTEXT_C,
    N_FOLDS,
    Contents,
    Fit,
    Network,
    PerTheme,
    Predict,
    Weighting,
    count_ratios,
    fit_linear,
    linear,
    logistic,
    stage_one_part,
    stage_two_part,
)
from numpy.typing import NDArray
from thresholds import best_cut

from dvtopics.article import Article
from dvtopics.corpus.labels import Labels, in_article_part
from dvtopics.corpus.store import read_labelled
from dvtopics.evaluation.metrics import average_precision
from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.rows import Rows
from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import article_features, paragraph_features
from dvtopics.taggers.pipeline import JudgedSignals, TextScores, in_context, signals_of
from dvtopics.themes import load_themes
from dvtopics.training.folds import POPULATION_WEIGHTS, article_folds, population_weights
from dvtopics.training.stages import labelled_part

__all__ = [
    "ARTICLE_C", "CACHE", "CONTEXT_C", "HEAD", "MIN_DF", "N_DRAWS", "N_FOLDS", "PRESENT",
    "STRATA", "SYSTEM", "Array", "Contents", "Fit", "Lab", "Network", "Outcome", "Predict",
    "by_article", "cells", "count_ratios", "f1_of", "first_part", "fit_linear", "frequencies",
    "linear", "linear_articles", "load", "logistic", "scaled", "span", "take_columns", "tfidf",
]  # fmt: skip

STRATA = ("theme-words", "uncertainty", "suggested", "authored")
N_JOBS, N_DRAWS = 2, 1000
#: Share of the articles that stage two also sees without title, as in training.
UNTITLED = 0.3
ARTICLE_C = 0.01
MIN_DF = 3
#: How stage one learns whether a theme is there.
PRESENT: dict[str, Any] = {"C": 1.0, "per_theme": count_ratios}
#: (features, labels) of training articles → predictor of logits.
FitArticles = Callable[[Array, Array], Callable[[Array], Array]]
#: Part of the names of caches: another one for another reference system.
SYSTEM = "two-scores"


def load(files: Sequence[str | Path] | None = None) -> list[Article]:
    """Return labelled articles: by default all that the shipped models are trained on."""
    if files is not None:
        return read_labelled(files)
    # Not the authored news articles, nor what was graded later in articles of the others: the
    # studies were made before.
    return [first_part(a) for a in read_labelled([AUTHORED, LAW_TRAIN]) + training_news()]


def first_part(article: Article) -> Article:
    """Return `article` without the grades of paragraphs that its own grades do not stand on."""
    paragraphs = [
        p if inside else replace(p, grades=None)
        for p, inside in zip(article.paragraphs, in_article_part(article), strict=True)
    ]
    return Article(article.title, paragraphs, article.id, article.grades, article.metadata)


def linear_articles(features: Array, labels: Array) -> Callable[[Array], Array]:
    """Fit the shipped kind of article model."""
    stage = fit_linear(features, labels, ARTICLE_C)
    return lambda x: stage.logits(x.T)


@dataclass(frozen=True)
class Outcome:
    """Out-of-fold logits: of all rows (NaN for titles and blank lines) and of articles.

    `microseconds` is the time stage two took to evaluate an article's paragraphs, features and
    contents given.
    """

    paragraph: Array
    article: Array
    microseconds: float = float("nan")

    @classmethod
    def kept(cls, path: Path, make: Callable[[], Outcome]) -> Outcome:
        """Read an outcome from the cache, or make it and keep it there."""
        if not path.is_file():
            made = make()
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial.npz")
            np.savez(partial, paragraph=made.paragraph, article=made.article, us=made.microseconds)
            partial.replace(path)
        with np.load(path) as saved:
            return cls(saved["paragraph"], saved["article"], float(saved["us"]))


class Lab:
    """Counts, labels and folds of a list of articles.

    Parameters
    ----------
    articles : list of Article
        With labels.
    unlabelled : list of Article, optional
        Laid after the labelled ones; their labels are NaN, their fold and ``drawn`` empty.
    min_count : int, default 2
        N-grams that occur less often in all texts are left out.

    Attributes
    ----------
    counts : csr_matrix of float32, shape (n_rows, n_ngrams)
        One row a text: of every article its title, then its paragraphs. Columns: 1-grams,
        then 2-grams, 3-grams.
    ngram : ndarray, shape (n_ngrams,)
        Length of every n-gram.
    article, position, length : ndarray, shape (n_rows,)
        Article, place in it (-1: title), tokens.
    labels, main, grades : ndarray, shape (n_rows, n_themes)
        NaN where unknown and for titles; `main` is the label of a main subject.
    part : ndarray of bool, shape (n_rows,)
        See `Labels.part`.
    article_labels : ndarray, shape (n_articles, n_themes)
    drawn : ndarray of str, folds, weight : ndarray, shape (n_articles,)
        How an article was drawn; its fold (-1: unlabelled); its population weight.
    """

    def __init__(
        self, articles: list[Article], unlabelled: Sequence[Article] = (), min_count: int = 2
    ) -> None:
        every = [*articles, *unlabelled]
        self.themes = load_themes().ids
        self.articles = every
        self.n_articles, self.n_labelled = len(every), len(articles)
        sizes = np.array([len(a.paragraphs) + 1 for a in every])
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.article = np.repeat(np.arange(len(every)), sizes)
        self.position = np.arange(len(self.article)) - self.starts[self.article] - 1
        self.is_title = self.position < 0
        body = ~self.is_title
        known = Labels.from_articles(every, self.themes)
        shape = (len(body), len(self.themes))
        self.labels, self.main, self.grades = (np.full(shape, np.nan) for _ in range(3))
        self.labels[body], self.main[body] = known.paragraph, known.main
        self.grades[body] = [
            [np.nan if (g := (p.grades or {}).get(t)) is None else g for t in self.themes]
            for a in every
            for p in a.paragraphs
        ]
        self.part = np.zeros(len(body), dtype=bool)
        self.part[body] = known.part
        self.article_labels = known.article
        if unlabelled:
            for given in (self.labels, self.main, self.grades):
                given[self.article >= self.n_labelled] = np.nan
            self.article_labels[self.n_labelled :] = np.nan
        labelled = np.arange(len(every)) < self.n_labelled
        drawn = np.array([str(a.metadata.get("drawn", "")) for a in every])
        self.drawn = np.where(labelled, drawn, "")
        self.weight = population_weights(every, POPULATION_WEIGHTS)
        self.folds = np.full(len(every), -1)
        self.folds[labelled] = article_folds(self.n_labelled, N_FOLDS, 0)
        self.row_folds = self.folds[self.article]
        self.texts = [text for a in every for text in (a.title, *(p.text for p in a.paragraphs))]
        #: Names the texts and labels in caches.
        self.key = hashlib.sha256(
            "\n".join(self.texts).encode("utf-8", "surrogatepass")
            + self.grades.tobytes()
            + self.article_labels.tobytes()
        ).hexdigest()[:12]
        self.counts, self.length, self.ngram, self.syllables = counted(self.texts, min_count)
        #: Rows that stage one may learn from.
        self.judged = ~np.isnan(self.labels).all(axis=1) & (self.length > 0)
        self._contents: dict[int, Array] = {}

    @cached_property
    def layout(self) -> Layout:
        """Layout of the paragraphs (titles left out)."""
        return Layout.from_counts(np.diff(self.starts) - 1)

    def out_of_fold(
        self,
        *,
        ngram_max: int = 3,
        min_df: int = 5,
        C: float = 10.0,  # noqa: N803
        class_weight: str | None = "balanced",
        weighting: Weighting = tfidf,
        per_theme: PerTheme | None = None,
        counts: sp.csr_matrix | None = None,
        labels: Array | None = None,
        weight: Array | None = None,
        train: NDArray[np.bool_] | None = None,
    ) -> Array:
        """Return stage-one logits of every row from models that have not seen its article.

        Parameters
        ----------
        ngram_max, min_df, C, class_weight
            As in `TfidfTagger`; `min_df` counts in the training rows of a fold.
        weighting, per_theme : callable
            Counts to weights; a further step that may read the training labels of a theme.
        counts : csr_matrix, optional
            In place of `self.counts` (then `ngram_max` is not heeded).
        labels : ndarray, optional
            In place of `self.labels`; also of titles or unlabelled rows (fold -1, which every
            model learns from; their logits are of the last fold).
        weight : ndarray, shape (n_rows,) or (n_rows, n_themes), optional
            Weight of every row in training.
        train : ndarray of bool, shape (n_rows,), optional
            Rows to learn from; by default those with a label.
        """
        if counts is None:
            counts = take_columns(self.counts, self.ngram <= ngram_max)
        labels = self.labels if labels is None else labels
        if train is None:
            train = ~np.isnan(labels).all(axis=1) & (self.length > 0)
        # Nothing of `self` goes to the workers: its texts would be copied every time.
        themes = [part for part in np.array_split(np.arange(labels.shape[1]), 2) if len(part)]
        tasks = [(fold, which) for fold in range(N_FOLDS) for which in themes]
        options = {"C": C, "solver": "liblinear", "class_weight": class_weight}
        found = Parallel(N_JOBS)(
            delayed(stage_one_part)(
                counts, labels, self.row_folds, train, weight, fold, which,
                min_df, weighting, per_theme, options,
            )
            for fold, which in tasks
        )  # fmt: skip
        logits = np.full((len(self.article), labels.shape[1]), np.nan)
        for (_, which), (rows, values) in zip(tasks, found, strict=True):
            logits[np.ix_(rows, which)] = values
        return logits

    def stage_one(self, min_df: int = MIN_DF) -> Array:
        """Return out-of-fold logits of the shipped stage one: presence, then main subject.

        Returns
        -------
        ndarray, shape (n_rows, 2 * n_themes)
        """
        present = self.out_of_fold(min_df=min_df, **PRESENT)
        return np.hstack([present, self.main_subject(min_df=min_df)])

    def main_subject(self, **options: Any) -> Array:
        """Return `out_of_fold` logits of themes being main subjects, of the same paragraphs."""
        return self.out_of_fold(labels=self.main, train=self.judged, **options)

    def content(self, n_dimensions: int = 32) -> Array:
        """Return what every row is about: coordinates learned without labels."""
        if n_dimensions not in self._contents:
            single = take_columns(self.counts, self.ngram == 1)
            keep = frequencies(single[self.judged]) >= MIN_DF
            single = take_columns(single, keep)
            _, rows = tfidf(single[self.judged], single)
            rows.sort_indices()
            if n_dimensions:
                fitted = SyllableEmbedding.fit(
                    [_as_rows(rows[~self.is_title])], rows.shape[1], n_dimensions, 0
                )
                self._contents[n_dimensions] = fitted.transform(_as_rows(rows))
            else:
                self._contents[0] = np.zeros((rows.shape[0], 0))
        return self._contents[n_dimensions]

    def signals(self, logits: Array, content: Array, titled: bool = True) -> JudgedSignals:
        """Lay `logits` and `content` of all rows out for stage two."""
        body, title = ~self.is_title, self.is_title
        length = self.length[title] if titled else np.zeros(self.n_articles, np.int64)
        return signals_of(
            TextScores(logits[body], content[body], self.length[body]),
            TextScores(logits[title], content[title], length),
            self.layout,
        )

    def stage_two(
        self,
        logits: Array,
        extra: Array | None = None,
        model: str | Fit = "network",
        *,
        n_dimensions: int = 32,
        content: Array | None = None,
        change: Callable[[Array], Array] | None = None,
        shown: tuple[bool, bool, bool, bool] = (True, True, True, True),
        untitled: float = UNTITLED,
        labels: Array | None = None,
        weight: Array | None = None,
    ) -> Outcome:
        """Cross-validate stage two on top of out-of-fold `logits`.

        Parameters
        ----------
        logits : ndarray, shape (n_rows, n_scores)
            The first of every theme say that it is there.
        extra : ndarray, shape (n_rows, m), optional
            Further features of a paragraph.
        model : {"network", "linear"} or callable
        n_dimensions : int
            Of the contents.
        content : ndarray, shape (n_rows, d), optional
            In place of the contents learned here.
        change : callable, optional
            Changes the feature matrix (n_paragraphs, n_features) before fitting.
        shown : tuple of bool
            Which contents are given: own, near, whole, title.
        untitled : float
            Share of articles shown a second time without title, in training.
        labels : ndarray, optional
            In place of `self.labels`.
        weight : ndarray, shape (n_rows,), optional
            Whole-number repeats of a row in training (0 leaves it out).
        """
        fit = {"network": Network(), "linear": linear}[model] if isinstance(model, str) else model
        content = self.content(n_dimensions) if content is None else content
        labels = self.labels if labels is None else labels
        views = [self.signals(logits, content, titled) for titled in (True, False)]
        rows = np.flatnonzero(~self.is_title)[views[0].judged]
        inputs = [self._inputs(view, shown) for view in views]
        if extra is not None:
            inputs = [(np.hstack([x, extra[rows]]), parts) for x, parts in inputs]
        if change is not None:
            inputs = [(change(x), parts) for x, parts in inputs]
        target, fold, of = labels[rows], self.row_folds[rows], self.article[rows]
        again = np.random.RandomState(0).random_sample(self.n_articles) < untitled
        repeat = np.ones(len(rows), np.int64) if weight is None else weight[rows].astype(np.int64)
        repeat = np.where(np.isnan(target).all(axis=1), 0, repeat)

        result = np.full((len(self.article), target.shape[1]), np.nan)
        found = Parallel(N_JOBS)(
            delayed(stage_two_part)(fit, inputs, target, fold, repeat, again[of], held_out)
            for held_out in range(N_FOLDS)
        )
        for held_out, (values, _) in enumerate(found):
            result[rows[fold == held_out]] = values
        # The fold least disturbed by what else the machine does.
        seconds = min(
            taken / max(np.sum(self.folds == held_out), 1)
            for held_out, (_, taken) in enumerate(found)
        )
        return Outcome(result, self.article_stage(views[0], result), 1e6 * seconds)

    def _inputs(self, view: JudgedSignals, shown: tuple[bool, ...]) -> tuple[Array, Contents]:
        layout, content = view.signals.layout, view.content
        parts = (
            content.own,
            content.near(layout),
            content.whole(layout)[layout.article],
            content.title[layout.article],
        )
        chosen = [p if use else np.zeros_like(p) for p, use in zip(parts, shown, strict=True)]
        return paragraph_features(view.signals).T.copy(), tuple(chosen)  # type: ignore[return-value]

    def article_features(
        self, view: JudgedSignals, paragraph: Array, part: NDArray[np.bool_] | None = None
    ) -> Array:
        """Return what the article model reads, shape (n_articles, n_features).

        Parameters
        ----------
        view : JudgedSignals
        paragraph : ndarray, shape (n_rows, n_themes)
            Logits.
        part : ndarray of bool, shape (n_judged,), optional
            Paragraphs to judge by; by default those that were judged.
        """
        body = np.flatnonzero(~self.is_title)
        if part is None:
            part = labelled_part(view, self.part[body])
        own = np.nan_to_num(paragraph[body[view.judged]])
        return article_features(in_context(view.signals, own), part).T

    def judge_articles(self, features: Array, fit: FitArticles = linear_articles) -> Array:
        """Return out-of-fold article logits of a model over article features."""
        filled = np.bincount(self.article, (self.length > 0) & ~self.is_title) > 0
        known = filled & ~np.isnan(self.article_labels).all(axis=1)
        logits = np.full(self.article_labels.shape, np.nan)
        for fold in range(N_FOLDS):
            train, inside = known & (self.folds != fold), self.folds == fold
            predict = fit(features[train], self.article_labels[train])
            logits[inside] = predict(features[inside])
        return logits

    def article_stage(self, view: JudgedSignals, paragraph: Array) -> Array:
        """Return out-of-fold article logits of the shipped model over paragraph logits."""
        return self.judge_articles(self.article_features(view, paragraph))

    def rejudged(self, outcome: Outcome, logits: Array) -> Outcome:
        """Judge the articles of a kept outcome again, by the package as it is now."""
        view = self.signals(logits, self.content(0))
        return replace(outcome, article=self.article_stage(view, outcome.paragraph))

    def decided(self, outcome: Outcome, level: str) -> tuple[Array, Array, NDArray[np.bool_], Any]:
        """Return logits, labels, tags and article of every item of a level."""
        if level == "paragraph":
            logits, labels, article = outcome.paragraph, self.labels, self.article
        else:
            logits, labels, article = (
                outcome.article, self.article_labels, np.arange(self.n_articles),
            )  # fmt: skip
        labels = np.where(np.isnan(logits), np.nan, labels)
        tags = np.zeros(labels.shape, dtype=bool)
        for theme in range(labels.shape[1]):
            known = ~np.isnan(labels[:, theme])
            order = np.flatnonzero(known)[np.argsort(-logits[known, theme], kind="stable")]
            for fold in range(N_FOLDS):
                rest = order[self.folds[article[order]] != fold]
                cut = best_cut(logits[rest, theme], labels[rest, theme], self.weight[article[rest]])
                inside = self.folds[article] == fold
                tags[inside, theme] = logits[inside, theme] >= cut
        return logits, labels, tags, article

    def report(self, outcome: Outcome) -> dict[str, dict[str, dict[str, Any]]]:
        """Return per stratum and level: macro_f1, f1 per theme, macro average precision."""
        result: dict[str, dict[str, dict[str, Any]]] = {s: {} for s in STRATA}
        for level in ("paragraph", "article"):
            logits, labels, tags, article = self.decided(outcome, level)
            counts = by_article(labels, tags, article, self.n_articles)
            for stratum in STRATA:
                chosen = self.drawn == stratum
                f1 = f1_of(counts[chosen].sum(axis=0))
                rows = chosen[article]
                precision = []
                for theme in range(labels.shape[1]):
                    known = rows & ~np.isnan(labels[:, theme])
                    if labels[known, theme].any():
                        label = labels[known, theme]
                        precision.append(average_precision(label, logits[known, theme]))
                result[stratum][level] = {
                    "macro_f1": round(float(f1.mean()), 4),
                    "f1": {t: round(float(v), 4) for t, v in zip(self.themes, f1, strict=True)},
                    "average_precision": round(float(np.mean(precision)), 4),
                }
        return result

    def compare(
        self, a: Outcome, b: Outcome, level: str = "paragraph", stratum: str = "theme-words"
    ) -> dict[str, float]:
        """Return macro-F1 of `a` minus that of `b` with a paired bootstrap over articles."""
        counts = []
        for outcome in (a, b):
            _, labels, tags, article = self.decided(outcome, level)
            counts.append(by_article(labels, tags, article, self.n_articles))
        return self.gap_of(counts[0], counts[1], stratum)

    def gap_of(self, a: Array, b: Array, stratum: str) -> dict[str, float]:
        """Return the same difference, given what `by_article` counts."""
        draws = self._draws(stratum)
        values = []
        for counts in (a, b):
            total = draws @ counts.reshape(self.n_articles, -1)
            values.append(f1_of(total.reshape(len(draws), *counts.shape[1:])).mean(axis=-1))
        return _gap(values[0] - values[1])

    def compare_ranking(
        self, a: Outcome, b: Outcome, stratum: str = "theme-words"
    ) -> dict[str, float]:
        """Return the same difference in macro average precision of paragraphs."""
        draws, inside = self._draws(stratum), (self.drawn == stratum)[self.article]
        values = []
        for outcome in (a, b):
            total = np.zeros(len(draws))
            for label, logit in zip(self.labels.T, outcome.paragraph.T, strict=True):
                known = np.flatnonzero(inside & ~np.isnan(label) & ~np.isnan(logit))
                order = known[np.argsort(-logit[known], kind="stable")]
                weight = draws[:, self.article[order]].astype(np.float64)
                positive = weight * label[order]
                hits = positive.cumsum(axis=1)
                precision = hits / np.maximum(weight.cumsum(axis=1), 1)
                total += (precision * positive).sum(axis=1) / np.maximum(hits[:, -1], 1)
            values.append(total / len(self.themes))
        return _gap(values[0] - values[1])

    def _draws(self, stratum: str) -> NDArray[np.int64]:
        """Return how often every article is in a bootstrap draw; first the sample itself."""
        chosen = np.flatnonzero(self.drawn == stratum)
        draws = np.zeros((1 + N_DRAWS, self.n_articles), np.int64)
        draws[0, chosen] = 1
        draws[1:, chosen] = np.random.default_rng(0).multinomial(
            len(chosen), np.full(len(chosen), 1 / len(chosen)), N_DRAWS
        )
        return draws


def _gap(differences: Array) -> dict[str, float]:
    """Return the difference of the sample, which comes first, and the interval of the draws."""
    low, high = np.percentile(differences[1:], [2.5, 97.5])
    found = {"difference": differences[0], "low": low, "high": high}
    return {name: round(float(value), 4) for name, value in found.items()}


def span(gap: dict[str, float]) -> str:
    """Return a difference and its interval as text."""
    return "{difference:+.4f} ({low:+.4f} to {high:+.4f})".format(**gap)


def cells(report: dict[str, Any], gap: dict[str, float] | None) -> str:
    """Return a result as the cells of a Markdown row; see `HEAD`."""
    words, unsure = report["theme-words"], report["uncertainty"]
    moved = "–" if gap is None else span(gap)
    figures = [words["paragraph"]["macro_f1"], None, words["paragraph"]["average_precision"]]
    figures += [unsure["paragraph"]["macro_f1"], report["suggested"]["paragraph"]["macro_f1"]]
    figures += [report["authored"]["paragraph"]["macro_f1"], words["article"]["macro_f1"]]
    return " | ".join(moved if value is None else f"{value:.4f}" for value in figures)


#: Header of the cells that `cells` returns.
HEAD = (
    "theme-words F1 | difference to reference (95 %) | theme-words AP | uncertainty F1 | "
    "suggested F1 | authored F1 | theme-words article F1"
)


def _as_rows(matrix: sp.csr_matrix) -> Rows:
    return Rows(
        matrix.indptr.astype(np.int64),
        matrix.indices.astype(np.int32),
        matrix.data.astype(np.float64),
        matrix.shape,
    )


def by_article(labels: Array, tags: NDArray[np.bool_], article: Any, n_articles: int) -> Array:
    """Count true positives, false positives and misses: (n_articles, n_themes, 3)."""
    positive, negative = labels > 0, labels == 0
    kinds = (positive & tags, negative & tags, positive & ~tags)
    return np.stack(
        [
            np.stack([np.bincount(article, c, minlength=n_articles) for c in kind.T], axis=1)
            for kind in kinds
        ],
        axis=2,
    )


def f1_of(counts: Array) -> Array:
    hits, wrong, missed = counts[..., 0], counts[..., 1], counts[..., 2]
    return 2 * hits / np.maximum(2 * hits + wrong + missed, 1e-12)
