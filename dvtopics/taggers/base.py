"""The contract of every tagger: articles in, tagged articles out; scikit-learn's conventions.

A tagger knows its themes, a pipeline that gives logits, calibrations and thresholds. How it
learns them is the subclass's business (`fit`), as is how it saves and loads them.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article, TaggedArticle, TaggedParagraph, as_article
from dvtopics.errors import NotFittedError
from dvtopics.taggers.batch import Batch, Scores
from dvtopics.taggers.calibration import Platt
from dvtopics.taggers.decision import Thresholds
from dvtopics.taggers.explain import Explainer
from dvtopics.taggers.garbage import collecting_later
from dvtopics.taggers.pipeline import Judgement, TwoStagePipeline
from dvtopics.taggers.reasons import Reasons
from dvtopics.themes import Taxonomy

Item = TypeVar("Item")
ArticleLike = Article | Mapping[str, Any] | str

#: Articles scored together: enough to spread numpy's overhead, few enough to stay in cache.
BATCH_SIZE = 64
#: Makes an empty list when it is first read: most paragraphs have no tag, see `dvtopics.article`.
_NO_EVIDENCE: Any = list
#: Articles scored together where no objects are made of them.
_SCORED = 128
#: Batches are cut short at this many characters, so that memory follows text, not count.
BATCH_CHARACTERS = 2_000_000


class Tagger:
    """Base of the taggers.

    Attributes
    ----------
    taxonomy_ : Taxonomy
    pipeline_ : TwoStagePipeline
    calibration_ : dict of str to Platt
        By level: ``"paragraph"``, ``"article"``.
    thresholds_ : Thresholds
    training_data_, cross_validation_, evaluation_ : dict
        Where the model comes from and how it did, for the model card; `evaluation_` holds
        reports on held-out articles by the name of their file.
    model_ : str
        ``NAME@checksum`` as written in output records.
    source_ : Path or None
        Folder that the model was loaded from.
    phrases_ : list of str
        Multi-syllable words; evidence does not cut through them.
    """

    #: Name in ``config.json``; how the registry finds the class.
    kind: ClassVar[str]

    taxonomy_: Taxonomy
    pipeline_: TwoStagePipeline
    calibration_: dict[str, Platt]
    thresholds_: Thresholds
    training_data_: dict[str, Any]
    cross_validation_: dict[str, Any]
    evaluation_: dict[str, Any]
    model_: str
    source_: Path | None
    phrases_: list[str]
    _explainer: Explainer | None = None
    _latest: ref[Reasons] | None = None

    # -- scikit-learn's contract ------------------------------------------------------------

    @classmethod
    def _parameter_names(cls) -> list[str]:
        names = inspect.signature(cls.__init__).parameters
        return [name for name in names if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's parameters by name."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by name; raises ValueError for a name that is not one."""
        for name, value in parameters.items():
            if name not in self._parameter_names():
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """Describe the estimator to scikit-learn's model selection."""
        from sklearn.utils import InputTags, Tags, TargetTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(two_d_array=False, string=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "pipeline_")

    def __repr__(self) -> str:
        shown = inspect.signature(type(self).__init__).parameters
        changed = [
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value != shown[name].default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _check_fitted(self) -> None:
        if not hasattr(self, "pipeline_"):
            raise NotFittedError(
                f"this {type(self).__name__} is not fitted yet; call fit, or dvtopics.load a model"
            )

    # -- tagging ----------------------------------------------------------------------------

    @property
    def themes_(self) -> tuple[str, ...]:
        """Ids of the themes, in order."""
        self._check_fitted()
        return self.taxonomy_.ids

    def tag(self, article: ArticleLike, *, evidence: bool = True) -> TaggedArticle:
        """Tag one article.

        Parameters
        ----------
        article : Article, mapping or str
            An article, an input record, or a text (one paragraph per non-blank line).
        evidence : bool, default True
            Say which terms decided. They are found when evidence is first read.

        Returns
        -------
        TaggedArticle
        """
        return self.tag_batch([as_article(article)], evidence=evidence)[0]

    def tag_many(
        self,
        articles: Iterable[ArticleLike],
        *,
        n_jobs: int = 1,
        batch_size: int = BATCH_SIZE,
        evidence: bool = True,
    ) -> Iterator[TaggedArticle]:
        """Tag a stream of articles lazily, in order, in bounded memory.

        Parameters
        ----------
        articles : iterable of Article, mapping or str
        n_jobs : int, default 1
            Processes; -1 takes all cores.
        batch_size : int, default 64
            Articles scored together. Results do not depend on it, nor on `n_jobs`.
        evidence : bool, default True
            As in `tag`. Evidence costs least where it is read before the next batch comes; of
            what is read later the articles are judged once more. With several processes the
            workers read it.

        Yields
        ------
        TaggedArticle
        """
        from dvtopics.scale.pool import map_batches

        self._check_fitted()
        if isinstance(articles, (str, Mapping)):
            raise TypeError("tag_many takes an iterable of articles; for one article call tag")
        batches = batched((as_article(item) for item in articles), batch_size)
        for result in map_batches(self, _TagBatch(evidence), batches, n_jobs):
            yield from result

    def tag_batch(
        self, articles: Sequence[Article], *, evidence: bool = True
    ) -> list[TaggedArticle]:
        """Tag articles together; the result of each is that of `tag`."""
        self._check_fitted()
        batch = Batch.from_articles(articles)
        judgement = self.pipeline_.judge(batch, traced=evidence)
        logits = judgement.logits()
        scores = self._decide(logits.paragraph, logits.article)
        reasons = self._reasons(batch, judgement, scores) if evidence else None
        with collecting_later():
            return self._assemble(batch, scores, reasons)

    def score_articles(self, articles: Iterable[ArticleLike]) -> Scores:
        """Return probabilities and tags of `articles` as arrays, without building objects."""
        self._check_fitted()
        # In parts that fit the nearest caches: results do not depend on them.
        parts = [*batched(_articles(articles), _SCORED)] or [[]]
        return Scores.joined([self._scored(part) for part in parts])

    def _scored(self, articles: list[Article]) -> Scores:
        logits = self.pipeline_.judge(Batch.from_articles(articles)).logits()
        return self._decide(logits.paragraph, logits.article)

    def predict_proba(self, articles: Iterable[ArticleLike]) -> NDArray[np.float64]:
        """Return the probabilities of all paragraphs of `articles`, in order.

        Parameters
        ----------
        articles : iterable of Article, mapping or str
            A str counts as an article of one paragraph without title.

        Returns
        -------
        ndarray, shape (n_paragraphs, n_themes)
        """
        return self.score_articles(articles).paragraph

    def predict(self, articles: Iterable[ArticleLike]) -> NDArray[np.bool_]:
        """Return the tags of all paragraphs of `articles`, shape (n_paragraphs, n_themes)."""
        return self.score_articles(articles).paragraph_tags

    def score(self, articles: Iterable[ArticleLike], y: object = None) -> float:
        """Return the paragraph macro-F1 on labelled `articles`.

        Parameters
        ----------
        articles : iterable of Article or mapping
            With grades.
        y : ignored
        """
        from dvtopics.corpus.labels import Labels
        from dvtopics.evaluation.metrics import macro_f1

        labelled = _articles(articles)
        labels = Labels.from_articles(labelled, self.themes_)
        return macro_f1(labels.measured, self.predict(labelled))

    def set_thresholds(
        self,
        threshold: float | Mapping[str, float] | None = None,
        precision: float | None = None,
    ) -> Self:
        """Decide tags by other thresholds; see `Thresholds.replaced`."""
        self._check_fitted()
        self.thresholds_ = self.thresholds_.replaced(self.themes_, threshold, precision)
        return self

    def set_review(self, precision: float | None) -> Self:
        """Have tags marked that a reader should look at.

        Parameters
        ----------
        precision : float or None
            What the tags are to reach once the wrong ones among the marked are taken out; None
            marks nothing. It held in cross-validation, with the model's own thresholds.

        Raises
        ------
        UsageError
            If `precision` is out of range.
        """
        self._check_fitted()
        self.thresholds_ = self.thresholds_.reviewed(precision)
        return self

    def _decide(self, paragraph: NDArray[np.float64], article: NDArray[np.float64]) -> Scores:
        p = self.calibration_["paragraph"].probabilities(paragraph)
        a = self.calibration_["article"].probabilities(article)
        limits = self.thresholds_
        return Scores(
            p,
            a,
            limits.decide("paragraph", p),
            limits.decide("article", a),
            limits.unsure("paragraph", p),
            limits.unsure("article", a),
        )

    def _reasons(self, batch: Batch, judgement: Judgement, scores: Scores) -> Reasons:
        """Return the evidence of the batch."""
        known = self._explainer
        # Made on first use: scoring alone does not need it.
        if known is None or not known.explains(self.pipeline_, self.phrases_, self.themes_):
            known = self._explainer = Explainer(self.pipeline_, self.phrases_, self.themes_)
        latest = None if self._latest is None else self._latest()
        if latest is not None:
            latest.let_go()
        reasons = Reasons(known, batch, judgement, scores)
        self._latest = ref(reasons)
        return reasons

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_latest"}

    def _assemble(
        self,
        batch: Batch,
        scores: Scores,
        reasons: Reasons | None,
    ) -> list[TaggedArticle]:
        themes = self.themes_
        paragraph = [dict(zip(themes, row, strict=True)) for row in scores.paragraph.tolist()]
        article = [dict(zip(themes, row, strict=True)) for row in scores.article.tolist()]
        paragraph_tags = _names(scores.paragraph_tags, themes)
        article_tags = _names(scores.article_tags, themes)
        unsure: dict[str, list[list[str]]] = {
            level: _names(marked, themes)
            for level, marked in (
                ("paragraph", scores.paragraph_unsure), ("article", scores.article_unsure)
            )
            if marked is not None
        }  # fmt: skip
        opened = reasons.open() if reasons else None
        result = []
        for number, source in enumerate(batch.articles):
            begin, end = batch.layout.starts[number : number + 2].tolist()
            result.append(
                TaggedArticle(
                    id=source.id,
                    title=source.title,
                    themes=article[number],
                    tags=article_tags[number],
                    evidence=opened[number].of_article()
                    if opened and article_tags[number]
                    else _NO_EVIDENCE,
                    paragraphs=[
                        TaggedParagraph(
                            batch.texts[row],
                            paragraph[row],
                            paragraph_tags[row],
                            opened[number].of_paragraph(row - begin)
                            if opened and paragraph_tags[row]
                            else _NO_EVIDENCE,
                            unsure["paragraph"][row] if unsure else None,
                        )
                        for row in range(begin, end)
                    ],
                    model=self.model_,
                    metadata=_carried(source),
                    unsure=unsure["article"][number] if unsure else None,
                )
            )
        return result


class _TagBatch:
    """What a worker does with a batch; a class so that it can cross process boundaries."""

    def __init__(self, evidence: bool) -> None:
        self.evidence = evidence

    def __call__(self, tagger: Tagger, articles: list[Article]) -> list[TaggedArticle]:
        return tagger.tag_batch(articles, evidence=self.evidence)


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut a stream into lists of at most `size` items and some two million characters.

    Items that are no articles (errors in their places) count as empty.
    """
    batch: list[Item] = []
    characters = 0
    for item in items:
        batch.append(item)
        if isinstance(item, Article):
            characters += sum(len(p.text) for p in item.paragraphs)
        if len(batch) >= size or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _articles(items: Iterable[ArticleLike] | ArticleLike) -> list[Article]:
    if isinstance(items, (str, Article, Mapping)):
        items = [items]
    return [Article("", [item]) if isinstance(item, str) else as_article(item) for item in items]


def _carried(article: Article) -> dict[str, Any]:
    """Return the input fields that the output carries; grades came as one of them."""
    if article.grades is None:
        return article.metadata
    return {**article.metadata, "grades": article.grades}


def _names(tags: NDArray[np.bool_], themes: Sequence[str]) -> list[list[str]]:
    return [[t for t, on in zip(themes, row, strict=True) if on] for row in tags.tolist()]
