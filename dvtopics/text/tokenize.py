"""Text to syllable tokens: a run of letters and digits, made canonical for features.

In: a text as the user gave it (any Unicode composition, either tone-mark placement).
Out: tokens that are lower case, composed (NFC), with the tone mark in one place. Offsets
always refer to the text as given, since tokens are cut from it before they are changed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# A letter or digit, then letters, digits, combining marks (decomposed text) and characters
# that are invisible in print (soft hyphen, zero-width space and joiners, byte-order mark).
# "_" is left out: it joins the syllables of a word in segmented text.
INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_PART = re.compile(f"[^\\W_]|[\u0300-\u036f{INVISIBLE}]")
_TOKEN = re.compile(f"[^\\W_](?:{_PART.pattern})*")
_INVISIBLE = re.compile(f"[{INVISIBLE}]")

_PLAIN = "aăâeêioôơuưy"
_MARKED = {
    "\u0300": "àằầèềìòồờùừỳ",
    "\u0301": "áắấéếíóốớúứý",
    "\u0309": "ảẳẩẻểỉỏổởủửỷ",
    "\u0303": "ãẵẫẽễĩõỗỡũữỹ",
    "\u0323": "ạặậẹệịọộợụựỵ",
}
# Syllables whose medial o or u carries the mark of the main vowel, as the old placement has
# it in open syllables (hòa, thủy) and as hurried typists have it anywhere (tòan, qúy, gía).
_MEDIAL = re.compile(
    "^([b-df-hj-np-tv-xzđ]*)([òóỏõọ](?=[ae])|[ùúủũụ](?=y))([aey])([^\\W\\d_]{0,2})$"
)
_MOVABLE = re.compile(f"[oui][{''.join(_MARKED.values())}]")
_ONSET_Q = re.compile("^q([ùúủũụ])([aeiouy])([^\\W\\d_]{0,2})$")
_ONSET_GI = re.compile("^g([ìíỉĩị])([aoơuư])([^\\W\\d_]{0,2})$")


def find_tokens(text: str) -> list[str]:
    """Return the surface forms of the tokens of `text`, in order."""
    return _TOKEN.findall(text)


def token_spans(text: str) -> list[tuple[int, int]]:
    """Return ``(start, end)`` of every token of `text`, in code points."""
    return [match.span() for match in _TOKEN.finditer(text)]


def tokenize(text: str) -> list[str]:
    """Return the canonical syllable tokens of `text`.

    Examples
    --------
    >>> tokenize("Uỷ ban tiếp_dân: hoà giải!")
    ['uỷ', 'ban', 'tiếp', 'dân', 'hoà', 'giải']
    >>> tokenize("Ủy ban hòa giải") == tokenize("Uỷ ban hoà giải")
    True
    """
    return [canonical(surface) for surface in _TOKEN.findall(text)]


def canonical(surface: str) -> str:
    """Return the form of one token that features are counted by.

    Lower case, NFC, invisible characters dropped, the Icelandic eth that some converters
    write for đ mended, and the tone mark moved to the place that the "new" style gives it.
    """
    if surface.isascii():
        return surface.lower()
    # Before composing: an invisible character may stand between a letter and its marks.
    visible = _INVISIBLE.sub("", surface.lower())
    return place_tone_mark(unicodedata.normalize("NFC", visible).replace("\u00f0", "đ"))


def place_tone_mark(syllable: str) -> str:
    """Move the tone mark of a lower-case NFC syllable to the vowel the new style puts it on.

    Examples
    --------
    >>> [place_tone_mark(s) for s in ["hòa", "thủy", "tòan", "qúy", "múa", "của", "hoàn"]]
    ['hoà', 'thuỷ', 'toàn', 'quý', 'múa', 'của', 'hoàn']
    """
    match = _ONSET_Q.match(syllable)
    if match:
        return "qu" + _marked(match[2], match[1]) + match[3]
    match = _ONSET_GI.match(syllable)
    if match:
        return "gi" + _marked(match[2], match[1]) + match[3]
    match = _MEDIAL.match(syllable)
    if match:
        return match[1] + _unmarked(match[2]) + _marked(match[3], match[2]) + match[4]
    return syllable


def other_placements(syllable: str) -> list[str]:
    """Return the spellings that `place_tone_mark` turns into `syllable`, but for itself.

    Examples
    --------
    >>> other_placements("hoà"), other_placements("quý"), other_placements("dân")
    (['hòa'], ['qúy'], [])
    """
    if not _MOVABLE.search(syllable):
        return []
    split, join = _tables()
    found = []
    for place in range(1, len(syllable)):
        letter, before = syllable[place], syllable[place - 1]
        if letter in split and before in "oui":
            plain, mark = split[letter]
            moved = syllable[: place - 1] + join[before, mark] + plain + syllable[place + 1 :]
            if place_tone_mark(moved) == syllable:
                found.append(moved)
    return found


def inside_tokens(limit: int) -> str:
    """Return the characters below code point `limit` that can be part of a token.

    Marks and invisible characters are, behind a letter.
    """
    return "".join(_PART.findall("".join(map(chr, range(limit)))))


@cache
def _tables() -> tuple[dict[str, tuple[str, str]], dict[tuple[str, str], str]]:
    split: dict[str, tuple[str, str]] = {}
    join: dict[tuple[str, str], str] = {}
    for mark, letters in _MARKED.items():
        for plain, letter in zip(_PLAIN, letters, strict=True):
            split[letter] = (plain, mark)
            join[plain, mark] = letter
    return split, join


def _unmarked(letter: str) -> str:
    return _tables()[0][letter][0]


def _marked(plain: str, marked: str) -> str:
    """Put on `plain` the tone mark that `marked` carries."""
    split, join = _tables()
    return join[plain, split[marked][1]]
