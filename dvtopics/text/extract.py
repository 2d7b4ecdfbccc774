"""A page as scraped (plain text or HTML) -> title and paragraphs, without the page's furniture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .furniture import label_texts
from .furniture_html import html_lines, shared_title, window_title
from .furniture_patterns import bare
from .lines import paragraphs_of

if TYPE_CHECKING:
    from collections.abc import Iterable

# Above this many characters of HTML only our own linear tag stripper runs.
_TRAFILATURA_LIMIT = 4_000_000
_CLOSING = '.!?;:…"”»)'


@dataclass(frozen=True)
class Page:
    """An article as found on a page.

    Attributes
    ----------
    title : str
        The headline; ``""`` where the page has none.
    paragraphs : list of str
        Body and heading lines in the order of the page, stripped, otherwise unchanged.
    """

    title: str
    paragraphs: list[str] = field(default_factory=list)


def label_lines(page: str) -> list[tuple[str, str]]:
    """Role of every non-blank line of a page.

    Parameters
    ----------
    page : str
        Plain text as scraped, one block of the page per line.

    Returns
    -------
    list of (str, str)
        (role, stripped line); the role is ``title``, ``body`` (headings included), ``caption``,
        ``byline`` or ``furniture``.
    """
    texts = paragraphs_of(page)
    return list(zip(label_texts(texts), texts, strict=True)) if texts else []


def extract_text(page: str) -> Page:
    """Title and paragraphs of a page given as plain text.

    Parameters
    ----------
    page : str

    Returns
    -------
    Page
    """
    return _page(label_lines(page))


def _page(labelled: Iterable[tuple[str, str]]) -> Page:
    title = ""
    paragraphs = []
    for role, text in labelled:
        if role == "title":
            title = text
        elif role == "body":
            paragraphs.append(text)
    return Page(title, paragraphs)


def extract_html(html: str) -> Page:
    """Title and paragraphs of a page given as HTML; never raises on malformed input.

    Parameters
    ----------
    html : str

    Returns
    -------
    Page

    Notes
    -----
    Our own filter reads all text of the page, one line per block or ``<br>``. What trafilatura
    takes for the article then trims both ends. Its own paragraphs are not used: it joins those
    of old ``<br><br>`` pages into one, and sometimes loses sub-headings.
    """
    texts, hints = html_lines(html)
    shared = shared_title(html)
    if shared:
        name = bare(shared)
        hints = ["title" if bare(t) == name else h for t, h in zip(texts, hints, strict=True)]
    roles = label_texts(texts, hints) if texts else []
    page = _page(zip(roles, texts, strict=True))
    if not page.paragraphs or "<" not in html:
        return page
    # A page may tell its title to browsers and networks only.
    title = page.title or shared or window_title(html)
    ends = page.paragraphs[0][-1] + page.paragraphs[-1][-1]
    if all(end in _CLOSING for end in ends):
        # Nothing to trim: trafilatura, slow to import, is not asked.
        return Page(title, page.paragraphs)
    return Page(title, _trim(page.paragraphs, _article_text(html)))


def _trim(paragraphs: list[str], article: str) -> list[str]:
    """`paragraphs` without the headline-like ends that lie outside `article`, if plausible."""
    inside = [i for i, p in enumerate(paragraphs) if "".join(p.split()) in article]
    size = sum(len(paragraphs[i]) for i in inside)
    if size < 0.6 * sum(map(len, paragraphs)):
        return paragraphs
    start, stop = 0, len(paragraphs)
    while start < inside[0] and paragraphs[start][-1] not in _CLOSING:
        start += 1
    while stop > inside[-1] + 1 and paragraphs[stop - 1][-1] not in _CLOSING:
        stop -= 1
    return paragraphs[start:stop]


def _article_text(html: str) -> str:
    """Return trafilatura's article without white space; "" where it finds none."""
    if len(html) > _TRAFILATURA_LIMIT:
        return ""
    # Heavy (lxml and more): only who gives HTML pays for it.
    import trafilatura

    try:
        text = trafilatura.extract(
            html, include_comments=False, include_tables=True, favor_recall=True,
            output_format="txt",
        )  # fmt: skip
    except Exception:
        # Whatever a hostile page does to the parser, our own reading remains.
        return ""
    return "".join((text or "").split())
