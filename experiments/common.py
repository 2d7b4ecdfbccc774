"""What the experiments share: where data lies, and how results are written."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dvtopics.article import Article
from dvtopics.corpus.store import read_labelled
from dvtopics.storage import atomic_file

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "experiments" / "results"
AUTHORED = ROOT / "corpus" / "authored.jsonl"
AUTHORED_NEWS = ROOT / "corpus" / "authored_news.jsonl"
LAW_TRAIN = ROOT / "corpus" / "law_train.jsonl"
LAW_TEST = ROOT / "corpus" / "law_test.jsonl"
TEXTS = ROOT / "corpus" / "vietnews" / "texts"


def news(part: str) -> list[Article]:
    """Return the public news articles with labels, or leave with a message where absent."""
    path = TEXTS / f"labels_{part}.jsonl.gz"
    if not path.is_file():
        sys.exit(
            f"skipped: {path.relative_to(ROOT)} is not there; run\n"
            "  dvtopics corpus rehydrate REPOSITORY "
            f"--labels corpus/vietnews/labels_{part}.jsonl.gz"
        )
    return read_labelled([path])


def authored() -> list[Article]:
    """Return the authored corpora that models are trained on."""
    return read_labelled([AUTHORED, AUTHORED_NEWS, LAW_TRAIN])


def training_news() -> list[Article]:
    """Return all public news articles that models are trained on."""
    return [article for part in ("train", "suggested", "extra") for article in news(part)]


def write_results(name: str, data: Any, markdown: str) -> None:
    """Write ``results/NAME.json`` and ``NAME.md``."""
    for suffix, text in (
        (".json", json.dumps(data, indent=2, ensure_ascii=False) + "\n"),
        (".md", markdown),
    ):
        with atomic_file(RESULTS / f"{name}{suffix}") as fresh:
            fresh.write_text(text, encoding="utf-8")
    print(markdown)
