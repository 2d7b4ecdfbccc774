"""What pipelines are fitted on, and what a kind of scorer must bring along to be fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dvtopics.corpus.labels import Labels
from dvtopics.features.tokens import TokenisedTexts
from dvtopics.taggers.batch import Batch, Layout
from dvtopics.taggers.context import Array
from dvtopics.taggers.scorer import Scorer, TextScores


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Articles as token ids, with their labels and a weight per article.

    Attributes
    ----------
    body, titles : TokenisedTexts
        Of all paragraphs and of all titles.
    layout : Layout
    labels : Labels
    weight : ndarray, shape (n_articles,)
    """

    body: TokenisedTexts
    titles: TokenisedTexts
    layout: Layout
    labels: Labels
    weight: Array

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which articles have a judged paragraph, shape (n_articles,)."""
        return judged_articles(self.labels, self.layout)

    @classmethod
    def from_batch(
        cls,
        batch: Batch,
        labels: Labels,
        read: Callable[[Sequence[str]], TokenisedTexts] = TokenisedTexts.read,
    ) -> TrainingSet:
        """Tokenise a batch with `read`; every article weighs the same."""
        return cls(
            read(batch.texts),
            read(batch.titles),
            batch.layout,
            labels,
            np.ones(batch.layout.n_articles),
        )

    def subset(self, chosen: NDArray[np.bool_]) -> TrainingSet:
        """Return the chosen articles only."""
        rows = chosen[self.layout.article]
        return TrainingSet(
            self.body.take(rows),
            self.titles.take(chosen),
            Layout.from_counts(self.layout.sizes[chosen]),
            Labels(
                self.labels.paragraph[rows],
                self.labels.main[rows],
                self.labels.article[chosen],
                self.labels.part[rows],
            ),
            self.weight[chosen],
        )


def judged_articles(labels: Labels, layout: Layout) -> NDArray[np.bool_]:
    """Return which articles have a judged paragraph, shape (n_articles,)."""
    rows = np.flatnonzero(~np.isnan(labels.paragraph).all(axis=1))
    return np.asarray(np.bincount(layout.article[rows], minlength=layout.n_articles) > 0)


class StageOne(Protocol):
    """How one kind of scorer is fitted.

    `independent` says that `fit_part` gives the same scores whatever `fit` was called with, so
    that one scorer serves several pipelines; its contents then count nowhere.
    """

    @property
    def independent(self) -> bool: ...  # noqa: D102

    def fit(self, data: TrainingSet) -> Scorer:
        """Fit the scorer that is kept."""

    def fit_part(self, data: TrainingSet) -> Scorer:
        """Fit one like the last that `fit` made, on a part of its articles."""

    def scores(self, scorer: Scorer, tokens: TokenisedTexts) -> TextScores:
        """Score texts that `PipelineParameters.read` has read.

        A content without any dimension stands for that of the scorer that is kept.
        """


class PipelineParameters(Protocol):
    """What a pipeline is fitted with; see the taggers for the meaning."""

    @property
    def context_C(self) -> float: ...  # noqa: D102, N802
    @property
    def article_C(self) -> float: ...  # noqa: D102, N802
    @property
    def n_hidden(self) -> int: ...  # noqa: D102
    @property
    def network_alpha(self) -> float: ...  # noqa: D102
    @property
    def n_epochs(self) -> int: ...  # noqa: D102
    @property
    def n_averaged(self) -> int: ...  # noqa: D102
    @property
    def n_networks(self) -> int: ...  # noqa: D102
    @property
    def n_folds(self) -> int: ...  # noqa: D102
    @property
    def random_state(self) -> int: ...  # noqa: D102

    def read(self, texts: Sequence[str]) -> TokenisedTexts:
        """Cut texts into tokens."""

    def stage_one(self) -> StageOne:
        """Return what fits the scorers of one pipeline."""
