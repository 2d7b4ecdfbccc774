"""Articles a second, one core: the shipped tagger beside plain TF-IDF + logistic regression.

Both read the same article objects and score all paragraphs for all themes; ours also judges them
in context, calibrates and judges the article. The peer is scikit-learn's ``TfidfVectorizer`` over
1-2-grams of words and one ``LogisticRegression`` per theme, trained on the authored corpora and,
where they are filled in, the first news labels.
The cost of evidence is reported as ratios: of what is done while tagging, and of reading the
evidence of every tag of every paragraph and article, which is when it is found.
Rounds are interleaved; medians are reported. Texts: the public news articles where they are
filled in (``dvtopics corpus rehydrate``), else the authored corpora, repeated.
Results: ``results/01_tagging.{json,md}``.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from common import ROOT, all_read, articles_of, write_results
from threadpoolctl import threadpool_limits

import dvtopics
from dvtopics.corpus.store import read_labelled
from dvtopics.taggers.batch import Batch
from dvtopics.taggers.context import paragraph_features
from dvtopics.taggers.pipeline import read_signals

ARTICLES = 2000
ROUNDS = 7
BATCH = 256
WITHOUT, WITH = "dvtopics, objects without evidence", "dvtopics, objects with evidence"
READ = "dvtopics, objects with evidence, all of it read"


def peer(themes: tuple[str, ...]) -> Callable[[list[Any]], None]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    from dvtopics.corpus.labels import Labels

    files = ["authored.jsonl", "law_train.jsonl", "vietnews/texts/labels_train.jsonl.gz"]
    found = [ROOT / "corpus" / name for name in files]
    own = read_labelled([path for path in found if path.is_file()])
    labels, batch = Labels.from_articles(own, themes), Batch.from_articles(own)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    rows = vectorizer.fit_transform(batch.texts)
    models = []
    for theme in range(len(themes)):
        known = ~np.isnan(labels.paragraph[:, theme])
        models.append(LogisticRegression().fit(rows[known], labels.paragraph[known, theme]))

    def run(articles: list[Any]) -> None:
        rows = vectorizer.transform([p.text for a in articles for p in a.paragraphs])
        for model in models:
            model.predict_proba(rows)

    return run


def timed(function: Callable[[list[Any]], Any], articles: list[Any]) -> float:
    # What others left behind is not its to clear up.
    gc.collect()
    start = time.perf_counter()
    for i in range(0, len(articles), BATCH):
        function(articles[i : i + BATCH])
    return time.perf_counter() - start


def main() -> None:
    source, articles = articles_of(ARTICLES)
    tagger = dvtopics.load("tfidf")
    scored = [read_signals(tagger.pipeline_.scorer, Batch.from_articles(articles[i : i + BATCH]))
              for i in range(0, len(articles), BATCH)]  # fmt: skip
    network = tagger.pipeline_.paragraph_stage

    def stage_two(_: list[Any]) -> None:
        read = scored[stage_two.next % len(scored)]  # type: ignore[attr-defined]
        stage_two.next += 1  # type: ignore[attr-defined]
        tagger.pipeline_.judge_signals(read)

    def network_only(_: list[Any]) -> None:
        features, read = parts[network_only.next % len(parts)]  # type: ignore[attr-defined]
        network_only.next += 1  # type: ignore[attr-defined]
        network.logits(features, network.hidden(features, read.content, read.signals.layout))

    parts = [(paragraph_features(read.signals), read) for read in scored]
    stage_two.next = network_only.next = 0  # type: ignore[attr-defined]
    systems: dict[str, Callable[[list[Any]], Any]] = {
        "scikit-learn TF-IDF (1,2) + logistic regression": peer(tagger.themes_),
        "dvtopics, probabilities and tags": tagger.score_articles,
        WITHOUT: lambda part: list(tagger.tag_many(part, evidence=False)),
        WITH: lambda part: list(tagger.tag_many(part)),
        READ: lambda part: all_read(tagger.tag_many(part)),
        "of it: stage two": stage_two,
        "of that: the network": network_only,
    }
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for _ in range(ROUNDS):
        for name, function in systems.items():
            seconds[name].append(timed(function, articles))
    median = {name: float(np.median(values)) for name, values in seconds.items()}
    reference = next(iter(median.values()))

    def cost(name: str) -> float:
        # They run one after the other in every round: what slows the machine slows both.
        pairs = zip(seconds[name], seconds[WITHOUT], strict=True)
        return float(np.median([slow / fast for slow, fast in pairs]))

    evidence, read = cost(WITH), cost(READ)
    tags = tagger.score_articles(articles)
    n_tags = int(tags.paragraph_tags.sum() + tags.article_tags.sum())
    results = {
        "texts": source,
        "articles": len(articles),
        "model": tagger.model_,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "seconds": {name: [round(s, 4) for s in values] for name, values in seconds.items()},
        "ratio_to_peer": {name: round(reference / value, 3) for name, value in median.items()},
        "evidence_ratio": round(evidence, 3),
        "read_evidence_ratio": round(read, 3),
        "tags": n_tags,
    }
    lines = [
        "# Tagging speed, one core",
        "",
        f"{len(articles):,} articles ({source}), medians of {ROUNDS} interleaved rounds, batches "
        f"of {BATCH}. Regenerate: `python benchmarks/01_tagging.py`.",
        "",
        "| system | articles a second | microseconds an article | times the peer's speed |",
        "|---|---|---|---|",
    ]
    for name, value in median.items():
        lines.append(
            f"| {name} | {len(articles) / value:,.0f} | {value / len(articles) * 1e6:,.0f} "
            f"| {reference / value:.2f} |"
        )
    lines += [
        "",
        f"With evidence tagging takes {evidence:.2f} times as long as without, and "
        f"{read:.2f} times as long where the evidence of every tag is read, which is when it is "
        f"found (medians of the ratios of rounds; {n_tags / len(articles):.1f} tags an article).",
    ]
    write_results("01_tagging", results, "\n".join(lines) + "\n")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
