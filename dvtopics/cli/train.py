"""``dvtopics train``: labelled articles in, a model folder out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dvtopics.cli.labelled import filled_articles, or_shipped, read_filled
from dvtopics.cli.messages import message
from dvtopics.cli.options import debug_option, jobs_option, lang_option
from dvtopics.cli.progress import Progress

if TYPE_CHECKING:
    from dvtopics.taggers.lda import LdaTagger
    from dvtopics.taggers.tfidf import TfidfTagger


@click.command("train")
@click.argument("labelled", nargs=-1, metavar="[LABELLED...]")
@click.option("--output", required=True, metavar="DIR", help="Model folder to make or replace.")
@click.option(
    "--kind",
    type=click.Choice(["tfidf", "lda"]),
    default="tfidf",
    show_default=True,
    help="What texts are scored by: weighted n-grams, or shares of topics.",
)
@click.option("--themes", metavar="FILE", help="A themes file of your own.")
@click.option(
    "--evaluate",
    "held_out",
    multiple=True,
    metavar="FILE",
    help="Labels to report on in the model card; never trained on (repeatable).",
)
@click.option(
    "--ngram-max", type=int, help="Longest syllable n-gram, 3 by default; of --kind tfidf only."
)
@click.option("--min-df", type=int, help="Paragraphs a term must be in, 4 by default; 3 of lda.")
@click.option("--folds", type=int, help="Folds of cross-validation; the tagger knows how many.")
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
    kind: str,
    themes: str | None,
    held_out: tuple[str, ...],
    ngram_max: int | None,
    min_df: int | None,
    folds: int | None,
    seed: int,
    jobs: int,
    lang: str,
    debug: bool,
) -> int:
    """Huấn luyện mô hình / train a model on labelled articles.

    LABELLED are JSON Lines files of labelled records; by default the authored
    corpora and all labels of the public news articles but the dev part, where the project is
    checked out. Of files that
    hold labels only, the copy with texts that `dvtopics corpus rehydrate` made is taken; without
    one they are left out.
    """
    from dvtopics.corpus.shipped import training_files
    from dvtopics.evaluation.protocol import evaluate

    if kind == "lda" and ngram_max is not None:
        raise click.UsageError("--ngram-max goes with --kind tfidf only")
    files = or_shipped(labelled, training_files())
    articles = read_filled(files, lang)
    chosen: dict[str, Any] = {"ngram_max": ngram_max, "min_df": min_df, "n_folds": folds}
    tagger = _tagger_class(kind)(
        themes,
        random_state=seed,
        n_jobs=jobs,
        **{name: value for name, value in chosen.items() if value is not None},
    )
    with Progress(message("training", lang=lang), "") as progress:
        tagger.fit(articles, progress=progress.reach)
    for name in held_out:
        if unseen := filled_articles(name, lang):
            tagger.evaluation_[Path(name).name] = evaluate(tagger, unseen)
    tagger.save(output)
    data = tagger.training_data_
    click.echo(message("trained-on", data["articles"], data["judged_paragraphs"], lang=lang))
    click.echo(message("saved", output, tagger.model_, lang=lang))
    return 0


def _tagger_class(kind: str) -> type[TfidfTagger] | type[LdaTagger]:
    if kind == "lda":
        from dvtopics.taggers.lda import LdaTagger

        return LdaTagger
    from dvtopics.taggers.tfidf import TfidfTagger

    return TfidfTagger
