"""``dvtopics evaluate``: a model and labelled articles in, figures out."""

from __future__ import annotations

import json

import click

from dvtopics.cli.labelled import read_filled
from dvtopics.cli.options import debug_option, lang_option, parse_thresholds
from dvtopics.storage import atomic_file


@click.command("evaluate")
@click.argument("labelled", nargs=-1, required=True, metavar="LABELLED...")
@click.option("--model", default="tfidf", show_default=True, help="Pretrained name or folder.")
@click.option("--json", "json_file", metavar="FILE", help="Write the figures as JSON.")
@click.option("--markdown", "markdown_file", metavar="FILE", help="Write them as Markdown.")
@click.option("--threshold", multiple=True, metavar="T|THEME=T", help="Probability of a tag.")
@click.option("--precision", type=float, metavar="P", help="Thresholds that reach this precision.")
@click.option(
    "--review",
    type=float,
    metavar="P",
    help="Say how many tags to look at for this precision, and what that gives.",
)
@lang_option
@debug_option
def command(
    labelled: tuple[str, ...],
    model: str,
    json_file: str | None,
    markdown_file: str | None,
    threshold: tuple[str, ...],
    precision: float | None,
    review: float | None,
    lang: str,
    debug: bool,
) -> int:
    """Đánh giá mô hình / evaluate a model on labelled articles, at both levels."""
    from dvtopics.evaluation.protocol import evaluate, evaluate_review, markdown_table, review_table
    from dvtopics.taggers.registry import load

    tagger = load(model)
    if review is not None and (threshold or precision is not None):
        raise click.UsageError("--review goes with the model's own thresholds: no --threshold")
    tagger.set_thresholds(parse_thresholds(threshold), precision).set_review(review)
    articles = read_filled(labelled, lang)
    report = evaluate(tagger, articles)
    table = markdown_table(report)
    if review is not None:
        report["review"] = {"precision": review, **evaluate_review(tagger, articles)}
        table += review_table(report["review"])
    for name, text in (
        (json_file, json.dumps(report, indent=2) + "\n"),
        (markdown_file, table),
    ):
        if name is not None:
            with atomic_file(name) as fresh:
                fresh.write_text(text, encoding="utf-8")
    click.echo(table, nl=False)
    return 0
