"""A stream of articles to arrays on disk, and back block by block: memory does not grow.

In: articles, once. Out: files of syllable ids, marks, places and texts in a folder, which is
working space and not part of a saved model. What is written is a function of the articles
alone, and their fingerprint is kept: a fit that goes on after an interruption knows by it that
it reads the same articles.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.article import Article
from dvtopics.storage import atomic_file
from dvtopics.topics.facets import facets_of
from dvtopics.topics.marks import SHORT, Ids, Marks, PersonMarker, SyllableTable

#: Articles in a block.
BLOCK = 512
TITLE = -1
_ARRAYS = {"ids": np.int32, "marks": np.uint8, "units": np.int64, "articles": np.int64}
_DONE = "spill.json"


@dataclass(frozen=True, slots=True)
class Block:
    """Some articles in a row.

    Attributes
    ----------
    first : int
        Position of the first article.
    ids, marks : ndarray of shape (n_tokens,)
    unit_ends : ndarray of shape (n_units,)
        Token after each unit (title or paragraph), counted from the block's first.
    unit_paragraphs : ndarray of shape (n_units,)
        Position of the paragraph in its article, or `TITLE`.
    unit_articles : ndarray of shape (n_units,)
        Position of the article, counted from `first`.
    first_unit : int
        Position of the first unit in the whole.
    """

    first: int
    ids: Ids
    marks: Marks
    unit_ends: NDArray[np.int64]
    unit_paragraphs: NDArray[np.int64]
    unit_articles: NDArray[np.int64]
    first_unit: int
    n_articles: int


def fingerprint_of(article: Article, digest: Any) -> None:
    """Add an article to a running checksum."""
    parts = [article.id or "", article.title, *(p.text for p in article.paragraphs)]
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    digest.update(b"\1")


class Spill:
    """The files of one collection.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    table : SyllableTable, optional
        That of a saved model; by default a new one.
    """

    def __init__(self, folder: Path, table: SyllableTable | None = None) -> None:
        self.folder = folder
        self.table = SyllableTable() if table is None else table
        self.fingerprint = ""
        self.n_articles = 0
        self.sample: list[str] = []

    # -- writing ----------------------------------------------------------------------------

    def write(self, articles: Iterable[Article], sample_bytes: int, seed: int) -> Spill:
        """Read all articles into the files; keep a sample of the texts in memory."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(f"{sample_bytes} {seed} ".encode())
        sampler = _Sample(sample_bytes, seed)
        names = [*_ARRAYS, "texts", "text_ends", "records"]
        files = {name: (self.folder / f"{name}.bin").open("wb") for name in names}
        try:
            token = unit = text = 0
            for batch in _batches(articles):
                token, unit, text = self._write_batch(
                    batch, files, (token, unit, text), digest, sampler
                )
                self.n_articles += len(batch)
        finally:
            for file in files.values():
                file.close()
        self.fingerprint = digest.hexdigest()
        self.sample = sampler.texts
        state = {
            "fingerprint": self.fingerprint,
            "n_articles": self.n_articles,
            "syllables": self.table.syllables,
            "variants": sorted(self.table.variants.items()),
            "sample": self.sample,
        }
        with atomic_file(self.folder / _DONE) as fresh:
            fresh.write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
        return self

    def _write_batch(
        self,
        batch: list[Article],
        files: Mapping[str, IO[bytes]],
        offsets: tuple[int, int, int],
        digest: Any,
        sampler: _Sample,
    ) -> tuple[int, int, int]:
        token, unit, text_end = offsets
        ids: list[int] = []
        marks: list[int] = []
        units: list[tuple[int, int]] = []
        ends: list[int] = []
        text_ends: list[int] = []
        for article in batch:
            fingerprint_of(article, digest)
            sampler.offer(article)
            texts = [(TITLE, article.title), *enumerate(p.text for p in article.paragraphs)]
            whole = all(len(text.split()) <= SHORT for _, text in texts[1:])
            for position, text in texts:
                # A title is no sentence and yet content; so are short lines on their own.
                read = self.table.read(f"{text}." if whole or position == TITLE else text)
                ids += read[0]
                marks += read[1]
                units.append((position, token + len(ids)))
                data = text.encode("utf-8", "surrogatepass")
                files["texts"].write(data)
                text_end += len(data)
                text_ends.append(text_end)
            unit += len(texts)
            ends.append(unit)
            record = {"id": article.id, "title": article.title, **facets_of(article)}
            files["records"].write(json.dumps(record, ensure_ascii=True).encode() + b"\n")
        id_array = np.array(ids, dtype=np.int32)
        mark_array = np.array(marks, dtype=np.uint8)
        PersonMarker(self.table).mark(id_array, mark_array)
        files["ids"].write(id_array.tobytes())
        files["marks"].write(mark_array.tobytes())
        files["units"].write(np.array(units, dtype=np.int64).tobytes())
        files["articles"].write(np.array(ends, dtype=np.int64).tobytes())
        files["text_ends"].write(np.array(text_ends, dtype=np.int64).tobytes())
        return token + len(ids), unit, text_end

    # -- reading ----------------------------------------------------------------------------

    @classmethod
    def reopen(cls, folder: Path) -> Spill | None:
        """Return the spill in `folder` if it was finished."""
        try:
            state = json.loads((folder / _DONE).read_text(encoding="utf-8"))
            spill = cls(folder)
            spill.table = SyllableTable(state["syllables"])
            spill.table.variants = dict(state["variants"])
            spill.fingerprint = state["fingerprint"]
            spill.n_articles = state["n_articles"]
            spill.sample = state["sample"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return spill

    def _array(self, name: str, dtype: Any) -> NDArray[Any]:
        path = self.folder / f"{name}.bin"
        if not path.stat().st_size:
            return np.zeros(0, dtype=dtype)
        return np.memmap(path, dtype=dtype, mode="r")

    def blocks(self, size: int = BLOCK) -> Iterator[Block]:
        """Yield the articles block by block."""
        for first in range(0, self.n_articles, size):
            yield self.block(first, min(first + size, self.n_articles))

    def block(self, first: int, last: int) -> Block:
        """Return the articles from `first` up to `last`."""
        ids, marks, units, articles = (self._array(n, d) for n, d in _ARRAYS.items())
        units = units.reshape(-1, 2)
        unit = int(articles[first - 1]) if first else 0
        token = int(units[unit - 1, 1]) if unit else 0
        own = np.array(units[unit : int(articles[last - 1])])
        counts = np.diff(np.r_[unit, np.array(articles[first:last])])
        token_end = int(own[-1, 1]) if len(own) else token
        return Block(
            first,
            np.array(ids[token:token_end]),
            np.array(marks[token:token_end]),
            own[:, 1] - token,
            own[:, 0],
            np.repeat(np.arange(last - first), counts),
            unit,
            last - first,
        )

    def texts(self, units: Iterable[int]) -> list[str]:
        """Return the texts of some units (titles and paragraphs by position in the whole)."""
        ends = self._array("text_ends", np.int64)
        found = []
        with (self.folder / "texts.bin").open("rb") as file:
            for unit in units:
                start = int(ends[unit - 1]) if unit else 0
                file.seek(start)
                data = file.read(int(ends[unit]) - start)
                found.append(data.decode("utf-8", "surrogatepass"))
        return found

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield id, title and facets of the articles in order."""
        with (self.folder / "records.bin").open("rb") as file:
            for line in file:
                yield json.loads(line)


class _Sample:
    """A sample of articles of a bounded size, each as likely as another (reservoir)."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._random = random.Random(seed)
        self._kept: list[tuple[float, int, list[str]]] = []
        self._bytes = 0
        self._seen = 0

    def offer(self, article: Article) -> None:
        """Keep the articles with the smallest random keys, as many as fit."""
        import heapq

        key = self._random.random()
        self._seen += 1
        texts = [article.title, *(p.text for p in article.paragraphs)]
        heapq.heappush(self._kept, (-key, self._seen, texts))
        self._bytes += sum(map(len, texts))
        while self._bytes > self._size and len(self._kept) > 1:
            self._bytes -= sum(map(len, heapq.heappop(self._kept)[2]))

    @property
    def texts(self) -> list[str]:
        """The texts kept, in the order they came."""
        return [t for _, _, texts in sorted(self._kept, key=lambda k: k[1]) for t in texts if t]


def _batches(articles: Iterable[Article]) -> Iterator[list[Article]]:
    batch: list[Article] = []
    for article in articles:
        batch.append(article)
        if len(batch) == BLOCK:
            yield batch
            batch = []
    if batch:
        yield batch
