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
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.taggers.context import Array, LinearStage
from dvtopics.taggers.influence import ArticleSignals, Influence, InfluenceMap, Spread
from dvtopics.text.tokenize import token_spans

#: Terms named per theme; "rest" and "bias" come on top, which makes ten.
MAX_TERMS = 8
_MAX_SOURCES = 6
_MAX_WORDS = 4
_LINK = 0.35


@dataclass(slots=True)
class _Source:
    """Words of one text: their weights and those of the links between them, per signal."""

    spans: list[tuple[int, int]]  # of the words
    weight: Array  # (n_words, k)
    link: Array  # (n_words, k): pull between a word and the next one


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Tokens of all texts of an article; those of text i are ``starts[i]:starts[i + 1]``."""

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    weight: Array  # (n_tokens, k)
    link: Array  # (n_tokens, k): pull between a token and the next one


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
        # The title comes last: source -1.
        self._texts = [*(article.paragraphs[i].text for i in index.tolist()), article.title]
        self._tokens: _Tokens | None = None
        self._sources: dict[int, _Source] = {}
        self._spreads: dict[int, Spread] = {}

    def paragraph(
        self, stage: LinearStage, position: int, themes: list[tuple[int, str]], logits: Array
    ) -> list[Evidence]:
        """Return evidence for the tags of the paragraph at `position` among the judged."""
        result: list[Evidence] = []
        for theme, name in themes:
            if theme not in self._spreads:
                self._spreads[theme] = self._map.spread(stage, theme)
            influence = self._map.on_paragraph(self._spreads[theme], position)
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
                    "weight": round(weight, 6) + 0.0, "theme": theme, "where": where,
                }
            )  # fmt: skip
        named = sum(entry["weight"] for entry in entries)
        bias = round(influence.spread.bias, 6)
        for where, weight in (("rest", logit - bias - named), ("bias", bias)):
            entries.append(
                {
                    "term": None, "start": 0, "end": 0,
                    "weight": round(weight, 6) + 0.0, "theme": theme, "where": where,
                }
            )  # fmt: skip
        return entries

    def _strongest(self, influence: Influence, own: int | None) -> list[tuple[int, Array]]:
        """Return the texts that moved the logit up most: the own one, the title, the others."""
        s, spread = self._signals, influence.spread
        # The strongest are near, or among the first in order even if all the near ones are.
        first = spread.order[: _MAX_SOURCES + len(influence.near)]
        candidates = np.array(sorted({*first.tolist(), *influence.near.tolist()}), dtype=np.int64)
        weights = influence.on(candidates)
        pull = (weights * (s.own[candidates] - s.base)).sum(axis=1)
        best = set(np.argsort(-pull, kind="stable")[:_MAX_SOURCES].tolist())
        if own is not None:
            best.add(int(np.searchsorted(candidates, own)))
        pulls = [(float(pull[i]), int(candidates[i]), weights[i]) for i in sorted(best)]
        if spread.title is not None and s.title is not None:
            pulls.append((float((spread.title * (s.title - s.base)).sum()), -1, spread.title))
        pulls.sort(key=lambda item: (item[1] != own, -item[0], item[1]))
        return [(j, w) for moved, j, w in pulls[:_MAX_SOURCES] if moved > 0 or j == own]

    def _source(self, source: int) -> _Source:
        if source not in self._sources:
            self._sources[source] = self._words(source)
        return self._sources[source]

    def _words(self, source: int) -> _Source:
        """Sum the tokens of a text by word; ``-1`` is the title."""
        if self._tokens is None:
            self._tokens = self._read()
        tokens, row = self._tokens, source % len(self._texts)
        text = self._texts[row]
        begin, end = tokens.starts[row : row + 2]
        first = self._phrases.word_starts(tokens.ids[begin:end])
        if len(first) == 0:
            return _Source([], tokens.weight[:0], tokens.link[:0])
        last = np.append(first[1:], end - begin) - 1
        spans = token_spans(text)
        words = [
            (spans[i][0], spans[j][1]) for i, j in zip(first.tolist(), last.tolist(), strict=True)
        ]
        link = tokens.link[begin:end][last]
        for i in range(len(words) - 1):
            # No term runs across punctuation.
            if text[words[i][1] : words[i + 1][0]].strip(" \t\u00a0_"):
                link[i] = 0.0
        return _Source(words, np.add.reduceat(tokens.weight[begin:end], first, axis=0), link)

    def _read(self) -> _Tokens:
        """Share the weight of every n-gram of the article among its occurrences and syllables."""
        batch = self._vectorizer.encode(self._texts)
        rows = self._vectorizer.transform_batch(batch)
        row, feature, start, size = self._vectorizer.occurrences(batch)
        n, k = len(batch.ids), self._coef.shape[1]
        weight, link = np.zeros((n, k)), np.zeros((n, k))
        if len(feature):
            width = rows.shape[1]
            entry = np.searchsorted(rows.row * width + rows.feature, row * width + feature)
            count = np.bincount(entry, minlength=len(rows.feature))[entry]
            share = (rows.value[entry] / count)[:, None] * self._coef[feature]
            for shift in range(int(size.max())):
                covers = size > shift
                np.add.at(weight, start[covers] + shift, share[covers] / size[covers, None])
                joins = size > shift + 1
                np.add.at(link, start[joins] + shift, share[joins] / (size[joins, None] - 1))
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(batch.lengths)])
        return _Tokens(batch.ids, starts, weight, link)


def _terms(source: _Source, weights: Array) -> list[tuple[float, tuple[int, int]]]:
    """Cut a text into terms, runs of words that count together; return the positive ones."""
    # Lists, not arrays: the loop below handles single numbers, where numpy is slow.
    weight: list[float] = (source.weight * weights).sum(axis=1).tolist()
    link: list[float] = (source.link * weights).sum(axis=1).tolist()
    n = len(weight)
    seeds = sorted((i for i in range(n) if weight[i] > 0), key=lambda i: -weight[i])
    taken = [False] * n
    found: list[tuple[float, tuple[int, int]]] = []
    for seed in seeds[: 2 * MAX_TERMS]:
        if taken[seed]:
            continue
        low = high = seed
        total = weight[seed]
        while high - low + 1 < _MAX_WORDS:
            left = link[low - 1] if low and not taken[low - 1] else 0.0
            right = link[high] if high + 1 < n and not taken[high + 1] else 0.0
            if max(left, right) <= max(_LINK * total / (high - low + 1), 0.0):
                break
            if left > right:
                low -= 1
                total += weight[low]
            else:
                high += 1
                total += weight[high]
        for i in range(low, high + 1):
            taken[i] = True
        if total > 0:
            found.append((total, (source.spans[low][0], source.spans[high][1])))
    return found
