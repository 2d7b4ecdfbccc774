"""Topics beside other programs': coherence, diversity, seconds; the themes found again; memory.

    python experiments/12_topics.py --unlabelled FILE

FILE: unlabelled articles (JSON Lines, gzip, records with ``id``, ``title``, ``paragraphs`` and
``themed``). All engines get the same tokens, of the first 4,000 records with ``"themed": true``;
coherence is counted by `topic_peers`, not by the library. ``--whole`` also fits all of FILE in a
process of its own and measures its memory. Results: ``results/12_topics.{json,md}``; articles are
named by id only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from common import write_results
from topic_peers import PEERS, Coherence, Lists, diversity

from dvtopics.article import Article
from dvtopics.themes import THEMES
from dvtopics.topics.bags import Weights
from dvtopics.topics.checkpoint import Checkpoint
from dvtopics.topics.choice import agreement
from dvtopics.topics.engines import make_engine
from dvtopics.topics.fitting import Prepared, mined_phrases, prepare, read_collection
from dvtopics.topics.model import TopicModel
from dvtopics.topics.terms import top_terms
from dvtopics.topics.theme_words import theme_words

_ARTICLES = 4_000
_TOPICS = 20
_SEEDS = 3
#: Name → engine, weighting, and whether themes without a topic get one.
_OWN = {
    "**dvtopics, lda (default)**": ("lda", "tfidf", True),
    "dvtopics, lda, no topics given to themes": ("lda", "tfidf", False),
    "dvtopics, lda, the same on unweighted counts": ("lda", "count", False),
    "dvtopics, nmf": ("nmf", "tfidf", False),
}


def themed(path: Path, limit: int) -> Iterator[Article]:
    """Yield the first records with a theme word."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            if record.get("themed"):
                yield Article(record["title"], record["paragraphs"], record["id"])
                limit -= 1
                if not limit:
                    return


def prepared_articles(articles: list[Article], folder: Path) -> tuple[Prepared, dict[str, float]]:
    """Return the tokens that every engine gets, and the seconds of each step before."""
    seconds = {}
    start = time.perf_counter()
    spill = read_collection(articles, folder, 1_000_000, 0)
    seconds["reading"] = time.perf_counter() - start
    start = time.perf_counter()
    phrases = mined_phrases(spill, THEMES, 1)
    seconds["underthesea on a sample"] = time.perf_counter() - start
    start = time.perf_counter()
    done = prepare(
        spill, phrases, _TOPICS, min_articles=None, max_share=0.15, max_terms=20_000,
        extra_stop_words=(), weighting="tfidf",
    )  # fmt: skip
    seconds["cutting and counting"] = time.perf_counter() - start
    return done, seconds


def own_topics(prepared: Prepared, name: str, seed: int) -> tuple[Lists, float]:
    """Fit one of our engines to prepared tokens."""
    engine, weighting, anchored = _OWN[name]
    weights = prepared.weights if weighting == "tfidf" else Weights(None)
    start = time.perf_counter()
    anchors = theme_words(prepared, THEMES, (), "tfidf").anchors() if anchored else None
    topics = make_engine(engine, 3).fit(
        prepared.bags, weights, _TOPICS, seed, Checkpoint(None), anchors
    )
    spent = time.perf_counter() - start
    terms = prepared.vocabulary.terms
    return [[terms[i] for i in top_terms(row, terms)] for row in topics.probabilities], spent


def table_row(runs: list[tuple[Lists, float]], coherence: Coherence) -> dict[str, Any]:
    """Return figures of one engine over its seeds; the first is the default seed."""
    values = [float(np.mean(coherence.npmi(lists))) for lists, _ in runs]
    alike = [agreement(runs[0][0], lists) for lists, _ in runs[1:]]
    return {
        "npmi": values[0],
        "npmi_seeds": values,
        "diversity": diversity(runs[0][0]),
        "seconds": min(spent for _, spent in runs),
        "agreement_over_seeds": float(np.mean(alike)) if alike else None,
    }


def whole_set(path: Path) -> dict[str, float]:
    """Fit all articles by the command line in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "dvtopics", "topics", "fit", str(path), "--topics",
             str(_TOPICS), "--output", f"{folder}/topics"],
            check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        seconds = time.perf_counter() - start
        model = TopicModel.load(f"{folder}/topics")
        found = model.view.summary()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "articles": model.n_articles_, "seconds": seconds, "peak_mib": peak,
        "npmi": found["coherence"]["npmi"], "diversity": found["diversity"],
    }  # fmt: skip


def theme_topics(model: TopicModel) -> dict[str, Any]:
    """Return per theme its best topic: score, terms, and ids of passages."""
    found: dict[str, Any] = {}
    for view in model.topics_:
        if view.theme and view.theme_score > found.get(view.theme, {"score": 0})["score"]:
            found[view.theme] = {
                "topic": view.id,
                "score": view.theme_score,
                "label": view.label,
                "terms": [term for term, _ in view.terms[:15]],
                "passages": [
                    f"{p['article']}:{p['paragraph']}" for p in model.passages(view.id)[:3]
                ],
            }
    return found


def markdown(data: dict[str, Any]) -> str:
    """Return the report."""
    lines = [
        "# Topics", "",
        f"The first {_ARTICLES:,} articles with a theme word of the unlabelled public news, "
        f"{_TOPICS} topics, all engines on the same {data['tokens']:,.0f} tokens "
        f"({data['terms']:,} terms), one core. NPMI over the top 10 terms by paragraph, counted "
        "apart from the library; diversity over the top 25. Seconds: of fitting, the best of the "
        "runs; of the default with tagging the articles by the shipped model, which tells what "
        "themes are about. Agreement: mean overlap of the top 10 terms between seeds over the best "
        "matching of topics. Before fitting: "
        + ", ".join(f"{k} {v:.1f} s" for k, v in data["before"].items()) + ". "
        "Regenerate: `python experiments/12_topics.py --unlabelled FILE --whole`.", "",
        "| engine | NPMI | by seed | diversity | agreement | seconds |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, row in data["engines"].items():
        seeds = " ".join(f"{v:.3f}" for v in row["npmi_seeds"])
        alike = row["agreement_over_seeds"]
        lines.append(
            f"| {name} | {row['npmi']:.3f} | {seeds} | {row['diversity']:.2f} | "
            f"{'–' if alike is None else f'{alike:.2f}'} | {row['seconds']:.1f} |"
        )
    lines += ["", "## The four themes, found again", ""]
    for theme in THEMES:
        best = data["themes"].get(theme)
        if best is None:
            lines.append(f"- `{theme}`: no topic")
            continue
        lines.append(
            f"- `{theme}`: topic {best['topic']}, score {best['score']:.2f}: "
            f"{', '.join(best['terms'])}; passages {', '.join(best['passages'])}"
        )
    if whole := data.get("whole"):
        lines += ["", "## All articles, by the command line", "",
            f"{whole['articles']:,} articles: {whole['seconds']:.0f} s with all steps, peak memory "
            f"{whole['peak_mib']:.0f} MiB, NPMI {whole['npmi']:.3f}, diversity "
            f"{whole['diversity']:.2f}."]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--unlabelled", type=Path, help="unlabelled articles, .jsonl.gz")
    parser.add_argument("--whole", action="store_true", help="fit all of them too")
    args = parser.parse_args()
    if args.unlabelled is None:
        sys.exit("skipped: needs --unlabelled FILE")
    articles = list(themed(args.unlabelled, _ARTICLES))
    coherence = Coherence([p.text for a in articles for p in a.paragraphs])
    engines: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        prepared, before = prepared_articles(articles, Path(folder))
        tokens = float(prepared.bags.rows(0, len(prepared.bags)).sum())
        for name in _OWN:
            runs = [own_topics(prepared, name, seed) for seed in range(_SEEDS)]
            engines[name] = table_row(runs, coherence)
        for name, fit in PEERS.items():
            found = [run for seed in range(_SEEDS) if (run := fit(prepared, _TOPICS, seed))]
            if found:
                engines[name] = table_row(found, coherence)
            else:
                print(f"skipped: {name} is not installed")
        model = TopicModel(_TOPICS, phrases=prepared.phrases).fit(articles)
    data = {
        "tokens": tokens, "terms": len(prepared.vocabulary.terms), "before": before,
        "engines": engines, "themes": theme_topics(model), "summary": model.view.summary(),
    }  # fmt: skip
    if args.whole:
        data["whole"] = whole_set(args.unlabelled)
    write_results("12_topics", data, markdown(data))


if __name__ == "__main__":
    main()
