"""What a collection says about each theme: by seed terms, labels, or the shipped tagger."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article
from dvtopics.themes import Taxonomy
from dvtopics.topics.bags import Bags
from dvtopics.topics.cooccurrence import Finder
from dvtopics.topics.cutting import Cutter
from dvtopics.topics.marks import SyllableTable
from dvtopics.topics.spill import Block, Spill
from dvtopics.topics.theme_map import grades_positive, hint_terms, seed_terms, theme_profiles

if TYPE_CHECKING:
    from dvtopics.topics.fitting import Prepared

Floats = NDArray[np.float64]
#: Articles about a theme that it takes for a topic of its own.
_LEAST_SUPPORT = 10
#: What one seed term alone in a paragraph counts, beside two that meet (which count 2).
_ONE_SEED = 0.1
#: Articles that are tagged at most.
_TAGGED = 4_000


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
    prepared: Prepared,
    taxonomy: Taxonomy,
    labelled: Sequence[Article] = (),
    tagger: str | None = None,
) -> ThemeWords:
    """Read off a collection, and labelled articles, what is said about each theme.

    Labels count in the collection's own articles too, where they have grades. Without labelled
    articles the tagger's tags on a sample of the collection stand for labels.
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
        support += (by_article >= 2.0).sum(axis=0)
    judged = (
        _labelled_rows(prepared, taxonomy, labelled)
        if labelled
        else _tagged_rows(prepared, taxonomy, tagger)
    )
    for rows, positive in judged:
        by_label += np.asarray(prepared.weights(rows).T @ positive).T
        n_labels += positive.sum(axis=0)
    profiles = theme_profiles(by_seed, by_label, n_labels)
    return ThemeWords(profiles, np.maximum(support, n_labels), marginal / marginal.sum())


def _labelled_rows(
    prepared: Prepared, taxonomy: Taxonomy, labelled: Sequence[Article]
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


def _tagged_rows(
    prepared: Prepared, taxonomy: Taxonomy, name: str | None
) -> Iterator[tuple[Any, Floats]]:
    """Yield term counts of a sample of the articles, and which themes a tagger gives each."""
    from dvtopics.taggers.registry import load, pretrained_names

    if name is None or (name not in pretrained_names() and not Path(name).is_dir()):
        return
    model = load(name)
    if tuple(model.themes_) != tuple(taxonomy):
        # Other themes than it was trained on: only their seeds can tell.
        return
    spill = prepared.spill
    step = max(1, -(-spill.n_articles // _TAGGED))
    blocks = zip(spill.blocks(), prepared.bags.blocks(), strict=True)
    for block, (_, rows) in blocks:
        own = np.flatnonzero((np.arange(block.n_articles) + block.first) % step == 0)
        articles = []
        for at in own.tolist():
            units = np.flatnonzero(block.unit_articles == at) + block.first_unit
            title, *paragraphs = spill.texts(units.tolist())
            articles.append(Article(title, paragraphs))
        if articles:
            tagged = model.tag_batch(articles, evidence=False)
            positive = [[theme in article.tags for theme in taxonomy] for article in tagged]
            yield rows[own], np.array(positive, dtype=np.float64)


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
