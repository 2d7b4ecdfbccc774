"""`TfidfTagger`: syllable n-gram TF-IDF, one linear model per theme, judged in context.

In: labelled articles (`fit`) or a saved folder (`dvtopics.load`). Out: a `Tagger`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from dvtopics.article import Article, as_article
from dvtopics.errors import ModelError, UsageError
from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.native.kernels import aligned
from dvtopics.storage import ModelFiles, save_folder
from dvtopics.taggers.arrays import fit_keys, tfidf_arrays
from dvtopics.taggers.base import Tagger
from dvtopics.taggers.peaks import WINDOWS
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
from dvtopics.taggers.scorer import TfidfScorer
from dvtopics.themes import load_themes


class TfidfTagger(Tagger):
    """Tag articles and paragraphs by TF-IDF over syllable n-grams, judged in context.

    Parameters
    ----------
    themes : str, Path or None, default None
        A themes file of the user's own; None takes the four shipped themes.
    ngram_max : int, default 3
        Longest syllable n-gram, 1 to 3.
    min_df : int, default 4
        Paragraphs that an n-gram must occur in.
    sublinear_tf : bool, default True
        Count a term that occurs ``n`` times as ``1 + ln n``.
    C : float, default 1.0
        Inverse regularisation of stage one: logistic regression per theme, the theme being
        there, over features weighted by their log-count ratio and `nb_offset`.
    main_C : float, default 10.0
        The same for the theme being a main subject (grade 2), over plain features.
    nb_smoothing : float, default 0.02
        Added to the TF-IDF sums of log-count ratios.
    nb_offset : float, default 1.0
        Added to the size of log-count ratios: the greater it is, the less do features differ.
    window : int, default 8
        Syllables of a window: stage two also reads the highest score of all windows of a
        paragraph. A power of two up to 64; 0: it does not.
    class_weight : {"balanced", None}, default "balanced"
        Class weights of stage one.
    context_C : float, default 0.05
        Inverse regularisation of the linear path of stage two.
    article_C : float, default 0.01
        Inverse regularisation of the article model.
    n_dimensions : int, default 32
        Numbers that say what a text is about, by latent semantic analysis of its syllables.
    n_hidden : int, default 128
        Hidden units of the paragraph network.
    network_alpha : float, default 0.3
        Its L2 penalty, as in scikit-learn's ``MLPClassifier``.
    n_epochs : int, default 20
        Passes over the training paragraphs when it is fitted.
    n_averaged : int, default 10
        Passes at the end whose weights are averaged; 1 takes the weights of the last one.
    n_networks : int, default 1
        Networks fitted from different starts and averaged; together they are one of `n_networks`
        times `n_hidden` units.
    n_folds : int, default 5
        Folds, by article, for stacking, calibration and thresholds.
    population_weights : dict of str to float or None, default None
        Weight in calibration and thresholds by an article's ``drawn`` field; None takes
        `dvtopics.training.folds.POPULATION_WEIGHTS`.
    phrases : {"underthesea", None}, default "underthesea"
        How the words that evidence is made of are found in the training texts; None names
        syllables and runs of them. Scores do not depend on it.
    n_jobs : int, default 1
        Fits at once.
    random_state : int, default 0
        Seed of the folds.

    Attributes
    ----------
    pipeline_ : TwoStagePipeline
    calibration_ : dict of str to Platt
    thresholds_ : Thresholds
    cross_validation_ : dict
        Out-of-fold figures per stratum of ``drawn``.

    Examples
    --------
    >>> import dvtopics
    >>> tagger = dvtopics.load("tfidf")
    >>> tagger.tag("Xã công khai thủ tục hành chính tại bộ phận một cửa.").paragraphs[0].tags
    ['administrative_reform']
    """

    kind = "TfidfTagger"

    def __init__(
        self,
        themes: str | Path | None = None,
        *,
        ngram_max: int = 3,
        min_df: int = 4,
        sublinear_tf: bool = True,
        C: float = 1.0,  # noqa: N803 - scikit-learn's name for it
        main_C: float = 10.0,  # noqa: N803
        nb_smoothing: float = 0.02,
        nb_offset: float = 1.0,
        window: int = 8,
        class_weight: str | None = "balanced",
        context_C: float = 0.05,  # noqa: N803
        article_C: float = 0.01,  # noqa: N803
        n_dimensions: int = 32,
        n_hidden: int = 128,
        network_alpha: float = 0.3,
        n_epochs: int = 20,
        n_averaged: int = 10,
        n_networks: int = 1,
        n_folds: int = 5,
        population_weights: Mapping[str, float] | None = None,
        phrases: str | None = "underthesea",
        n_jobs: int = 1,
        random_state: int = 0,
    ) -> None:
        self.themes = themes
        self.ngram_max = ngram_max
        self.min_df = min_df
        self.sublinear_tf = sublinear_tf
        self.C = C
        self.main_C = main_C
        self.nb_smoothing = nb_smoothing
        self.nb_offset = nb_offset
        self.window = window
        self.class_weight = class_weight
        self.context_C = context_C
        self.article_C = article_C
        self.n_dimensions = n_dimensions
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
        TfidfTagger
            Itself.

        Raises
        ------
        UsageError
            If a parameter is out of range or there is too little to learn from.
        """
        from dvtopics.training.fit import fit_tagger
        from dvtopics.training.folds import POPULATION_WEIGHTS
        from dvtopics.training.stages import StageParameters

        if self.n_folds < 2:
            raise UsageError(f"n_folds must be at least 2, got {self.n_folds!r}")
        if self.class_weight not in ("balanced", None):
            raise UsageError(f"class_weight must be 'balanced' or None, got {self.class_weight!r}")
        if self.phrases not in ("underthesea", None):
            raise UsageError(f"phrases must be 'underthesea' or None, got {self.phrases!r}")
        for name in ("C", "main_C", "nb_smoothing", "context_C", "article_C"):
            if not 0 < getattr(self, name) < np.inf:
                raise UsageError(f"{name} must be positive, got {getattr(self, name)!r}")
        for name in ("nb_offset", "network_alpha"):
            if not 0 <= getattr(self, name) < np.inf:
                raise UsageError(f"{name} must not be negative, got {getattr(self, name)!r}")
        if self.window not in WINDOWS:
            raise UsageError(f"window must be one of {WINDOWS}, got {self.window!r}")
        for name in ("n_dimensions", "n_hidden", "n_epochs", "n_averaged", "n_networks"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be 1 or more, got {getattr(self, name)!r}")
        labelled = [as_article(item) for item in articles]
        taxonomy = load_themes(self.themes)
        weights = self.population_weights
        fitted = fit_tagger(
            labelled,
            taxonomy.ids,
            StageParameters(
                self.ngram_max,
                self.min_df,
                self.sublinear_tf,
                self.C,
                self.main_C,
                self.nb_smoothing,
                self.nb_offset,
                self.window,
                self.class_weight,
                self.context_C,
                self.article_C,
                self.n_dimensions,
                self.n_hidden,
                self.network_alpha,
                self.n_epochs,
                self.n_averaged,
                self.n_networks,
                min(self.n_folds, max(2, len(labelled))),
                self.random_state,
            ),
            POPULATION_WEIGHTS if weights is None else weights,
            self.n_jobs,
            progress,
        )
        phrases = mined_phrases(labelled, self.phrases, self.n_jobs)
        learn(self, fitted, taxonomy, phrases, labelled)
        return self

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

        self._check_fitted()
        scorer = self.pipeline_.scorer
        assert isinstance(scorer, TfidfScorer)
        config = config_of(self)
        checksum = save_folder(
            folder,
            config,
            {
                "keys": scorer.vectorizer.keys_,
                "idf": scorer.vectorizer.idf_.astype(np.float32),
                "coef": scorer.coef.astype(np.float16),
                "intercept": scorer.intercept,
                "embedding": scorer.embedding.table.astype(np.float16),
                **stage_arrays(self.pipeline_),
            },
            {
                "vocabulary": lines(scorer.vectorizer.syllables_),
                "phrases": lines(self.phrases_),
            },
            model_card(config),
        )
        self.source_ = Path(folder).resolve()
        self.model_ = model_name(self.source_, checksum)

    @classmethod
    def from_files(cls, files: ModelFiles, folder: Path) -> TfidfTagger:
        """Rebuild a tagger from the checked content of its folder.

        Raises
        ------
        ModelError
            If a value, shape or dtype does not fit.
        """
        with fitting_together(folder):
            return cls._rebuilt(files, folder)

    @classmethod
    def _rebuilt(cls, files: ModelFiles, folder: Path) -> TfidfTagger:
        # Models of before peaks do not say that they have none.
        parameters = {"window": 0, **files.config["parameters"]}
        self = cls(**{str(k): v for k, v in parameters.items()})
        window = parameters["window"]
        if window not in WINDOWS:
            raise ModelError(f"{folder}: window {window!r} is not one of {WINDOWS}")
        self.taxonomy_ = taxonomy_of(files, folder, bool(window))
        if parameters["ngram_max"] not in (1, 2, 3):
            raise ModelError(f"{folder}: ngram_max {parameters['ngram_max']!r} is not 1, 2 or 3")
        syllables = files.texts["vocabulary"].split("\n")[:-1]
        arrays = tfidf_arrays(
            files.arrays, len(self.taxonomy_), len(syllables), bool(window), folder
        )
        keys = arrays["keys"]
        if len(set(syllables)) != len(syllables) or not fit_keys(keys, len(syllables)):
            raise ModelError(f"{folder}: vocabulary and n-grams do not fit together")
        vectorizer = NgramTfidf.from_arrays(
            syllables,
            keys,
            arrays["idf"],
            ngram_max=int(parameters["ngram_max"]),
            min_df=int(parameters["min_df"]),
            sublinear_tf=bool(parameters["sublinear_tf"]),
        )
        scorer = TfidfScorer(
            vectorizer,
            aligned(arrays["coef"], np.float32),
            arrays["intercept"],
            SyllableEmbedding(aligned(arrays["embedding"], np.float32)),
            int(window),
        )
        self.pipeline_ = pipeline_of(scorer, arrays)
        restore(self, files, folder)
        return self
