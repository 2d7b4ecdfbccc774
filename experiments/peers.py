"""Baselines for ``04_baselines.py``: seven kinds of text classifier behind one interface.

A peer learns from texts without labels (vocabulary, document frequencies, topics) how to turn
texts into rows, then fits scorers on labelled rows. Scores mean something within a theme only;
calibration and cuts are chosen outside, for all peers alike. Settings that are not the library's
defaults were chosen on training articles.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import dvtopics
from dvtopics.text.tokenize import tokenize

N_FOLDS = 5
Array = NDArray[np.float64]
Texts = list[str]
#: Texts → rows: whatever can be indexed by an array.
Read = Callable[[Texts], Any]
#: Rows → scores, shape (n_texts, n_themes).
Score = Callable[[Any], Array]


@dataclass(frozen=True, slots=True)
class Peer:
    """One kind of classifier.

    Attributes
    ----------
    name : str
    learn : callable
        Texts → their rows, and what turns other texts into rows.
    fit : callable
        Rows and labels (NaN: not judged) → scorer.
    quick : bool
        Whether it can score unjudged paragraphs too, which the maximum over an article needs.
    needs : str
        Distribution that has to be installed.
    """

    name: str
    learn: Callable[[Texts], tuple[Any, Read]]
    fit: Callable[[Any, Array], Score]
    quick: bool = True
    needs: str = ""

    def installed(self) -> str:
        """Return the version of what it needs; empty if that is not installed."""
        try:
            return version(self.needs) if self.needs else "-"
        except PackageNotFoundError:
            return ""


def _seed_counts(texts: Texts) -> Array:
    themes = dvtopics.THEMES.values()
    seeds = [sorted({"  ".join(tokenize(seed)) for seed in theme.seeds}) for theme in themes]
    counts = np.zeros((len(texts), len(seeds)))
    for row, text in enumerate(texts):
        # Two spaces between syllables: matches side by side do not share one.
        line = f" {'  '.join(tokenize(text))} "
        for theme, terms in enumerate(seeds):
            counts[row, theme] = sum(line.count(f" {term} ") for term in terms)
    return counts


def _learn_seeds(texts: Texts) -> tuple[Array, Read]:
    return _seed_counts(texts), _seed_counts


def _fit_nothing(_rows: Array, _labels: Array) -> Score:
    return np.log1p


def _learn_vectorizer(**settings: Any) -> Callable[[Texts], tuple[Any, Read]]:
    def learn(texts: Texts) -> tuple[Any, Read]:
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer = TfidfVectorizer(**settings)
        return vectorizer.fit_transform(texts), vectorizer.transform

    return learn


_learn_ngrams = _learn_vectorizer(
    tokenizer=tokenize, lowercase=False, token_pattern=None, ngram_range=(1, 2), min_df=2
)


def _fit_logistic(c: float = 1.0) -> Callable[[Any, Array], Score]:
    def fit(rows: Any, labels: Array) -> Score:
        from sklearn.linear_model import LogisticRegression

        models = []
        for column in labels.T:
            known = np.flatnonzero(~np.isnan(column))
            model = LogisticRegression(C=c, max_iter=1000)
            models.append(model.fit(rows[known], column[known]))
        return lambda some: np.stack([model.decision_function(some) for model in models], axis=1)

    return fit


def _fit_centroids(rows: Any, labels: Array) -> Score:
    means = [np.asarray(rows[np.flatnonzero(y > 0)].mean(axis=0)).ravel() for y in labels.T]
    centroids = np.stack([mean / np.linalg.norm(mean) for mean in means], axis=1)
    return lambda some: some @ centroids


def _learn_topics(texts: Texts) -> tuple[Array, Read]:
    from gensim.corpora import Dictionary
    from gensim.models import LdaModel
    from gensim.models.phrases import Phrases

    tokens = [tokenize(text) for text in texts]
    # Vietnamese words are mostly two syllables: collocations stand in for words.
    phrases = Phrases(tokens, min_count=20, threshold=0.3, scoring="npmi").freeze()
    joined = [phrases[line] for line in tokens]
    dictionary = Dictionary(joined)
    dictionary.filter_extremes(no_below=10, no_above=0.3, keep_n=30_000)
    bags = [dictionary.doc2bow(line) for line in joined]
    model = LdaModel(
        bags, num_topics=50, id2word=dictionary, passes=2, chunksize=512, eval_every=None,
        random_state=0,
    )  # fmt: skip

    def shares(bags: list[Any]) -> Array:
        # Inference starts from random numbers: the same ones at every call.
        model.random_state = np.random.RandomState(0)
        gamma = model.inference(bags)[0].astype(np.float64)
        logs: Array = np.log(gamma / gamma.sum(axis=1, keepdims=True) + 1e-4)
        return logs

    return shares(bags), lambda some: shares(
        [dictionary.doc2bow(phrases[tokenize(text)]) for text in some]
    )


def _syllables(texts: Texts) -> NDArray[np.object_]:
    rows = np.empty(len(texts), dtype=object)
    rows[:] = [" ".join(tokenize(text)) for text in texts]
    return rows


def _learn_syllables(texts: Texts) -> tuple[NDArray[np.object_], Read]:
    return _syllables(texts), _syllables


def _fit_fasttext(rows: NDArray[np.object_], labels: Array) -> Score:
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        with path.open("w", encoding="utf-8") as lines:
            for text, row in zip(rows, labels, strict=True):
                # One theme of a line cannot be left out: lines with an ambiguous one are.
                if not np.isnan(row).any():
                    # Lines without any label would be skipped.
                    names = [f"__label__{theme}" for theme in np.flatnonzero(row)]
                    lines.write(" ".join([*names, "__label__any", text]) + "\n")
        # Few texts are shown more often.
        epoch, lr = (25, 0.5) if len(rows) < 20_000 else (10, 0.2)
        model = fasttext.train_supervised(
            str(path), loss="ova", wordNgrams=2, minCount=2, dim=50, epoch=epoch, lr=lr,
            bucket=500_000, thread=1, verbose=0,
        )  # fmt: skip

    def score(some: NDArray[np.object_]) -> Array:
        p = np.zeros((len(some), labels.shape[1]))
        names, values = model.predict(some.tolist(), k=-1, threshold=-1.0)
        for row, found in enumerate(zip(names, values, strict=True)):
            for name, value in zip(*found, strict=True):
                if name != "__label__any":
                    p[row, int(name.removeprefix("__label__"))] = value
        p = np.clip(p, 1e-5, 1 - 1e-5)
        return np.log(p / (1 - p))

    return score


def _fit_underthesea(rows: NDArray[np.object_], labels: Array) -> Score:
    from underthesea_core import TextClassifier

    models = []
    for column in labels.T:
        known = ~np.isnan(column)
        model = TextClassifier(ngram_range=(1, 2), min_df=2, max_features=200_000)
        model.fit(rows[known].tolist(), np.where(column[known] > 0, "yes", "no").tolist())
        models.append(model)

    def score(some: NDArray[np.object_]) -> Array:
        texts = some.tolist()
        return np.array([[_logit(*x) for x in m.predict_with_scores(texts)] for m in models]).T

    return score


def _logit(label: str, confidence: float) -> float:
    """Turn the winning label and its confidence (at least a half) into one signed score."""
    p = min(max(confidence, 0.5), 1 - 1e-9)
    return math.log(p / (1 - p)) * (1 if label == "yes" else -1)


#: The baseline of ``02_dev.py``, also the one that others are compared to on training articles.
NGRAMS = Peer("TF-IDF (1,2) over syllables + LR, C 10", _learn_ngrams, _fit_logistic(10.0))

#: In the order of the table.
PEERS = (
    Peer("keyword rules (seed terms)", _learn_seeds, _fit_nothing),
    Peer("gensim LDA, 50 topics + LR", _learn_topics, _fit_logistic(), quick=False),
    Peer("TF-IDF centroid, as in Annif", _learn_ngrams, _fit_centroids),
    Peer("TfidfVectorizer + LR, defaults", _learn_vectorizer(), _fit_logistic()),
    # Other distributions of the module return no usable probabilities under NumPy 2.
    Peer(
        "fastText one-vs-all, bigrams", _learn_syllables, _fit_fasttext, needs="fasttext-community"
    ),
    Peer("underthesea_core TextClassifier", _learn_syllables, _fit_underthesea),
    NGRAMS,
)


@dataclass(frozen=True, slots=True)
class Items:
    """Texts of one level with their labels and the article of each."""

    texts: list[str]
    labels: Array
    article: NDArray[np.int64]
    n_articles: int


@dataclass(frozen=True, slots=True)
class Level:
    """What to train and what to measure on; fold and weight are per article of `train`."""

    train: Items
    test: Items
    fold: NDArray[np.int64]
    weight: Array


@dataclass(frozen=True, slots=True)
class Run:
    """Scores of one peer at one level: out of fold on the training items, and on the test items.

    NaN where a training item was not scored.
    """

    unseen: Array
    test: Array
    train_seconds: float
    tag_seconds: float


def run(peer: Peer, level: Level) -> Run:
    """Fit `peer` with each fold held out, then on everything."""
    train = level.train
    known = ~np.isnan(train.labels).all(axis=1)
    judged, other = np.flatnonzero(known), np.flatnonzero(~known)
    start = process_time()
    # Learned without labels, as the shipped model learns contents: once, on all texts.
    rows, read = peer.learn([train.texts[i] for i in judged])
    score = peer.fit(rows, train.labels[judged])
    trained = process_time()
    on_test = score(read(level.test.texts))
    tagged = process_time()
    unseen = np.full(train.labels.shape, np.nan)
    context = read([train.texts[i] for i in other]) if peer.quick and len(other) else None
    fold = level.fold[train.article]
    for held_out in range(N_FOLDS):
        inside = fold[judged] == held_out
        kept = np.flatnonzero(~inside)
        score = peer.fit(rows[kept], train.labels[judged[kept]])
        unseen[judged[inside]] = score(rows[np.flatnonzero(inside)])
        if context is not None:
            beside = np.flatnonzero(fold[other] == held_out)
            unseen[other[beside]] = score(context[beside])
    return Run(unseen, on_test, trained - start, tagged - trained)
