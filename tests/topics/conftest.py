"""A small collection with planted topics, and a model of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from planted import make_articles, new_model

from dvtopics.article import Article
from dvtopics.topics.model import TopicModel


@pytest.fixture(scope="session")
def articles() -> list[Article]:
    return make_articles(120)


@pytest.fixture(scope="session")
def fitted(articles: list[Article], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a fitted model; tests copy it before they change it."""
    folder = tmp_path_factory.mktemp("topics") / "model"
    new_model().fit(articles, folder)
    return folder


@pytest.fixture
def model(fitted: Path) -> TopicModel:
    return TopicModel.load(fitted)
