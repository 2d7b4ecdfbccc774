"""Evidence: the terms, in the text itself, its title and its neighbours, that decided a tag.

In: a batch, what both stages made of it, and its tags. Out: `Evidence` entries whose weights sum
to the uncalibrated logit, the unnamed part as ``where: "rest"`` and ``where: "bias"``.

All tags of a batch go through together: `dvtopics.taggers.pulls` finds the texts that moved each,
`dvtopics.taggers.words` what their words weigh, `dvtopics.taggers.terms` the terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Evidence
from dvtopics.features.phrases import PhraseList
from dvtopics.features.syllables import code_points
from dvtopics.features.tokens import TokenBatch
from dvtopics.native import kernels
from dvtopics.taggers.batch import Batch
from dvtopics.taggers.context import Array
from dvtopics.taggers.pipeline import Judgement, TwoStagePipeline
from dvtopics.taggers.pulls import Pulls, Tags, hear, pulls_of
from dvtopics.taggers.scorer import Dissected, Grams, Trace
from dvtopics.taggers.segments import starts_of
from dvtopics.taggers.terms import heaviest_terms
from dvtopics.taggers.words import Cells, Words

Ids = NDArray[np.int64]
#: Evidence of articles, and of paragraphs.
Found = tuple[list[list[Evidence]], list[list[Evidence]]]

#: Terms named per theme; "rest" and "bias" come on top, which makes ten.
MAX_TERMS = 8
#: Tokens, times the tags that are traced to them, that are in memory at a time.
_MOST_TOKENS = 1_000_000


class Explainer:
    """Evidence for the tags of batches.

    Parameters
    ----------
    pipeline : TwoStagePipeline
    phrases : sequence of str
        Words that evidence does not cut through.
    themes : sequence of str
    """

    def __init__(
        self, pipeline: TwoStagePipeline, phrases: Sequence[str], themes: Sequence[str]
    ) -> None:
        self.pipeline, self.phrases, self.themes = pipeline, phrases, themes
        self._words = PhraseList(phrases, pipeline.scorer.syllables)
        self._dissector = pipeline.scorer.dissector()
        self._blank = pipeline.blank()

    def explains(
        self, pipeline: TwoStagePipeline, phrases: Sequence[str], themes: Sequence[str]
    ) -> bool:
        """Say whether it was made of just these."""
        return self.pipeline is pipeline and self.phrases is phrases and self.themes == themes

    def explain(
        self,
        batch: Batch,
        judgement: Judgement,
        paragraph_tags: NDArray[np.bool_],
        article_tags: NDArray[np.bool_],
    ) -> Found:
        """Return the evidence of every article, and of every paragraph.

        Parameters
        ----------
        batch : Batch
        judgement : Judgement
            Of the batch, traced.
        paragraph_tags : ndarray of bool, shape (n_paragraphs, n_themes)
        article_tags : ndarray of bool, shape (n_articles, n_themes)
        """
        of_articles: list[list[Evidence]] = [[] for _ in batch.titles]
        of_paragraphs: list[list[Evidence]] = [[] for _ in batch.texts]
        row, row_theme = np.nonzero(paragraph_tags)
        article, article_theme = np.nonzero(article_tags)
        if not len(row) + len(article):
            return of_articles, of_paragraphs
        trace = judgement.read.trace
        assert trace is not None
        judged = np.cumsum(judgement.read.judged) - 1
        heard, tags = hear(
            self.pipeline, judgement, Tags(judged.take(row), row_theme, article, article_theme)
        )
        pulls, bias = pulls_of(self.pipeline, self._blank, heard, tags)
        logit = np.concatenate(
            [heard.paragraph[tags.row, row_theme], heard.article[article, article_theme]]
        )
        named = self._named([*batch.texts, *batch.titles], pulls, trace)
        themes = np.array(self.themes, dtype=object)
        themes = themes.take(np.concatenate([row_theme, article_theme]))
        own = np.concatenate([row, np.full(len(article), -1)])
        terms = _terms(batch, named, themes, own)
        bias = np.round(bias, 6)
        rest = logit - bias - np.bincount(named.tag, named.weight, minlength=len(bias))
        ends = np.cumsum(np.bincount(named.tag, minlength=len(bias)))
        items = [of_paragraphs[number] for number in row.tolist()]
        items += [of_articles[number] for number in article.tolist()]
        low = 0
        for entries, high, *unnamed in zip(
            items, ends.tolist(), _unnamed("rest", rest, themes), _unnamed("bias", bias, themes),
            strict=True,
        ):  # fmt: skip
            entries += terms[low:high]
            entries += unnamed
            low = high
        return of_articles, of_paragraphs

    def _named(self, texts: list[str], pulls: Pulls, trace: Trace) -> _Named:
        """Return the terms that are named."""
        dissected = self._dissector.open(trace)
        if dissected.grams is not None and kernels.available():
            weight = pulls.weight * dissected.scale.take(pulls.text, axis=0)
            at = np.zeros(pulls.peak.shape, np.int64)
            peak = pulls.peak
            if trace.peaks is not None:
                at = trace.peaks.at.take(pulls.text, axis=0)
                peak = peak * trace.peaks.scale.take(pulls.text, axis=0)
            scaled = Pulls(pulls.tag, pulls.text, weight, np.ascontiguousarray(peak))
            return self._named_by_kernel(texts, scaled, at, trace.tokens, dissected.grams)
        return self._named_in_numpy(texts, pulls, trace, dissected)

    def _named_by_kernel(
        self, texts: list[str], pulls: Pulls, at: Ids, tokens: TokenBatch, grams: Grams
    ) -> _Named:
        assert tokens.spans is not None
        raw, width = code_points("\n".join(texts) + "\n")
        there = np.zeros(len(texts), dtype=bool)
        there[pulls.text] = True
        flags = kernels.mark_words(
            raw, width, (tokens.ids, tokens.spans, tokens.lengths), there, *self._words.parts
        )
        parts = []
        for low, high in _parts(pulls, tokens.lengths):
            part = pulls.tag[low:high], pulls.text[low:high], pulls.weight[low:high]
            peaks = pulls.peak[low:high], at[low:high], self.pipeline.scorer.window
            pull, first, last, weight = kernels.heaviest_terms(
                tokens.lengths, flags, (grams.feature, grams.share), grams.single, grams.coef,
                part, peaks, MAX_TERMS,
            )  # fmt: skip
            parts.append((pull + low, first, last, weight))
        none = np.zeros(0, np.int64)
        columns = zip(*parts, strict=True) if parts else [[none]] * 3 + [[np.zeros(0)]]
        pull, first, last, weight = map(np.concatenate, columns)
        text = pulls.text.take(pull)
        begin = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 1)
        begin = np.append(0, begin).take(text)
        start, end = tokens.spans[0].take(first) - begin, tokens.spans[1].take(last) - begin
        return _Named(pulls.tag.take(pull), text, start, end, weight)

    def _named_in_numpy(
        self, texts: list[str], pulls: Pulls, trace: Trace, dissected: Dissected
    ) -> _Named:
        tokens = trace.tokens
        none = np.zeros(0, np.int64)
        parts: list[tuple[Ids, Ids, Ids, Ids, Array]] = [(none, none, none, none, np.zeros(0))]
        for low, high in _parts(pulls, tokens.lengths):
            part = Pulls(
                pulls.tag[low:high], pulls.text[low:high], pulls.weight[low:high],
                pulls.peak[low:high],
            )  # fmt: skip
            there = np.zeros(len(texts), dtype=bool)
            there[part.text] = True
            words = Words.of(np.flatnonzero(there), texts, tokens, self._words)
            cells = Cells.of(words, part, dissected)
            if trace.peaks is not None and dissected.grams is not None:
                window = self.pipeline.scorer.window
                cells = cells.with_peaks(words, part, trace.peaks, window, dissected.grams)
            terms = heaviest_terms(cells, part.tag.take(cells.pull), MAX_TERMS)
            text = part.text.take(cells.pull.take(terms.first))
            start = words.start.take(cells.word.take(terms.first))
            end = words.end.take(cells.word.take(terms.last))
            parts.append((terms.tag, text, start, end, terms.weight))
        return _Named(*map(np.concatenate, zip(*parts, strict=True)))


@dataclass(frozen=True, slots=True)
class _Named:
    """Terms by tag: text, code points and weight."""

    tag: Ids
    text: Ids
    start: Ids
    end: Ids
    weight: Array


def _parts(pulls: Pulls, lengths: Ids) -> list[tuple[int, int]]:
    """Cut pulls into runs of whole tags, none with many more than `_MOST_TOKENS` tokens."""
    start = starts_of(pulls.tag)
    tokens = np.append(0, np.cumsum(lengths.take(pulls.text)))
    number = tokens.take(start) // _MOST_TOKENS
    bounds = [*start.take(starts_of(number)).tolist(), len(pulls.tag)]
    return list(pairwise(bounds))


def _terms(batch: Batch, named: _Named, themes: NDArray[np.object_], own: Ids) -> list[Evidence]:
    """Write out the terms that are named.

    Parameters
    ----------
    batch : Batch
    named : _Named
    themes : ndarray of str, shape (n_tags,)
    own : ndarray of int64, shape (n_tags,)
        The paragraph that was tagged, -1 for articles.
    """
    texts, n = [*batch.texts, *batch.titles], len(batch.texts)
    # Titles, behind all paragraphs, are in no place of an article.
    before = batch.layout.starts.take(np.append(batch.layout.article, 0))
    where = (named.text - before.take(np.minimum(named.text, n))).astype(object)
    where[named.text >= n] = "title"
    where[named.text == own.take(named.tag)] = "self"
    columns = (
        named.text, named.start, named.end, named.weight, themes.take(named.tag), where
    )  # fmt: skip
    return [
        {"term": texts[a][b:c], "start": b, "end": c, "weight": d, "theme": e, "where": f}
        for a, b, c, d, e, f in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _unnamed(where: str, weight: Array, themes: NDArray[np.object_]) -> list[Evidence]:
    """Write out an entry without term for every tag."""
    return [
        {"term": None, "start": 0, "end": 0, "weight": value, "theme": theme, "where": where}
        for value, theme in zip((np.round(weight, 6) + 0.0).tolist(), themes.tolist(), strict=True)
    ]
