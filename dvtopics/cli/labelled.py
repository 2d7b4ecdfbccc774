"""Labelled files named on the command line → articles, with a word on what is left out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from dvtopics.article import Article
from dvtopics.cli.messages import message
from dvtopics.corpus.store import is_filled, read_labelled, read_records
from dvtopics.errors import UsageError

#: Where ``corpus rehydrate`` puts texts, beside the labels; kept out of version control.
TEXTS = "texts"


def texts_path(labels: Path) -> Path:
    """Return where the texts of a label file are filled in by default."""
    return labels.parent / TEXTS / labels.name


def or_shipped(given: tuple[str, ...], shipped: list[str]) -> tuple[str, ...]:
    """Return the files given, or the project's own where none is.

    Raises
    ------
    click.UsageError
        If none is given outside a checkout.
    """
    if not given and not shipped:
        raise click.UsageError("name label files: the shipped ones are in a checkout only")
    return given or tuple(shipped)


def read_filled(paths: Iterable[str], lang: str) -> list[Article]:
    """Read labelled articles; labels without texts are replaced by their filled-in copy.

    Where there is no such copy the file is left out and standard error says so.

    Raises
    ------
    UsageError
        If nothing is left.
    """
    articles = [article for name in paths for article in filled_articles(name, lang)]
    if not articles:
        raise UsageError("no labelled article with text; run: dvtopics corpus rehydrate")
    return articles


def filled_articles(name: str, lang: str) -> list[Article]:
    """Read the articles of one file, or of its filled-in copy; none (and a word) without texts."""
    path = Path(name)
    if not is_filled(next(read_records(path))):
        filled = texts_path(path)
        if not filled.is_file():
            click.echo(message("no-texts", path, path, lang=lang), err=True)
            return []
        path = filled
    return read_labelled([path])
