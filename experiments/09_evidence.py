"""Take out the terms named as evidence and see whether the score falls.

For every tag (paragraph and article level) of `ARTICLES` news articles found by theme words and of
the law-register test set, the named terms are deleted from the texts they stand in, and the
article is scored again: how far does the uncalibrated logit fall, how many tags go? Beside it the
same number of words, drawn at random from the same texts (mean of `DRAWS` draws). Deletion of
evidence is the comprehensiveness of DeYoung et al. (2020), ERASER. The model has seen the news
articles in training: the question is what it looks at, not whether it is right.
Results: ``results/09_evidence.{json,md,png}``.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

import numpy as np
from common import LAW_TEST, RESULTS, news, read_labelled, write_results

import dvtopics
from dvtopics.article import Article, Paragraph, TaggedArticle
from dvtopics.taggers.batch import Batch
from dvtopics.text.tokenize import token_spans

ARTICLES = 300
DRAWS = 3
TOP = (1, 2, 4, 8)
_CHUNK = 128

Spans = dict[int, list[tuple[int, int]]]  # text (-1 is the title) → spans in it


def cut(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + " " + text[end:]
    return text


def without(article: Article, spans: Spans) -> Article:
    changed = copy.copy(article)
    changed.title = cut(article.title, spans.get(-1, []))
    changed.paragraphs = [
        Paragraph(cut(p.text, spans.get(i, [])), p.grades) for i, p in enumerate(article.paragraphs)
    ]
    return changed


def named(evidence: list[Any], theme: str, own: int | None, top: int) -> Spans:
    spans: Spans = defaultdict(list)
    terms = [e for e in evidence if e["theme"] == theme and e["term"] is not None]
    for entry in terms[:top]:
        where = {"title": -1, "self": own}.get(entry["where"], entry["where"])
        spans[where].append((entry["start"], entry["end"]))
    return spans


def drawn(article: Article, spans: Spans, rng: np.random.RandomState) -> Spans:
    """As many syllables as `spans` cover in each text, in runs as long as theirs."""
    result: Spans = {}
    for where, found in spans.items():
        text = article.title if where < 0 else article.paragraphs[where].text
        tokens = token_spans(text)
        taken: list[tuple[int, int]] = []
        for start, end in found:
            size = min(max(1, len(token_spans(text[start:end]))), len(tokens))
            first = rng.randint(0, len(tokens) - size + 1)
            run = (tokens[first][0], tokens[first + size - 1][1])
            if all(run[1] <= a or run[0] >= b for a, b in taken):
                taken.append(run)
        result[where] = taken
    return result


def cases(tagged: TaggedArticle) -> list[tuple[str, int | None, str, list[Any]]]:
    """Level, paragraph, theme and evidence of every tag."""
    found: list[tuple[str, int | None, str, list[Any]]] = [
        ("article", None, theme, tagged.evidence) for theme in tagged.tags
    ]
    for index, paragraph in enumerate(tagged.paragraphs):
        found += [("paragraph", index, theme, paragraph.evidence) for theme in paragraph.tags]
    return found


def measure(tagger: Any, articles: list[Article], rng: np.random.RandomState) -> dict[str, Any]:
    themes = list(tagger.themes_)
    wanted: list[tuple[str, str, int, int, int | None, Article]] = []
    for number, (article, tagged) in enumerate(
        zip(articles, tagger.tag_many(articles), strict=True)
    ):
        for level, own, theme, evidence in cases(tagged):
            for top in TOP:
                spans = named(evidence, theme, own, top)
                changes = [("evidence", spans)]
                changes += [("random", drawn(article, spans, rng)) for _ in range(DRAWS)]
                for kind, change in changes:
                    key = (f"{kind} {top}", level, number, themes.index(theme), own)
                    wanted.append((*key, without(article, change)))
    before = [scores(tagger, [article])[0] for article in articles]
    falls: dict[tuple[str, str], list[float]] = defaultdict(list)
    lost: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for i in range(0, len(wanted), _CHUNK):
        part = wanted[i : i + _CHUNK]
        for (kind, level, number, theme, own, _), after in zip(
            part, scores(tagger, [case[-1] for case in part]), strict=True
        ):
            row = 0 if own is None else own
            fall = before[number][level][0][row, theme] - after[level][0][row, theme]
            if not np.isnan(fall):
                falls[level, kind].append(float(fall))
                lost[level, kind].append(not after[level][1][row, theme])
    return {
        level: {
            kind: {
                "fall": round(float(np.mean(falls[level, kind])), 4),
                "tags_lost": round(float(np.mean(lost[level, kind])), 4),
                "n": len(falls[level, kind]),
            }
            for at, kind in falls
            if at == level
        }
        for level in ("paragraph", "article")
    }


def scores(tagger: Any, articles: list[Article]) -> list[dict[str, tuple[Any, Any]]]:
    """Logits and tags of every article, by level."""
    batch = Batch.from_articles(articles)
    logits = tagger.pipeline_.judge(batch).logits()
    tags = tagger.score_articles(articles)
    result = []
    for number, (start, end) in enumerate(
        zip(batch.layout.starts[:-1], batch.layout.starts[1:], strict=True)
    ):
        rows = slice(number, number + 1)
        result.append(
            {
                "paragraph": (logits.paragraph[start:end], tags.paragraph_tags[start:end]),
                "article": (logits.article[rows], tags.article_tags[rows]),
            }
        )
    return result


def plot(results: dict[str, Any]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharex=True)
    for axis, level in zip(axes, ("paragraph", "article"), strict=True):
        for kind, style in (("evidence", "o-"), ("random", "s--")):
            falls = [results["news"][level][f"{kind} {top}"]["fall"] for top in TOP]
            axis.plot(TOP, falls, style, label=kind)
        axis.set_title(level)
        axis.set_xlabel("terms taken out")
    axes[0].set_ylabel("fall of the logit")
    axes[0].legend()
    figure.tight_layout()
    figure.savefig(RESULTS / "09_evidence.png", dpi=110)


def main() -> None:
    tagger = dvtopics.load("tfidf")
    rng = np.random.RandomState(0)
    found = [a for a in news("train") if a.metadata.get("drawn") == "theme-words"]
    chosen = [found[i] for i in sorted(rng.permutation(len(found))[:ARTICLES])]
    results: dict[str, Any] = {"model": tagger.model_}
    results["news"] = measure(tagger, chosen, rng)
    results["law_test"] = measure(tagger, read_labelled([LAW_TEST]), rng)
    lines = [
        "# Evidence taken out",
        "",
        f"Model `{tagger.model_}`. Fall of the uncalibrated logit, and share of tags lost, when "
        "the named terms are deleted, against as many words drawn at random from the same texts. "
        "Regenerate: `python experiments/09_evidence.py`.",
        "",
        "| texts | level | terms | fall, evidence | fall, random | tags lost, evidence "
        "| tags lost, random | tags |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for texts in ("news", "law_test"):
        for level, rows in results[texts].items():
            for top in TOP:
                e, r = rows[f"evidence {top}"], rows[f"random {top}"]
                lines.append(
                    f"| {texts} | {level} | {top} | {e['fall']:.2f} | {r['fall']:.2f} "
                    f"| {e['tags_lost']:.3f} | {r['tags_lost']:.3f} | {e['n']} |"
                )
    plot(results)
    write_results("09_evidence", results, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
