"""Baselines for ``04_baselines.py``: six kinds of text classifier behind one interface.

A peer turns texts into rows (what it learns without labels: vocabulary, document frequencies,
topics), then fits one scorer per set of labelled rows. Scores are comparable within a theme only;
calibration and cuts are chosen outside, for all peers alike.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import dvtopics
from dvtopics.text.tokenize import tokenize

Array = NDArray[np.float64]
#: Rows of texts → scores, shape (n_texts, n_themes).
Scorer = Callable[[Any], Array]


class Peer:
    """One kind of classifier.

    `prepare` learns from texts without labels and returns their rows, `read` returns the rows of
    other texts, `fit` learns from rows and labels (NaN: not judged) and returns a scorer.
    """

    name = ""
    #: Whether it is quick enough to score unjudged paragraphs too, for the maximum over all.
    quick = True

    @staticmethod
    def missing() -> str:
        """Return what has to be installed first, or an empty text."""
        return ""

    def prepare(self, texts: list[str]) -> Any:
        return self.read(texts)

    def read(self, texts: list[str]) -> Any:
        raise NotImplementedError

    def fit(self, rows: Any, labels: Array) -> Scorer:
        raise NotImplementedError


class Keywords(Peer):
    """Number of seed terms of a theme in the text; nothing is learned but the cut."""

    name = "keyword rules (seed terms)"

    def read(self, texts: list[str]) -> Array:
        themes = dvtopics.THEMES.values()
        seeds = [sorted({" ".join(tokenize(seed)) for seed in theme.seeds}) for theme in themes]
        counts = np.zeros((len(texts), len(seeds)))
        for row, text in enumerate(texts):
            # Two spaces: the ends of neighbouring matches do not share one.
            padded = f" {'  '.join(tokenize(text))} "
            for theme, terms in enumerate(seeds):
                counts[row, theme] = sum(
                    padded.count(f" {term.replace(' ', '  ')} ") for term in terms
                )
        return counts

    def fit(self, rows: Array, labels: Array) -> Scorer:
        return np.log1p


class Linear(Peer):
    """A logistic regression per theme over the rows of a vectorizer."""

    C = 1.0

    def __init__(self) -> None:
        self.vectorizer = self.make()

    def make(self) -> Any:
        raise NotImplementedError

    def prepare(self, texts: list[str]) -> Any:
        return self.vectorizer.fit_transform(texts)

    def read(self, texts: list[str]) -> Any:
        return self.vectorizer.transform(texts)

    def fit(self, rows: Any, labels: Array) -> Scorer:
        from sklearn.linear_model import LogisticRegression

        models = []
        for column in labels.T:
            known = np.flatnonzero(~np.isnan(column))
            model = LogisticRegression(C=self.C, max_iter=1000)
            models.append(model.fit(rows[known], column[known]))
        return lambda some: np.stack([model.decision_function(some) for model in models], axis=1)


class DefaultTfidf(Linear):
    """What one gets without choosing anything."""

    name = "scikit-learn TfidfVectorizer + LogisticRegression, defaults"

    def make(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer()


class NgramTfidf(Linear):
    """The baseline of ``02_dev.py``."""

    name = "TF-IDF over 1-2 syllables + logistic regression, C 10"
    C = 10.0

    def make(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(
            tokenizer=tokenize, lowercase=False, token_pattern=None, ngram_range=(1, 2), min_df=2
        )


class Centroid(NgramTfidf):
    """Cosine to the mean row of the positive texts, as in Annif's TF-IDF backend."""

    name = "TF-IDF centroid (as in Annif)"

    def fit(self, rows: Any, labels: Array) -> Scorer:
        means = [np.asarray(rows[np.flatnonzero(y > 0)].mean(axis=0)).ravel() for y in labels.T]
        centroids = np.stack([mean / np.linalg.norm(mean) for mean in means], axis=1)
        return lambda some: some @ centroids


class Topics(Linear):
    """Topic shares of latent Dirichlet allocation over syllables and collocations."""

    name = "gensim LDA, 50 topics + logistic regression"
    quick = False

    def make(self) -> None:
        return None

    def prepare(self, texts: list[str]) -> Array:
        from gensim.corpora import Dictionary
        from gensim.models import LdaModel
        from gensim.models.phrases import Phrases

        tokens = [tokenize(text) for text in texts]
        self.phrases = Phrases(tokens, min_count=20, threshold=0.3, scoring="npmi").freeze()
        joined = [self.phrases[line] for line in tokens]
        self.dictionary = Dictionary(joined)
        self.dictionary.filter_extremes(no_below=10, no_above=0.3, keep_n=30_000)
        bags = [self.dictionary.doc2bow(line) for line in joined]
        self.model = LdaModel(
            bags, num_topics=50, id2word=self.dictionary, random_state=0, dtype=np.float32
        )
        return self.shares(bags)

    def read(self, texts: list[str]) -> Array:
        return self.shares([self.dictionary.doc2bow(self.phrases[tokenize(t)]) for t in texts])

    def shares(self, bags: list[Any]) -> Array:
        # inference() starts from random numbers: the same ones for the same texts.
        self.model.random_state = np.random.RandomState(0)
        gamma, _ = self.model.inference(bags)
        share = gamma / gamma.sum(axis=1, keepdims=True)
        return np.log(share + 1e-4).astype(np.float64)


class Strings(Peer):
    """A library that reads texts itself: its rows are texts of canonical syllables."""

    def read(self, texts: list[str]) -> NDArray[np.object_]:
        return np.array([" ".join(tokenize(text)) for text in texts] + [None], dtype=object)[:-1]


class FastText(Strings):
    """fastText's linear classifier over averaged embeddings of syllables and bigrams."""

    name = "fastText one-vs-all, bigrams"

    @staticmethod
    def missing() -> str:
        # Other distributions of the same module do not return probabilities under NumPy 2.
        try:
            version("fasttext-community")
        except PackageNotFoundError:
            return "fasttext-community"
        return ""

    def fit(self, rows: NDArray[np.object_], labels: Array) -> Scorer:
        import fasttext

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "train.txt"
            with path.open("w", encoding="utf-8") as lines:
                for text, row in zip(rows, labels, strict=True):
                    # Ambiguous themes cannot be left out one by one. A line needs a label.
                    if not np.isnan(row).any():
                        names = [f"__label__{theme}" for theme in np.flatnonzero(row)]
                        lines.write(" ".join([*names, "__label__any", text]) + "\n")
            model = fasttext.train_supervised(
                str(path), loss="ova", wordNgrams=2, minCount=2, dim=50, epoch=10, lr=0.5,
                bucket=500_000, thread=1, verbose=0,
            )  # fmt: skip
        n_themes = labels.shape[1]

        def score(some: NDArray[np.object_]) -> Array:
            names, values = model.predict(some.tolist(), k=-1, threshold=-1.0)
            result = np.zeros((len(some), n_themes))
            for row, (labels_of, p_of) in enumerate(zip(names, values, strict=True)):
                for label, p in zip(labels_of, p_of, strict=True):
                    if label != "__label__any":
                        result[row, int(label.removeprefix("__label__"))] = p
            result = np.clip(result, 1e-5, 1 - 1e-5)
            return np.log(result / (1 - result))

        return score


class Underthesea(Strings):
    """underthesea's own classifier, TF-IDF and a linear support vector machine in Rust."""

    name = "underthesea_core TextClassifier, one per theme"

    def fit(self, rows: NDArray[np.object_], labels: Array) -> Scorer:
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


#: Slowest first, so that two processes end together.
PEERS: tuple[type[Peer], ...] = (
    Topics, NgramTfidf, FastText, DefaultTfidf, Centroid, Underthesea, Keywords,
)  # fmt: skip
