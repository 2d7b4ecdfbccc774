"""A stream of articles to a fitted model, step by step; every step leaves its work on disk."""

from __future__ import annotations

import hashlib
import json
import shutil
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
from dvtopics.topics.cooccurrence import Counts, count_paragraphs, count_windows
from dvtopics.topics.cutting import Cutter
from dvtopics.topics.engines import Topics
from dvtopics.topics.fitted import Fitted
from dvtopics.topics.inference import topic_shares
from dvtopics.topics.passages import Candidates, find_passages
from dvtopics.topics.spill import Spill
from dvtopics.topics.terms import SCORED, top_terms
from dvtopics.topics.theme_map import (
    map_scores,
)
from dvtopics.topics.theme_words import ThemeWords
from dvtopics.topics.vocabulary import Vocabulary, build_vocabulary, content_of

Floats = NDArray[np.float64]
#: Terms per topic whose meetings are counted and kept, so that merged topics can be scored.
_COUNTED = 30
#: Articles that c_v is counted on at most; its windows are many.
_C_V_ARTICLES = 5_000
_LONGEST_PHRASE = 4
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
        if state.get("key") == key:
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
