"""One fit from the stream of articles to the fitted model, in a folder that survives it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvtopics.article import Article
from dvtopics.errors import UsageError
from dvtopics.themes import Taxonomy, load_themes
from dvtopics.topics import choice
from dvtopics.topics.checkpoint import Checkpoint
from dvtopics.topics.engines import make_engine
from dvtopics.topics.fitted import Fitted
from dvtopics.topics.fitting import (
    Prepared,
    finish,
    key_of,
    mined_phrases,
    prepare,
    read_collection,
)
from dvtopics.topics.folder import ARTICLES, RECORDS, WORK, write_articles, write_records
from dvtopics.topics.theme_words import theme_words

Say = Callable[[str], None]


@contextmanager
def working_folder(folder: str | Path | None) -> Iterator[Path]:
    """Give a place for a fit's work: temporary, or ``.fit`` in `folder`.

    The latter stays when the fit is interrupted, and goes when it is done, or cannot be done.
    """
    if folder is None:
        with tempfile.TemporaryDirectory() as scratch:
            yield Path(scratch)
        return
    target = Path(folder)
    work = target / WORK
    work.mkdir(parents=True, exist_ok=True)
    try:
        yield work
    except UsageError:
        shutil.rmtree(work, ignore_errors=True)
        if not any(target.iterdir()):
            target.rmdir()
        raise
    shutil.rmtree(work, ignore_errors=True)


def run_fit(
    articles: Iterable[Article],
    parameters: Mapping[str, Any],
    labelled: Iterable[Article],
    work: Path,
    tables: Path,
    say: Say,
) -> Fitted:
    """Fit, and write the shares and records of the articles into `tables`."""
    say("read")
    seed = parameters["random_state"]
    spill = read_collection(articles, work, parameters["sample_bytes"], seed)
    taxonomy = load_themes(parameters["themes"])
    say("words")
    phrases = parameters["phrases"]
    if phrases is None:
        phrases = mined_phrases(spill, taxonomy, parameters["n_jobs"])
    number = parameters["n_topics"]
    prepared = prepare(
        spill,
        sorted(set(phrases)),
        number if isinstance(number, int) else 2,
        min_articles=parameters["min_df"],
        max_share=parameters["max_df"],
        max_terms=parameters["max_terms"],
        extra_stop_words=parameters["stop_words"],
        weighting=parameters["weighting"],
    )
    return _fit_prepared(prepared, parameters, taxonomy, labelled, work, tables, say)


def _fit_prepared(
    prepared: Prepared,
    parameters: Mapping[str, Any],
    taxonomy: Taxonomy,
    labelled: Iterable[Article],
    work: Path,
    tables: Path,
    say: Say,
) -> Fitted:
    engine = make_engine(parameters["engine"], parameters["passes"])
    seed = parameters["random_state"]
    curve: list[choice.Point] = []
    number = parameters["n_topics"]
    if not isinstance(number, int):
        number, curve = choice.choose_number(
            prepared,
            engine,
            seed,
            choice.CANDIDATES,
            lambda point: say(f"choose {point.n_topics}"),
        )
    say("topics")
    words = theme_words(prepared, taxonomy, [*labelled], parameters["tagger"])
    anchors = words.anchors() if parameters["anchor_themes"] else None
    depends = {**parameters, "n_topics": number, "phrases": prepared.phrases}
    if anchors is not None:
        depends["anchors"] = hashlib.sha256(anchors.tobytes()).hexdigest()
    key = key_of({k: str(v) for k, v in depends.items()}, prepared.spill.fingerprint)
    topics = engine.fit(
        prepared.bags, prepared.weights, number, seed, Checkpoint(work, key), anchors
    )
    say("understand")
    n = prepared.spill.n_articles
    fitted = finish(
        prepared,
        topics,
        words,
        lambda shares: write_articles(tables / ARTICLES, shares, n, number),
    )
    write_records(tables / RECORDS, prepared.spill.records())
    fitted.info["curve"] = [point.to_record() for point in curve]
    return fitted
