"""HTML -> the lines a reader sees, with hints from the markup for the page logic."""

from __future__ import annotations

import html as html_entities
import re

from .furniture_patterns import rx

_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "div",
     "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5",
     "h6", "header", "hr", "label", "legend", "li", "main", "marquee", "nav", "ol", "option", "p",
     "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "time", "title", "tr", "ul")
)  # fmt: skip
# Nothing of the article is inside these.
_SKIPPED = frozenset(
    ("script", "style", "template", "svg", "select", "textarea", "iframe", "button", "nav",
     "footer", "noscript", "head")
)  # fmt: skip
_TAG = r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)([^<>]*+)>|<!--|<[!?/][^<>]*+>"
_ASIDES = (
    r"(?:class|id|itemprop)\s*=\s*[\"']?[^\"'>]*?(?:caption|image_?desc|img-?desc|photo-?desc|"
    r"chu-?thich|related|lien-?quan|tin-?khac|other-?news|breadcrumb|comment|binh-?luan|cmt|share|"
    r"social|rating|cookie|sidebar|col-right|widget|most-?(?:view|read|box)|box-most|popular|"
    r"toolbar|popup|modal|newsletter)"
)
_CENTRED = r"(?i)(?:align|text-align)\s*[=:]\s*[\"']?center"
_MAY_BE_ASIDE = frozenset(("div", "section", "ul", "ol", "p", "span", "table", "td", "dl", "em"))


class _Lines:
    """Lines under way: what of the current one is linked, slanted, and stands below an image."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.hints: list[str] = []
        self.asides: list[int] = []
        self.parts: list[str] = []
        self.linked = self.slanted = self.total = 0
        self.link = self.slant = self.heading = 0
        # The block beside the article that is open: its number (0: none), tag, open tags so named.
        self.aside = self.aside_depth = self.n_asides = 0
        self.aside_tag = ""
        self.image = self.centred = self.h1 = False

    def add(self, raw: str) -> None:
        # Line breaks of the source mean nothing in HTML; those of the page come from its tags.
        text = html_entities.unescape(rx(r"\s+").sub(" ", raw))
        self.parts.append(text)
        size = len(text.strip())
        self.total += size
        self.linked += size if self.link else 0
        self.slanted += size if self.slant else 0

    def end(self) -> None:
        text = " ".join("".join(self.parts).split())
        if text:
            caption = self.image and not self.heading and len(text) <= 300 and (
                self.slanted >= 0.9 * self.total or (self.centred and text[-1] not in ":;")
            )  # fmt: skip
            if not caption:
                hint = "link" if self.linked >= 0.95 * self.total and len(text) <= 250 else ""
                self.texts.append(text)
                self.hints.append("h1" if self.h1 else hint)
                self.asides.append(self.aside)
            self.image = False
        self.parts.clear()
        self.linked = self.slanted = self.total = 0


class _Table:
    def __init__(self, start: int) -> None:
        self.start = start
        self.rows: list[int] = []
        self.nested = False

    def mark(self, lines: _Lines) -> None:
        """Hint at the cells of a table of data: equal rows of short cells, few of them links."""
        own = range(self.start, len(lines.texts))
        size = max(self.rows, default=0)
        if (
            self.nested
            or size < 2
            or sum(n == size for n in self.rows) < max(2, len(self.rows) - 1)
        ):
            return
        links = sum(lines.hints[i] == "link" for i in own)
        if all(len(lines.texts[i]) <= 300 for i in own) and 3 * links <= len(own):
            for i in own:
                lines.hints[i] = lines.hints[i] or "cell"


#: Where a page's title stands, in characters; and the syllables a window title needs.
_HEAD = 50_000
_SHORTEST_TITLE = 4


def html_lines(html: str) -> tuple[list[str], list[str]]:
    """Lines of a page, and a hint for each.

    Parameters
    ----------
    html : str

    Returns
    -------
    texts : list of str
        One for every block or ``<br>`` with text in it, white space collapsed. Blocks whose class
        says that they stand beside the article are left out, and so are captions.
    hints : list of str
        ``h1``, ``link`` (nothing but a link), ``cell`` (of a table of data) or ``""``.
    """
    lines = _Lines()
    tables: list[_Table] = []
    unclosed: set[str] = set()
    position = 0
    tag_rx = rx(_TAG)
    while (match := tag_rx.search(html, position)) is not None:
        if match.start() > position:
            lines.add(html[position : match.start()])
        position = match.end()
        if match.group() == "<!--":
            end = html.find("-->", position) if "<!--" not in unclosed else -1
            if end < 0:
                # Searched once only: a page full of unclosed comments stays linear.
                unclosed.add("<!--")
            position = end + 3 if end >= 0 else position
            continue
        name, opens, attributes = (match.group(2) or "").lower(), not match.group(1), match.group(3)
        if opens and name in _SKIPPED and name not in unclosed:
            close = re.compile(f"</{name}\\b[^<>]*+>", re.I).search(html, position)
            if close is None:
                unclosed.add(name)
            else:
                position = close.end()
                lines.end()
                continue
        if name in _BLOCKS:
            lines.end()
        _follow(lines, tables, name, opens, attributes or "")
        _follow_aside(lines, name, opens, attributes or "")
    lines.add(html[position:])
    lines.end()
    return _without_asides(lines)


def _follow(lines: _Lines, tables: list[_Table], name: str, opens: bool, attributes: str) -> None:
    """Keep account of the tags that the hints depend on."""
    if name == "a":
        lines.link = int(opens and not rx(r"\bname\s*=").search(attributes))
    elif name in ("em", "i", "figcaption"):
        lines.slant = int(opens)
    elif name == "img":
        lines.image = True
    elif name in ("h1", "h2", "h3", "h4", "strong", "b"):
        lines.heading = int(opens)
        lines.h1 = opens and name == "h1"
    elif name in ("td", "th") and opens and tables and tables[-1].rows:
        tables[-1].rows[-1] += 1
    elif name == "table" and opens:
        for table in tables[-1:]:
            table.nested = True
        tables.append(_Table(len(lines.texts)))
    elif name == "table" and tables:
        tables.pop().mark(lines)
    elif name == "tr" and opens and tables:
        tables[-1].rows.append(0)
    if name in ("p", "div", "td", "center", "figure"):
        lines.centred = opens and (name == "center" or bool(rx(_CENTRED).search(attributes)))
        # A paragraph ends what was left open in it.
        lines.link = lines.slant = 0


def _follow_aside(lines: _Lines, name: str, opens: bool, attributes: str) -> None:
    """Note which lines are inside a block beside the article."""
    if lines.aside:
        if name == lines.aside_tag:
            lines.aside_depth += 1 if opens else -1
            if lines.aside_depth == 0:
                lines.end()
                lines.aside = 0
    elif opens and (
        name in ("aside", "figcaption")
        or (name in _MAY_BE_ASIDE and rx("(?i)" + _ASIDES).search(attributes[:400]))
    ):
        lines.end()
        lines.n_asides += 1
        lines.aside, lines.aside_tag, lines.aside_depth = lines.n_asides, name, 1


def _without_asides(lines: _Lines) -> tuple[list[str], list[str]]:
    sizes: dict[int, int] = {}
    for text, number in zip(lines.texts, lines.asides, strict=True):
        sizes[number] = sizes.get(number, 0) + len(text)
    # A class may also name the whole page ('has-sidebar'): what is large is no aside.
    limit = 0.35 * sum(sizes.values())
    kept = [i for i, n in enumerate(lines.asides) if n == 0 or sizes[n] > limit]
    return [lines.texts[i] for i in kept], [lines.hints[i] for i in kept]


def shared_title(html: str) -> str:
    """Return the title that a page gives to social networks; "" where it has none."""
    tag = rx(r"(?i)<meta\s[^<>]*?[\"']og:title[\"'][^<>]*+>").search(html[:_HEAD])
    found = (
        rx(r"(?i)\scontent\s*=\s*(?:\"([^\"]*)\"|'([^']*)')").search(tag.group()) if tag else None
    )
    return _plain(found.group(1) or found.group(2) or "") if found else ""


def window_title(html: str) -> str:
    """Return the title of the browser's window without the name of the site; "" if none."""
    found = rx(r"(?is)<title\b[^<>]*+>([^<]{1,1000})</title").search(html[:_HEAD])
    parts = rx(r"\s+(?:[|»›]|::|[-–—])\s+").split(_plain(found.group(1))) if found else [""]
    # The site's name comes first or last; the headline is the longest part.
    title = max(parts, key=len)
    return title if len(title.split()) >= _SHORTEST_TITLE else ""


def _plain(text: str) -> str:
    return " ".join(html_entities.unescape(text).split())
