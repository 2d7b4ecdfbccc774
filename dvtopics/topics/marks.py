"""Texts to syllables with marks: breaks, capitals, and what is no content (names, bylines).

In: a paragraph as written. Out: its canonical syllables as ids and a byte of marks for each, so
that the rest of the package works on integer arrays. Names of people, agency tags and bylines
stay in the arrays (coherence is counted on the whole text) and are marked to be left out of
topics: they cluster by newsroom and by case, and hide what articles are about.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from dvtopics.text.tokenize import canonical, tokenize

#: A mark of punctuation stands before the token: no word reaches across it.
BREAK = 1
#: Written with a capital first letter and small ones after it.
CAPITAL = 2
#: Part of a person's name.
PERSON = 4
#: Byline, agency tag, line that is no sentence.
FURNITURE = 8
#: Its lower-case form is not the canonical one (tone mark in the old place, say).
VARIANT = 16

Ids = NDArray[np.int32]
Marks = NDArray[np.uint8]

#: Id of every token with a digit: numbers are no terms, and would make the table grow.
NUMBER = 0
#: Id of what came after the table was full.
OTHER = 1
_FULL = 1 << 20

_PIECE = re.compile(
    "[^\\W_](?:[^\\W_]|[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff])*|[^\\w\\s]|\n"
)
# "(Dân trí) - ", "TTO - ", "(PLO)- ": a newspaper's tag before the first sentence.
_TAG = re.compile(r"\s*(?:\([^()\n]{2,30}\)|[A-ZĐ][A-ZĐ0-9.]{1,12}(?: [A-ZĐ]{2,12})?)\s*[-–—]\s*")
_BYLINE = re.compile(
    r"\s*\(?(?:ảnh|nguồn|theo|video|clip|tin|bài|xem thêm|đọc thêm)\b|.*\((?:tổng hợp|theo )",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?…:;][\"'”’)\]]*\s*$")
#: Syllables of a line that is a byline or heading unless it ends like a sentence.
SHORT = 8

# Family names by how safely a capitalised run that starts with one is a person.
_SAFE = "nguyễn trần lê phạm huỳnh võ vũ bùi đỗ ngô đặng trương trịnh tạ phùng nghiêm tô"
_RISKY = "hoàng phan dương lý đinh hồ mai đào đoàn lương hà cao lâm châu thái tôn chu kiều quách"
_TITLES = "ông bà anh chị cô chú cháu em bác cụ thầy bé"
_NO_PERSON = ("hồ chí minh", "bà rịa", "bác hồ", "anh quốc", "bà nà", "cô tô", "cao bằng")
_LONGEST_NAME = 5


class SyllableTable:
    """Canonical syllables and their ids, in order of appearance; bounded in size.

    Parameters
    ----------
    syllables : iterable of str, optional
        To start from; the first two stand for numbers and for what is not in the table.
    frozen : bool, default False
        True takes no new ones: a saved model knows its terms.
    """

    def __init__(self, syllables: Iterable[str] = ("0", ""), frozen: bool = False) -> None:
        self.syllables = list(syllables)
        self._limit = 0 if frozen else _FULL
        self._ids = {syllable: index for index, syllable in enumerate(self.syllables)}
        self._surfaces: dict[str, tuple[int, int]] = {}
        #: By id, how the syllable was first seen written where that is not the canonical form.
        self.variants: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.syllables)

    def id_of(self, syllable: str) -> int:
        """Return the id of a canonical syllable, or `OTHER`."""
        return self._ids.get(syllable, OTHER)

    def phrase_ids(self, phrase: str) -> tuple[int, ...]:
        """Return the ids of a term's syllables (joined by spaces or underscores)."""
        return tuple(self.id_of(s) for s in tokenize(phrase))

    def _look_up(self, surface: str) -> tuple[int, int]:
        form = canonical(surface)
        if any(map(str.isdigit, form)):
            found = (NUMBER, 0)
        else:
            index = self._ids.get(form)
            if index is None:
                index = OTHER
                if len(self.syllables) < self._limit:
                    index = self._ids[form] = len(self.syllables)
                    self.syllables.append(form)
            written = unicodedata.normalize("NFC", surface.lower())
            differs = written != form and index != OTHER
            if differs:
                self.variants.setdefault(index, written)
            found = (index, (CAPITAL if surface.istitle() else 0) | (VARIANT if differs else 0))
        if len(self._surfaces) < _FULL:
            self._surfaces[surface] = found
        return found

    def read(self, text: str) -> tuple[list[int], list[int]]:
        """Return the ids and marks of the tokens of `text`; new syllables get new ids."""
        ids: list[int] = []
        marks: list[int] = []
        before = BREAK
        known = self._surfaces
        for piece in _PIECE.findall(text):
            if not piece[0].isalnum():
                before = BREAK
                continue
            index, mark = known.get(piece) or self._look_up(piece)
            ids.append(index)
            marks.append(mark | before)
            before = 0
        if furniture := self._furniture(text, len(ids)):
            marks[:furniture] = [mark | FURNITURE for mark in marks[:furniture]]
        return ids, marks

    def _furniture(self, text: str, length: int) -> int:
        """Return how many tokens at the start of a paragraph are no content."""
        if length <= SHORT * 2 and _BYLINE.match(text):
            return length
        if length <= SHORT and not _SENTENCE_END.search(text):
            return length
        tag = _TAG.match(text)
        return len(tokenize(tag[0])) if tag else 0


class PersonMarker:
    """Marks the names of people in arrays of syllables.

    A run of capitalised syllables is a person where it starts with a family name, or where a
    title such as ``ông`` stands before it. The rules are ours, from reading news; given names
    on their own are caught later, over the whole collection (`dvtopics.topics.vocabulary`).

    Parameters
    ----------
    table : SyllableTable
    """

    def __init__(self, table: SyllableTable) -> None:
        self._table = table

    def _sets(self, names: str) -> NDArray[np.int32]:
        return np.array([self._table.id_of(n) for n in names.split()], dtype=np.int32)

    def mark(self, ids: Ids, marks: Marks) -> None:
        """Set `PERSON` in `marks`, in place; both may span many paragraphs."""
        if not len(ids):
            return
        capital = (marks & CAPITAL) > 0
        title = np.isin(ids, self._sets(_TITLES))
        safe, risky = np.isin(ids, self._sets(_SAFE)), np.isin(ids, self._sets(_RISKY))
        opens = (marks & BREAK) > 0
        # A title is no part of the run, also where it opens a sentence and has a capital.
        inside = capital & ~title
        starts = inside & (opens | ~np.r_[False, inside[:-1]])
        first = np.flatnonzero(starts)
        if not len(first):
            return
        # A run ends before the next start, or before the next token that is outside.
        run = np.cumsum(starts) - 1
        sizes = np.bincount(run[inside], minlength=len(first))
        called = np.r_[False, title[:-1]][first] & ~opens[first]
        person = (sizes <= _LONGEST_NAME) & (
            called | (safe[first] & (sizes >= 2)) | (risky[first] & (sizes >= 3))
        )
        for place in _NO_PERSON:
            person &= ~self._at(first, ids, place, called)
        marks[inside & person[np.maximum(run, 0)]] |= PERSON

    def _at(
        self, first: NDArray[np.intp], ids: Ids, place: str, called: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Say which runs are the place `place`, whose first syllable may be a title."""
        wanted = self._table.phrase_ids(place)
        if OTHER in wanted:
            return np.zeros(len(first), dtype=np.bool_)
        shift = 1 if wanted[0] in self._sets(_TITLES) else 0
        found = called.copy() if shift else np.ones(len(first), dtype=np.bool_)
        for offset, index in enumerate(wanted):
            at = first + offset - shift
            inside = (at >= 0) & (at < len(ids))
            found &= inside & (ids[np.clip(at, 0, len(ids) - 1)] == index)
        return found


def name_syllables() -> list[str]:
    """Return the syllables that marking names needs in a frozen table."""
    texts = (_SAFE, _RISKY, _TITLES, *_NO_PERSON)
    return sorted({syllable for text in texts for syllable in text.split()})
