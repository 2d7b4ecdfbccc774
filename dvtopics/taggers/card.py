"""The model card that every saved model carries: what it is, what it was made of, how it did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STAGES = {
    "TfidfTagger": """\
Stage one: TF-IDF over syllable n-grams, two logistic regressions per theme: that the theme is
there (features weighted by their log-count ratio plus `nb_offset`) and that it is a main subject.
Stage two: a small network with a linear path, over the stage-one scores of the paragraph, of its
best passage of `window` syllables (where that is not 0), of its neighbours, the title and the
whole article, and over what these are about (latent semantic coordinates), trained on scores that
stage one gave to articles it had not seen; the article is judged by a linear model over the
paragraph scores of stage two. Platt scaling and the thresholds below come from
out-of-fold output of the whole pipeline.""",
    "LdaTagger": """\
Stage one: shares of latent Dirichlet topics (gensim), over words of a phrase list and pairs of
neighbouring words; most topics are seeded by the themes' seed terms and by what labels say of
terms, the background topics are found without labels. Theme scores are linear in these shares
and a function of length; no other feature is read. Stage two: a small network with a linear path,
over the stage-one scores of the paragraph, its neighbours, the title and the whole article, and
over their shares of the background topics, trained on scores that stage one gave to articles
whose labels it had not seen; the article is judged by a linear model over the paragraph scores of
stage two. Platt scaling and the thresholds below come from out-of-fold output of the whole
pipeline; phrase list apart, which is mined from all texts without labels.""",
}


def model_card(config: Mapping[str, Any]) -> str:
    """Return the card of a model as Markdown, from its config alone."""
    themes = "\n".join(
        f"| `{t['id']}` | {t['name'].get('vi', '')} | {t['name'].get('en', '')} |"
        for t in config["themes"]
    )
    data = config["training_data"]
    drawn = ", ".join(f"{count:,} {how}" for how, count in data["drawn"].items())
    parameters = "\n".join(f"- `{k}`: {v}" for k, v in config["parameters"].items())
    versions = ", ".join(f"{k} {v}" for k, v in config["library_versions"].items())
    limits = "\n".join(
        f"| `{theme}` | {config['thresholds']['paragraph'][theme]:.3f} "
        f"| {config['thresholds']['article'][theme]:.3f} |"
        for theme in (t["id"] for t in config["themes"])
    )
    return f"""# {config["class"]}

Tags Vietnamese articles about government and Party work with the people, and each of their
paragraphs, by theme. / Gắn chủ đề cho bài viết tiếng Việt về công tác dân vận, ở cấp bài và cấp
đoạn.

```python
import dvtopics
tagged = dvtopics.load("FOLDER").tag("...")
```

| theme | Tiếng Việt | English |
|---|---|---|
{themes}

## What it is made of

{data["articles"]:,} articles ({drawn}), {data["paragraphs"]:,} paragraphs, of which
{data["judged_paragraphs"]:,} are graded{_later(data)}.
Fingerprint of the training data: `{data["fingerprint"][:16]}`.

{_STAGES[config["class"]]}

{parameters}

| theme | threshold, paragraph | threshold, article |
|---|---|---|
{limits}

## How it did in cross-validation

Split by article; calibration and thresholds were chosen without the fold that is measured. By
how the articles were drawn:

{_figures_table("drawn", config["cross_validation"])}
{_held_out(config["evaluation"])}## What the probabilities refer to

The population that calibration and thresholds were weighted for: articles found by theme words
or written for the corpus count fully; articles that a model chose, because it was unsure of them
or for a theme, and random ones count as `population_weights` says (a tenth where it says
nothing). In a stream of all news, where themes are rarer, fewer of the tags will be right;
`dvtopics evaluate` shows it on labels of your own, and `--review` says which tags to look at.

## Limits

Most grades were given by large language models reading with written guidelines; agreement
between two such passes shows the consistency of one kind of reader, not agreement among people.
The model reads Vietnamese of public administration and the press; it must not be used to judge
people, nor to decide on a petition without a reader.

Made with {versions}.
"""


def _later(data: Mapping[str, Any]) -> str:
    later = data.get("later_paragraphs")
    if not later:
        return ""
    return f""", {later:,} of them after
the grades of their articles were given: to learn from, nothing is measured on them"""


def _held_out(evaluation: Mapping[str, Any]) -> str:
    if not evaluation:
        return ""
    return f"""## How it did on articles it was not made from

Labels that neither training nor any choice has seen; per theme in `config.json`.

{_figures_table("labels", evaluation)}
"""


def _figures_table(kind: str, reports: Mapping[str, Any]) -> str:
    lines = [
        f"| {kind} | level | articles | macro-F1 | 95 % interval | calibration error |",
        "|---|---|---|---|---|---|",
    ]
    for name, levels in reports.items():
        for level, figures in levels.items():
            if figures["macro_f1"] is None:
                continue
            low, high = figures["macro_f1_ci"]
            lines.append(
                f"| {name} | {level} | {figures['n_articles']} | {figures['macro_f1']:.3f} "
                f"| {low:.3f} to {high:.3f} | {figures['ece']:.3f} |"
            )
    return "\n".join(lines) + "\n"
