"""Tagged articles as a page for people: bars for the article, tagged paragraphs with reasons."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import click

from dvtopics.article import Evidence, TaggedArticle
from dvtopics.cli.messages import message
from dvtopics.io.writers import LineRenderer
from dvtopics.themes import Taxonomy

_BAR = 20
_TERMS = 4
_TEXT_LINES = 2
_COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red")


class TableRenderer(LineRenderer):
    """The ``table`` format.

    Parameters
    ----------
    taxonomy : Taxonomy
    lang : {"vi", "en"}
    width : int
        Columns of the terminal.
    colour : bool
    """

    def __init__(self, taxonomy: Taxonomy, lang: str, width: int, colour: bool) -> None:
        self._lang, self._colour = lang, colour
        self._width = max(40, min(width, 120))
        self._names = {theme: taxonomy[theme].name(lang) for theme in taxonomy}
        self._colours = {t: _COLOURS[i % len(_COLOURS)] for i, t in enumerate(taxonomy)}
        self._column = max(map(len, self._names.values()))

    def article(self, tagged: TaggedArticle) -> bytes:
        """Return the page of an article."""
        title = tagged.title or message("no-title", lang=self._lang)
        lines = ["", *(self._style(x, bold=True) for x in self._wrapped(title))]
        if tagged.id:
            lines.append(self._style(_printable(tagged.id), dim=True))
        lines.append("")
        lines += [
            self._bar(theme, probability, self._mark(theme, tagged))
            for theme, probability in tagged.themes.items()
        ]
        reasons = self._reasons(tagged.evidence, tagged.tags)
        lines += [f"    {line}" for line in reasons]
        lines.append("")
        for number, paragraph in enumerate(tagged.paragraphs, start=1):
            if paragraph.tags:
                lines += self._paragraph(number, paragraph.text)
                for theme in paragraph.tags:
                    share = f"{self._names[theme]} {paragraph.themes[theme]:.0%}"
                    if theme in (paragraph.unsure or ()):
                        share += " ?"
                    head = f"      ▸ {self._style(share, fg=self._colours[theme])}"
                    terms = self._terms(paragraph.evidence, theme)
                    lines.append(f"{head}: {terms}" if terms else head)
        rest = sum(not p.tags for p in tagged.paragraphs)
        if rest:
            text = message("untagged", rest, lang=self._lang)
            lines.append(self._style(f"      ({text})", dim=True))
        return ("\n".join(lines) + "\n").encode("utf-8", "replace")

    @staticmethod
    def _mark(theme: str, tagged: TaggedArticle) -> str:
        if theme in (tagged.unsure or ()):
            return "?"
        return "✔" if theme in tagged.tags else " "

    def _bar(self, theme: str, probability: float, mark: str) -> str:
        filled = round(probability * _BAR)
        bar = "█" * filled + "░" * (_BAR - filled)
        name = f"{self._names[theme]:<{self._column}}"
        if mark.strip():
            name = self._style(name, bold=True)
        return f"  {mark} {name}  {self._style(bar, fg=self._colours[theme])} {probability:4.0%}"

    def _reasons(self, evidence: Sequence[Evidence], tags: Sequence[str]) -> list[str]:
        lines = []
        for theme in tags:
            terms = self._terms(evidence, theme)
            if terms:
                lines.append(f"{self._style(self._names[theme], fg=self._colours[theme])}: {terms}")
        return lines

    def _paragraph(self, number: int, text: str) -> list[str]:
        shown = self._wrapped(text, indent=6)
        if len(shown) > _TEXT_LINES:
            shown = [*shown[: _TEXT_LINES - 1], shown[_TEXT_LINES - 1][:-1].rstrip() + "…"]
        body = [f"      {line}" for line in shown]
        body[0] = f"{number:>4}  {shown[0]}"
        return body

    def _terms(self, evidence: Sequence[Evidence], theme: str) -> str:
        found: list[str] = []
        for entry in evidence:
            if entry["theme"] != theme or entry["term"] is None or len(found) == _TERMS:
                continue
            term = f"“{_printable(entry['term'])}”"
            if any(term in other for other in found):
                continue
            where = entry["where"]
            if where == "title":
                term += f" ({message('in-title', lang=self._lang)})"
            elif where != "self" and isinstance(where, int):
                term += f" ({message('in-paragraph', where + 1, lang=self._lang)})"
            found.append(term)
        return ", ".join(found)

    def _wrapped(self, text: str, indent: int = 0) -> list[str]:
        return textwrap.wrap(_printable(text), self._width - indent) or [""]

    def _style(self, text: str, **style: object) -> str:
        return click.style(text, **style) if self._colour else text  # type: ignore[arg-type]


def _printable(text: str) -> str:
    """Drop control characters: a page must not be able to steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
