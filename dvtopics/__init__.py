"""Theme tagging of Vietnamese articles about government and Party work with the people.

Public names are resolved on first use, so ``import dvtopics`` costs next to nothing and
tagging with a saved model never imports a training library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from dvtopics.article import Article, Paragraph, TaggedArticle, TaggedParagraph
    from dvtopics.errors import DvtopicsError, InputError, ModelError
    from dvtopics.io.readers import read_articles
    from dvtopics.taggers.lda import LdaTagger
    from dvtopics.taggers.registry import load
    from dvtopics.taggers.tfidf import TfidfTagger
    from dvtopics.themes import THEMES, Taxonomy, Theme
    from dvtopics.topics.model import TopicModel

_HOMES = {
    "Article": "dvtopics.article",
    "Paragraph": "dvtopics.article",
    "TaggedArticle": "dvtopics.article",
    "TaggedParagraph": "dvtopics.article",
    "DvtopicsError": "dvtopics.errors",
    "InputError": "dvtopics.errors",
    "ModelError": "dvtopics.errors",
    "read_articles": "dvtopics.io.readers",
    "load": "dvtopics.taggers.registry",
    "LdaTagger": "dvtopics.taggers.lda",
    "TfidfTagger": "dvtopics.taggers.tfidf",
    "THEMES": "dvtopics.themes",
    "Taxonomy": "dvtopics.themes",
    "Theme": "dvtopics.themes",
    "TopicModel": "dvtopics.topics.model",
}

__all__ = [
    "THEMES",
    "Article",
    "DvtopicsError",
    "InputError",
    "LdaTagger",
    "ModelError",
    "Paragraph",
    "TaggedArticle",
    "TaggedParagraph",
    "Taxonomy",
    "TfidfTagger",
    "Theme",
    "TopicModel",
    "__version__",
    "load",
    "read_articles",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'dvtopics' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
