"""Measure the model on a third register: provisions of laws.

``corpus/law_test.jsonl`` holds 48 authored texts in the register of statutes, graded twice, never
trained on; its writer and that of ``law_train.jsonl`` did not see each other's texts. Reported:
the shipped model's figures; tags on texts that carry no theme at all (adoption, nationality, animal
health…); and what the training set of that register gives: both stages fitted on the authored
corpus and the first news labels, with and without ``law_train.jsonl`` (average precision needs no
thresholds). Results: ``results/11_law.{json,md}``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from common import AUTHORED, LAW_TEST, LAW_TRAIN, news, read_labelled, write_results

import dvtopics
from dvtopics.article import Article
from dvtopics.corpus.labels import Labels
from dvtopics.evaluation.metrics import average_precision
from dvtopics.evaluation.protocol import evaluate, markdown_table
from dvtopics.taggers.batch import Batch
from dvtopics.training.stages import StageParameters, TrainingSet, fit_pipeline


def without_theme(article: Article) -> bool:
    levels = [article.grades, *(p.grades for p in article.paragraphs)]
    return not any(value for grades in levels for value in (grades or {}).values())


def false_tags(tagger: Any, articles: list[Article]) -> dict[str, int]:
    tagged = [tagger.tag(a, evidence=False) for a in articles if without_theme(a)]
    return {
        "texts": len(tagged),
        "texts_tagged": sum(bool(t.tags) for t in tagged),
        "paragraphs": sum(len(t.paragraphs) for t in tagged),
        "paragraphs_tagged": sum(bool(p.tags) for t in tagged for p in t.paragraphs),
    }


def precision_of_ranking(tagger: Any, train: list[Article], test: list[Article]) -> dict[str, Any]:
    """Macro average precision of both stages fitted on `train`, with the tagger's parameters."""
    names = StageParameters.__slots__
    parameters = StageParameters(**{name: getattr(tagger, name) for name in names})
    data = TrainingSet.from_batch(
        Batch.from_articles(train), Labels.from_articles(train, tagger.themes_)
    )
    logits = fit_pipeline(data, parameters).judge(Batch.from_articles(test)).logits()
    labels = Labels.from_articles(test, tagger.themes_)
    return {
        level: round(
            float(
                np.mean(
                    [
                        average_precision(y[known], z[known])
                        for y, z in zip(label.T, logit.T, strict=True)
                        for known in [~np.isnan(y)]
                    ]
                )
            ),
            4,
        )
        for level, label, logit in (
            ("paragraph", labels.paragraph, logits.paragraph),
            ("article", labels.article, logits.article),
        )
    }


def main() -> None:
    tagger = dvtopics.load("tfidf")
    test = read_labelled([LAW_TEST])
    report = evaluate(tagger, test)
    nothing = false_tags(tagger, test)
    base = read_labelled([AUTHORED]) + news("train")
    ablation = {
        "without law_train": precision_of_ranking(tagger, base, test),
        "with law_train": precision_of_ranking(tagger, base + read_labelled([LAW_TRAIN]), test),
    }
    results = {
        "model": tagger.model_,
        "shipped": report,
        "no_theme": nothing,
        "macro_average_precision": ablation,
    }
    lines = [
        "# The register of laws",
        "",
        f"Model `{tagger.model_}` on {len(test)} authored texts of law that it has not seen. "
        "Regenerate: `python experiments/11_law.py`.",
        "",
        markdown_table(report),
        f"Texts without any theme: {nothing['paragraphs_tagged']} of {nothing['paragraphs']} "
        f"paragraphs and {nothing['texts_tagged']} of {nothing['texts']} texts are tagged.",
        "",
        "| both stages fitted on authored.jsonl + labels_train | macro AP, paragraph | article |",
        "|---|---|---|",
        *(f"| {name} | {row['paragraph']:.3f} | {row['article']:.3f} |"
          for name, row in ablation.items()),
    ]  # fmt: skip
    write_results("11_law", results, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
