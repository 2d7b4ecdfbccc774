"""Lines of a text: the one definition of where a paragraph of plain text ends."""

from __future__ import annotations

import re

# Not str.splitlines: form feeds, file separators and U+2028 inside a line are not line ends
# to the editors and databases that our texts come from.
_LINE_END = re.compile(r"\r\n|\r|\n")


def split_lines(text: str) -> list[str]:
    """Split `text` at LF, CR LF or CR; the ends are dropped."""
    return _LINE_END.split(text)


def paragraphs_of(text: str) -> list[str]:
    """Return the non-blank lines of `text`, stripped."""
    return [stripped for line in split_lines(text) if (stripped := line.strip())]
