"""Choose features and regularisation by cross-validation on train, whole pipeline, by article.

Every variant is fitted and cross-validated as a `TfidfTagger` on the training news and the
authored corpus; dev is not touched. Results: ``results/01_features.{json,md}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from common import authored, news, write_results

from dvtopics import Article, TfidfTagger
from dvtopics.article import Paragraph
from dvtopics.text.stopwords import without_stop_words

_DIGITS = re.compile(r"\d+")

VARIANTS: dict[str, dict[str, Any]] = {
    "shipped (1-3 syllables, C 10, balanced)": {},
    "1 syllable": {"ngram_max": 1},
    "1-2 syllables": {"ngram_max": 2},
    "C 3": {"C": 3.0},
    "C 30": {"C": 30.0},
    "no class weights": {"class_weight": None},
    "min_df 2": {"min_df": 2},
    "min_df 5": {"min_df": 5},
    "plain term frequency": {"sublinear_tf": False},
    "context C 0.005": {"context_C": 0.005},
    "context C 0.5": {"context_C": 0.5},
}
REWRITES: dict[str, Callable[[str], str]] = {
    "without stop words": without_stop_words,
    "numbers as one token": lambda text: _DIGITS.sub("0", text),
}


def rewritten(articles: list[Article], rewrite: Callable[[str], str]) -> list[Article]:
    return [
        Article(
            rewrite(a.title),
            [Paragraph(rewrite(p.text), p.grades) for p in a.paragraphs],
            a.id,
            a.grades,
            a.metadata,
        )
        for a in articles
    ]


def figures(articles: list[Article], **parameters: Any) -> dict[str, Any]:
    tagger = TfidfTagger(n_jobs=2, phrases=None, **parameters).fit(articles)
    return {
        stratum: {level: f"{f['macro_f1']:.4f}" for level, f in levels.items()}
        for stratum, levels in tagger.cross_validation_.items()
        if stratum != "no-theme-words"  # too few positives to say anything
    }


def main() -> None:
    train, own = news("train"), authored()
    results: dict[str, Any] = {}
    for name, parameters in VARIANTS.items():
        results[name] = figures(train + own, **parameters)
        print(name, results[name], flush=True)
    for name, rewrite in REWRITES.items():
        results[name] = figures(rewritten(train + own, rewrite))
        print(name, results[name], flush=True)
    results["news only"] = figures(train)
    results["authored corpus only"] = figures(own)
    strata = ["theme-words", "uncertainty", "authored"]
    head = " | ".join(f"{s} {level}" for s in strata for level in ("paragraph", "article"))
    lines = [
        "# Features and regularisation",
        "",
        "Macro-F1 in cross-validation on train (5 folds by article, whole pipeline, calibration "
        "and thresholds chosen without the fold), by how the articles were drawn. Regenerate: "
        "`python experiments/01_features.py`.",
        "",
        f"| variant | {head} |",
        "|---" * 7 + "|",
    ]
    for name, row in results.items():
        cells = [
            row.get(stratum, {}).get(level, "–")
            for stratum in strata
            for level in ("paragraph", "article")
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    write_results("01_features", results, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
