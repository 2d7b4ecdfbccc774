"""Unlabelled articles → those whose labels would teach the model most, best first.

Uncertainty sampling at both levels, weighted by how few examples of a theme there are.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article
from dvtopics.corpus.checksum import text_checksum
from dvtopics.errors import UsageError

if TYPE_CHECKING:
    from dvtopics.taggers.base import Tagger

#: Paragraphs of an article that count: the most uncertain ones.
_TOP = 5
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An article worth labelling.

    Attributes
    ----------
    article : Article
    gain : float
        Expected gain, higher is better; comparable within one run only.
    by_theme : dict of str to float
        What each theme adds to it.
    """

    article: Article
    gain: float
    by_theme: dict[str, float]

    def to_record(self) -> dict[str, Any]:
        """Return the record to be labelled: paragraphs with checksums and null grades."""
        lines = self.article.metadata.get("lines")
        known = isinstance(lines, list) and len(lines) == len(self.article.paragraphs)
        rest = {k: v for k, v in self.article.metadata.items() if k != "lines"}
        return {
            **rest,
            "id": self.article.id,
            "title": self.article.title,
            "drawn": "suggested",
            "gain": round(self.gain, 6),
            "unsure": {theme: round(value, 6) for theme, value in self.by_theme.items()},
            "grades": None,
            "paragraphs": [
                {
                    "text": p.text,
                    "line": lines[i] if known and lines else i,
                    "sha256": text_checksum(p.text),
                    "grades": None,
                }
                for i, p in enumerate(self.article.paragraphs)
            ],
        }


def suggest(
    tagger: Tagger,
    articles: Iterable[Article],
    n: int,
    themes: Sequence[str] | None = None,
) -> list[Suggestion]:
    """Return the `n` articles with the highest expected gain, best first.

    Parameters
    ----------
    tagger : Tagger
    articles : iterable of Article
        Read once, in batches; memory grows with `n` only.
    n : int
    themes : sequence of str, optional
        Count only these; all by default.

    Raises
    ------
    UsageError
        If `n` is not positive or a theme is not the model's.

    References
    ----------
    Settles (2009), Active Learning Literature Survey (uncertainty sampling).
    """
    if n < 1:
        raise UsageError(f"the number of suggestions must be positive, got {n}")
    ids = tagger.themes_
    for theme in themes or ():
        if theme not in ids:
            raise UsageError(f"unknown theme {theme!r}; known: {', '.join(ids)}")
    weight = _theme_weights(tagger, themes or ids)
    best: list[tuple[float, int, Suggestion]] = []
    for number, (article, gains) in enumerate(_gains(tagger, articles)):
        weighted = gains * weight
        by_theme = dict(zip(ids, weighted.tolist(), strict=True))
        # The number breaks ties, so that the first read wins.
        item = (float(weighted.sum()), -number, Suggestion(article, weighted.sum(), by_theme))
        if len(best) < n:
            heapq.heappush(best, item)
        else:
            heapq.heappushpop(best, item)
    return [suggestion for _, _, suggestion in sorted(best, key=lambda i: (-i[0], -i[1]))]


def _theme_weights(tagger: Tagger, themes: Sequence[str]) -> NDArray[np.float64]:
    """Weight a theme by how few positive paragraphs the model was trained on; mean 1."""
    positives: Mapping[str, int] = tagger.training_data_["positive_paragraphs"]
    weight = np.array([1 / np.sqrt(max(positives.get(t, 0), 1)) for t in tagger.themes_])
    weight = weight / weight.mean()
    return np.where([theme in themes for theme in tagger.themes_], weight, 0.0)


def _gains(
    tagger: Tagger, articles: Iterable[Article]
) -> Iterator[tuple[Article, NDArray[np.float64]]]:
    from dvtopics.taggers.base import batched

    for batch in batched(articles, _BATCH):
        scores = tagger.score_articles(batch)
        paragraph = _uncertainty(scores.paragraph, tagger.thresholds_.paragraph)
        article = _uncertainty(scores.article, tagger.thresholds_.article)
        begin = 0
        for number, item in enumerate(batch):
            own = np.sort(paragraph[begin : begin + len(item.paragraphs)], axis=0)[::-1][:_TOP]
            begin += len(item.paragraphs)
            yield item, article[number] + (own.sum(axis=0) / _TOP if len(own) else 0.0)


def _uncertainty(
    probability: NDArray[np.float64], threshold: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return 1 at the threshold, falling to 0 at certainty on either side."""
    limit = np.clip(threshold, 1e-6, 1 - 1e-6)
    above = (1 - probability) / (1 - limit)
    return np.minimum(above, probability / limit)
