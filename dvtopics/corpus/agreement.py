"""Two annotators' grades of the same articles → how far they agree, and where they do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dvtopics.corpus.labels import label_of

Grades = Mapping[str, float | None]


def cohen_kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Return Cohen's kappa of binary decisions; None where both always say the same one thing.

    References
    ----------
    Cohen (1960), A coefficient of agreement for nominal scales.
    """
    n = len(pairs)
    if not n:
        return None
    observed = sum(a == b for a, b in pairs) / n
    first, second = sum(a for a, _ in pairs) / n, sum(b for _, b in pairs) / n
    expected = first * second + (1 - first) * (1 - second)
    return None if expected == 1 else (observed - expected) / (1 - expected)


def interval_alpha(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Krippendorff's alpha of grades on an interval scale, two annotators, none missing.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's alpha-reliability.
    """
    values = [value for pair in pairs for value in pair]
    n = len(values)
    if n < 4:
        return None
    observed = sum((a - b) ** 2 for a, b in pairs) * 2 / n
    mean = sum(values) / n
    # The mean squared difference of all ordered pairs of values is twice their variance.
    expected = 2 * sum((value - mean) ** 2 for value in values) / (n - 1)
    return None if expected == 0 else 1 - observed / expected


def agreement(
    first: Iterable[Mapping[str, Any]],
    second: Iterable[Mapping[str, Any]],
    themes: Sequence[str],
) -> dict[str, Any]:
    """Compare two sets of labelled records by article id and paragraph.

    Parameters
    ----------
    first, second : iterable of mapping
        Labelled records; texts need not be filled in. Articles and paragraphs that only one of
        them has graded are left out.
    themes : sequence of str

    Returns
    -------
    dict
        ``articles`` (in both), and per level and theme ``kappa``, ``alpha``, ``n`` and the
        numbers of positives; ``disagreements``: items where one says the theme is there and
        the other that it is not, the widest apart first.
    """
    others = {str(record.get("id")): record for record in second}
    pairs: dict[str, dict[str, list[tuple[float, float]]]] = {
        level: {theme: [] for theme in themes} for level in ("paragraph", "article")
    }
    disagreements: list[dict[str, Any]] = []
    shared = 0
    for record in first:
        other = others.get(str(record.get("id")))
        if other is None:
            continue
        shared += 1
        items: list[tuple[str, int | None, Mapping[str, Any], Mapping[str, Any]]]
        items = [("article", None, record, other)]
        items += [
            ("paragraph", index, a, b)
            for index, (a, b) in enumerate(
                zip(record["paragraphs"], other["paragraphs"], strict=False)
            )
            if _same(a, b)
        ]
        for level, index, a, b in items:
            for theme in themes:
                grades = (_grade(a, theme), _grade(b, theme))
                if grades[0] is None or grades[1] is None:
                    continue
                pair = (grades[0], grades[1])
                pairs[level][theme].append(pair)
                if {label_of(pair[0]), label_of(pair[1])} == {0.0, 1.0}:
                    disagreements.append(
                        {
                            "id": record.get("id"), "level": level, "paragraph": index,
                            "theme": theme, "grades": list(pair),
                            "text": a.get("title" if level == "article" else "text"),
                        }
                    )  # fmt: skip
    disagreements.sort(key=lambda d: -abs(d["grades"][0] - d["grades"][1]))
    figures = {
        level: {theme: _figures(values) for theme, values in by_theme.items()}
        for level, by_theme in pairs.items()
    }
    return {"articles": shared, **figures, "disagreements": disagreements}


def _grade(item: Mapping[str, Any], theme: str) -> float | None:
    grades = item.get("grades")
    return grades.get(theme) if isinstance(grades, Mapping) else None


def _same(a: Any, b: Any) -> bool:
    if not isinstance(a, Mapping) or not isinstance(b, Mapping):
        return False
    for key in ("sha256", "text"):
        if key in a and key in b:
            return bool(a[key] == b[key])
    return True


def _figures(pairs: list[tuple[float, float]]) -> dict[str, Any]:
    kappa = cohen_kappa([(a >= 1, b >= 1) for a, b in pairs])
    alpha = interval_alpha(pairs)
    return {
        "kappa": None if kappa is None else round(kappa, 4),
        "alpha": None if alpha is None else round(alpha, 4),
        "n": len(pairs),
        "positive": [sum(a >= 1 for a, _ in pairs), sum(b >= 1 for _, b in pairs)],
    }
