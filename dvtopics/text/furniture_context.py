"""Kinds that only the neighbours of a line can settle: names, labels, table rows, menu words."""

from __future__ import annotations

from .furniture_lines import Line
from .furniture_patterns import bare, rx
from .furniture_widgets import cells

_DOC_MARK = r"cong hoa xa hoi chu nghia viet nam|doc lap.{1,5}tu do.*|so ?: ?\d*.{0,6}/.*|kinh gui.*|noi nhan.*"  # noqa: E501


def settle_kinds(lines: list[Line]) -> bool:
    """Settle the kinds that need the neighbours; return whether the page is a document."""
    marks = [ln for ln in lines if ln.kind == "doc"]
    official = any(rx(_DOC_MARK).fullmatch(bare(ln.text).strip(" -*.")) for ln in marks)
    accents = any(ln.solid and not ln.text[:400].isascii() for ln in lines)
    run = 0
    for i, line in enumerate(lines):
        if line.kind == "doc" and not official:
            line.kind = ""
        if not line.kind and accents and line.syllables >= 3 and line.text[:200].isascii():
            # A banner typed without diacritics, on a page that has them.
            line.kind = "" if (i and lines[i - 1].solid) or line.listed else "banner"
        run = run + 1 if line.kind == "name" else 0
        if run >= 3:
            # Three names under one another are a list of people, not a byline.
            for k in range(i - run + 1, i + 1):
                lines[k].kind = "" if run == 3 or k == i else lines[k].kind
            run = 2 if i + 1 < len(lines) and lines[i + 1].kind == "name" else 0
    _settle_rows(lines)
    begun = False
    for i, line in enumerate(lines):
        begun = begun or line.solid
        if line.kind == "label":
            line.kind = "" if _alone(lines, i) else "meta"
            value = lines[i + 1] if line.kind and i + 1 < len(lines) else line
            if value.syllables <= 12 and value.kind in ("", "doc", "name", "banner", "number"):
                value.kind = "meta"
        elif line.kind == "name":
            after = next((ln for ln in lines[i + 1 : i + 3] if ln.kind != "symbol"), None)
            goes_on = after is not None and (after.solid or (after.listed and not after.kind))
            # Above the first sentence a name is the author's; between sentences, a heading.
            line.kind = "" if official or (goes_on and begun) else "byline"
        elif (line.kind == "menu" and _alone(lines, i)) or (
            line.kind == "number" and _alone(lines, i)
        ):
            line.kind = ""
    return official


def _settle_rows(lines: list[Line]) -> None:
    """Make the rows of a table that sentences follow text of the article."""
    sizes = [
        len(cells(ln.text))
        if not ln.closed and len(ln.text) <= 300 and rx(r"\||\t|  ").search(ln.text)
        else 0
        for ln in lines
    ]
    first = next((i for i, ln in enumerate(lines) if ln.solid), len(lines))
    i = first + 1
    while i < len(lines):
        stop = i
        while stop < len(lines) and sizes[stop] > 1 and sizes[stop] == sizes[i]:
            stop += 1
        after = lines[stop : stop + 3]
        if stop - i >= 2 and any(ln.solid or (ln.closed and not ln.kind) for ln in after):
            for line in lines[i:stop]:
                line.kind, line.listed = "", True
        i = max(stop, i + 1)


def _alone(lines: list[Line], i: int) -> bool:
    """Whether text stands on both sides: then a weak pattern is a heading or a table cell."""
    if not 0 < i < len(lines) - 1 or len(lines[i].text) > 80:
        return False
    before, after = lines[i - 1], lines[i + 1]
    return before.kind == "" and after.kind == "" and (before.solid or before.listed) and (
        after.solid or after.listed or (lines[i].syllables < 3 and before.solid)
    )  # fmt: skip
