"""A scraped page, line by line -> the role of every line.

The page is cut into segments wherever a line of furniture closes one block and opens another
(related articles, comments, tags, share buttons, footer, ...). The segment with the largest mass
of sentences is the article; neighbours join it only on evidence that the article goes on there.
The title is looked for above the first sentence of what was found.
"""

from __future__ import annotations

from .furniture_context import settle_kinds
from .furniture_lexicon import MORE
from .furniture_lines import Line, read_line
from .furniture_patterns import bare, rx
from .furniture_title import find_title

# Lines that close one block and open another.
_LIST_OPENERS = frozenset(("related", "side", "tags"))
_HARD_OPENERS = frozenset(("comment", "footer"))
_SOFT_OPENERS = frozenset(("meta", "crumb", "source", "byline", "menu"))
_OPENERS = _LIST_OPENERS | _HARD_OPENERS | _SOFT_OPENERS
# Kinds that never come out as text, wherever they stand.
_DROPPED = _LIST_OPENERS | _HARD_OPENERS | frozenset(
    ("meta", "crumb", "source", "byline", "caption", "inset", "symbol", "number")
)  # fmt: skip
_SOFT_CAPTION = (
    r"(?:quang canh|toan canh|khung canh|mot goc) .*|(?:cac )?(?:dong chi|dai bieu|ong|ba|lanh dao) .*"  # noqa: E501
    r"(?:phat bieu|trao |tang |chup anh|chu tri|trinh bay|ket luan|tham quan|bieu quyet|"
    r"tai buoi|tai hoi nghi|tham du|kiem tra|du hoi nghi|tai le|tai dai hoi).*"
)


class Segment:
    """A run of lines behind one opener; `hangs`: inside a block beside the article."""

    __slots__ = ("hangs", "mass", "opener", "pairs", "solids", "start", "stop")

    def __init__(self, opener: str, hangs: bool, start: int) -> None:
        self.opener = opener
        self.hangs = hangs
        self.start = start
        self.stop = start
        self.mass = 0.0
        self.solids: list[int] = []
        self.pairs = 0

    @property
    def weight(self) -> float:
        """Mass, discounted where the segment's opener promises something else than an article."""
        if self.opener in _HARD_OPENERS:
            return 0.25 * self.mass
        return (0.4 if self.hangs else 1.0) * self.mass


def _mass(line: Line) -> float:
    if line.solid:
        return float(line.syllables)
    if line.kind not in ("", "doc"):
        return 0.0
    if line.syllables >= 6 and not line.cut and (line.closed or line.listed):
        return 0.6 * line.syllables
    return 0.05 * line.syllables


def _segments(lines: list[Line]) -> list[Segment]:
    current = Segment("", False, 0)
    found = [current]
    previous_solid = False
    for i, line in enumerate(lines):
        if line.kind in _OPENERS and not (line.kind == "byline" and _goes_on(lines, i)):
            current.stop = i
            hangs = line.kind in _LIST_OPENERS or (
                line.kind in ("meta", "source", "byline", "menu") and current.hangs
            )
            current = Segment(line.kind, hangs, i + 1)
            found.append(current)
            previous_solid = False
            continue
        current.mass += _mass(line)
        if line.solid:
            current.pairs += previous_solid
            current.solids.append(i)
        if line.kind not in _DROPPED:
            previous_solid = line.solid
    current.stop = len(lines)
    return found


def _goes_on(lines: list[Line], i: int) -> bool:
    return i + 1 < len(lines) and lines[i + 1].solid


def _is_terminal(lines: list[Line], seg: Segment, after: Segment | None) -> bool:
    """Whether the article is seen to end in this segment ('./.', or a byline behind it)."""
    if seg.solids and any(lines[k].final for k in seg.solids[-1:]):
        return True
    return after is not None and after.opener in ("byline", "source")


def _is_teaser(lines: list[Line], seg: Segment) -> bool:
    """Whether one paragraph stands alone above a 'read more'."""
    more = bare(lines[seg.stop].text).strip(" .:>»›→[]()") if seg.stop < len(lines) else ""
    return len(seg.solids) == 1 and more in MORE


def _resumes(
    lines: list[Line], seg: Segment, after: Segment | None, strict: bool, ended: bool, main: float
) -> bool:
    """Whether the article goes on in `seg`, behind a line that looked like its end."""
    if not seg.solids:
        return False
    size = sum(lines[k].syllables for k in seg.solids)
    if ended:
        return seg.pairs >= 3 and size >= 0.6 * main and seg.opener not in _LIST_OPENERS
    signed = _is_terminal(lines, seg, after)
    if not strict:
        text = [k for k in range(seg.start, seg.stop) if lines[k].kind not in _DROPPED][:1]
        return signed or seg.pairs >= 1 or text == seg.solids[:1]
    # Teasers alternate with headlines; paragraphs follow one another and are longer.
    return (
        signed
        or (seg.pairs >= 2 and size >= 0.2 * main)
        or (seg.pairs >= 1 and size / len(seg.solids) >= 60)
    )


def _article(lines: list[Line], segs: list[Segment]) -> list[int]:
    """Return the indices of the segments that make up the article, in order."""
    best = max(s.weight for s in segs)
    if best <= 0:
        return []
    # An early segment of fair mass beats a later, larger one: teasers can outweigh a notice.
    main = next(i for i, s in enumerate(segs) if s.weight >= 0.6 * best)
    chosen = [main]
    for k in range(main - 1, -1, -1):
        if segs[k + 1].opener in _HARD_OPENERS or segs[k].opener in _HARD_OPENERS:
            break
        if segs[k].solids and not segs[k].hangs:
            if _is_terminal(lines, segs[k], segs[k + 1]) or _is_teaser(lines, segs[k]):
                break
            chosen.append(k)
    chosen.reverse()
    strict = False
    total = segs[main].mass
    ended = _is_terminal(lines, segs[main], segs[main + 1] if main + 1 < len(segs) else None)
    for k in range(main + 1, len(segs)):
        seg = segs[k]
        if seg.opener in _HARD_OPENERS:
            break
        strict = strict or seg.opener in _LIST_OPENERS or seg.opener == "crumb"
        after = segs[k + 1] if k + 1 < len(segs) else None
        if _resumes(lines, seg, after, strict, ended, total):
            chosen.append(k)
            total += seg.mass
            strict = False
            ended = _is_terminal(lines, seg, after)
        elif seg.solids:
            strict = True
    return chosen


def _soft_caption(line: Line) -> bool:
    if line.kind or line.closed or line.listed or line.syllables > 35:
        return False
    return bool(rx(_SOFT_CAPTION).fullmatch(bare(line.text)))


def _keep(lines: list[Line], roles: list[str], start: int, stop: int) -> None:
    """Everything between `start` and `stop` is article, but for furniture by pattern."""
    for i in range(start, stop):
        line = lines[i]
        near = {lines[k].kind for k in (i - 1, i + 1) if 0 <= k < len(lines)}
        if line.kind in _DROPPED:
            continue
        if line.kind == "dated" and line.text[-1] in ")]":
            continue
        if line.kind == "form" and near & {"form", "comment", "meta", "menu"}:
            continue
        if line.kind in ("dated", "menu") and near & {"inset", "dated", "related", "meta", "menu"}:
            continue
        roles[i] = "caption" if _soft_caption(line) else "body"


def _keep_tail(lines: list[Line], roles: list[str], start: int, stop: int, official: bool) -> None:
    """Short lines behind the last sentence: closing words and list items, but not headlines."""
    ended = start > 0 and lines[start - 1].final and not official
    footed = stop < len(lines) and lines[stop].kind == "footer"
    run = [i for i in range(start, stop) if lines[i].kind == "" and not lines[i].closed
           and not lines[i].listed and 7 <= lines[i].syllables <= 40]  # fmt: skip
    headlines = set(run) if len(run) >= 3 and not official and start > 0 else set()
    for i in range(start, stop):
        line = lines[i]
        if line.kind in ("dated", "banner", "menu", "form") and not official:
            break
        if line.kind in _DROPPED or (line.kind == "contact" and footed):
            continue
        if i in headlines or (ended and line.cut):
            break
        if ended and not (line.closed or line.listed):
            if i == start and line.syllables <= 12:
                roles[i] = "byline"
                continue
            break
        roles[i] = "caption" if _soft_caption(line) else "body"


def _apply(hints: list[str], lines: list[Line]) -> None:
    for hint, line in zip(hints, lines, strict=True):
        if hint == "link" and line.kind in ("", "name", "banner", "dated") and not line.solid:
            line.kind = "inset"
        elif hint == "cell":
            line.kind, line.listed = "", True
        elif hint == "title" or (hint == "h1" and line.kind in ("", "dated", "name")):
            line.kind = "headline" if line.syllables >= (2 if hint == "title" else 4) else line.kind


def _default_role(line: Line) -> str:
    return line.kind if line.kind in ("caption", "byline") else "furniture"


def label_texts(texts: list[str], hints: list[str] | None = None) -> list[str]:
    """Roles of the stripped, non-blank lines of one page.

    Parameters
    ----------
    texts : list of str
    hints : list of str, optional
        What the markup says of every line: see :func:`.furniture_html.html_lines`; ``title`` for
        the title that the page itself states.

    Returns
    -------
    list of str
        ``title``, ``body``, ``caption``, ``byline`` or ``furniture``, one for every line.
    """
    lines = [read_line(t) for t in texts]
    if hints is not None:
        _apply(hints, lines)
    official = settle_kinds(lines)
    roles = [_default_role(ln) for ln in lines]
    segs = _segments(lines)
    chosen = _article(lines, segs)
    if not chosen:
        return roles
    parts = [segs[k] for k in chosen]
    first = parts[0].solids[0] if parts[0].solids else _first_text(lines, parts[0])
    if official:
        first = _document_start(lines, parts[0].start, first)
    hanging = [False] * len(lines)
    for seg in segs:
        if seg.hangs:
            hanging[seg.start : seg.stop] = [True] * (seg.stop - seg.start)
    title = find_title(lines, hanging, first, parts[0])
    begin = _begin(lines, parts[0], first) if title is None else title + 1
    for seg in segs:
        # Between title and first sentence: a short lead, a heading, a line of authority.
        if not seg.hangs and seg.start < parts[0].start and seg.stop > begin:
            _keep(lines, roles, max(begin, seg.start), seg.stop)
    for number, seg in enumerate(parts):
        start = max(seg.start, begin)
        if seg.opener in _LIST_OPENERS or (seg.hangs and number):
            start = max(begin, _resumption(lines, seg))
        last = seg.solids[-1] + 1 if seg.solids else start
        if number == len(parts) - 1:
            _keep(lines, roles, start, last)
            _keep_tail(lines, roles, max(start, last), seg.stop, official)
        else:
            _keep(lines, roles, start, seg.stop)
    _settle_repeats(lines, roles, title)
    return roles


def _resumption(lines: list[Line], seg: Segment) -> int:
    """Where the article goes on in a block of links: its first sentence, or the heading above."""
    if not seg.solids:
        return seg.start
    first = seg.solids[0]
    text = [k for k in range(seg.start, first) if lines[k].kind not in _DROPPED]
    if text and text[-1] == first - 1 and not lines[first - 1].cut:
        # The only line that a tool bar left, or one too short for a headline.
        alone = len(text) == 1 and seg.opener not in _LIST_OPENERS
        if not lines[first - 1].kind and (alone or (text[1:] and lines[first - 1].syllables <= 5)):
            return first - 1
    return first


def _first_text(lines: list[Line], seg: Segment) -> int:
    """First line of an article without long sentences, leaving one line above for the title."""
    text = [k for k in range(seg.start, seg.stop) if lines[k].kind in ("", "doc")]
    for k in text:
        if _mass(lines[k]) >= 3:
            return k
    return text[1] if len(text) > 1 else (text[0] if text else seg.start)


def _document_start(lines: list[Line], start: int, first: int) -> int:
    """Find where a document starts: its letterhead, above the first sentence."""
    for k in range(start, first):
        if lines[k].kind == "doc":
            while (
                k > start and lines[k - 1].kind in ("banner", "doc") and lines[k - 1].text.isupper()
            ):
                k -= 1
            return k
    return first


def _begin(lines: list[Line], seg: Segment, first: int) -> int:
    begin = first
    while begin > seg.start and lines[begin - 1].kind in ("", "caption") and (
        lines[begin - 1].closed or lines[begin - 1].listed or lines[begin - 1].kind
    ):  # fmt: skip
        begin -= 1
    return begin


def _settle_repeats(lines: list[Line], roles: list[str], title: int | None) -> None:
    """Drop the headline's repeats, and the second of two equal lines in a row."""
    if title is not None:
        roles[title] = "title"
        head = bare(lines[title].text)
        for i, line in enumerate(lines):
            if (
                i != title
                and roles[i] == "body"
                and len(line.text) < 600
                and bare(line.text) == head
            ):
                roles[i] = "furniture"
    for i in range(1, len(lines)):
        if roles[i] != "body" or roles[i - 1] != "body" or lines[i].text != lines[i - 1].text:
            continue
        if lines[i].syllables >= 8:
            roles[i] = "furniture"
            if not lines[i].closed and not lines[i].listed:
                roles[i - 1] = "caption"
