"""Tagging speed beside every peer, one core and two: the same articles, interleaved rounds.

All systems give scores of all paragraphs for all themes; ours also judges them in context,
calibrates, decides tags and judges the article. Peers are trained on the first news labels and
the authored corpora; slow ones are timed on a part of the articles. On two cores two processes
share the articles, with the trained system in the memory of both. Also measured, of ours: start to
first tag of a whole process, time to load, peak memory, size of the model.
Texts: the public news articles where they are filled in (``dvtopics corpus rehydrate``), else the
authored corpora, repeated. Quality beside it: macro-F1 of paragraphs by
``experiments/04_baselines.py``, whose peers of the same kind were trained on all labels.
Results: ``results/02_peers.{json,md}``.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from common import AUTHORED, NEWS, ROOT, all_read, articles_of, write_results
from threadpoolctl import threadpool_limits

import dvtopics
from dvtopics.corpus.labels import Labels
from dvtopics.corpus.store import read_labelled
from dvtopics.native import kernels
from dvtopics.taggers.batch import Batch

sys.path.insert(0, str(ROOT / "experiments"))
BATCH = 256
#: Of one process alone, for a round on two cores.
_LEAST_SECONDS = 3.0
#: Peers of ``experiments/peers.py`` that are timed, and what they need.
MODULES = {
    "fastText one-vs-all, bigrams": "fasttext",
    "underthesea_core TextClassifier": "underthesea_core",
}
Tag = Callable[[list[Any]], Any]
SKLEARN = "scikit-learn TfidfVectorizer(1,2) + LR"
OURS = "dvtopics: probabilities and tags of a batch"
#: Names of the same kinds of system in ``04_baselines``.
QUALITY = {
    SKLEARN: "TfidfVectorizer + LR, defaults",
    "fastText one-vs-all, bigrams": "fastText one-vs-all, bigrams",
    "underthesea_core TextClassifier": "underthesea_core TextClassifier",
    OURS: "shipped model",
}


@dataclass(frozen=True, slots=True)
class System:
    """One way to tag.

    Attributes
    ----------
    name : str
    tag : callable
        Takes a list of articles.
    part : float
        Share of the articles that it is timed on.
    """

    name: str
    tag: Tag
    part: float = 1.0


def paragraphs(articles: list[Any]) -> list[str]:
    """Return the texts that every peer scores."""
    return [p.text for article in articles for p in article.paragraphs]


def peers() -> list[System]:
    """Train what is installed."""
    from peers import PEERS

    files = [AUTHORED, ROOT / "corpus" / "law_train.jsonl", NEWS]
    own = read_labelled([path for path in files if path.is_file()])
    labels = Labels.from_articles(own, dvtopics.THEMES.ids).paragraph
    known = ~np.isnan(labels).any(axis=1)
    texts = [t for t, use in zip(Batch.from_articles(own).texts, known, strict=True) if use]
    labels = labels[known]
    found = [System(SKLEARN, segmented(texts, labels, None))]
    if importlib.util.find_spec("underthesea"):
        from underthesea import word_tokenize

        def words(text: str) -> str:
            return str(word_tokenize(text, format="text"))

        tag = segmented(texts[:2000], labels[:2000], words)
        found.append(System("underthesea words + scikit-learn", tag, 0.02))
    if importlib.util.find_spec("pyvi"):
        from pyvi import ViTokenizer

        tag = segmented(texts[:2000], labels[:2000], ViTokenizer.tokenize)
        found.append(System("pyvi words + scikit-learn", tag, 0.05))
    for peer in PEERS:
        if importlib.util.find_spec(MODULES.get(peer.name, "none")):
            rows, read = peer.learn(texts)
            score = peer.fit(rows, labels)
            found.append(
                System(peer.name, lambda a, s=score, r=read: s(r(paragraphs(a))))  # type: ignore[misc]
            )
    return found


def segmented(texts: list[str], labels: Any, segment: Callable[[str], str] | None) -> Tag:
    """Train scikit-learn's usual pipeline, over words where `segment` cuts them."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    def cut(some: list[str]) -> list[str]:
        return some if segment is None else [segment(text) for text in some]

    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    rows = vectorizer.fit_transform(cut(texts))
    models = [LogisticRegression(max_iter=1000).fit(rows, column) for column in labels.T]

    def tag(articles: list[Any]) -> None:
        rows = vectorizer.transform(cut(paragraphs(articles)))
        for model in models:
            model.predict_proba(rows)

    return tag


def seconds_per_article(system: System, articles: list[Any]) -> float:
    """Time one round."""
    chosen = articles[: max(int(len(articles) * system.part), 1)]
    # What others left behind is not its to clear up.
    gc.collect()
    start = time.perf_counter()
    for i in range(0, len(chosen), BATCH):
        system.tag(chosen[i : i + BATCH])
    return (time.perf_counter() - start) / len(chosen)


def seconds_on_two_cores(system: System, articles: list[Any], alone: float) -> float:
    """Time one round in which two processes share the articles.

    NaN where they come to no end: some libraries' threads do not survive a fork. `alone` is what
    one process takes for an article.
    """
    chosen = articles[: max(int(len(articles) * system.part), 2)]
    # Long enough that starting the processes does not count.
    chosen = chosen * (1 + int(_LEAST_SECONDS / (alone * len(chosen))))
    fork = multiprocessing.get_context("fork")
    halves = [
        fork.Process(target=seconds_per_article, args=(replace(system, part=1.0), chosen[i::2]))
        for i in range(2)
    ]
    start = time.perf_counter()
    for half in halves:
        half.start()
    for half in halves:
        half.join(5 + 3 * alone * len(chosen))
    taken = time.perf_counter() - start
    ended = [half.exitcode == 0 for half in halves]
    for half in halves:
        half.kill()
        half.join()
    return taken / len(chosen) if all(ended) else float("nan")


def macro_f1() -> dict[str, float]:
    """Return what ``04_baselines`` measured, by the names of systems here."""
    path = ROOT / "experiments" / "results" / "04_baselines.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return {name: float(rows[row]["paragraph"]["macro_f1"]) for name, row in QUALITY.items()}


def process(code: str) -> dict[str, float]:
    """Run a fresh interpreter; return its wall seconds and peak memory in MiB."""
    # What the parent used would count in the child's resource usage, but not in this.
    peak = "print([x for x in open('/proc/self/status') if x.startswith('VmHWM')], file=sys.stderr)"
    whole = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\n{peak}"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", whole], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    kib = int("".join(c for c in done.stderr.strip().splitlines()[-1] if c.isdigit()))
    return {"seconds": seconds, "mib": kib / 1024}


def starts(rounds: int) -> dict[str, dict[str, float]]:
    """Measure whole processes, medians."""
    page = ROOT / "corpus" / "examples" / "doi-thoai-xa.txt"
    codes = {
        "tag one page": "import runpy; sys.argv = ['dvtopics', 'tag', "
        f"{str(page)!r}, '--format', 'jsonl']; runpy.run_module('dvtopics', run_name='__main__')",
        "load the model": "import dvtopics; dvtopics.load('tfidf')",
        "import numpy": "import numpy",
        "import scikit-learn and underthesea": "import sklearn.linear_model, underthesea",
    }
    found: dict[str, list[dict[str, float]]] = {name: [] for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            found[name].append(process(code))
    return {
        name: {key: float(np.median([r[key] for r in runs])) for key in ("seconds", "mib")}
        for name, runs in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    source, articles = articles_of(arguments.articles)
    tagger = dvtopics.load("tfidf")
    systems = [
        *peers(),
        System(OURS, tagger.score_articles),
        System(
            "dvtopics: objects, no evidence",
            lambda part: list(tagger.tag_many(part, evidence=False)),
        ),
        System("dvtopics: objects with evidence", lambda part: list(tagger.tag_many(part))),
        System(
            "dvtopics: objects with evidence, all read",
            lambda part: all_read(tagger.tag_many(part)),
            0.25,
        ),
    ]
    times: dict[str, list[float]] = {system.name: [] for system in systems}
    double: dict[str, list[float]] = {system.name: [] for system in systems}
    for _ in range(arguments.rounds):
        for system in systems:
            times[system.name].append(seconds_per_article(system, articles))
            if np.isnan(double[system.name]).any():
                continue
            alone = times[system.name][-1]
            double[system.name].append(seconds_on_two_cores(system, articles, alone))
    one, two = (
        {name: float(np.median(values)) for name, values in found.items()}
        for found in (times, double)
    )
    results = {
        "texts": source,
        "articles": len(articles),
        "rounds": arguments.rounds,
        "model": tagger.model_,
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "microseconds_an_article": {
            name: [round(s * 1e6, 1) for s in values] for name, values in times.items()
        },
        "microseconds_an_article_on_two_cores": {
            name: [round(s * 1e6, 1) for s in values if not np.isnan(s)]
            for name, values in double.items()
        },
        "compiled": kernels.available(),
        "paragraph_macro_f1": macro_f1(),
        "processes": starts(arguments.rounds),
        "model_mib": round(
            sum(f.stat().st_size for f in (ROOT / "models" / "tfidf").iterdir()) / 2**20, 2
        ),
    }
    write(results, one, two)


def write(results: dict[str, Any], one: dict[str, float], two: dict[str, float]) -> None:
    """Write and print the results."""
    ours, quality = one[OURS], results["paragraph_macro_f1"]
    loops = "compiled" if results["compiled"] else "in numpy"
    lines = [
        "# Tagging speed beside peers",
        "",
        f"{results['articles']:,} articles ({results['texts']}), medians of {results['rounds']} "
        f"interleaved rounds, {BATCH} articles a call; inner loops {loops}. Macro-F1: of "
        "paragraphs of the dev labels, experiments/results/04_baselines.md. Regenerate: "
        f"`python benchmarks/02_peers.py --articles {results['articles']} "
        f"--rounds {results['rounds']}`.",
        "",
        "| system | articles a second, one core | two cores | dvtopics is so many times as fast "
        "| macro-F1 |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {1 / s:,.0f} "
            f"| {'–' if np.isnan(two[name]) else f'{1 / two[name]:,.0f}'} | {s / ours:.2f} "
            f"| {f'{quality[name]:.3f}' if name in quality else '–'} |"
            for name, s in one.items()
        ),
        "",
        "| whole process | seconds | peak memory, MiB |",
        "|---|---|---|",
        *(
            f"| {name} | {p['seconds']:.2f} | {p['mib']:.0f} |"
            for name, p in results["processes"].items()
        ),
        "",
        f"Model folder: {results['model_mib']} MiB.",
    ]
    write_results("02_peers", results, "\n".join(lines) + "\n")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
