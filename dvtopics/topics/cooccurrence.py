"""How often terms occur and meet: by paragraph as written, and in sliding windows of words.

By paragraph a term is its syllable sequence, wherever that occurs, inside longer terms too;
words that the model leaves out are part of the text here. Windows are over the words that are
terms, as gensim counts them over the tokens it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dvtopics.topics.marks import OTHER, SyllableTable
from dvtopics.topics.spill import TITLE, Block

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Ints = NDArray[np.int64]
WINDOW = 110


@dataclass(frozen=True, slots=True)
class Counts:
    """Occurrences of terms in units (paragraphs or windows).

    Attributes
    ----------
    n : int
        Units.
    terms : list of str
    pairs : ndarray of shape (n_terms, n_terms)
        Units with both terms; on the diagonal those with the one.
    """

    n: int
    terms: list[str]
    pairs: Ints

    def index(self) -> dict[str, int]:
        """Return the position of every term."""
        return {term: position for position, term in enumerate(self.terms)}


def count_paragraphs(blocks: Iterable[Block], terms: Sequence[str], table: SyllableTable) -> Counts:
    """Count the paragraphs that terms occur in, alone and together.

    Parameters
    ----------
    blocks : iterable of Block
    terms : sequence of str
        Distinct; syllables joined by ``_``.
    table : SyllableTable
    """
    finder = Finder(terms, table)
    pairs = np.zeros((len(terms), len(terms)), dtype=np.int64)
    n = 0
    for block in blocks:
        # Titles are no paragraphs.
        body = block.unit_paragraphs != TITLE
        n += int(body.sum())
        presence = finder.presence(block)[body]
        pairs += (presence.T @ presence).toarray()
    return Counts(n, list(terms), pairs)


class Finder:
    """Finds terms in arrays of syllables, all of one length at a time."""

    def __init__(self, terms: Sequence[str], table: SyllableTable) -> None:
        rows = [(table.phrase_ids(term), position) for position, term in enumerate(terms)]
        self._n_terms = len(terms)
        rows = [row for row in rows if OTHER not in row[0]]
        self._sizes = sorted({len(ids) for ids, _ in rows})
        self._by_size = {s: [row for row in rows if len(row[0]) == s] for s in self._sizes}
        used = sorted({i for ids, _ in rows for i in ids})
        self._code = np.zeros(len(table), dtype=np.int64)
        self._code[used] = np.arange(1, len(used) + 1)
        self._base = len(used) + 1

    def presence(self, block: Block, starts: NDArray[np.bool_] | None = None) -> csr_matrix:
        """Return a 0/1 matrix (units, terms).

        Where `starts` says which tokens begin a word, a term has to begin and end with words:
        "một cửa" is then not found in "một cửa hàng".
        """
        from scipy.sparse import csr_matrix

        n_units = len(block.unit_ends)
        ends = None if starts is None else np.r_[starts, True]
        code = self._code[block.ids]
        unit = np.searchsorted(block.unit_ends, np.arange(len(code)), side="right")
        found: list[Ints] = []
        for size in self._sizes:
            n = len(code) - size + 1
            if n <= 0:
                continue
            # Digits in base (used syllables + 1); 0 is a syllable of no term.
            parts = [code[i : i + n] for i in range(size)]
            alive = np.flatnonzero(
                np.all([part > 0 for part in parts], axis=0) & (unit[:n] == unit[size - 1 :])
            )
            if starts is not None and ends is not None:
                alive = alive[starts[alive] & ends[alive + size]]
            key = np.zeros(len(alive), dtype=object if self._overflows(size) else np.int64)
            for part in parts:
                key = key * self._base + part[alive]
            wanted = {}
            for ids, position in self._by_size[size]:
                number = 0
                for i in ids:
                    number = number * self._base + int(self._code[i])
                wanted[number] = position
            ordered = np.array(sorted(wanted), dtype=key.dtype)
            at = np.minimum(np.searchsorted(ordered, key), len(ordered) - 1)
            hit = ordered[at] == key
            position = np.array([wanted[k] for k in ordered.tolist()], dtype=np.int64)[at[hit]]
            found.append(unit[alive[hit.astype(bool)]] * self._n_terms + position)
        cells = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)
        data = np.ones(len(cells), dtype=np.int64)
        where = (cells // self._n_terms, cells % self._n_terms)
        return csr_matrix((data, where), shape=(n_units, self._n_terms))

    def _overflows(self, size: int) -> bool:
        return bool(self._base**size >= 2**62)


def count_windows(documents: Iterable[Ints], terms: Sequence[str], window: int = WINDOW) -> Counts:
    """Count terms in boolean sliding windows (Röder, Both & Hinneburg 2015, section 3.2).

    Parameters
    ----------
    documents : iterable of ndarray
        Positions in `terms` of the words of one document, -1 for another word. A document not
        longer than the window is one window.
    terms : sequence of str
    window : int, default 110

    Notes
    -----
    A window that starts at s holds a word at i iff i - window < s <= i. The starts that hold a
    term are the union of such intervals over its occurrences, so a document costs its
    occurrences and not its windows: two terms meet in the overlap of their unions.
    """
    pairs = np.zeros((len(terms), len(terms)), dtype=np.int64)
    n = 0
    for words in documents:
        starts = max(1, len(words) - window + 1)
        n += starts
        at = np.flatnonzero(words >= 0)
        if not len(at):
            continue
        present, row = np.unique(words[at], return_inverse=True)
        # +1 where an interval of starts begins, -1 after its end; the running sum is positive
        # where a window holds the term.
        delta = np.zeros((len(present), starts + 1), dtype=np.int32)
        np.add.at(delta, (row, np.clip(at - window + 1, 0, starts - 1)), 1)
        np.add.at(delta, (row, np.minimum(at, starts - 1) + 1), -1)
        holds = (np.cumsum(delta, axis=1)[:, :-1] > 0).astype(np.float32)
        together = np.rint(holds @ holds.T).astype(np.int64)
        pairs[np.ix_(present, present)] += together
    return Counts(n, list(terms), pairs)
