"""What a fit leaves: plain arrays and lists, and their way to a folder and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import ModelError
from dvtopics.text.tokenize import tokenize
from dvtopics.topics.bags import Weights
from dvtopics.topics.cooccurrence import Counts
from dvtopics.topics.cutting import Cutter
from dvtopics.topics.engines import Topics
from dvtopics.topics.folder import ARRAYS, PASSAGES, TERMS, read_arrays, read_json
from dvtopics.topics.marks import OTHER, SyllableTable, name_syllables
from dvtopics.topics.vocabulary import Vocabulary

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Fitted:
    """A fitted model without its articles.

    Attributes
    ----------
    terms : list of str
    phrases : list of str
        Canonical syllables joined by spaces: what texts are cut by.
    topics : Topics
    weights : Weights
    article_counts : ndarray of shape (n_terms,)
        Articles that each term is in.
    proper : ndarray of shape (n_terms,)
        Whether it is mostly written with capitals.
    marginal : ndarray of shape (n_terms,)
        p(term) over weighted counts.
    scores : ndarray of shape (n_topics, n_themes)
        Of the map to themes.
    c_v : ndarray of shape (n_topics,)
    mean_shares : ndarray of shape (n_topics,)
        Over articles.
    counts : Counts
        Paragraphs of the terms that stand high in any topic.
    passages : list of list of dict
    info : dict
        Counts and the curve of the choice of the number of topics; JSON values.
    """

    terms: list[str]
    phrases: list[str]
    topics: Topics
    weights: Weights
    article_counts: NDArray[np.int64]
    proper: NDArray[np.bool_]
    marginal: Floats
    scores: Floats
    c_v: Floats
    mean_shares: Floats
    counts: Counts
    passages: list[list[dict[str, Any]]]
    info: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> dict[str, Any]:
        """Write arrays, terms and passages; return what belongs into the config."""
        from safetensors.numpy import save

        row, column = np.nonzero(np.triu(self.counts.pairs))
        arrays = {
            "topic_weights": self.topics.weights,
            "alpha": self.topics.alpha,
            "article_counts": self.article_counts,
            "proper": self.proper.astype(np.uint8),
            "marginal": self.marginal,
            "theme_scores": self.scores,
            "c_v": self.c_v,
            "mean_shares": self.mean_shares,
            "pair_row": row.astype(np.int32),
            "pair_column": column.astype(np.int32),
            "pair_count": self.counts.pairs[row, column],
        }
        if self.weights.idf is not None:
            arrays["idf"] = self.weights.idf
        data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        (folder / ARRAYS).write_bytes(data)
        lists = {"terms": self.terms, "phrases": self.phrases, "counted": self.counts.terms}
        _write_json(folder / TERMS, lists)
        _write_json(folder / PASSAGES, self.passages)
        return {
            "is_dirichlet": self.topics.is_dirichlet,
            "n_seen": self.topics.n_seen,
            "weight_scale": self.weights.scale,
            "n_paragraphs": self.counts.n,
            "info": self.info,
        }

    @classmethod
    def read(cls, folder: Path, config: Mapping[str, Any], n_themes: int) -> Fitted:
        """Read what `write` wrote.

        Raises
        ------
        ModelError
            If sizes do not fit each other.
        """
        arrays = read_arrays(folder / ARRAYS)
        lists = read_json(folder / TERMS)
        try:
            counted = lists["counted"]
            pairs = np.zeros((len(counted), len(counted)), dtype=np.int64)
            row, column = arrays["pair_row"], arrays["pair_column"]
            pairs[row, column] = arrays["pair_count"]
            pairs[column, row] = arrays["pair_count"]
            fitted = cls(
                lists["terms"],
                lists["phrases"],
                Topics(
                    arrays["topic_weights"],
                    arrays["alpha"],
                    bool(config["is_dirichlet"]),
                    float(config["n_seen"]),
                ),
                Weights(arrays.get("idf"), float(config["weight_scale"])),
                arrays["article_counts"],
                arrays["proper"].astype(np.bool_),
                arrays["marginal"],
                arrays["theme_scores"],
                arrays["c_v"],
                arrays["mean_shares"],
                Counts(int(config["n_paragraphs"]), counted, pairs),
                read_json(folder / PASSAGES),
                config["info"],
            )
            fitted._check(n_themes)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ModelError(
                f"{folder}: its arrays do not fit each other; fit the topics again"
            ) from error
        return fitted

    def _check(self, n_themes: int) -> None:
        n_topics, n_terms = self.topics.weights.shape
        shapes = {
            (n_topics,): (self.topics.alpha, self.c_v, self.mean_shares),
            (n_terms,): (self.article_counts, self.proper, self.marginal),
            (n_topics, n_themes): (self.scores,),
        }
        if self.weights.idf is not None:
            shapes[n_terms,] += (self.weights.idf,)
        if any(array.shape != shape for shape, arrays in shapes.items() for array in arrays):
            raise ValueError("shapes")
        if len(self.terms) != n_terms or len(self.passages) != n_topics:
            raise ValueError("lengths")
        if (self.topics.weights <= 0).any() and self.topics.is_dirichlet:
            raise ValueError("weights")

    def reader(self) -> tuple[SyllableTable, Cutter, Vocabulary]:
        """Return what new articles are read with: nothing but the model's terms is known."""
        words = [" ".join(tokenize(term)) for term in self.terms]
        syllables = {s for text in (*words, *self.phrases) for s in text.split(" ")}
        own = sorted(syllables | set(name_syllables()) - {"0", ""})
        table = SyllableTable(["0", "", *own], frozen=True)
        cutter = Cutter(self.phrases, table)
        position = {phrase: len(table) + at for at, phrase in enumerate(self.phrases)}
        ids = [position[w] if w in position else table.id_of(w) for w in words]
        if OTHER in ids:
            raise ModelError("a term is neither a syllable nor a phrase; fit the topics again")
        return (
            table,
            cutter,
            Vocabulary(self.terms, np.array(ids), self.article_counts, self.proper),
        )


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8")
