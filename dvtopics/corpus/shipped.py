"""Where the project's own corpora lie: the folder ``corpus`` of a checkout.

The wheel does not carry them, so these lists are empty there.
"""

from __future__ import annotations

from pathlib import Path

_CORPUS = Path(__file__).resolve().parents[2] / "corpus"


def authored_files() -> list[str]:
    """Return the authored corpora that models are trained on."""
    names = ("authored.jsonl", "authored_news.jsonl", "law_train.jsonl")
    return [path for name in names for path in _existing(name)]


def training_files() -> list[str]:
    """Return all labelled files that the shipped models are trained on."""
    held_out = set(news_labels("dev"))
    return [*authored_files(), *(name for name in news_labels() if name not in held_out)]


def news_labels(part: str = "*") -> list[str]:
    """Return the labels of the public news articles: ``train``, ``dev``, or both."""
    return _existing(f"vietnews/labels_{part}.jsonl.gz")


def _existing(pattern: str) -> list[str]:
    found = sorted(_CORPUS.glob(pattern))
    here = Path.cwd()
    return [str(p.relative_to(here) if p.is_relative_to(here) else p) for p in found]
