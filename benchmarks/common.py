"""What the benchmarks share: the articles that are timed, and how results are written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dvtopics.article import Article, TaggedArticle
from dvtopics.corpus.store import read_labelled
from dvtopics.storage import atomic_file

ROOT = Path(__file__).resolve().parent.parent
AUTHORED = ROOT / "corpus" / "authored.jsonl"
NEWS = ROOT / "corpus" / "vietnews" / "texts" / "labels_train.jsonl.gz"


def articles_of(n: int) -> tuple[str, list[Article]]:
    """Return what the texts are, and `n` articles: public news where they are filled in."""
    source = read_labelled([NEWS if NEWS.is_file() else AUTHORED])
    name = "public news articles" if NEWS.is_file() else "authored articles, repeated"
    return name, (source * (n // len(source) + 1))[:n]


def all_read(tagged: Iterable[TaggedArticle]) -> list[TaggedArticle]:
    """Read all evidence of articles as they come, which is when it is found."""
    articles = []
    for article in tagged:
        for item in (article, *article.paragraphs):
            len(item.evidence)
        articles.append(article)
    return articles


def write_results(name: str, data: Any, markdown: str) -> None:
    """Write ``results/NAME.json`` and ``NAME.md``, and print the latter."""
    out = ROOT / "benchmarks" / "results"
    out.mkdir(exist_ok=True)
    for suffix, text in (("json", json.dumps(data, indent=2) + "\n"), ("md", markdown)):
        with atomic_file(out / f"{name}.{suffix}") as fresh:
            fresh.write_text(text, encoding="utf-8")
    print(markdown)
