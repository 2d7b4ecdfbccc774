"""Segmented text (syllables joined by ``_``, punctuation set apart) back to plain text."""

from __future__ import annotations

import re

_SPACE = re.compile(r"\s+")
_BEFORE_CLOSING = re.compile(r" +(?=[.,;:!?%…)\]}”’])")
_AFTER_OPENING = re.compile(r"(?<=[(\[{“‘]) +")
_BETWEEN_DIGITS = re.compile(r"(?<=\d) ?/ ?(?=\d)")


def detokenize(text: str) -> str:
    """Return `text` as a reader would write it.

    Examples
    --------
    >>> detokenize('Ngày 2 / 11 , ban_chỉ_đạo ( CCHC ) nói : " tốt " .')
    'Ngày 2/11, ban chỉ đạo (CCHC) nói: "tốt".'
    """
    plain = _SPACE.sub(" ", text.replace("_", " ")).strip()
    plain = _BEFORE_CLOSING.sub("", plain)
    plain = _AFTER_OPENING.sub("", plain)
    plain = _BETWEEN_DIGITS.sub("/", plain)
    return _join_quotes(plain)


def _join_quotes(text: str) -> str:
    """Set straight double quotes against the words they enclose: they open and close in turn."""
    parts = text.split('"')
    if len(parts) == 1:
        return text
    pieces = [parts[0]]
    for index, part in enumerate(parts[1:]):
        opens = index % 2 == 0
        if opens:
            part = part.lstrip(" ")
        else:
            pieces[-1] = pieces[-1].rstrip(" ")
        pieces.append(part)
    return '"'.join(pieces)
