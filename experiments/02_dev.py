"""Measure the shipped model on articles that it was not made from.

Evaluates ``models/tfidf`` on the dev part of the public news labels, beside a plain baseline
trained on the same paragraphs (scikit-learn's TF-IDF over 1-2-grams of syllables + logistic
regression, paragraph alone, threshold 0.5, article = maximum), with near-duplicates between train
and dev counted first. With ``--portal DIR``, a folder of scraped pages with line roles and grades
(``NNN.txt`` + ``NNN.labels.json``), extraction and paragraph tags are measured on these too.
Results: ``results/02_dev.{json,md}``.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from common import authored, news, training_news, write_results

import dvtopics
from dvtopics.article import Article
from dvtopics.corpus.labels import Labels, label_of
from dvtopics.evaluation.metrics import level_report
from dvtopics.evaluation.protocol import evaluate, markdown_table
from dvtopics.taggers.batch import Batch
from dvtopics.text.decode import decode
from dvtopics.text.extract import extract_text
from dvtopics.text.tokenize import tokenize

_SHINGLE = 8
_SHARED = 0.2


def shingles(article: Article) -> set[int]:
    tokens = [t for p in article.paragraphs for t in tokenize(p.text)]
    return {hash(tuple(tokens[i : i + _SHINGLE])) for i in range(len(tokens) - _SHINGLE + 1)}


def near_duplicates(train: list[Article], dev: list[Article]) -> list[tuple[str, str]]:
    """Pairs that share a fifth of the smaller side's 8-grams."""
    of_dev = [shingles(a) for a in dev]
    where: dict[int, list[int]] = {}
    for index, grams in enumerate(of_dev):
        for gram in grams:
            where.setdefault(gram, []).append(index)
    pairs = []
    for article in train:
        grams = shingles(article)
        for index, shared in Counter(i for g in grams for i in where.get(g, ())).items():
            if shared >= _SHARED * min(len(grams), len(of_dev[index])):
                pairs.append((str(article.id), str(dev[index].id)))
    return pairs


def baseline(train: list[Article], dev: list[Article]) -> dict[str, Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    themes = dvtopics.THEMES.ids
    labels, batch = Labels.from_articles(train, themes), Batch.from_articles(train)
    test, dev_batch = Labels.from_articles(dev, themes), Batch.from_articles(dev)
    vectorizer = TfidfVectorizer(
        tokenizer=tokenize, lowercase=False, token_pattern=None, ngram_range=(1, 2), min_df=2
    )
    rows = vectorizer.fit_transform(batch.texts)
    dev_rows = vectorizer.transform(dev_batch.texts)
    p = np.zeros(test.paragraph.shape)
    for t in range(len(themes)):
        known = ~np.isnan(labels.paragraph[:, t])
        model = LogisticRegression(max_iter=1000, C=10).fit(rows[known], labels.paragraph[known, t])
        p[:, t] = model.predict_proba(dev_rows)[:, 1]
    layout = dev_batch.layout
    of_article = np.maximum.reduceat(p, layout.starts[:-1])
    n = layout.n_articles
    return {
        "paragraph": level_report(themes, test.paragraph, p, p >= 0.5, layout.article, n),
        "article": level_report(
            themes, test.article, of_article, of_article >= 0.5, np.arange(n), n
        ),
    }


def portal(tagger: Any, folder: Path) -> dict[str, Any]:
    """Measure extraction line by line, and pooled counts of paragraph tags on scraped pages."""
    counts = {theme: Counter[str]() for theme in dvtopics.THEMES}
    lost = leaked = titles = pages = 0
    for labels_file in sorted(folder.glob("*.labels.json")):
        lines = json.loads(labels_file.read_text(encoding="utf-8"))["lines"]
        raw = labels_file.with_name(labels_file.name.replace(".labels.json", ".txt")).read_bytes()
        page = extract_text(decode(raw).text)
        got = Counter(" ".join(p.split()) for p in page.paragraphs)
        body = [line for line in lines if line["role"] in ("body", "heading")]
        furniture = {line["text"] for line in lines if line["role"] == "furniture"}
        expected = [line["text"] for line in lines if line["role"] == "title"][:1] or [""]
        pages += 1
        titles += page.title == expected[0]
        lost += sum((Counter(line["text"] for line in body) - got).values())
        leaked += sum(text in furniture for text in got)
        tagged = tagger.tag(Article(page.title, page.paragraphs), evidence=False)
        grades = {line["text"]: line["grades"] or {} for line in body}
        for paragraph in tagged.paragraphs:
            judged = grades.get(" ".join(paragraph.text.split()))
            if judged is None:
                continue
            for theme, counter in counts.items():
                label = label_of(judged.get(theme, 0))
                if label == label:
                    on = theme in paragraph.tags
                    counter["tp"] += bool(label) and on
                    counter["fp"] += not label and on
                    counter["fn"] += bool(label) and not on
    total = sum(counts.values(), Counter[str]())
    return {
        "pages": pages, "titles_right": titles, "body_lines_lost": lost,
        "furniture_lines_kept": leaked,
        "counts": {theme: dict(counter) for theme, counter in counts.items()},
        "micro_f1": round(
            2 * total["tp"] / max(2 * total["tp"] + total["fp"] + total["fn"], 1), 4
        ),
        "tp": total["tp"], "fp": total["fp"], "fn": total["fn"],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portal", type=Path, help="folder of scraped pages with labels")
    options = parser.parse_args()
    train, dev = training_news(), news("dev")
    tagger = dvtopics.load("tfidf")
    pairs = near_duplicates(train, dev)
    results: dict[str, Any] = {
        "model": tagger.model_,
        "near_duplicates_train_dev": pairs,
        "shipped": evaluate(tagger, dev),
        "baseline": baseline(train + authored(), dev),
    }
    parts = [
        "# The shipped model on unseen articles",
        "",
        f"Model `{tagger.model_}`; dev: {len(dev)} public news articles, graded twice by a "
        "language model (consistency of one kind of reader, not agreement among people). "
        f"Near-duplicates between train and dev: {len(pairs)}. "
        "Regenerate: `python experiments/02_dev.py`.",
        "",
        "## Shipped model",
        "",
        markdown_table(results["shipped"]),
        "## Baseline: TF-IDF over 1-2-grams + logistic regression, same training paragraphs",
        "",
        markdown_table(results["baseline"]),
    ]
    if options.portal is not None:
        r = results["portal"] = portal(tagger, options.portal)
        parts += [
            "## Scraped portal pages",
            "",
            f"{r['pages']} pages: {r['body_lines_lost']} body or heading lines lost, "
            f"{r['furniture_lines_kept']} furniture lines kept, {r['titles_right']} titles right. "
            f"Paragraph tags pooled over themes: micro-F1 **{r['micro_f1']:.3f}** "
            f"({r['tp']} right, {r['fp']} wrong, {r['fn']} missed).",
            "",
        ]
    else:
        parts.append("Scraped portal pages: skipped (give their folder by `--portal`).\n")
    write_results("02_dev", results, "\n".join(parts))


if __name__ == "__main__":
    main()
