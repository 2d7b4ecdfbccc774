"""Evidence: the terms, in the text itself, its title and its neighbours, that decided a tag.

In: one article, its token batch and its influences. Out: `Evidence` entries whose weights
sum to the uncalibrated logit, the unnamed part as ``where: "rest"`` and ``where: "bias"``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article, Evidence
from dvtopics.features.phrases import PhraseList
from dvtopics.features.tfidf import NgramTfidf, TokenBatch
from dvtopics.taggers.context import Array, LinearStage
from dvtopics.taggers.influence import ArticleSignals, Influence, InfluenceMap
from dvtopics.text.tokenize import token_spans

#: Terms named per theme; "rest" and "bias" come on top, which makes ten.
MAX_TERMS = 8
_MAX_SOURCES = 6
_MAX_WORDS = 4
_LINK = 0.35


@dataclass(slots=True)
class _Source:
    """Words of one text: their weights and those of the links between them, per signal."""

    text: str
    spans: list[tuple[int, int]]  # of the words
    weight: Array  # (n_words, k)
    link: Array  # (n_words, k): pull between a word and the next one


class Explainer:
    """Evidence for the tags of one article.

    Parameters
    ----------
    article : Article
    vectorizer : NgramTfidf
    coef : ndarray, shape (n_features, k)
        Stage-one weights.
    phrases : PhraseList
        Words that evidence does not cut through.
    signals : ArticleSignals
        Of the paragraphs that have something to judge.
    index : ndarray of int
        Their positions in ``article.paragraphs``.
    """

    def __init__(
        self,
        article: Article,
        vectorizer: NgramTfidf,
        coef: NDArray[np.floating],
        phrases: PhraseList,
        signals: ArticleSignals,
        index: NDArray[np.int64],
    ) -> None:
        self._article = article
        self._vectorizer = vectorizer
        self._coef = coef
        self._phrases = phrases
        self._signals = signals
        self._index = index
        self._map = InfluenceMap(signals)
        self._sources: dict[int, _Source] = {}

    def paragraph(
        self, stage: LinearStage, position: int, themes: list[tuple[int, str]], logits: Array
    ) -> list[Evidence]:
        """Return evidence for the tags of the paragraph at `position` among the judged."""
        result: list[Evidence] = []
        for theme, name in themes:
            influence = self._map.on_paragraph(stage, position, theme)
            result += self._entries(influence, name, float(logits[theme]), position)
        return result

    def article(
        self, stage: LinearStage, themes: list[tuple[int, str]], logits: Array
    ) -> list[Evidence]:
        """Return evidence for the tags of the article."""
        result: list[Evidence] = []
        for theme, name in themes:
            influence = self._map.on_article(stage, theme)
            result += self._entries(influence, name, float(logits[theme]), None)
        return result

    def _entries(
        self, influence: Influence, theme: str, logit: float, own: int | None
    ) -> list[Evidence]:
        found: list[tuple[float, int, tuple[int, int]]] = []
        for source, weights in self._strongest(influence, own):
            found += [(w, source, span) for w, span in _terms(self._source(source), weights)]
        found.sort(key=lambda item: (-item[0], item[1], item[2]))
        entries: list[Evidence] = []
        for weight, source, (start, end) in found[:MAX_TERMS]:
            where: str | int
            if source < 0:
                where, text = "title", self._article.title
            else:
                place = int(self._index[source])
                where = "self" if source == own else place
                text = self._article.paragraphs[place].text
            entries.append(
                {
                    "term": text[start:end], "start": start, "end": end,
                    "weight": round(weight, 6), "theme": theme, "where": where,
                }
            )  # fmt: skip
        named = sum(entry["weight"] for entry in entries)
        bias = round(influence.bias, 6)
        for where, weight in (("rest", logit - bias - named), ("bias", bias)):
            entries.append(
                {
                    "term": None, "start": 0, "end": 0,
                    "weight": round(weight, 6), "theme": theme, "where": where,
                }
            )  # fmt: skip
        return entries

    def _strongest(self, influence: Influence, own: int | None) -> list[tuple[int, Array]]:
        """Return the texts that moved the logit up most: the own one, the title, the others."""
        s = self._signals
        pull = (influence.paragraphs * (s.own - s.base)).sum(axis=1)
        best = set(np.argsort(-pull, kind="stable")[:_MAX_SOURCES].tolist())
        if own is not None:
            best.add(own)
        pulls = [(float(pull[j]), j, influence.paragraphs[j]) for j in sorted(best)]
        if influence.title is not None and s.title is not None:
            pulls.append((float((influence.title * (s.title - s.base)).sum()), -1, influence.title))
        pulls.sort(key=lambda item: (item[1] != own, -item[0], item[1]))
        return [(j, w) for moved, j, w in pulls[:_MAX_SOURCES] if moved > 0 or j == own]

    def _source(self, source: int) -> _Source:
        if source not in self._sources:
            text = (
                self._article.title
                if source < 0
                else self._article.paragraphs[int(self._index[source])].text
            )
            self._sources[source] = self._read(text)
        return self._sources[source]

    def _read(self, text: str) -> _Source:
        batch: TokenBatch = self._vectorizer.encode([text])
        rows = self._vectorizer.transform_batch(batch)
        _, feature, start, size = self._vectorizer.occurrences(batch)
        n, k = len(batch.ids), self._coef.shape[1]
        token, link = np.zeros((n, k)), np.zeros((n, k))
        if len(feature):
            # A feature's weight is shared by its occurrences, and there by its syllables.
            entry = np.searchsorted(rows.feature, feature)
            count = np.bincount(entry, minlength=len(rows.feature))[entry]
            share = (rows.value[entry] / count)[:, None] * self._coef[feature]
            for shift in range(int(size.max())):
                covers = size > shift
                np.add.at(token, start[covers] + shift, share[covers] / size[covers, None])
                joins = size > shift + 1
                np.add.at(link, start[joins] + shift, share[joins] / (size[joins, None] - 1))
        spans = token_spans(text)
        first = self._phrases.word_starts(batch.ids)
        if len(first) == 0:
            return _Source(text, [], token, link)
        last = np.append(first[1:], n) - 1
        words = [(spans[i][0], spans[j][1]) for i, j in zip(first, last, strict=True)]
        return _Source(text, words, np.add.reduceat(token, first, axis=0), link[last])


def _terms(source: _Source, weights: Array) -> list[tuple[float, tuple[int, int]]]:
    """Cut a text into terms, runs of words that count together; return the positive ones."""
    weight = (source.weight * weights).sum(axis=1)
    link = (source.link * weights).sum(axis=1)
    n = len(source.spans)
    taken = np.zeros(n, dtype=bool)
    found: list[tuple[float, tuple[int, int]]] = []
    for seed in np.argsort(-weight, kind="stable")[: 3 * MAX_TERMS].tolist():
        if weight[seed] <= 0 or taken[seed]:
            continue
        low = high = seed
        while high - low + 1 < _MAX_WORDS:
            need = _LINK * weight[low : high + 1].sum() / (high - low + 1)
            left = _joins(source, link, low - 1) if low and not taken[low - 1] else 0.0
            right = _joins(source, link, high) if high + 1 < n and not taken[high + 1] else 0.0
            if max(left, right) <= need:
                break
            if left > right:
                low -= 1
            else:
                high += 1
        taken[low : high + 1] = True
        total = float(weight[low : high + 1].sum())
        if total > 0:
            found.append((total, (source.spans[low][0], source.spans[high][1])))
    return found


def _joins(source: _Source, link: Array, left: int) -> float:
    """Strength of the link between word `left` and the next; none across punctuation."""
    between = source.text[source.spans[left][1] : source.spans[left + 1][0]]
    return float(link[left]) if not between.strip(" \t\u00a0_") else 0.0
