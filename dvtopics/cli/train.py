"""``dvtopics train``: labelled articles in, a model folder out."""

from __future__ import annotations

from pathlib import Path

import click

from dvtopics.cli.labelled import filled_articles, or_shipped, read_filled
from dvtopics.cli.messages import message
from dvtopics.cli.options import debug_option, jobs_option, lang_option
from dvtopics.cli.progress import Progress


@click.command("train")
@click.argument("labelled", nargs=-1, metavar="[LABELLED...]")
@click.option("--output", required=True, metavar="DIR", help="Model folder to make or replace.")
@click.option("--themes", metavar="FILE", help="A themes file of your own.")
@click.option(
    "--evaluate",
    "held_out",
    multiple=True,
    metavar="FILE",
    help="Labels to report on in the model card; never trained on (repeatable).",
)
@click.option("--ngram-max", default=3, show_default=True, help="Longest syllable n-gram.")
@click.option("--min-df", default=3, show_default=True, help="Paragraphs an n-gram must be in.")
@click.option("--folds", default=5, show_default=True, help="Folds of cross-validation.")
@click.option(
    "--seed",
    default=0,
    type=click.IntRange(0, 2**32 - 1),
    show_default=True,
    help="Seed of the folds.",
)
@jobs_option
@lang_option
@debug_option
def command(
    labelled: tuple[str, ...],
    output: str,
    themes: str | None,
    held_out: tuple[str, ...],
    ngram_max: int,
    min_df: int,
    folds: int,
    seed: int,
    jobs: int,
    lang: str,
    debug: bool,
) -> int:
    """Huấn luyện mô hình TF-IDF / train a TF-IDF model on labelled articles.

    LABELLED are JSON Lines files of labelled records; by default the authored
    corpora and all labels of the public news articles but the dev part, where the project is
    checked out. Of files that
    hold labels only, the copy with texts that `dvtopics corpus rehydrate` made is taken; without
    one they are left out.
    """
    from dvtopics.corpus.shipped import training_files
    from dvtopics.evaluation.protocol import evaluate
    from dvtopics.taggers.tfidf import TfidfTagger

    files = or_shipped(labelled, training_files())
    articles = read_filled(files, lang)
    tagger = TfidfTagger(
        themes,
        ngram_max=ngram_max,
        min_df=min_df,
        n_folds=folds,
        random_state=seed,
        n_jobs=jobs,
    )
    with Progress(message("training", lang=lang), "", folds + 1) as progress:
        tagger.fit(articles, progress=lambda done, _: progress.advance(1))
    for name in held_out:
        if unseen := filled_articles(name, lang):
            tagger.evaluation_[Path(name).name] = evaluate(tagger, unseen)
    tagger.save(output)
    data = tagger.training_data_
    click.echo(message("trained-on", data["articles"], data["judged_paragraphs"], lang=lang))
    click.echo(message("saved", output, tagger.model_, lang=lang))
    return 0
