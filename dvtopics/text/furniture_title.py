"""Which line above the article's first sentence is its headline."""

from __future__ import annotations

from typing import Protocol

from .furniture_lines import Line
from .furniture_patterns import bare

_REACH = 60  # lines looked back over
_NAVIGATION = ("menu", "crumb", "banner")


class Span(Protocol):
    """A run of lines: from `start` to before `stop`."""

    start: int
    stop: int


def _is_candidate(line: Line) -> bool:
    if line.kind not in ("", "banner", "dated", "inset", "headline") or len(line.text) > 400:
        return False
    if line.cut and line.syllables > 20:
        return False
    if line.kind == "banner" and line.text.isascii():
        return False
    if not 2 <= line.syllables <= 45 or line.text.endswith((":", ";", ",")):
        return False
    quoted = line.text[:1] in '“"' and not line.text.endswith((".", ".”", '."'))
    return not line.listed or quoted


def _asks(lines: list[Line], first: int, stop: int) -> bool:
    """Whether the first 'sentence' is rather a long headline: a question, a quotation."""
    line = lines[first]
    return (
        first + 1 < stop
        and line.syllables <= 32
        and line.text[-1] in "?!\"”'’"
        and line.text[-2:-1] not in (".", ",")
        and _is_candidate(Line(line.text, ("", line.syllables, True, line.cut, False, False)))
        and lines[first + 1].kind != "doc"
    )


def find_title(lines: list[Line], hanging: list[bool], first: int, part: Span) -> int | None:
    """Index of the headline, or None.

    Parameters
    ----------
    lines : list of Line
        All lines of the page.
    hanging : list of bool
        Whether a line belongs to a block beside the article.
    first : int
        The article's first sentence.
    part : Span
        The article's first segment; a headline may be the only line of a very short page.
    """
    start, stop = max(0, first - _REACH), part.stop
    options = [i for i in range(start, first) if _is_candidate(lines[i])]
    if not options and first < stop and not lines[first].solid and _is_candidate(lines[first]):
        only = not lines[first].text.endswith(".")
        options = [first] if only else []
    if _asks(lines, first, stop):
        options.append(first)
    counts: dict[str, int] = {}
    for i in range(start, min(len(lines), first + 1)):
        key = bare(lines[i].text)
        counts[key] = counts.get(key, 0) + 1
    heads = [bare(lines[i].text) for i in range(start, first)]
    best: tuple[float, int] | None = None
    for i in options:
        score = _score(lines, hanging, i, first, part.start)
        key = bare(lines[i].text)
        if counts.get(key, 0) > 1 or any(key != h and len(key) > 20 and key in h for h in heads):
            score += 3
        # Strictly greater: of equals, the first is the headline, the next a lead or caption.
        again = best is not None and score >= best[0] and key == bare(lines[best[1]].text)
        if best is None or score > best[0] or again:
            best = (score, i)
    return best[1] if best is not None and best[0] > -3 else None


def _is_text(line: Line) -> bool:
    return line.closed and not line.kind


def _score(lines: list[Line], hanging: list[bool], i: int, first: int, begin: int) -> float:
    line = lines[i]
    before = lines[i - 1].kind if i else "top"
    after = [ln.kind for ln in lines[i + 1 : min(i + 3, first)]]
    score = 0.0
    if after[:1] == ["meta"] or (len(after) == 2 and after[1] == "meta" and after[0] == "byline"):
        score += 2
    if before in ("meta", "top", *_NAVIGATION):
        score += 2 if before != "top" else 1
    if line.syllables >= 7:
        score += 1
    if line.syllables <= 3:
        score -= 2 if after[:1] == ["meta"] or before in ("meta", "crumb") else 4
    if line.text.endswith("."):
        score -= 2
    if i == first:
        score -= 1.5
    score -= {"banner": 4.0, "dated": 2.0, "inset": 2.5, "headline": -9.0}.get(
        line.kind, 0.0
    ) + 1.5 * line.cut
    if hanging[i]:
        score -= 2
    # What navigation follows is part of the page's head, not of the article's.
    score -= 4 * any(lines[k].kind in _NAVIGATION for k in range(i + 1, first))
    # Sentences of the article above a line make it a heading; a teaser below it makes it a link.
    score -= sum(_is_text(lines[k]) and not lines[k].cut for k in range(begin, i))
    score -= 3 * any(_is_text(lines[k]) and lines[k].syllables >= 12 for k in range(i + 1, begin))
    return score
