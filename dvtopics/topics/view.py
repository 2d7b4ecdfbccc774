"""Topics as people see them: after merging and naming by hand, with figures and terms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.topics.coherence import npmi, u_mass
from dvtopics.topics.edits import Edits
from dvtopics.topics.fitted import Fitted
from dvtopics.topics.labels import automatic_labels
from dvtopics.topics.terms import (
    SCORED,
    diversity,
    exclusivity,
    frex,
    relevance,
    top_terms,
)
from dvtopics.topics.theme_map import decide

Floats = NDArray[np.float64]
ORDERS = ("probability", "relevance", "frex")


@dataclass(frozen=True, slots=True)
class TopicView:
    """One topic as shown.

    Attributes
    ----------
    id : int
    members : list of int
        Topics of the fit that it is made of; usually itself.
    label : str
    theme : str or None
    theme_score : float
    terms : list of (str, float)
        With p(term given topic), most probable first.
    npmi, c_v, u_mass, exclusivity : float
    share : float
        Mean share over articles.
    """

    id: int
    members: list[int]
    label: str
    theme: str | None
    theme_score: float
    terms: list[tuple[str, float]]
    npmi: float
    c_v: float
    u_mass: float
    exclusivity: float
    share: float


class View:
    """All topics of a model after edits.

    Parameters
    ----------
    fitted : Fitted
    edits : Edits
    themes : sequence of str
        Ids, in the order of the map's columns.
    """

    def __init__(self, fitted: Fitted, edits: Edits, themes: Sequence[str]) -> None:
        self._fitted = fitted
        self.groups = edits.groups(len(fitted.topics.weights))
        share = fitted.mean_shares
        # A merged topic is the mixture of its members: weighted by their shares.
        self._mix = np.zeros((len(self.groups), len(share)))
        for row, group in enumerate(self.groups):
            own = share[group] if share[group].sum() > 0 else np.ones(len(group))
            self._mix[row, group] = own / own.sum()
        self.probabilities: Floats = self._mix @ fitted.topics.probabilities
        self.topics = self._topics(edits, themes)

    def _topics(self, edits: Edits, themes: Sequence[str]) -> list[TopicView]:
        fitted, terms = self._fitted, self._fitted.terms
        tops = [top_terms(row, terms) for row in self.probabilities]
        # Counted are the terms that stand high in a topic of the fit, so in a merged one too.
        known = fitted.counts.index()
        scored = [[terms[i] for i in top if terms[i] in known][:SCORED] for top in tops]
        labels = automatic_labels(self.probabilities, fitted.marginal, terms, fitted.proper)
        scores = self._mix @ fitted.scores
        decided = decide(scores, themes)
        figures = zip(
            npmi(scored, fitted.counts),
            (self._mix @ fitted.c_v).tolist(),
            u_mass(scored, fitted.counts),
            exclusivity(self.probabilities, [top[:SCORED] for top in tops]),
            strict=True,
        )
        views = []
        for row, (group, figure) in enumerate(zip(self.groups, figures, strict=True)):
            theme, score = decided[row]
            if group[0] in edits.themes:
                theme = edits.themes[group[0]]
                score = float(scores[row, list(themes).index(theme)]) if theme else score
            views.append(
                TopicView(
                    group[0],
                    group,
                    edits.names.get(group[0], labels[row]),
                    theme,
                    round(score, 6),
                    [(terms[i], float(self.probabilities[row, i])) for i in tops[row]],
                    *figure,
                    float(fitted.mean_shares[group].sum()),
                )
            )
        return views

    def ordered(self, order: str, weight: float = 0.6, n: int = 10) -> list[list[str]]:
        """Return the top terms of every topic by one of `ORDERS`."""
        terms = self._fitted.terms
        if order == "relevance":
            scores = relevance(self.probabilities, self._fitted.marginal, weight)
        elif order == "frex":
            scores = frex(self.probabilities)
        else:
            scores = self.probabilities
        # Lift alone would lead with terms that a topic hardly has.
        scores = np.where(self.probabilities > self.probabilities.max(axis=1, keepdims=True) / 100,
                          scores, -np.inf) if order != "probability" else scores  # fmt: skip
        return [[terms[i] for i in top_terms(row, terms, n)] for row in scores]

    def similarity(self) -> Floats:
        """Return how alike topics are, 0 to 1: one less the Hellinger distance."""
        roots = np.sqrt(self.probabilities)
        result: Floats = 1.0 - np.sqrt(np.clip(1.0 - roots @ roots.T, 0.0, 1.0))
        return result

    def shares(self, shares: NDArray[np.floating]) -> Floats:
        """Return the articles' shares of the topics as shown."""
        result: Floats = np.stack(
            [np.asarray(shares)[:, group].sum(axis=1) for group in self.groups], axis=1
        ).astype(np.float64)
        return result

    def summary(self) -> dict[str, Any]:
        """Return the content of ``topics.json``."""
        return {
            "topics": [
                {
                    "id": topic.id,
                    "label": topic.label,
                    "theme": topic.theme,
                    "theme_score": topic.theme_score,
                    "terms": [[term, round(p, 8)] for term, p in topic.terms],
                    "npmi": round(topic.npmi, 6),
                    "share": round(topic.share, 6),
                }
                for topic in self.topics
            ],
            "coherence": {
                "npmi": round(float(np.mean([t.npmi for t in self.topics])), 6),
                "c_v": round(float(np.mean([t.c_v for t in self.topics])), 6),
            },
            "diversity": round(diversity([[w for w, _ in t.terms] for t in self.topics]), 6),
        }

    def to_json(self) -> str:
        """Return ``topics.json`` as text."""
        return json.dumps(self.summary(), ensure_ascii=False, indent=2) + "\n"
