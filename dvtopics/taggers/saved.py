"""What all taggers save and learn alike: config, stage two, thresholds, calibration.

In: a fitted `Tagger`, or the checked content of its folder. Out: the other of the two, but for
what belongs to stage one, which each tagger adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article
from dvtopics.errors import ModelError
from dvtopics.storage import ModelFiles
from dvtopics.taggers.base import Tagger
from dvtopics.taggers.calibration import Platt
from dvtopics.taggers.context import (
    ARTICLE_BLOCKS,
    ARTICLE_EXTRAS,
    PARAGRAPH_BLOCKS,
    PARAGRAPH_EXTRAS,
    PEAK_BLOCKS,
    LinearStage,
)
from dvtopics.taggers.decision import LEVELS, Thresholds
from dvtopics.taggers.network import ContextNetwork
from dvtopics.taggers.pipeline import TwoStagePipeline
from dvtopics.taggers.scorer import Scorer
from dvtopics.themes import Taxonomy

if TYPE_CHECKING:
    from dvtopics.training.fit import Fitted


def learn(
    tagger: Tagger,
    fitted: Fitted,
    taxonomy: Taxonomy,
    phrases: list[str],
    articles: Sequence[Article],
) -> None:
    """Give `tagger` what training has found."""
    from dvtopics.corpus.fingerprint import describe_training_data

    tagger.taxonomy_ = taxonomy
    tagger.pipeline_ = fitted.pipeline
    tagger.phrases_ = phrases
    tagger._explainer = None
    tagger.calibration_ = {
        "paragraph": fitted.paragraph_calibration,
        "article": fitted.article_calibration,
    }
    tagger.thresholds_ = fitted.thresholds
    tagger.cross_validation_ = fitted.cross_validation
    tagger.evaluation_ = {}
    tagger.training_data_ = describe_training_data(articles, taxonomy.ids)
    tagger.model_ = f"{tagger.kind}@unsaved"
    tagger.source_ = None


def mined_phrases(articles: Sequence[Article], how: str | None, n_jobs: int) -> list[str]:
    """Return the words of more than one syllable in `articles`; none if `how` is None."""
    if how is None:
        return []
    from dvtopics.text.segment import mine_phrases

    texts = [text for a in articles for text in (a.title, *(p.text for p in a.paragraphs))]
    return mine_phrases(texts, n_jobs=n_jobs)


def config_of(tagger: Tagger, *libraries: str) -> dict[str, Any]:
    """Return ``config.json`` of a fitted tagger, without what storing adds.

    Parameters
    ----------
    tagger : Tagger
    *libraries : str
        What else its arithmetic depends on; the version is noted.
    """
    from dvtopics.corpus.fingerprint import library_versions

    parameters = tagger.get_params()
    # Where themes came from and how many processes fitted says nothing about the model.
    del parameters["themes"], parameters["n_jobs"]
    ids = tagger.taxonomy_.ids
    return {
        "class": tagger.kind,
        "parameters": parameters,
        "themes": tagger.taxonomy_.to_config(),
        "thresholds": tagger.thresholds_.to_config(ids),
        "calibration": {
            level: {
                theme: {"slope": float(platt.slope[i]), "offset": float(platt.offset[i])}
                for i, theme in enumerate(ids)
            }
            for level, platt in tagger.calibration_.items()
        },
        "context": _context_features(bool(tagger.pipeline_.scorer.window)),
        "training_data": tagger.training_data_,
        "cross_validation": tagger.cross_validation_,
        "evaluation": tagger.evaluation_,
        "library_versions": library_versions(*libraries),
    }


def stage_arrays(pipeline: TwoStagePipeline) -> dict[str, NDArray[Any]]:
    """Return the arrays of stage two by name."""
    return {
        **{
            f"paragraph_{f.name}": getattr(pipeline.paragraph_stage, f.name)
            for f in fields(ContextNetwork)
        },
        "article_coef": pipeline.article_stage.coef,
        "article_intercept": pipeline.article_stage.intercept,
    }


def pipeline_of(scorer: Scorer, arrays: Mapping[str, NDArray[Any]]) -> TwoStagePipeline:
    """Return `scorer` with stage two as `stage_arrays` wrote it."""
    return TwoStagePipeline(
        scorer,
        ContextNetwork(**{f.name: arrays[f"paragraph_{f.name}"] for f in fields(ContextNetwork)}),
        LinearStage(arrays["article_coef"], arrays["article_intercept"]),
    )


@contextmanager
def fitting_together(folder: Path) -> Iterator[None]:
    """Turn whatever is wrong with the values of a model into a ModelError of one line."""
    try:
        yield
    except (
        KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError
    ) as error:  # fmt: skip
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        raise ModelError(f"{folder}: the model does not fit together ({reason})") from error


def taxonomy_of(files: ModelFiles, folder: Path, peaked: bool = False) -> Taxonomy:
    """Return the themes of a model that this version can judge in context.

    `peaked` says whether its stage two reads peaks.
    """
    taxonomy = Taxonomy.from_config(files.config["themes"], f"{folder}: themes")
    if files.config["context"] != _context_features(peaked):
        raise ModelError(f"{folder}: context features of another version; train it again")
    return taxonomy


def restore(tagger: Tagger, files: ModelFiles, folder: Path) -> None:
    """Give `tagger`, whose themes are known, the decisions and figures of its folder."""
    config, ids = files.config, tagger.taxonomy_.ids
    tagger.thresholds_ = Thresholds.from_config(config["thresholds"], ids)
    tagger.calibration_ = {level: _platt(config["calibration"][level], ids) for level in LEVELS}
    tagger.phrases_ = files.texts["phrases"].split("\n")[:-1]
    tagger.training_data_ = config["training_data"]
    tagger.cross_validation_ = config["cross_validation"]
    tagger.evaluation_ = config["evaluation"]
    tagger.source_ = folder
    tagger.model_ = model_name(folder, files.checksum)


def lines(words: Sequence[str]) -> str:
    """Return a text file of one word a line."""
    return "".join(f"{word}\n" for word in words)


def model_name(folder: Path, checksum: str) -> str:
    """Return ``NAME@checksum`` as output records carry it."""
    return f"{folder.name}@{checksum[:12]}"


def _context_features(peaked: bool) -> dict[str, list[str]]:
    peaks = PEAK_BLOCKS if peaked else ()
    return {
        "paragraph": [*PARAGRAPH_BLOCKS, *PARAGRAPH_EXTRAS, *peaks],
        "article": [*ARTICLE_BLOCKS, *ARTICLE_EXTRAS],
    }


def _platt(config: Mapping[str, Any], themes: tuple[str, ...]) -> Platt:
    slope = np.array([float(config[theme]["slope"]) for theme in themes])
    offset = np.array([float(config[theme]["offset"]) for theme in themes])
    if not (np.isfinite(slope).all() and np.isfinite(offset).all()):
        raise ValueError("calibration must be finite")
    return Platt(slope, offset)
