"""`TopicModel`: articles in, topics out; what an analyst works with.

The work is done by the modules beside this one; here are the parameters, the state and the
folder it is saved in.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article, as_article
from dvtopics.errors import ModelError, NotFittedError, UsageError
from dvtopics.storage import atomic_file, replacing
from dvtopics.themes import load_themes
from dvtopics.topics.bags import Bags
from dvtopics.topics.edits import EDITS, Edits, read_edits
from dvtopics.topics.engines import make_engine
from dvtopics.topics.fitted import Fitted
from dvtopics.topics.folder import (
    ARTICLES,
    RECORDS,
    TOPICS,
    check_replaceable,
    link_or_copy,
    read_arrays,
    read_config,
    read_records,
    seal,
    write_articles,
    write_records,
)
from dvtopics.topics.inference import topic_shares
from dvtopics.topics.parameters import check_parameters
from dvtopics.topics.running import run_fit, working_folder
from dvtopics.topics.spill import Spill
from dvtopics.topics.view import TopicView, View

Floats = NDArray[np.float64]
Item = Article | Mapping[str, Any] | str


class TopicModel:
    """Topics of a collection of articles.

    Parameters
    ----------
    n_topics : int or "auto", default 20
        ``"auto"`` chooses by coherence, diversity and stability (`dvtopics.topics.choice`).
    engine : {"lda", "nmf", "tomotopy"}, default "lda"
        gensim's LDA started from NMF, scikit-learn's NMF, or tomotopy's LDA (an extra).
    passes : int, default 3
        Of the engine lda over all articles.
    weighting : {"tfidf", "count"}, default "tfidf"
        How much an occurrence of a term counts (`dvtopics.topics.bags.Weights`).
    min_df : int, optional
        Articles that a term must be in; by default from 2 to 10, with their number.
    max_df : float, default 0.15
        Share of the articles that a term may be in: what is everywhere tells topics not apart.
    max_terms : int, default 20,000
    phrases : sequence of str, optional
        Words of several syllables that texts are cut by. By default underthesea finds them in a
        sample of the texts.
    sample_bytes : int, default 1,000,000
        Size of that sample.
    stop_words : sequence of str, optional
        Left out beside the usual ones.
    themes : str or Path, optional
        A themes file of one's own.
    anchor_themes : bool, default True
        A theme that ten articles name or more, and that no topic would be about, gets a topic
        that starts from its words, at most a third of the topics; and every theme's topic is
        held near these words. Only the engine lda.
    tagger : str, optional
        A tagger whose tags on a sample of the articles tell, beside the seed terms, what the
        words of the shipped themes are, where `fit` is given no labelled articles. None goes
        by seed terms alone.
    n_jobs : int, default 1
        Processes of underthesea.
    random_state : int, default 0
        The same seed gives the same topics.

    Attributes
    ----------
    topics_ : list of TopicView
    curve_ : list of dict
        How the number of topics was chosen, where it was.
    n_articles_ : int

    Examples
    --------
    >>> TopicModel(n_topics=1).fit(["Dân bàn."])
    Traceback (most recent call last):
    dvtopics.errors.UsageError: number of topics must be "auto" or a whole number from 2; got 1
    """

    def __init__(
        self,
        n_topics: int | str = 20,
        *,
        engine: str = "lda",
        passes: int = 3,
        weighting: str = "tfidf",
        min_df: int | None = None,
        max_df: float = 0.15,
        max_terms: int = 20_000,
        phrases: Sequence[str] | None = None,
        sample_bytes: int = 1_000_000,
        stop_words: Sequence[str] = (),
        themes: str | Path | None = None,
        anchor_themes: bool = True,
        tagger: str | None = "tfidf",
        n_jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.n_topics = n_topics
        self.engine = engine
        self.passes = passes
        self.weighting = weighting
        self.min_df = min_df
        self.max_df = max_df
        self.max_terms = max_terms
        self.phrases = phrases
        self.sample_bytes = sample_bytes
        self.stop_words = stop_words
        self.themes = themes
        self.anchor_themes = anchor_themes
        self.tagger = tagger
        self.n_jobs = n_jobs
        self.random_state = random_state
        self._fitted: Fitted | None = None
        self._view: View | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._tables = Path()
        self.edits_ = Edits()

    # -- fitting ----------------------------------------------------------------------------

    def fit(
        self,
        articles: Iterable[Item],
        folder: str | Path | None = None,
        on_step: Callable[[str], None] | None = None,
        labelled: Iterable[Article] = (),
    ) -> Self:
        """Find the topics of a collection, out of core.

        Parameters
        ----------
        articles : iterable of Article, record or str
            Read once; memory does not grow with their number.
        folder : str or Path, optional
            Where the model is saved, and where a fit that was interrupted goes on: it keeps its
            work in a subfolder ``.fit`` until it is done.
        on_step : callable, optional
            Called with the name of every step, and of every number of topics tried.
        labelled : iterable of Article, optional
            Articles with grades, which tell beside the seed terms what a theme's words are.

        Raises
        ------
        UsageError
            If a parameter is out of range, or the articles are too few.
        """
        check_parameters(self.get_params())
        if folder is not None:
            check_replaceable(Path(folder))
        tables = tempfile.TemporaryDirectory()
        with working_folder(folder) as work:
            self._fitted = run_fit(
                (as_article(item) for item in articles),
                self.get_params(),
                labelled,
                work,
                Path(tables.name),
                on_step or (lambda step: None),
            )
        self._keep(tables)
        self.edits_ = Edits()
        if folder is not None:
            self.save(folder)
        return self

    def update(self, articles: Iterable[Item]) -> Self:
        """Let the topics see new articles too; the terms stay those of the fit.

        The shares of earlier articles stay as they were counted; coherence and passages are
        those of the fit. Only the engine lda can do it.

        Raises
        ------
        UsageError
            If the engine cannot, or none of the articles has a known term.
        """
        fitted = self._state()
        engine = make_engine(self.engine, self.passes)
        with tempfile.TemporaryDirectory() as scratch:
            spill, bags = self._read_new(articles, Path(scratch))
            if not len(bags) or not bags.ends[-1]:
                raise UsageError("none of the new articles has a term of the model")
            seed = self.random_state
            fitted.topics = engine.update(fitted.topics, bags, fitted.weights, seed)
            old = self.shares()
            fresh = np.concatenate(list(self._shares_of(bags))).astype(np.float32)
            tables = tempfile.TemporaryDirectory()
            shares = np.concatenate([old, fresh])
            write_articles(Path(tables.name) / ARTICLES, iter([shares]), *shares.shape)
            write_records(Path(tables.name) / RECORDS, (*self.records(), *spill.records()))
        fitted.mean_shares = shares.mean(axis=0, dtype=np.float64)
        fitted.info["n_articles"] = len(shares)
        self._keep(tables)
        return self

    def transform(self, articles: Iterable[Item]) -> Floats:
        """Return the topic shares of articles, shape (n_articles, n_topics); rows sum to 1.

        Topics are those of the fit, before merging by hand.
        """
        with tempfile.TemporaryDirectory() as scratch:
            _, bags = self._read_new(articles, Path(scratch))
            blocks = list(self._shares_of(bags))
        return np.concatenate(blocks) if blocks else np.zeros((0, self._n_fitted()))

    def fit_transform(self, articles: Iterable[Item]) -> Floats:
        """Fit, and return the shares of the articles it was fitted on."""
        return self.fit(articles).shares().astype(np.float64)

    def _read_new(self, articles: Iterable[Item], scratch: Path) -> tuple[Spill, Bags]:
        table, cutter, vocabulary = self._state().reader()
        spill = Spill(scratch, table).write((as_article(item) for item in articles), 0, 0)
        return spill, Bags(scratch, len(vocabulary.terms)).write(spill, cutter, vocabulary)

    def _shares_of(self, bags: Bags) -> Iterator[Floats]:
        fitted = self._state()
        ready = fitted.topics.for_inference
        for _, rows in bags.blocks():
            yield topic_shares(fitted.weights(rows), ready, fitted.topics.alpha)

    # -- looking ----------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """Topics as shown: after merging and naming by hand."""
        if self._view is None:
            self._view = View(self._state(), self.edits_, load_themes(self.themes).ids)
        return self._view

    @property
    def topics_(self) -> list[TopicView]:
        """The topics as shown."""
        return self.view.topics

    @property
    def curve_(self) -> list[dict[str, Any]]:
        """How the number of topics was chosen."""
        return list(self._state().info.get("curve", []))

    @property
    def n_articles_(self) -> int:
        """Articles that the model has seen."""
        return int(self._state().info["n_articles"])

    def passages(self, topic: int) -> list[dict[str, Any]]:
        """Return the passages that represent a topic as shown, its members' in turn."""
        members = next((t.members for t in self.topics_ if t.id == topic), None)
        if members is None:
            raise UsageError(f"there is no topic {topic}")
        own = [p for member in members for p in self._state().passages[member]]
        return sorted(own, key=lambda p: -p["share"])

    def term_statistics(self) -> tuple[list[str], Floats, int]:
        """Return the terms, p(term) in the collection, and the number of articles."""
        fitted = self._state()
        return fitted.terms, fitted.marginal, self.n_articles_

    def shares(self) -> NDArray[np.float32]:
        """Return the shares of the articles seen, by topics of the fit."""
        self._state()
        shares: NDArray[np.float32] = read_arrays(self._tables / ARTICLES)["shares"]
        return shares

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield id, title and, where known, time and source of the articles seen."""
        self._state()
        yield from read_records(self._tables)

    def edit(self, edits: Edits) -> Self:
        """Take names, themes and merged topics from `edits`."""
        edits.check(self._n_fitted(), load_themes(self.themes).ids)
        self.edits_, self._view = edits, None
        return self

    # -- saving -----------------------------------------------------------------------------

    def save(self, folder: str | Path) -> None:
        """Write the model's folder, whole or not at all."""
        fitted = self._state()
        check_replaceable(folder)
        with replacing(Path(folder).resolve()) as fresh:
            config = fitted.write(fresh)
            for name in (ARTICLES, RECORDS):
                link_or_copy(self._tables / name, fresh / name)
            (fresh / TOPICS).write_text(self.view.to_json(), encoding="utf-8")
            if self.edits_ != Edits():
                (fresh / EDITS).write_text(self.edits_.to_json(), encoding="utf-8")
            seal(fresh, {"parameters": self._parameters(), **config, "versions": _versions()})

    def save_edits(self, folder: str | Path) -> None:
        """Write what was changed by hand into a folder the model was loaded from."""
        path = Path(folder)
        with atomic_file(path / EDITS) as fresh:
            fresh.write_text(self.edits_.to_json(), encoding="utf-8")
        with atomic_file(path / TOPICS) as fresh:
            fresh.write_text(self.view.to_json(), encoding="utf-8")
        config = read_config(path, but=(TOPICS,))
        for name in ("format_version", "class", "files", "self_sha256"):
            config.pop(name)
        seal(path, config)

    @classmethod
    def load(cls, folder: str | Path, *, relabel: bool = False) -> TopicModel:
        """Load a saved model.

        Parameters
        ----------
        folder : str or Path
        relabel : bool, default False
            True does not look at ``topics.json``, which is about to be written anew.

        Raises
        ------
        ModelError
            If anything in the folder is missing or damaged.
        """
        path = Path(folder)
        config = read_config(path, but=(TOPICS,) if relabel else ())
        try:
            model = cls(**config["parameters"])
        except (KeyError, TypeError) as error:
            raise ModelError(f"{path}: its parameters are not known here; fit again") from error
        themes = load_themes(model.themes).ids
        model._fitted = Fitted.read(path, config, len(themes))
        model._tables = path
        model.edits_ = read_edits(path, model._n_fitted(), themes)
        return model

    # -- inside -----------------------------------------------------------------------------

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters."""
        names = ("n_topics", "engine", "passes", "weighting", "min_df", "max_df", "max_terms",
                 "phrases", "sample_bytes", "stop_words", "themes", "anchor_themes",
                 "tagger", "n_jobs", "random_state")  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters."""
        for name, value in parameters.items():
            if name not in self.get_params():
                raise UsageError(f"unknown parameter {name!r}")
            setattr(self, name, value)
        return self

    def _parameters(self) -> dict[str, Any]:
        own = self.get_params()
        # What texts were cut by is kept with the terms, and the processes tell nothing.
        own.update(phrases=None, n_jobs=1, stop_words=list(self.stop_words))
        own["themes"] = None if self.themes is None else str(self.themes)
        return own

    def _state(self) -> Fitted:
        if self._fitted is None:
            raise NotFittedError("this topic model is not fitted; call fit first, or load one")
        return self._fitted

    def _n_fitted(self) -> int:
        return len(self._state().topics.weights)

    def _keep(self, tables: tempfile.TemporaryDirectory[str]) -> None:
        # The last folder goes with the object that held it: only now does nobody read from it.
        self._scratch, self._tables, self._view = tables, Path(tables.name), None


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("dvtopics", "numpy", "scipy", "scikit-learn", "gensim", "underthesea", "safetensors")
    return {name: version(name) for name in names}
