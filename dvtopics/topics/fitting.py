"""A stream of articles to a fitted model, step by step; every step leaves its work on disk."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article
from dvtopics.errors import UsageError
from dvtopics.storage import atomic_file
from dvtopics.text.stopwords import stop_words
from dvtopics.text.tokenize import tokenize
from dvtopics.themes import Taxonomy
from dvtopics.topics.bags import Bags, Weights, positions
from dvtopics.topics.coherence import c_v
from dvtopics.topics.cooccurrence import Counts, Finder, count_paragraphs, count_windows
from dvtopics.topics.cutting import Cutter
from dvtopics.topics.engines import Topics
from dvtopics.topics.fitted import Fitted
from dvtopics.topics.inference import topic_shares
from dvtopics.topics.marks import SyllableTable
from dvtopics.topics.passages import Candidates, find_passages
from dvtopics.topics.spill import Block, Spill
from dvtopics.topics.terms import SCORED, top_terms
from dvtopics.topics.theme_map import (
    grades_positive,
    hint_terms,
    map_scores,
    seed_terms,
    theme_profiles,
)
from dvtopics.topics.vocabulary import Vocabulary, build_vocabulary, content_of

Floats = NDArray[np.float64]
#: Terms per topic whose meetings are counted and kept, so that merged topics can be scored.
_COUNTED = 30
#: Articles that c_v is counted on at most; its windows are many.
_C_V_ARTICLES = 5_000
_LONGEST_PHRASE = 4
#: Articles about a theme that it takes for a topic of its own.
_LEAST_SUPPORT = 10
#: What one seed term alone in a paragraph counts, beside two that meet (which count 2).
_ONE_SEED = 0.1
_LEAST_IN_SAMPLE = 3

Progress = Callable[[str], None]


@dataclass(slots=True)
class Prepared:
    """A collection ready for an engine."""

    spill: Spill
    cutter: Cutter
    phrases: list[str]
    vocabulary: Vocabulary
    bags: Bags
    weights: Weights


def read_collection(
    articles: Iterable[Article], folder: Path, sample_bytes: int, seed: int
) -> Spill:
    """Read articles to disk, unless `folder` holds the same ones already."""
    known = Spill.reopen(folder)
    if known is None:
        return Spill(folder).write(articles, sample_bytes, seed)
    # The stream may be read once only: what it gives is written beside the old files until it
    # is known whether it is the same.
    fresh = Spill(folder / "new").write(articles, sample_bytes, seed)
    if fresh.fingerprint == known.fingerprint:
        shutil.rmtree(fresh.folder)
        return known
    for path in [*folder.iterdir()]:
        if path.is_file():
            path.unlink()
    for path in [*fresh.folder.iterdir()]:
        path.replace(folder / path.name)
    fresh.folder.rmdir()
    fresh.folder = folder
    return fresh


def mined_phrases(spill: Spill, taxonomy: Taxonomy, n_jobs: int) -> list[str]:
    """Return the words of several syllables of a sample, and the themes' own seed terms."""
    from dvtopics.text.segment import mine_phrases

    kept = spill.folder / "phrases.json"
    themes = hashlib.sha256(json.dumps(taxonomy.to_config()).encode()).hexdigest()
    key = f"{spill.fingerprint} {themes}"
    if kept.is_file():
        state = json.loads(kept.read_text(encoding="utf-8"))
        if state["key"] == key:
            return list(state["phrases"])
    found = set(mine_phrases(spill.sample, _LEAST_IN_SAMPLE, n_jobs))
    for theme in taxonomy.values():
        seeds = [tokenize(seed) for seed in theme.seeds]
        # Not those that open with a stop word: "một cửa" would cut up "một cửa hàng".
        found |= {
            " ".join(s)
            for s in seeds
            if 2 <= len(s) <= _LONGEST_PHRASE and s[0] not in stop_words()
        }
    phrases = sorted(found)
    with atomic_file(kept) as fresh:
        state = {"key": key, "phrases": phrases}
        fresh.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    return phrases


def prepare(
    spill: Spill,
    phrases: list[str],
    n_topics: int,
    *,
    min_articles: int | None,
    max_share: float,
    max_terms: int,
    extra_stop_words: Sequence[str],
    weighting: str,
) -> Prepared:
    """Choose the terms and count them.

    Raises
    ------
    UsageError
        If there are fewer articles or terms than topics.
    """
    n = spill.n_articles
    if n < n_topics:
        raise UsageError(f"{n} articles are too few for {n_topics} topics; give more, or ask fewer")
    least = max(2, min(10, round(n / 400))) if min_articles is None else min_articles
    cutter = Cutter(phrases, spill.table)
    vocabulary = build_vocabulary(
        spill, phrases, cutter, least, max(max_share, 5 / n), max_terms, extra_stop_words
    )
    bags = Bags(spill.folder, len(vocabulary.terms)).write(spill, cutter, vocabulary)
    filled = int((np.diff(np.r_[0, bags.ends]) > 0).sum())
    if min(filled, len(vocabulary.terms)) < n_topics:
        raise UsageError(
            f"{filled} articles with {len(vocabulary.terms)} terms are too few for {n_topics} "
            "topics; give more articles, or ask for fewer topics"
        )
    weights = Weights.learn(bags, vocabulary, weighting)
    return Prepared(spill, cutter, phrases, vocabulary, bags, weights)


def finish(
    prepared: Prepared,
    topics: Topics,
    words: ThemeWords,
    write_shares: Callable[[Iterator[NDArray[np.float32]]], None],
) -> Fitted:
    """Compute what understanding the topics needs, and write the articles' shares."""
    spill, vocabulary, weights = prepared.spill, prepared.vocabulary, prepared.weights
    probabilities, ready = topics.probabilities, topics.for_inference
    n_topics = len(probabilities)
    candidates = Candidates(n_topics)
    total = np.zeros(n_topics)

    def shares() -> Iterator[NDArray[np.float32]]:
        for first, rows in prepared.bags.blocks():
            weighted = weights(rows)
            block = topic_shares(weighted, ready, topics.alpha)
            candidates.add(first, block, np.asarray(rows.sum(axis=1)).ravel())
            total[:] += block.sum(axis=0)
            yield block.astype(np.float32)

    write_shares(shares())
    tops = [top_terms(p, vocabulary.terms, _COUNTED) for p in probabilities]
    pool = [vocabulary.terms[i] for i in sorted({i for top in tops for i in top})]
    counts = count_paragraphs(spill.blocks(), pool, spill.table)
    position = positions(vocabulary, prepared.cutter.n_words)
    return Fitted(
        vocabulary.terms,
        prepared.phrases,
        topics,
        weights,
        vocabulary.article_counts,
        vocabulary.proper,
        words.marginal,
        map_scores(probabilities, words.profiles, words.marginal),
        np.array(window_coherence(prepared, tops)),
        total / len(prepared.bags),
        counts,
        [
            [passage.to_record() for passage in own]
            for own in find_passages(
                spill, prepared.cutter, position, weights, ready, topics.alpha, candidates,
                _records_of(spill, candidates, n_topics),
            )
        ],
        {"n_articles": spill.n_articles, "n_terms": len(vocabulary.terms)},
    )  # fmt: skip


def _records_of(spill: Spill, candidates: Candidates, n_topics: int) -> dict[int, dict[str, Any]]:
    wanted = {article for topic in range(n_topics) for article in candidates.articles(topic)}
    return {at: record for at, record in enumerate(spill.records()) if at in wanted}


def window_coherence(prepared: Prepared, tops: Sequence[Sequence[int]]) -> list[float]:
    """Return c_v of every topic, over the terms of at most `_C_V_ARTICLES` articles."""
    terms = prepared.vocabulary.terms
    scored = [[terms[i] for i in top[:SCORED]] for top in tops]
    pool = sorted({term for top in scored for term in top})
    place = {term: at for at, term in enumerate(pool)}
    term_place = np.array([place.get(term, -1) for term in terms])
    position = positions(prepared.vocabulary, prepared.cutter.n_words)
    n = prepared.spill.n_articles
    step = max(1, -(-n // _C_V_ARTICLES))

    def documents() -> Iterator[NDArray[np.int64]]:
        for block in prepared.spill.blocks():
            content = content_of(block, prepared.cutter)
            found = position[content.words]
            articles, found = content.articles[found >= 0], found[found >= 0]
            ends = np.searchsorted(articles, np.arange(block.n_articles + 1))
            for article in range(block.n_articles):
                if (block.first + article) % step == 0:
                    yield term_place[found[ends[article] : ends[article + 1]]]

    return c_v(scored, count_windows(documents(), pool))


@dataclass(frozen=True, slots=True)
class ThemeWords:
    """What the articles of each theme talk about, and what all do.

    Attributes
    ----------
    profiles : ndarray of shape (n_themes, n_terms)
        Rows sum to 1, or are 0 for a theme that no article names.
    support : ndarray of shape (n_themes,)
        Articles in which two seed terms meet, or which are labelled.
    marginal : ndarray of shape (n_terms,)
        p(term) over weighted counts.
    """

    profiles: Floats
    support: Floats
    marginal: Floats

    def anchors(self) -> Floats:
        """Return what is particular to each theme that enough articles name; rows sum to 1."""
        particular = np.maximum(self.profiles - self.marginal, 0.0)
        known = (self.support >= _LEAST_SUPPORT) & (particular.sum(axis=1) > 0)
        result: Floats = particular[known] / particular[known].sum(axis=1, keepdims=True)
        return result


def theme_words(
    prepared: Prepared, taxonomy: Taxonomy, labelled: Iterable[Article] = ()
) -> ThemeWords:
    """Read off a collection, and labelled articles, what is said about each theme.

    Labels count in the collection's own articles too, where they have grades.
    """
    finder, belongs = _theme_terms(prepared, taxonomy)
    n_themes = len(taxonomy)
    n_terms = len(prepared.vocabulary.terms)
    marginal = np.zeros(n_terms)
    by_seed = np.zeros((n_themes, n_terms))
    by_label = np.zeros((n_themes, n_terms))
    n_labels, support = np.zeros(n_themes), np.zeros(n_themes)
    records = prepared.spill.records()
    for block, (_, rows) in zip(prepared.spill.blocks(), prepared.bags.blocks(), strict=True):
        weighted = prepared.weights(rows)
        presence = finder.presence(block, _word_starts(block, prepared.cutter))
        # What each paragraph has of each theme: a seed alone may be said of anything ("kéo
        # dài", "tố cáo"), terms that meet in a paragraph point at the theme.
        by_unit = np.asarray(presence @ belongs)
        by_unit[by_unit < 1.0] = 0.0
        by_article = np.zeros((block.n_articles, n_themes))
        np.add.at(by_article, block.unit_articles, by_unit * (by_unit - 1 + _ONE_SEED))
        marginal += np.asarray(weighted.sum(axis=0), dtype=np.float64).ravel()
        by_seed += np.asarray(weighted.T @ by_article).T
        positive = np.array(
            [
                grades_positive(next(records).get("grades"), taxonomy)
                for _ in range(block.n_articles)
            ],
            dtype=np.float64,
        )
        by_label += np.asarray(weighted.T @ positive).T
        n_labels += positive.sum(axis=0)
        support += ((by_article >= 2.0) | (positive > 0)).sum(axis=0)
    for rows, positive in _labelled_rows(prepared, taxonomy, labelled):
        by_label += np.asarray(prepared.weights(rows).T @ positive).T
        n_labels += positive.sum(axis=0)
    profiles = theme_profiles(by_seed, by_label, n_labels)
    return ThemeWords(profiles, support, marginal / marginal.sum())


def _labelled_rows(
    prepared: Prepared, taxonomy: Taxonomy, labelled: Iterable[Article]
) -> Iterator[tuple[Any, Floats]]:
    """Yield term counts of labelled articles, and which themes each is about."""
    with tempfile.TemporaryDirectory() as scratch:
        # Frozen: words that the collection does not have say nothing about its topics.
        table = SyllableTable(prepared.spill.table.syllables, frozen=True)
        spill = Spill(Path(scratch), table).write(labelled, 0, 0)
        bags = Bags(spill.folder, len(prepared.vocabulary.terms))
        bags.write(spill, prepared.cutter, prepared.vocabulary)
        grades = [record.get("grades") for record in spill.records()]
        for first, rows in bags.blocks():
            own = grades[first : first + rows.shape[0]]
            positive = [grades_positive(grade, taxonomy) for grade in own]
            yield rows, np.array(positive, dtype=np.float64)


def _word_starts(block: Block, cutter: Cutter) -> NDArray[np.bool_]:
    starts = np.zeros(len(block.ids), dtype=np.bool_)
    starts[cutter.cut(block.ids, block.marks)[0]] = True
    return starts


def _theme_terms(prepared: Prepared, taxonomy: Taxonomy) -> tuple[Finder, Floats]:
    """Return a finder of seeds and hints, and their weights (terms, themes).

    A seed counts 1. A hint, a word of the theme's definition, counts by how rare it is:
    ``log(N / d) / log N`` with d of N units having it, so that it takes two rare or three
    common ones to count like a seed.
    """
    seeds = seed_terms(taxonomy)
    hints = hint_terms(taxonomy, set(prepared.phrases).__contains__)
    terms: dict[str, tuple[int, bool]] = {}
    for column, theme in enumerate(taxonomy):
        terms |= dict.fromkeys(seeds[theme], (column, True))
        terms |= dict.fromkeys(hints[theme], (column, False))
    finder = Finder(list(terms), prepared.spill.table)
    n, found = 1, np.zeros(len(terms))
    for block in prepared.spill.blocks():
        presence = finder.presence(block, _word_starts(block, prepared.cutter))
        found += np.asarray(presence.sum(axis=0)).ravel()
        n += presence.shape[0]
    rare = np.log(n / (found + 1.0)) / np.log(n + 1.0)
    weights = np.zeros((len(terms), len(taxonomy)))
    for row, (column, is_seed) in enumerate(terms.values()):
        weights[row, column] = 1.0 if is_seed else rare[row]
    return finder, weights


def paragraph_counts(prepared: Prepared, probabilities: Floats) -> tuple[list[list[str]], Counts]:
    """Return the scored terms of topics and their paragraph counts."""
    terms = prepared.vocabulary.terms
    tops = [[terms[i] for i in top_terms(p, terms)] for p in probabilities]
    pool = sorted({term for top in tops for term in top[:SCORED]})
    return tops, count_paragraphs(prepared.spill.blocks(), pool, prepared.spill.table)


def key_of(parameters: Mapping[str, Any], fingerprint: str) -> str:
    """Return what a checkpoint is kept under: parameters, articles and library versions."""
    import gensim
    import sklearn

    versions = [np.__version__, gensim.__version__, sklearn.__version__]
    return json.dumps([parameters, fingerprint, versions], sort_keys=True, ensure_ascii=False)
