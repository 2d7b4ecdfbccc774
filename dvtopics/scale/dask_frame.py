"""Dask dataframes of articles to Dask dataframes of tagged rows, lazily.

In: a row an article. Out: a row per article and per paragraph, as ``dvtopics tag --format
parquet`` writes them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvtopics.errors import InputError, UsageError
from dvtopics.io.readers import DEFAULT_MAX_BYTES, ReadOptions
from dvtopics.io.records import check_columns, from_columns, records_of
from dvtopics.scale.dask_model import Payload, pack_model
from dvtopics.scale.dask_rows import Work, need_dask, tag_items

if TYPE_CHECKING:
    from dvtopics.io.records import Item
    from dvtopics.taggers.base import Tagger

_ARTICLE_COLUMNS = ("id", "title", "paragraphs")
ERRORS = ("rows", "skip", "raise")


def tag_dataframe(
    ddf: Any,
    model: str | Path | Tagger = "tfidf",
    *,
    text_column: str = "text",
    threshold: float | Mapping[str, float] | None = None,
    precision: float | None = None,
    review: float | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
    errors: str = "rows",
) -> Any:
    """Tag the articles of a Dask dataframe.

    Parameters
    ----------
    ddf : dask.dataframe.DataFrame
        A row an article: columns ``id``, ``title`` and either `text_column` or ``paragraphs``
        (lists of texts); other columns are carried through as text.
    model : str, Path or Tagger, default "tfidf"
        A pretrained name, a model folder, or a saved tagger, whose thresholds then hold. It is
        read here and travels with the graph: workers need no access to its folder.
    text_column : str, default "text"
    threshold, precision, review : optional
        As in `Tagger.set_thresholds` and `Tagger.set_review`.
    max_bytes : int, default 10,000,000
        Limit on one article.
    errors : {"rows", "skip", "raise"}, default "rows"
        A record that cannot be read becomes a row of level ``error`` with the reason as its
        text, or nothing, or an InputError.

    Returns
    -------
    dask.dataframe.DataFrame
        Columns ``id, level, index, title, text``, one per theme, ``tags`` (joined by ``;``),
        ``unsure`` with `review`, the carried ones, and ``input``. Articles without an id get
        ``partition N:ROW``, both counted from 1.

    Raises
    ------
    UsageError
        If Dask is not installed or an option is out of range.
    InputError
        If the dataframe has no text column.
    ModelError
        If the model cannot be loaded.

    Examples
    --------
    >>> import dask.dataframe as dd  # doctest: +SKIP
    >>> from dvtopics.scale import tag_dataframe  # doctest: +SKIP
    >>> articles = dd.read_parquet("archive/", dtype_backend="pyarrow")  # doctest: +SKIP
    >>> tag_dataframe(articles).to_parquet("tagged/")  # doctest: +SKIP
    """
    need_dask()
    from dask.delayed import delayed

    if errors not in ERRORS:
        raise UsageError(f"errors must be one of {', '.join(ERRORS)}; got {errors!r}")
    if not hasattr(ddf, "map_partitions"):
        raise UsageError(
            f"tag_dataframe takes a Dask dataframe, not {type(ddf).__name__}; see dask.dataframe"
        )
    ReadOptions("parquet", None, text_column, max_bytes)
    columns = [str(name) for name in ddf.columns]
    has_text = text_column in columns or "paragraphs" in columns
    check_columns("dataframe", columns, text_column, has_text)
    tagger = _tagger(model, threshold, precision, review)
    ref, payload = pack_model(tagger)
    carried = [name for name in columns if name not in (*_ARTICLE_COLUMNS, text_column)]
    work = Work.of(tagger, ref, carried, text_column, max_bytes)
    return ddf.map_partitions(
        _tag_partition,
        # A task of its own, which every partition depends on: made anew when it is lost.
        delayed(payload, name=f"dvtopics-model-{ref.checksum}", traverse=False),
        work=work,
        errors=errors,
        meta=_frame(work.table([])),
        clear_divisions=True,
    )


def _tagger(
    model: str | Path | Tagger,
    threshold: float | Mapping[str, float] | None,
    precision: float | None,
    review: float | None,
) -> Tagger:
    import copy

    from dvtopics.taggers.registry import load

    tagger = load(model) if isinstance(model, (str, Path)) else copy.copy(model)
    if threshold is not None or precision is not None:
        if review is not None:
            raise UsageError("review goes with the model's own thresholds: no threshold")
        tagger.set_thresholds(threshold, precision)
    return tagger if review is None else tagger.set_review(review)


def _tag_partition(
    frame: Any,
    payload: Payload,
    *,
    work: Work,
    errors: str,
    partition_info: Mapping[str, Any] | None = None,
) -> Any:
    number = partition_info["number"] + 1 if partition_info else 0
    tables = []
    for done in tag_items(work, payload, _articles(frame, f"partition {number}", work)):
        if errors == "raise" and done.errors:
            raise done.errors[0]
        rows: list[dict[str, Any]] = []
        for item in done.items:
            if isinstance(item, InputError):
                rows += [_error_row(item, work)] if errors == "rows" else []
            else:
                rows += work.renderer.article(item)
        # At once: rows take several times the memory of Arrow's columns.
        tables.append(work.table(rows))
    import pyarrow as pa

    return _frame(pa.concat_tables(tables) if tables else work.table([]))


def _articles(frame: Any, name: str, work: Work) -> Iterator[Item]:
    import pyarrow as pa

    numbers = itertools.count(1)
    for start in range(0, len(frame), 256):
        part = frame.iloc[start : start + 256]
        try:
            batches = pa.Table.from_pandas(part, preserve_index=False).to_batches()
            records = [record for batch in batches for record in records_of(batch)]
        except (pa.ArrowException, TypeError, ValueError):
            # A column of mixed kinds, which Arrow has not: the values one by one.
            records = part.to_dict("records")
        for record in records:
            yield from_columns(record, f"{name}:{next(numbers)}", work.text_column, work.max_bytes)


def _error_row(error: InputError, work: Work) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(work.renderer.columns, "")
    return {
        **empty,
        **dict.fromkeys(work.themes),
        "id": error.record_id,
        "level": "error",
        "index": None,
        "text": str(error),
    }


def _frame(table: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    kinds = {pa.string(): pd.StringDtype("pyarrow"), pa.int32(): pd.Int32Dtype()}
    return table.to_pandas(types_mapper=kinds.get)
