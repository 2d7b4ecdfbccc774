"""What a labelled corpus holds: counts by source, register, year and theme."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dvtopics.corpus.labels import label_of
from dvtopics.text.lines import paragraphs_of

_FACETS = ("drawn", "register", "region", "quality", "annotation_passes")


def corpus_stats(records: Iterable[Mapping[str, Any]], themes: Sequence[str]) -> dict[str, Any]:
    """Count articles, paragraphs and grades.

    Parameters
    ----------
    records : iterable of mapping
        Labelled records; texts need not be filled in.
    themes : sequence of str

    Returns
    -------
    dict
        ``articles``, ``paragraphs``, ``judged``, ``without_theme``, ``filled``; per theme at
        both levels ``positive``, ``negative``, ``ambiguous``; counts by facet.
    """
    total = Counter[str]()
    levels = {level: {t: Counter[str]() for t in themes} for level in ("paragraph", "article")}
    facets = {name: Counter[str]() for name in _FACETS}
    years: list[int] = []
    for record in records:
        total["articles"] += 1
        _count(levels["article"], record.get("grades"), themes)
        for name, counter in facets.items():
            if record.get(name) is not None:
                counter[str(record[name])] += 1
        if isinstance(record.get("year"), int):
            years.append(record["year"])
        paragraphs = record.get("paragraphs")
        for paragraph in paragraphs_of(record["text"]) if paragraphs is None else paragraphs:
            grades = paragraph.get("grades") if isinstance(paragraph, Mapping) else None
            total["paragraphs"] += 1
            total["filled"] += isinstance(paragraph, str) or "text" in paragraph
            if grades:
                total["judged"] += 1
                total["without_theme"] += all(grades.get(t) == 0 for t in themes)
                _count(levels["paragraph"], grades, themes)
    keys = ("articles", "paragraphs", "judged", "without_theme", "filled")
    return {
        **{name: total[name] for name in keys},
        **{
            level: {
                theme: {k: counts[k] for k in ("positive", "negative", "ambiguous")}
                for theme, counts in by_theme.items()
            }
            for level, by_theme in levels.items()
        },
        "years": [min(years), max(years)] if years else None,
        "facets": {
            name: dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))
            for name, counter in facets.items()
            if counter
        },
    }


def _count(
    counters: Mapping[str, Counter[str]],
    grades: Mapping[str, float | None] | None,
    themes: Sequence[str],
) -> None:
    for theme in themes:
        grade = (grades or {}).get(theme)
        if grade is None:
            continue
        label = label_of(grade)
        kind = "ambiguous" if label != label else ("positive" if label else "negative")
        counters[theme][kind] += 1
