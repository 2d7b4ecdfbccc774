"""Shared fixtures: the authored corpus, a small tagger fitted on part of it, the shipped model."""

from __future__ import annotations

from pathlib import Path

import pytest

import dvtopics
from dvtopics.article import Article
from dvtopics.corpus.store import read_labelled

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def authored() -> list[Article]:
    return read_labelled([ROOT / "corpus" / "authored.jsonl"])


@pytest.fixture(scope="session")
def small_tagger(authored: list[Article]) -> dvtopics.TfidfTagger:
    """Fitted on 60 articles: quick, and good enough to tell themes apart."""
    return dvtopics.TfidfTagger(ngram_max=2, min_df=2, n_folds=2, phrases=None).fit(
        authored[::3][:60]
    )


@pytest.fixture(scope="session")
def saved_model(
    small_tagger: dvtopics.TfidfTagger, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Folder of the small tagger; tests copy it before they damage it."""
    folder = tmp_path_factory.mktemp("models") / "small"
    small_tagger.save(folder)
    return folder


@pytest.fixture(scope="session")
def pretrained() -> dvtopics.TfidfTagger:
    tagger = dvtopics.load("tfidf")
    assert isinstance(tagger, dvtopics.TfidfTagger)
    return tagger
