"""Tables over a model and its articles: prevalence by group, shares as CSV."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from dvtopics.topics.prevalence import Prevalence, choose_period, period_of, prevalence

if TYPE_CHECKING:
    from dvtopics.topics.model import TopicModel


def grouped(model: TopicModel, by: str = "auto") -> tuple[str, list[Prevalence]]:
    """Return mean topic shares by year, month, day or source, and which it was.

    Raises
    ------
    UsageError
        If no article says when (or where) it appeared.
    """
    field = "source" if by == "source" else "time"
    values = [record.get(field) for record in model.records()]
    if by == "auto":
        by = choose_period(values)
    groups = values if by == "source" else [period_of(value, by) for value in values]
    return by, prevalence(model.view.shares(model.shares()), groups)


def shares_csv(model: TopicModel) -> str:
    """Return a row an article: id, title, time, source, and the share of every topic."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["id", "title", "time", "source", *(view.label for view in model.topics_)])
    shares = model.view.shares(model.shares())
    for record, row in zip(model.records(), shares, strict=True):
        fields = [_plain(record.get(name)) for name in ("id", "title", "time", "source")]
        writer.writerow([*fields, *(f"{share:.4f}" for share in row)])
    return out.getvalue()


def _plain(value: str | None) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    text = value or ""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
