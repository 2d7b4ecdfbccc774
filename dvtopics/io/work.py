"""The middle of the pipeline: batches of records found to bytes that have but to be appended.

What is done here runs in worker processes where there are any: parsing, tagging, rendering and
packing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from dvtopics.article import TaggedArticle
from dvtopics.errors import InputError
from dvtopics.io.records import Found, Unread, parsed
from dvtopics.io.streams import pack
from dvtopics.io.writers import Renderer

if TYPE_CHECKING:
    from dvtopics.taggers.base import Tagger

#: Of text in a batch: memory follows text, not count.
_BATCH_SIZE = 2_000_000


class Block(NamedTuple):
    """What becomes of a batch.

    Attributes
    ----------
    data : bytes
        Rendered and packed; blocks joined are the output.
    errors : list of InputError
        In order.
    counts : dict of str to int
        Items, articles among them, errors; tags to look at and all tags, by level.
    """

    data: bytes
    errors: list[InputError]
    counts: dict[str, int]


class Work:
    """Tag, render and pack a batch, errors in their places.

    Parameters
    ----------
    renderer : Renderer
    evidence : bool
        Say which terms decided.
    packing : str, default ""
        Suffix that names it, see `dvtopics.io.streams.pack`.
    """

    def __init__(self, renderer: Renderer, evidence: bool, packing: str = "") -> None:
        self.renderer, self.evidence, self.packing = renderer, evidence, packing

    def header(self) -> bytes:
        """Return what comes before the first block."""
        return pack(self.renderer.header(), self.packing)

    def __call__(self, tagger: Tagger, batch: list[Found]) -> Block:
        """Return the block of a batch."""
        items = [parsed(found) for found in batch]
        articles = [item for item in items if not isinstance(item, InputError)]
        errors = [item for item in items if isinstance(item, InputError)]
        tagged = tagger.tag_batch(articles, evidence=self.evidence)
        results = iter(tagged)
        data = self.renderer.render(
            [item if isinstance(item, InputError) else next(results) for item in items]
        )
        counts = {"items": len(items), "articles": len(articles), "errors": len(errors)}
        return Block(pack(data, self.packing), errors, counts | _marks(tagged))


def batches_of(found: Iterable[Found], count: int) -> Iterator[list[Found]]:
    """Cut a stream into lists of at most `count` items, fewer where their texts are long.

    Where a list ends depends only on what is in it: the stream from any of them on is cut as
    that of which it is the rest.
    """
    batch: list[Found] = []
    size = 0
    for item in found:
        batch.append(item)
        if isinstance(item, Unread):
            size += item.size
        elif not isinstance(item, InputError):
            size += sum(len(p.text) for p in item.paragraphs)
        if len(batch) >= count or size >= _BATCH_SIZE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _marks(tagged: list[TaggedArticle]) -> dict[str, int]:
    """Count the tags to look at and all tags, of paragraphs and of articles."""
    paragraphs = [p for article in tagged for p in article.paragraphs]
    return {
        "unsure_paragraph_tags": sum(len(item.unsure or ()) for item in paragraphs),
        "paragraph_tags": sum(len(item.tags) for item in paragraphs),
        "unsure_article_tags": sum(len(item.unsure or ()) for item in tagged),
        "article_tags": sum(len(item.tags) for item in tagged),
    }
