"""When and where an article appeared, and its grades, from the fields that came with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dvtopics.article import Article

#: Fields that are looked at, first come first taken.
TIME_FIELDS = ("date", "published", "published_at", "publish_date", "datetime", "time", "year")
SOURCE_FIELDS = ("source", "site", "publisher", "newspaper", "agency", "domain")
_ISO = re.compile(r"^\s*(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_DAY_FIRST = re.compile(r"(?:^|\D)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:\D|$)")


def facets_of(article: Article) -> dict[str, Any]:
    """Return ``time`` (ISO, as exact as it is known), ``source`` and ``grades`` where given."""
    facets: dict[str, Any] = {}
    for name in TIME_FIELDS:
        if time := parse_time(article.metadata.get(name)):
            facets["time"] = time
            break
    for name in SOURCE_FIELDS:
        value = article.metadata.get(name)
        if isinstance(value, Mapping):
            value = value.get("name") or value.get("repository")
        if isinstance(value, str) and value.strip():
            facets["source"] = value.strip()[:200]
            break
    if article.grades is not None:
        facets["grades"] = article.grades
    return facets


def parse_time(value: Any) -> str | None:
    """Return a date as ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; None where it is none.

    Examples
    --------
    >>> [parse_time(v) for v in (2024, "2024-03-05T10:00", "05/03/2024 10:00", "hôm qua")]
    ['2024', '2024-03-05', '2024-03-05', None]
    """
    text = "" if value is None or isinstance(value, bool) else str(value)
    if match := _DAY_FIRST.search(text):
        day, month, year = match.groups()
    elif match := _ISO.match(text):
        year, month, day = match.groups()
    else:
        return None
    if not 1 <= int(month or 1) <= 12 or not 1 <= int(day or 1) <= 31:
        return None
    if not 1500 <= int(year) <= 2999:
        return None
    return "-".join([year, *(f"{int(part):02}" for part in (month, day) if part)])
