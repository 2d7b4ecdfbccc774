"""`LdaTagger`: shares of topics that themes have seeded, judged in context.

In: labelled articles (`fit`) or a saved folder (`dvtopics.load`). Out: a `Tagger`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from dvtopics.article import Article, as_article
from dvtopics.errors import ModelError, UsageError
from dvtopics.features.topics import TopicWords
from dvtopics.features.words import WordTerms
from dvtopics.storage import ModelFiles, save_folder
from dvtopics.taggers.arrays import fit_topics, lda_arrays
from dvtopics.taggers.base import Tagger
from dvtopics.taggers.saved import (
    config_of,
    fitting_together,
    learn,
    lines,
    mined_phrases,
    model_name,
    pipeline_of,
    restore,
    stage_arrays,
    taxonomy_of,
)
from dvtopics.taggers.topic_scorer import LdaScorer
from dvtopics.themes import load_themes

_POSITIVE = (
    "concentration", "prior_strength", "C", "smoothing", "context_C", "article_C",
)  # fmt: skip
_COUNTS = (
    "min_df", "min_pair_df", "n_seeded", "n_background", "n_steps", "passes", "n_hidden",
    "n_epochs", "n_averaged", "n_networks",
)  # fmt: skip


class LdaTagger(Tagger):
    """Tag articles and paragraphs by their topic shares, judged in context.

    Topics are gensim's latent Dirichlet allocation. Most are seeded by the seed terms of the
    themes and by labels: terms that speak alike for and against the themes seed one topic. The
    others, the background, are found without labels and say what a text is about. Scores are
    linear in the topic shares of a text; the same second stage as that of `TfidfTagger` judges
    them in context, beside length and position. Nothing else is read.

    Parameters
    ----------
    themes : str, Path or None, default None
        A themes file of the user's own; None takes the four shipped themes.
    min_df, min_pair_df : int, default 3
        Paragraphs that a word, and a pair of neighbouring words, must occur in.
    n_seeded : int, default 256
        Topics that labels seed, for all themes together.
    n_background : int, default 48
        Topics that are found without labels.
    background_share : float, default 0.3
        Part of every word that the prior gives to background topics.
    concentration : float, default 1000.0
        Sum of the Dirichlet prior of topic shares; the lower it is, the more the other terms of
        a text say which topic a term belongs to.
    prior_strength : float, default 1.0
        How much the seeds count beside the paragraphs that the topics read.
    seed_weight : float, default 1.0
        Weight that the themes' own seed terms have at least, in units of a strong term's.
    C : float, default 0.3
        Inverse regularisation of the weights that terms are grouped by.
    smoothing : float, default 2.0
        Occurrences that shrink log-count ratios.
    n_steps : int, default 30
        Steps of optimisation of these weights.
    passes : int, default 2
        Over the articles, when background topics are found.
    context_C, article_C, n_hidden, network_alpha, n_epochs, n_averaged, n_networks
        Of stage two, as in `TfidfTagger`.
    n_folds : int, default 4
        Folds, by article, for stacking, calibration and thresholds.
    population_weights : dict of str to float or None, default None
        Weight in calibration and thresholds by an article's ``drawn`` field; None takes
        `dvtopics.training.folds.POPULATION_WEIGHTS`.
    phrases : {"underthesea", None}, default "underthesea"
        How the phrase list is mined that joins syllables to words; None leaves syllables alone.
    n_jobs : int, default 1
        Folds fitted at once.
    random_state : int, default 0
        Seed of everything that has to do with chance.

    Attributes
    ----------
    pipeline_ : TwoStagePipeline
    calibration_ : dict of str to Platt
    thresholds_ : Thresholds
    cross_validation_ : dict
        Out-of-fold figures per stratum of ``drawn``.
    topics_ : TopicWords
        Topic-word arrays and the prior of topic shares.

    References
    ----------
    Blei, Ng & Jordan (2003), Latent Dirichlet allocation. Hoffman, Blei & Bach (2010), Online
    learning for latent Dirichlet allocation. Jagarlamudi, Daumé & Udupa (2012), Incorporating
    lexical priors into topic models (topics that seed words guide).

    Examples
    --------
    >>> import dvtopics
    >>> tagger = dvtopics.load("lda")
    >>> tagger.tag("Xã công khai thủ tục hành chính tại bộ phận một cửa.").paragraphs[0].tags
    ['administrative_reform']
    """

    kind = "LdaTagger"

    def __init__(
        self,
        themes: str | Path | None = None,
        *,
        min_df: int = 3,
        min_pair_df: int = 3,
        n_seeded: int = 256,
        n_background: int = 48,
        background_share: float = 0.3,
        concentration: float = 1000.0,
        prior_strength: float = 1.0,
        seed_weight: float = 1.0,
        C: float = 0.3,  # noqa: N803 - scikit-learn's name for it
        smoothing: float = 2.0,
        n_steps: int = 30,
        passes: int = 2,
        context_C: float = 0.05,  # noqa: N803
        article_C: float = 0.01,  # noqa: N803
        n_hidden: int = 128,
        network_alpha: float = 0.3,
        n_epochs: int = 12,
        n_averaged: int = 1,
        n_networks: int = 1,
        n_folds: int = 4,
        population_weights: Mapping[str, float] | None = None,
        phrases: str | None = "underthesea",
        n_jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.themes = themes
        self.min_df = min_df
        self.min_pair_df = min_pair_df
        self.n_seeded = n_seeded
        self.n_background = n_background
        self.background_share = background_share
        self.concentration = concentration
        self.prior_strength = prior_strength
        self.seed_weight = seed_weight
        self.C = C
        self.smoothing = smoothing
        self.n_steps = n_steps
        self.passes = passes
        self.context_C = context_C
        self.article_C = article_C
        self.n_hidden = n_hidden
        self.network_alpha = network_alpha
        self.n_epochs = n_epochs
        self.n_averaged = n_averaged
        self.n_networks = n_networks
        self.n_folds = n_folds
        self.population_weights = population_weights
        self.phrases = phrases
        self.n_jobs = n_jobs
        self.random_state = random_state

    @property
    def topics_(self) -> TopicWords:
        """Topic-word arrays and the prior of topic shares."""
        return self._scorer().topics

    def topic_terms(self, topic: int, n: int = 10) -> list[tuple[str, float]]:
        """Return the terms that a topic holds most of, with ``exp(E[log beta])``.

        Parameters
        ----------
        topic : int
            Those seeded by labels come first, then the background.
        n : int, default 10
        """
        scorer = self._scorer()
        topics = scorer.topics
        entries = np.flatnonzero(topics.topic == topic)
        best = entries[np.argsort(-topics.weight[entries], kind="stable")[:n]]
        terms = np.searchsorted(topics.indptr, best, side="right") - 1
        return [
            (scorer.terms.name(term), float(topics.weight[entry]))
            for term, entry in zip(terms.tolist(), best.tolist(), strict=True)
        ]

    def _scorer(self) -> LdaScorer:
        self._check_fitted()
        scorer = self.pipeline_.scorer
        assert isinstance(scorer, LdaScorer)
        return scorer

    def fit(
        self,
        articles: Iterable[Article | Mapping[str, Any]],
        y: object = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Self:
        """Learn from labelled articles.

        Parameters
        ----------
        articles : iterable of Article or mapping
            With grades on paragraphs (and, for the article level, on articles); see
            `Article.from_record` for the form of a record.
        y : ignored
            Labels are the articles' grades.
        progress : callable, optional
            Called with (steps done, steps in all).

        Returns
        -------
        LdaTagger
            Itself.

        Raises
        ------
        UsageError
            If a parameter is out of range or there is too little to learn from.
        """
        from dvtopics.training.fit import fit_tagger
        from dvtopics.training.folds import POPULATION_WEIGHTS
        from dvtopics.training.lda import LdaParameters

        self._check_parameters()
        labelled = [as_article(item) for item in articles]
        taxonomy = load_themes(self.themes)
        phrases = mined_phrases(labelled, self.phrases, self.n_jobs)
        fitted = fit_tagger(
            labelled,
            taxonomy.ids,
            LdaParameters(
                phrases=tuple(phrases),
                seeds=tuple(taxonomy[theme].seeds for theme in taxonomy.ids),
                n_folds=min(self.n_folds, max(2, len(labelled))),
                **{name: getattr(self, name) for name in (*_POSITIVE, *_COUNTS)},
                background_share=self.background_share,
                seed_weight=self.seed_weight,
                network_alpha=self.network_alpha,
                random_state=self.random_state,
            ),
            POPULATION_WEIGHTS if self.population_weights is None else self.population_weights,
            self.n_jobs,
            progress,
        )
        learn(self, fitted, taxonomy, phrases, labelled)
        return self

    def _check_parameters(self) -> None:
        if self.n_folds < 2:
            raise UsageError(f"n_folds must be at least 2, got {self.n_folds!r}")
        if self.phrases not in ("underthesea", None):
            raise UsageError(f"phrases must be 'underthesea' or None, got {self.phrases!r}")
        for name in _POSITIVE:
            if not 0 < getattr(self, name) < np.inf:
                raise UsageError(f"{name} must be positive, got {getattr(self, name)!r}")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be at least 1, got {getattr(self, name)!r}")
        if not 0 <= self.background_share < 1:
            raise UsageError(
                f"background_share must be at least 0 and below 1, got {self.background_share!r}"
            )
        for name in ("seed_weight", "network_alpha"):
            if not 0 <= getattr(self, name) < np.inf:
                raise UsageError(f"{name} must not be negative, got {getattr(self, name)!r}")

    def save(self, folder: str | Path) -> None:
        """Save to a model folder (arrays, JSON and text: nothing that can run).

        Parameters
        ----------
        folder : str or Path
            Its last part is the model's name in output records.

        Raises
        ------
        ModelError
            If `folder` exists and is not a model folder.
        """
        from dvtopics.taggers.card import model_card

        scorer = self._scorer()
        topics = scorer.topics
        config = config_of(self, "gensim")
        checksum = save_folder(
            folder,
            config,
            {
                "pairs": scorer.terms.pairs,
                "alpha": topics.alpha,
                "n_topics": np.diff(topics.indptr).astype(np.uint16),
                "topic": topics.topic.astype(np.uint16),
                "weight": topics.weight.astype(np.float32),
                "coef": scorer.coef.astype(np.float32),
                "intercept": scorer.intercept,
                "scale": scorer.scale,
                **stage_arrays(self.pipeline_),
            },
            {"vocabulary": lines(scorer.terms.words), "phrases": lines(self.phrases_)},
            model_card(config),
        )
        self.source_ = Path(folder).resolve()
        self.model_ = model_name(self.source_, checksum)

    @classmethod
    def from_files(cls, files: ModelFiles, folder: Path) -> LdaTagger:
        """Rebuild a tagger from the checked content of its folder.

        Raises
        ------
        ModelError
            If a value, shape or dtype does not fit.
        """
        with fitting_together(folder):
            return cls._rebuilt(files, folder)

    @classmethod
    def _rebuilt(cls, files: ModelFiles, folder: Path) -> LdaTagger:
        self = cls(**{str(k): v for k, v in files.config["parameters"].items()})
        self.taxonomy_ = taxonomy_of(files, folder)
        words = files.texts["vocabulary"].split("\n")[:-1]
        phrases = files.texts["phrases"].split("\n")[:-1]
        arrays = lda_arrays(files.arrays, len(self.taxonomy_), len(words), folder)
        if len(set(words)) != len(words) or not fit_topics(arrays, len(words)):
            raise ModelError(f"{folder}: vocabulary, pairs and topics do not fit together")
        indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(arrays["n_topics"], dtype=int)])
        scorer = LdaScorer(
            WordTerms(words, phrases, arrays["pairs"]),
            TopicWords(
                arrays["alpha"],
                indptr,
                arrays["topic"].astype(np.int64),
                arrays["weight"].astype(np.float64),
            ),
            arrays["coef"].astype(np.float64),
            arrays["intercept"],
            arrays["scale"],
        )
        self.pipeline_ = pipeline_of(scorer, arrays)
        restore(self, files, folder)
        return self
