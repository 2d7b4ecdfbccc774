"""Stability over seeds and small collections, for `13_lda`: topics and taggers of 100 articles."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lab import Array
from scipy.optimize import linear_sum_assignment
from topic_peers import PEERS, Coherence, Lists, diversity

from dvtopics.article import Article
from dvtopics.corpus.labels import Labels
from dvtopics.evaluation.metrics import bootstrap_macro_f1, macro_f1
from dvtopics.taggers.base import Tagger
from dvtopics.taggers.batch import Layout
from dvtopics.taggers.lda import LdaTagger
from dvtopics.taggers.tfidf import TfidfTagger
from dvtopics.themes import THEMES
from dvtopics.topics.bags import Weights
from dvtopics.topics.checkpoint import Checkpoint
from dvtopics.topics.choice import agreement
from dvtopics.topics.engines import make_engine
from dvtopics.topics.fitting import Prepared, prepare, read_collection
from dvtopics.topics.terms import top_terms
from dvtopics.topics.theme_words import theme_words

N_SMALL = 100
#: Of so many articles.
DRAWS = range(3)
#: Topics of a whole collection, and of a small one.
N_TOPICS, N_FEW = 20, 10
TAGGERS: dict[str, type[LdaTagger] | type[TfidfTagger]] = {"lda": LdaTagger, "tfidf": TfidfTagger}
LEVELS = ("paragraph", "article")
Make = Callable[[], dict[str, Array]]
Every = Callable[[Mapping[str, Make]], dict[str, dict[str, Array]]]
#: Name → engine, weighting, and whether themes without a topic get one.
ENGINES = {
    "TopicModel, lda (default)": ("lda", "tfidf", True),
    "TopicModel, lda, no topics given to themes": ("lda", "tfidf", False),
    "TopicModel, lda, unweighted, no topics given": ("lda", "count", False),
    "TopicModel, nmf": ("nmf", "tfidf", False),
}


@contextmanager
def prepared(
    articles: Sequence[Article], phrases: Sequence[str], n_topics: int
) -> Iterator[Prepared]:
    """Cut and count articles as `TopicModel` does by default, with the phrases given."""
    with tempfile.TemporaryDirectory() as folder:
        spill = read_collection(articles, Path(folder), 1_000_000, 0)
        yield prepare(
            spill, list(phrases), n_topics, min_articles=None, max_share=0.15, max_terms=20_000,
            extra_stop_words=(), weighting="tfidf",
        )  # fmt: skip


def topics_of(found: Prepared, name: str, n_topics: int, seed: int) -> Array:
    """Fit one of our engines; return the probabilities of terms by topic."""
    engine, weighting, anchored = ENGINES[name]
    weights = found.weights if weighting == "tfidf" else Weights(None)
    anchors = theme_words(found, THEMES, (), "tfidf").anchors() if anchored else None
    fitted = make_engine(engine, 3).fit(
        found.bags, weights, n_topics, seed, Checkpoint(None), anchors
    )
    return np.asarray(fitted.probabilities, dtype=np.float64)


def lists_of(topics: Array, found: Prepared) -> Lists:
    terms = found.vocabulary.terms
    return [[terms[i] for i in top_terms(row, terms)] for row in topics]


def best_cosine(one: Array, other: Array) -> float:
    """Return the mean cosine of topics over their best one-to-one matching."""
    a, b = (m / np.linalg.norm(m, axis=1, keepdims=True) for m in (one, other))
    cosine = a @ b.T
    return float(cosine[linear_sum_assignment(-cosine)].mean())


def topic_stability(
    articles: Sequence[Article], phrases: Sequence[str], name: str, n_seeds: int = 3
) -> dict[str, Array]:
    """Match the topics of runs that differ in their seed alone, every two of them."""
    with prepared(articles, phrases, N_TOPICS) as found:
        runs = [topics_of(found, name, N_TOPICS, seed) for seed in range(n_seeds)]
        lists = [lists_of(run, found) for run in runs]
    pairs = [(a, b) for a in range(n_seeds) for b in range(a)]
    return {
        "cosine": np.array([best_cosine(runs[a], runs[b]) for a, b in pairs]),
        "jaccard": np.array([agreement(lists[a], lists[b]) for a, b in pairs]),
    }


def few_topics(
    articles: Sequence[Article], everything: Sequence[Article], phrases: Sequence[str], draw: int
) -> dict[str, Array]:
    """Fit topics to a few of the articles; coherence in their paragraphs and in those of all.

    Returns
    -------
    dict
        By engine: NPMI in the few, NPMI in all, diversity.
    """
    few = drawn(articles, draw)[0]
    near, far = (Coherence([p.text for a in some for p in a.paragraphs]) for some in
                 (few, everything))  # fmt: skip
    lists: dict[str, Lists] = {}
    with prepared(few, phrases, N_FEW) as found:
        for name in ENGINES:
            lists[name] = lists_of(topics_of(found, name, N_FEW, 0), found)
        for name, fit in PEERS.items():
            if run := fit(found, N_FEW, 0):
                lists[name] = run[0]
    return {
        name: np.array([np.mean(near.npmi(own)), np.mean(far.npmi(own)), diversity(own)])
        for name, own in lists.items()
    }


def drawn(articles: Sequence[Article], draw: int) -> tuple[list[Article], list[Article]]:
    """Return some articles drawn at random, and the rest."""
    order = np.random.RandomState(draw).permutation(len(articles)).tolist()
    return [articles[i] for i in order[:N_SMALL]], [articles[i] for i in order[N_SMALL:]]


def small_taggers(articles: Sequence[Article], draw: int) -> dict[str, Array]:
    """Fit taggers to a few labelled articles; measure them on the rest.

    Returns
    -------
    dict
        By tagger and level: macro-F1 and its 1,000 bootstrap draws over the rest, the same
        draws for all taggers, so that they can be subtracted.
    """
    few, rest = drawn(articles, draw)
    found: dict[str, Array] = {}
    for name, kind in TAGGERS.items():
        for level, (labels, tags, article) in _tagged(kind().fit(few), rest).items():
            draws = bootstrap_macro_f1(labels, tags, article, len(rest))
            found[f"{name} {level}"] = np.append(macro_f1(labels, tags), draws)
    return found


def _tagged(tagger: Tagger, articles: Sequence[Article]) -> dict[str, tuple[Array, Any, Any]]:
    labels = Labels.from_articles(articles, tuple(THEMES.ids))
    scores = tagger.score_articles(articles)
    layout = Layout.from_counts([len(a.paragraphs) for a in articles])
    return {
        "paragraph": (labels.paragraph, scores.paragraph_tags, layout.article),
        "article": (labels.article, scores.article_tags, np.arange(len(articles))),
    }


def small_figures(kept: Sequence[dict[str, Array]]) -> dict[str, Any]:
    """Return figures of `small_taggers`: by draw, with the interval over the articles measured.

    What is measured differs between draws, so only the difference itself is averaged.
    """
    result: dict[str, Any] = {}
    for level in LEVELS:
        runs = {name: np.stack([k[f"{name} {level}"] for k in kept]) for name in TAGGERS}
        gaps = runs["lda"] - runs["tfidf"]
        low, high = np.percentile(gaps[:, 1:], [2.5, 97.5], axis=1)
        result[level] = {
            **{name: [round(float(v), 4) for v in run[:, 0]] for name, run in runs.items()},
            "differences": [
                {"difference": round(float(d), 4), "low": round(float(a), 4),
                 "high": round(float(b), 4)}
                for d, a, b in zip(gaps[:, 0], low, high, strict=True)
            ],
            "mean_difference": round(float(gaps[:, 0].mean()), 4),
        }  # fmt: skip
    return result


def topics_and_few(news: Sequence[Article], phrases: Sequence[str], every: Every) -> dict[str, Any]:
    """Return stability of topics, and what a few articles give.

    Parameters
    ----------
    news : sequence of Article
        With grades; taggers are measured on those found by theme words.
    phrases : sequence of str
    every : callable
        Returns the arrays of all names that could be made.
    """
    themed = [a for a in news if a.metadata.get("drawn") == "theme-words"]

    stable = every(
        {f"stability: {name}": partial(topic_stability, news, phrases, name) for name in ENGINES}
    )
    taggers = every(
        {f"100 articles: taggers, draw {d}": partial(small_taggers, themed, d) for d in DRAWS}
    )
    few = every(
        {
            f"100 articles: topics, draw {d}": partial(few_topics, themed, news, phrases, d)
            for d in DRAWS
        }
    )
    topics = list(few.values())
    return {
        "collection": len(news),
        "stability": {
            name.removeprefix("stability: "): {k: v.tolist() for k, v in arrays.items()}
            for name, arrays in stable.items()
        },
        "rest": len(themed) - N_SMALL,
        "taggers": small_figures(list(taggers.values())) if taggers else {},
        "topics": {
            name: [kept[name].round(4).tolist() for kept in topics if name in kept]
            for name in (topics[0] if topics else {})
        },
    }
