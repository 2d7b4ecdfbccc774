"""How the cost of tagging grows: articles, length of paragraphs, vocabulary, themes.

One thing is changed at a time; every point is the median of interleaved rounds. Articles and
lengths are measured with the shipped model. Vocabularies and numbers of themes need models of
their own: small ones trained on the authored corpus, whose themes are the four, repeated under
other names. A straight line in logarithms through the points says how the cost of an article
grows: as x to the power of the exponent. Texts: the public news articles where they are filled in
(``dvtopics corpus rehydrate``), else the authored corpora, repeated.
Results: ``results/04_growth.{json,md,png}``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import AUTHORED, ROOT, articles_of, write_results
from threadpoolctl import threadpool_limits

import dvtopics
from dvtopics.article import Article, Paragraph
from dvtopics.corpus.store import read_labelled

BATCH = 256
SIZES = (250, 500, 1000, 2000, 4000)
#: Copies of its text that a paragraph is made of.
COPIES = (1, 2, 4, 8)
#: (longest n-gram, paragraphs that a term must be in)
VOCABULARIES = ((1, 3), (2, 3), (3, 3), (3, 1))
THEMES = (4, 8, 16, 32, 64)

#: Name of a point → (x, tagger, articles); the cost of a point is that of one article.
Points = dict[str, tuple[float, dvtopics.TfidfTagger, list[Article]]]


def longer(articles: list[Article], copies: int) -> list[Article]:
    """Return the articles with paragraphs of so many copies of their text."""
    return [
        Article(a.title, [Paragraph(" ".join([p.text] * copies)) for p in a.paragraphs])
        for a in articles
    ]


def trained(n_themes: int, ngram_max: int = 3, min_df: int = 3) -> dvtopics.TfidfTagger:
    """Train a small model on the authored corpus; themes beyond the four repeat them."""
    four = itertools.cycle(dvtopics.THEMES.ids)
    names = {f"theme_{i}": next(four) for i in range(n_themes)}
    articles = read_labelled([AUTHORED])
    for item in (x for a in articles for x in (a, *a.paragraphs)):
        old = item.grades
        item.grades = old and {new: old.get(name) for new, name in names.items()}
    themes = [{"id": new, "name": {"en": new}, "seeds": []} for new in names]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "themes.json"
        path.write_text(json.dumps({"themes": themes}), encoding="utf-8")
        tagger = dvtopics.TfidfTagger(
            path, ngram_max=ngram_max, min_df=min_df, n_folds=2, n_epochs=1, phrases=None
        )
        return tagger.fit(articles)


def cost(tagger: dvtopics.TfidfTagger, articles: list[Article]) -> float:
    """Return seconds for an article."""
    start = time.perf_counter()
    for i in range(0, len(articles), BATCH):
        tagger.score_articles(articles[i : i + BATCH])
    return (time.perf_counter() - start) / len(articles)


def curves(n: int) -> dict[str, Points]:
    """Return the points of every curve."""
    shipped = dvtopics.load("tfidf")
    _, most = articles_of(max(SIZES))
    some = most[:n]
    syllables = np.mean([len(p.text.split()) for a in some for p in a.paragraphs])
    vocabularies: Points = {}
    for ngram_max, min_df in VOCABULARIES:
        tagger = trained(4, ngram_max, min_df)
        size = len(tagger.pipeline_.scorer.vectorizer.idf_)
        name = f"1 to {ngram_max} syllables, in {min_df} paragraphs or more"
        vocabularies[name] = (float(size), tagger, some)
    return {
        "articles": {f"{k:,}": (float(k), shipped, most[:k]) for k in SIZES},
        "syllables a paragraph": {
            f"{k} x": (float(k * syllables), shipped, longer(some, k)) for k in COPIES
        },
        "vocabulary": vocabularies,
        "themes": {str(k): (float(k), trained(k), some) for k in THEMES},
    }


def plot(found: dict[str, dict[str, dict[str, float]]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(found), figsize=(3 * len(found), 3), dpi=110)
    for axis, (name, points) in zip(axes, found.items(), strict=True):
        axis.plot(
            [p["x"] for p in points.values()],
            [p["microseconds_an_article"] for p in points.values()],
            "o-",
        )
        axis.set(xlabel=name, xscale="log")
        axis.set_ylim(bottom=0)
    axes[0].set_ylabel("µs mỗi bài / an article")
    figure.tight_layout()
    figure.savefig(ROOT / "benchmarks" / "results" / "04_growth.png", metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    source, _ = articles_of(1)
    every = curves(arguments.articles)
    times: dict[tuple[str, str], list[float]] = {}
    for _ in range(arguments.rounds):
        for curve, points in every.items():
            for name, (_, tagger, articles) in points.items():
                times.setdefault((curve, name), []).append(cost(tagger, articles))
    found = {
        curve: {
            name: {
                "x": round(points[name][0], 1),
                "microseconds_an_article": round(1e6 * float(np.median(times[curve, name])), 1),
            }
            for name in points
        }
        for curve, points in every.items()
    }
    grows = {
        curve: float(
            np.polyfit(
                np.log([p["x"] for p in points.values()]),
                np.log([p["microseconds_an_article"] for p in points.values()]),
                1,
            )[0]
        )
        for curve, points in found.items()
    }
    lines = [
        "# How the cost of tagging grows, one core",
        "",
        f"{arguments.articles:,} articles ({source}) where their number is not what changes, "
        f"medians of {arguments.rounds} interleaved rounds, probabilities and tags, {BATCH} "
        f"articles a call. Exponent: cost of an article as a power of x. Regenerate: "
        f"`python benchmarks/04_growth.py --articles {arguments.articles} "
        f"--rounds {arguments.rounds}`.",
        "",
    ]
    for curve, points in found.items():
        lines += [
            f"## {curve.capitalize()} (exponent {grows[curve]:.2f})",
            "",
            f"| point | {curve} | microseconds an article |",
            "|---|---|---|",
            *(
                f"| {name} | {p['x']:,.0f} | {p['microseconds_an_article']:,.0f} |"
                for name, p in points.items()
            ),
            "",
        ]
    plot(found)
    results = {
        "texts": source,
        "articles": arguments.articles,
        "rounds": arguments.rounds,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "exponents": {name: round(value, 3) for name, value in grows.items()},
        "curves": found,
    }
    write_results("04_growth", results, "\n".join(lines))


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
