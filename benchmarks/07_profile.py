"""Where the time goes: microseconds an article for every step of tagging, one core.

Each step is timed by itself, on what the steps before it have made, in batches as the tagger makes
them; best of interleaved rounds. Once with the compiled loops, where they are there, and once with
numpy alone. Texts: the public news articles where they are filled in (``dvtopics corpus
rehydrate``), else the authored corpora, repeated.
Results: ``results/07_profile.{json,md}``.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
from common import all_read, articles_of, write_results
from threadpoolctl import threadpool_limits

import dvtopics
from dvtopics.native import kernels, library
from dvtopics.taggers.base import BATCH_SIZE
from dvtopics.taggers.batch import Batch
from dvtopics.taggers.context import paragraph_features
from dvtopics.taggers.pipeline import read_signals


def steps(tagger: Any, articles: list[Any]) -> dict[str, Callable[[], Any]]:
    """Return what runs each step on all batches."""
    pipeline = tagger.pipeline_
    scorer, network = pipeline.scorer, pipeline.paragraph_stage
    vectorizer = scorer.vectorizer
    parts = [articles[i : i + BATCH_SIZE] for i in range(0, len(articles), BATCH_SIZE)]
    batches = [Batch.from_articles(part) for part in parts]
    texts = [[*batch.texts, *batch.titles] for batch in batches]
    tokens = [vectorizer.encode(some) for some in texts]
    read = [read_signals(scorer, batch) for batch in batches]
    traced = [pipeline.judge(batch, traced=True) for batch in batches]
    scores = [tagger._scored(part) for part in parts]
    features = [paragraph_features(part.signals) for part in read]
    judged = list(zip(features, read, strict=True))
    return {
        "texts to token ids": lambda: [vectorizer.encode(some) for some in texts],
        "token ids to TF-IDF rows": lambda: [vectorizer.transform_batch(b) for b in tokens],
        "all of stage one": lambda: [read_signals(scorer, batch) for batch in batches],
        "context features": lambda: [paragraph_features(part.signals) for part in read],
        "context network": lambda: [
            network.logits(x, network.hidden(x, r.content, r.signals.layout)) for x, r in judged
        ],
        "all of stage two": lambda: [pipeline.judge_signals(part) for part in read],
        "probabilities and tags of a batch": lambda: tagger.score_articles(articles),
        "objects, no evidence": lambda: list(tagger.tag_many(articles, evidence=False)),
        "objects with evidence": lambda: list(tagger.tag_many(articles)),
        "evidence of all tags, where it is read": lambda: [
            tagger._reasons(*part).open()[0].of_article()()
            for part in zip(batches, traced, scores, strict=True)
        ],
        "objects with evidence, all read": lambda: all_read(tagger.tag_many(articles)),
    }


def best_of(made: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the seconds of the best round."""
    found: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(rounds):
        for name, step in made.items():
            gc.collect()
            start = time.perf_counter()
            step()
            found[name].append(time.perf_counter() - start)
    return {name: min(seconds) for name, seconds in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    source, articles = articles_of(arguments.articles)
    tagger = dvtopics.load("tfidf")
    made = steps(tagger, articles)
    found: dict[str, dict[str, float]] = {}
    if kernels.available():
        found["compiled"] = best_of(made, arguments.rounds)
    with mock.patch.object(library, "library", return_value=None):
        found["numpy"] = best_of(made, arguments.rounds)
    each = {
        kind: {name: round(1e6 * s / len(articles), 1) for name, s in seconds.items()}
        for kind, seconds in found.items()
    }
    lines = [
        "# Where the time goes, one core",
        "",
        f"Microseconds an article; {len(articles):,} articles ({source}), best of "
        f"{arguments.rounds} interleaved rounds. Regenerate: `python benchmarks/07_profile.py "
        f"--articles {arguments.articles} --rounds {arguments.rounds}`.",
        "",
        f"| step | {' | '.join(each)} |",
        "|---" * (len(each) + 1) + "|",
        *(
            f"| {name} | {' | '.join(f'{part[name]:,.0f}' for part in each.values())} |"
            for name in made
        ),
    ]
    data = {
        "texts": source,
        "articles": len(articles),
        "rounds": arguments.rounds,
        "model": tagger.model_,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "microseconds_an_article": each,
    }
    write_results("07_profile", data, "\n".join(lines) + "\n")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
