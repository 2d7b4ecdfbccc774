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
from dvtopics.taggers.context import Array
from dvtopics.taggers.influence import ArticleSignals, Influence, InfluenceMap
from dvtopics.taggers.pipeline import Judgement, TwoStagePipeline
from dvtopics.taggers.scorer import TokenWeights
from dvtopics.text.tokenize import token_spans

#: Terms named per theme; "rest" and "bias" come on top, which makes ten.
MAX_TERMS = 8
_MAX_SOURCES = 6
_MAX_WORDS = 4
_LINK = 0.35


@dataclass(slots=True)
class _Source:
    """Words of one text: what they and the links between them put into logits and content."""

    spans: list[tuple[int, int]]  # of the words
    weight: Array  # (n_words, k + d)
    link: Array  # (n_words, k): pull between a word and the next one


@dataclass(frozen=True, slots=True)
class JudgedArticle:
    """One article and what both stages made of it; rows are the paragraphs with a token.

    Attributes
    ----------
    article : Article
    index : ndarray of int64, shape (n,)
        Positions of the rows in ``article.paragraphs``.
    own, content, hidden, logits : ndarray
        Stage-one logits (n, k), contents (n, d), hidden layer (n, n_hidden) and logits of
        stage two (n, n_themes).
    title : ndarray, shape (k,), or None
    title_content : ndarray, shape (d,)
    article_logits : ndarray, shape (n_themes,)
    length : ndarray, shape (n,)
    head : ndarray of bool, shape (n,)
        The rows that the article is judged by.
    title_length : ndarray, shape ()
        Tokens of the title.
    """

    article: Article
    index: NDArray[np.int64]
    own: Array
    content: Array
    hidden: Array
    logits: Array
    title: Array | None
    title_content: Array
    article_logits: Array
    length: Array
    head: NDArray[np.bool_]
    title_length: Array

    @property
    def texts(self) -> list[str]:
        """Texts of the rows, then the title."""
        paragraphs = self.article.paragraphs
        return [*(paragraphs[i].text for i in self.index.tolist()), self.article.title]

    @classmethod
    def of(
        cls,
        article: Article,
        number: int,
        span: tuple[int, int],
        judgement: Judgement,
        heads: NDArray[np.bool_],
    ) -> JudgedArticle:
        """Take article `number`, whose paragraphs are those of `span`, out of a batch."""
        read, signals = judgement.read, judgement.read.signals
        low, high = signals.layout.starts[number : number + 2]
        title = signals.title[number]
        return cls(
            article,
            np.flatnonzero(read.judged[slice(*span)]),
            signals.own[low:high],
            read.content.own[low:high],
            judgement.hidden[low:high],
            judgement.paragraph[low:high],
            None if np.isnan(title).any() else title,
            read.content.title[number],
            judgement.article[number],
            signals.length[low:high],
            heads[low:high],
            read.title_length[number],
        )


@dataclass(frozen=True, slots=True)
class _Pull:
    """One text, the weights of its words' logits and contents, and by how much it moved."""

    source: int
    weights: Array
    moved: float


class Explainer:
    """Evidence for the tags of one article.

    Parameters
    ----------
    judged : JudgedArticle
    pipeline : TwoStagePipeline
    phrases : PhraseList
        Words that evidence does not cut through.
    blank : ndarray, shape (n_themes,)
        What the pipeline says of a text without any known term.
    tokens : TokenWeights
        Of many texts, among them `JudgedArticle.texts` of this article.
    first : int
        Where these begin.
    """

    def __init__(
        self,
        judged: JudgedArticle,
        pipeline: TwoStagePipeline,
        phrases: PhraseList,
        blank: Array,
        tokens: TokenWeights,
        first: int,
    ) -> None:
        self._judged = judged
        self._pipeline = pipeline
        self._phrases = phrases
        self._base, self._blank = pipeline.scorer.intercept, blank
        self._map = InfluenceMap(
            ArticleSignals(judged.own, judged.title, judged.length, self._base, self._base)
        )
        self._influences: dict[int, Influence] = {}
        #: What every paragraph and the title put in, beyond a text without any known term.
        self._level = np.concatenate([judged.own - self._base, judged.content], axis=1)
        self._title_level = (
            None
            if judged.title is None
            else np.concatenate([judged.title - self._base, judged.title_content])
        )
        # The title comes last: source -1.
        self._texts = judged.texts
        self._tokens, self._first = tokens, first
        self._sources: dict[int, _Source] = {}

    def paragraph(self, position: int, themes: list[tuple[int, str]]) -> list[Evidence]:
        """Return evidence for the tags of the paragraph at `position` among the judged."""
        influence = self._influence(position)
        on_texts = _join(influence.on_logits, influence.on_content)
        on_title = _join(influence.title_logits, influence.title_content)
        result: list[Evidence] = []
        for theme, name in themes:
            pulls = self._pulls(influence.paragraphs, on_texts[..., theme], on_title[..., theme])
            bias, logit = influence.bias[theme], self._judged.logits[position, theme]
            result += self._entries(pulls, float(bias), name, float(logit), position)
        return result

    def article(self, themes: list[tuple[int, str]]) -> list[Evidence]:
        """Return evidence for the tags of the article."""
        judged = self._judged
        if len(judged.own) == 0:
            return self._title_alone(themes)
        rows = np.flatnonzero(judged.head)
        influence = self._on_article(judged.logits[rows], judged.length[rows])
        result: list[Evidence] = []
        for theme, name in themes:
            pulls = self._through_paragraphs(influence, rows, theme)
            bias, logit = influence.bias[theme], judged.article_logits[theme]
            result += self._entries(pulls, float(bias), name, float(logit), None)
        return result

    def _title_alone(self, themes: list[tuple[int, str]]) -> list[Evidence]:
        """Return evidence for the tags of an article whose title was judged as a paragraph."""
        judged, pipeline = self._judged, self._pipeline
        assert judged.title is not None
        own, length = judged.title[None], judged.title_length[None]
        alone = pipeline.judge_titles(own, judged.title_content[None], length)
        as_paragraph = InfluenceMap(
            ArticleSignals(own, judged.title, length, self._base, self._base)
        ).on_paragraph(pipeline.paragraph_stage.local(alone.hidden[0]), 0)
        influence = self._on_article(alone.paragraph, length)
        # The same words stand in the paragraph and in the title.
        back = _join(as_paragraph.on_logits[0], as_paragraph.on_content[0])
        back = back + _join(as_paragraph.title_logits, as_paragraph.title_content)
        result: list[Evidence] = []
        for theme, name in themes:
            weights = back @ influence.on_logits[0, :, theme]
            weights[: len(self._blank)] += influence.title_logits[:, theme]
            pulls = self._pulls(np.zeros(0, np.int64), np.zeros((0, len(weights))), weights)
            logit = float(judged.article_logits[theme])
            result += self._entries(pulls, float(influence.bias[theme]), name, logit, None)
        return result

    def _on_article(self, logits: Array, length: Array) -> Influence:
        """Return what moved the logits of the article, given those of its paragraphs."""
        title, n_themes = self._judged.title, len(self._blank)
        signals = ArticleSignals(
            logits,
            None if title is None else title[:n_themes],
            length,
            self._blank,
            self._base[:n_themes],
        )
        return InfluenceMap(signals).on_article(self._pipeline.article_stage)

    def _influence(self, position: int) -> Influence:
        """Return what moved the logits of the paragraph at `position`."""
        if position not in self._influences:
            model = self._pipeline.paragraph_stage.local(self._judged.hidden[position])
            self._influences[position] = self._map.on_paragraph(model, position)
        return self._influences[position]

    def _pulls(self, at: NDArray[np.int64], on_texts: Array, on_title: Array) -> list[_Pull]:
        """Say how far the paragraphs `at` and the title moved a logit.

        Parameters
        ----------
        at : ndarray of int64, shape (n,)
        on_texts : ndarray, shape (n, k + d)
        on_title : ndarray, shape (k + d,)
        """
        moved = (on_texts * self._level[at]).sum(axis=1).tolist()
        pulls = [_Pull(j, w, m) for j, w, m in zip(at.tolist(), on_texts, moved, strict=True)]
        if self._title_level is not None:
            pulls.append(_Pull(-1, on_title, float((on_title * self._title_level).sum())))
        return pulls

    def _through_paragraphs(
        self, influence: Influence, rows: NDArray[np.int64], theme: int
    ) -> list[_Pull]:
        """Follow the influence of the logits of paragraphs `rows` back to the texts behind.

        Only that of the paragraphs that moved the article's logit most; the rest is rest.
        """
        judged = self._judged
        on_logits = influence.on_logits[..., theme]
        moved = (on_logits * (judged.logits[rows] - self._blank)).sum(axis=1)
        on_texts = np.zeros(self._level.shape)
        on_title = np.zeros(self._level.shape[1])
        on_title[: len(self._blank)] = influence.title_logits[:, theme]
        for at in np.argsort(-moved, kind="stable")[:_MAX_SOURCES].tolist():
            back = self._influence(int(rows[at]))
            part = on_logits[at]
            on_texts[back.paragraphs] += _join(back.on_logits, back.on_content) @ part
            on_title += _join(back.title_logits, back.title_content) @ part
        return self._pulls(np.arange(len(on_texts)), on_texts, on_title)

    def _entries(
        self, pulls: list[_Pull], bias: float, theme: str, logit: float, own: int | None
    ) -> list[Evidence]:
        chosen = [(pull, self._source(pull.source)) for pull in _strongest(pulls, own)]
        chosen = [(pull, source) for pull, source in chosen if source.spans]
        entries: list[Evidence] = []
        article = self._judged.article
        for weight, first, last in _terms(chosen) if chosen else ():
            number, start = first[0], first[1][0]
            end = last[1][1]
            where: str | int
            if number < 0:
                where, text = "title", article.title
            else:
                place = int(self._judged.index[number])
                where = "self" if number == own else place
                text = article.paragraphs[place].text
            entries.append(
                {
                    "term": text[start:end], "start": start, "end": end,
                    "weight": round(weight, 6) + 0.0, "theme": theme, "where": where,
                }
            )  # fmt: skip
        named = sum(entry["weight"] for entry in entries)
        bias = round(bias, 6)
        for where, weight in (("rest", logit - bias - named), ("bias", bias)):
            entries.append(
                {
                    "term": None, "start": 0, "end": 0,
                    "weight": round(weight, 6) + 0.0, "theme": theme, "where": where,
                }
            )  # fmt: skip
        return entries

    def _source(self, source: int) -> _Source:
        if source not in self._sources:
            self._sources[source] = self._words(source)
        return self._sources[source]

    def _words(self, source: int) -> _Source:
        """Sum the tokens of a text by word; ``-1`` is the title."""
        tokens, row = self._tokens, source % len(self._texts)
        text = self._texts[row]
        begin, end = tokens.starts[self._first + row : self._first + row + 2]
        first = self._phrases.word_starts(tokens.ids[begin:end])
        if len(first) == 0:
            return _Source([], np.zeros((0, 0)), tokens.link[:0])
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
        weight = np.concatenate([tokens.weight[begin:end], tokens.content(begin, end)], axis=1)
        return _Source(words, np.add.reduceat(weight, first, axis=0), link)


def _join(on_logits: Array, on_content: Array) -> Array:
    """Put influences on logits and contents side by side, shape (..., k + d, n_themes)."""
    return np.concatenate([on_logits, on_content], axis=-2)


def _strongest(pulls: list[_Pull], own: int | None) -> list[_Pull]:
    """Return the texts that moved the logit up most, with the own one in any case."""
    ranked = sorted(pulls, key=lambda pull: (pull.source != own, -pull.moved, pull.source))
    return [pull for pull in ranked[:_MAX_SOURCES] if pull.moved > 0 or pull.source == own]


#: A word: number of its text, where it stands there.
_Word = tuple[int, tuple[int, int]]


def _terms(chosen: list[tuple[_Pull, _Source]]) -> list[tuple[float, _Word, _Word]]:
    """Cut texts into terms, runs of words that count together.

    Returns
    -------
    list of (weight, first word, last word)
        The heaviest, all positive. They grow from the heaviest words of all the texts.
    """
    # A text's last word has no link: no run goes on into the next text.
    links = [(s.link * pull.weights[: s.link.shape[1]]).sum(axis=1) for pull, s in chosen]
    weights = np.concatenate([(s.weight * pull.weights).sum(axis=1) for pull, s in chosen])
    words = [(pull.source, span) for pull, s in chosen for span in s.spans]
    seeds = np.argsort(-weights, kind="stable")[: 2 * MAX_TERMS].tolist()
    # Lists, not arrays: the loop below handles single numbers, where numpy is slow.
    weight, link = weights.tolist(), np.concatenate(links).tolist()
    taken = [False] * (len(weight) + 1)
    found = []
    for seed in seeds:
        if taken[seed] or weight[seed] <= 0:
            continue
        low = high = seed
        total = weight[seed]
        while high - low + 1 < _MAX_WORDS:
            left = link[low - 1] if low and not taken[low - 1] else 0.0
            right = 0.0 if taken[high + 1] else link[high]
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
            found.append((total, low, high))
    found.sort(key=lambda item: (-item[0], words[item[1]]))
    return [(total, words[low], words[high]) for total, low, high in found[:MAX_TERMS]]
