"""Where a model comes from: what it was trained on, and with which libraries."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dvtopics.article import Article
from dvtopics.corpus.labels import Labels

_LIBRARIES = ("dvtopics", "numpy", "scipy", "scikit-learn", "safetensors")


def fingerprint(articles: Sequence[Article]) -> str:
    """Return a SHA-256 over titles, texts and grades, whatever the articles' order."""
    digests = sorted(
        hashlib.sha256(
            json.dumps(
                [a.title, a.grades, [[p.text, p.grades] for p in a.paragraphs]], sort_keys=True
            ).encode()
        ).hexdigest()
        for a in articles
    )
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def describe_training_data(articles: Sequence[Article], themes: Sequence[str]) -> dict[str, Any]:
    """Return counts by how articles were drawn, positives per theme, and the fingerprint."""
    labels = Labels.from_articles(articles, themes)
    judged = ~(labels.paragraph != labels.paragraph).all(axis=1)
    drawn = Counter(str(a.metadata.get("drawn", "unknown")) for a in articles)
    return {
        "fingerprint": fingerprint(articles),
        "articles": len(articles),
        "paragraphs": len(labels.paragraph),
        "judged_paragraphs": int(judged.sum()),
        "later_paragraphs": int((judged & ~labels.part).sum()),
        "drawn": dict(sorted(drawn.items())),
        "positive_paragraphs": {
            theme: int((labels.paragraph[:, i] == 1).sum()) for i, theme in enumerate(themes)
        },
        "positive_articles": {
            theme: int((labels.article[:, i] == 1).sum()) for i, theme in enumerate(themes)
        },
    }


def library_versions(*more: str) -> dict[str, str]:
    """Return the versions of what a model's arithmetic depends on, `more` libraries included."""
    versions = {}
    for name in (*_LIBRARIES, *more):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
