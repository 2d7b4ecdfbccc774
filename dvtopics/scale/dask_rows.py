"""What a worker does with articles: tag them and give the rows of ``--format parquet``.

Knows neither Dask nor files; `dask_frame` and `dask_parts` bring the articles and take the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dvtopics.article import Article, TaggedArticle
from dvtopics.errors import InputError, UsageError
from dvtopics.io.writers import RowRenderer, without_surrogates
from dvtopics.scale.dask_model import TAGGING, ModelRef, Payload, tagger_of

if TYPE_CHECKING:
    from dvtopics.io.records import Item
    from dvtopics.taggers.base import Tagger
    from dvtopics.taggers.decision import Thresholds

_EXTRA = "Dask needs: pip install 'dvtopics[dask]'"


def need_dask() -> None:
    """Say in one line what to install where Dask or what it needs is missing.

    Raises
    ------
    UsageError
    """
    try:
        for name in ("dask.dataframe", "distributed", "pyarrow.parquet"):
            import_module(name)
    except ImportError as error:
        raise UsageError(f"{_EXTRA} (missing: {error.name or error})") from error


@dataclass(frozen=True)
class Work:
    """How articles are read and tagged: the same for every partition of a run.

    Attributes
    ----------
    model : ModelRef
    thresholds : Thresholds
    themes : tuple of str
    carried : tuple of str
        Input fields that get a column of their own.
    text_column : str
    max_bytes : int
    """

    model: ModelRef
    thresholds: Thresholds
    themes: tuple[str, ...]
    carried: tuple[str, ...]
    text_column: str
    max_bytes: int

    @classmethod
    def of(
        cls, tagger: Tagger, ref: ModelRef, carried: Iterable[str], text_column: str, max_bytes: int
    ) -> Work:
        """Describe the work that `tagger`, with its thresholds, would do."""
        themes = tagger.themes_
        return cls(ref, tagger.thresholds_, themes, tuple(carried), text_column, max_bytes)

    @cached_property
    def renderer(self) -> RowRenderer:
        """Make rows of tagged articles."""
        return RowRenderer(self.themes, self.carried, review=self.thresholds.review is not None)

    @cached_property
    def schema(self) -> Any:
        """Arrow schema of the rows: that of ``--format parquet``."""
        return self.renderer.arrow_schema()

    def table(self, rows: Sequence[dict[str, Any]]) -> Any:
        """Return rows as an Arrow table."""
        import pyarrow as pa

        columns = {name: [row[name] for row in rows] for name in self.schema.names}
        try:
            return pa.table(columns, schema=self.schema)
        except UnicodeEncodeError:
            # Arrow text is UTF-8, which has no lone surrogates. They are rare, and looking for
            # them in every text costs more than the rest of this.
            clean = {
                name: [without_surrogates(value) for value in values]
                for name, values in columns.items()
            }
            return pa.table(clean, schema=self.schema)


@dataclass(slots=True)
class Tagged:
    """A batch that is done.

    Attributes
    ----------
    items : list of TaggedArticle or InputError
        In order; errors stand for records that could not be read.
    """

    items: list[TaggedArticle | InputError]

    @property
    def articles(self) -> list[TaggedArticle]:
        """Return those that were read."""
        return [item for item in self.items if isinstance(item, TaggedArticle)]

    @property
    def errors(self) -> list[InputError]:
        """Return those that were not."""
        return [item for item in self.items if isinstance(item, InputError)]

    @property
    def marks(self) -> list[int]:
        """Count the tags to look at and all tags, of paragraphs and of articles."""
        articles = self.articles
        paragraphs = [p for article in articles for p in article.paragraphs]
        return [
            sum(len(p.unsure or ()) for p in paragraphs),
            sum(len(p.tags) for p in paragraphs),
            sum(len(a.unsure or ()) for a in articles),
            sum(len(a.tags) for a in articles),
        ]


def tag_items(work: Work, payload: Payload, items: Iterable[Item]) -> Iterator[Tagged]:
    """Tag a stream of articles, errors in their places, a batch at a time.

    Evidence is left out: rows have no column for it.
    """
    from dvtopics.taggers.base import BATCH_SIZE, batched

    tagger = tagger_of(work.model, payload, work.thresholds)
    for batch in batched(items, BATCH_SIZE):
        with TAGGING:
            tagged = iter(
                tagger.tag_batch([i for i in batch if isinstance(i, Article)], evidence=False)
            )
        yield Tagged([next(tagged) if isinstance(item, Article) else item for item in batch])
