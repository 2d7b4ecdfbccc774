"""Time and memory of training as labels grow, to 400,000 paragraphs.

Labels are the shipped model's own tags (pseudo-labels): what they say does not matter here, only
how many there are. Every size is trained in a fresh process, on one core: two folds in place of
five, no word list; all else as shipped. Seconds and peak memory are set against the number of
paragraphs: a straight line in logarithms says as which power of it they grow. Texts: the public
news articles that are filled in (``dvtopics corpus rehydrate``), those of ``--unlabelled FILE``
(JSON Lines, gzip, ``title`` and ``paragraphs``) where given, else the authored corpora; repeated
where a size asks for more.
Results: ``results/06_training.{json,md}``, written again after every size.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from common import AUTHORED, NEWS, write_results

import dvtopics
from dvtopics.article import Article
from dvtopics.corpus.store import read_labelled

SIZES = (25_000, 50_000, 100_000, 200_000, 400_000)
#: What a fresh process does: train, and say what it took.
CHILD = """
import json, sys, time
import dvtopics
from dvtopics.corpus.store import read_labelled
articles = read_labelled([sys.argv[1]])
def peak():
    return int(next(x for x in open("/proc/self/status") if "VmHWM" in x).split()[1]) / 1024
before = peak()
start, processor = time.perf_counter(), time.process_time()
tagger = dvtopics.TfidfTagger(n_folds=2, phrases=None).fit(articles)
print(json.dumps({
    "seconds": time.perf_counter() - start,
    "processor_seconds": time.process_time() - processor,
    "mib": peak(),
    "mib_before": before,
    "features": len(tagger.pipeline_.scorer.vectorizer.idf_),
}))
"""


def texts(unlabelled: Path | None) -> list[Article]:
    """Return articles without their labels."""
    found = read_labelled(sorted(NEWS.parent.glob("labels_*.jsonl.gz")) or [AUTHORED])
    articles = [Article(a.title, [p.text for p in a.paragraphs], a.id) for a in found]
    if unlabelled is not None:
        known = {article.id for article in articles}
        with gzip.open(unlabelled, "rt", encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        articles += [
            Article(r["title"], r["paragraphs"], r["id"]) for r in records if r["id"] not in known
        ]
    # Kinds of articles are mixed in every size alike.
    order = np.random.RandomState(0).permutation(len(articles))
    return [articles[i] for i in order]


def labelled(articles: list[Article], size: int) -> Iterator[dict[str, Any]]:
    """Return records with the model's tags as grades, of `size` paragraphs in all."""
    tagger, count, turn = dvtopics.load("tfidf"), 0, 0
    while count < size:
        for article in tagger.tag_many(articles, evidence=False):
            themes = tagger.themes_
            paragraphs = [
                {"text": p.text, "grades": {t: int(t in p.tags) for t in themes}}
                for p in article.paragraphs[: size - count]
            ]
            count += len(paragraphs)
            yield {
                "id": f"{article.id}/{turn}",
                "title": article.title,
                "paragraphs": paragraphs,
                "grades": {t: int(t in article.tags) for t in themes},
            }
            if count >= size:
                return
        turn += 1


def measured(articles: list[Article], size: int) -> dict[str, float]:
    """Train on `size` paragraphs in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labelled.jsonl"
        with path.open("w", encoding="utf-8") as out:
            for record in labelled(articles, size):
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(path)], check=True, capture_output=True, text=True
        )
    found: dict[str, float] = json.loads(done.stdout)
    return {name: round(value, 1) for name, value in found.items()}


def write(points: dict[int, dict[str, float]], arguments: argparse.Namespace) -> None:
    """Write and print the results."""
    sizes = np.log(list(points))
    powers = {
        name: float(np.polyfit(sizes, np.log([p[name] for p in points.values()]), 1)[0])
        for name in ("processor_seconds", "mib")
        if len(points) > 1
    }
    given = " --unlabelled FILE" if arguments.unlabelled else ""
    lines = [
        "# Training as labels grow, one core",
        "",
        "Pseudo-labels of the shipped model, two folds, a fresh process a size. Regenerate: "
        f"`python benchmarks/06_training.py{given} --sizes {' '.join(map(str, points))}`.",
        "",
        "| paragraphs | seconds | of processor time | peak memory, MiB | of it before training "
        "| terms kept |",
        "|---|---|---|---|---|---|",
        *(
            f"| {size:,} | {p['seconds']:,.0f} | {p['processor_seconds']:,.0f} | {p['mib']:,.0f} "
            f"| {p['mib_before']:,.0f} | {p['features']:,.0f} |"
            for size, p in points.items()
        ),
    ]
    if powers:
        lines += [
            "",
            "Processor time grows as paragraphs to the power of "
            f"{powers['processor_seconds']:.2f}, peak memory to the power of {powers['mib']:.2f}.",
        ]
    data = {
        "points": points,
        "powers": {name: round(value, 3) for name, value in powers.items()},
        "unlabelled": bool(arguments.unlabelled),
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }
    write_results("06_training", data, "\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unlabelled", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    arguments = parser.parse_args()
    articles, points = texts(arguments.unlabelled), {}
    for size in sorted(arguments.sizes):
        points[size] = measured(articles, size)
        write(points, arguments)


if __name__ == "__main__":
    main()
