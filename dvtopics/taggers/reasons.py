"""Evidence when it is read: what tagged articles keep for that, and what is done then.

In: a batch as it was judged, and its tags. Out: `ArticleReasons`, which give the evidence of one
article each.

What a batch was judged by is kept until the next one is tagged: evidence that is read by then
needs nothing twice. After that an article keeps its texts and tags only. When its evidence is
read, it is judged again, together with what is still there, and unread, of its batch.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Evidence
from dvtopics.taggers.batch import Batch, Layout, Scores
from dvtopics.taggers.explain import Explainer
from dvtopics.taggers.garbage import collecting_later
from dvtopics.taggers.pipeline import Judgement

Mask = NDArray[np.bool_]


class ArticleReasons:
    """Evidence of an article and its paragraphs, found when any of it is first read."""

    __slots__ = ("__weakref__", "_article_tags", "_found", "_of", "_tags", "_texts", "_title")

    def __init__(
        self, of: Reasons, title: str, texts: list[str], tags: Mask, article_tags: Mask
    ) -> None:
        self._of, self._title, self._texts = of, title, texts
        self._tags, self._article_tags = tags, article_tags
        self._found: tuple[list[Evidence], list[list[Evidence]]] | None = None

    # Any: what takes evidence takes what makes it as well, see `dvtopics.article`.
    def of_article(self) -> Any:
        """Return what makes the evidence of the article."""
        return self._article

    def of_paragraph(self, number: int) -> Any:
        """Return what makes the evidence of a paragraph."""
        return partial(self._paragraph, number)

    def _article(self) -> list[Evidence]:
        return self._read()[0]

    def _paragraph(self, number: int) -> list[Evidence]:
        return self._read()[1][number]

    def _read(self) -> tuple[list[Evidence], list[list[Evidence]]]:
        # Threads that read at the same time may find the same twice.
        if self._found is None:
            self._of.find()
        assert self._found is not None
        return self._found


class Reasons:
    """Evidence of a batch.

    Parameters
    ----------
    explainer : Explainer
    batch : Batch
    judgement : Judgement
        Of the batch, traced.
    scores : Scores
    """

    def __init__(
        self, explainer: Explainer, batch: Batch, judgement: Judgement, scores: Scores
    ) -> None:
        self._explainer = explainer
        self._judged: tuple[Batch, Judgement, Mask, Mask] | None = (
            batch, judgement, scores.paragraph_tags, scores.article_tags,
        )  # fmt: skip
        self._articles: list[ref[ArticleReasons]] = []

    def open(self) -> list[ArticleReasons]:
        """Return the reasons of every article, which this does not keep."""
        assert self._judged is not None
        batch, _, tags, article_tags = self._judged
        bounds = pairwise(batch.layout.starts.tolist())
        # Copies: a part of an array keeps all of it.
        articles = [
            ArticleReasons(self, title, batch.texts[low:high], tags[low:high].copy(), own.copy())
            for title, (low, high), own in zip(batch.titles, bounds, article_tags, strict=True)
        ]
        self._articles = [ref(article) for article in articles]
        return articles

    def let_go(self) -> None:
        """Keep what the batch was judged by no longer."""
        self._judged = None

    def find(self) -> None:
        """Find the evidence of all articles that are still there."""
        judged = self._judged
        there = [(n, a) for n, known in enumerate(self._articles) if (a := known()) is not None]
        if judged is None:
            unread = [article for _, article in there if article._found is None]
            if not unread:
                # Another thread was quicker.
                return
            there, judged = list(enumerate(unread)), self._judged_again(unread)
        with collecting_later():
            of_articles, of_paragraphs = self._explainer.explain(*judged)
        starts = judged[0].layout.starts.tolist()
        for number, article in there:
            rows = of_paragraphs[starts[number] : starts[number + 1]]
            article._found = of_articles[number], rows
        self._judged = None

    def _judged_again(self, articles: list[ArticleReasons]) -> tuple[Batch, Judgement, Mask, Mask]:
        layout = Layout.from_counts([len(article._texts) for article in articles])
        texts = [text for article in articles for text in article._texts]
        batch = Batch([], [article._title for article in articles], texts, layout)
        return (
            batch,
            self._explainer.pipeline.judge(batch, traced=True),
            np.concatenate([article._tags for article in articles]),
            np.stack([article._article_tags for article in articles]),
        )
