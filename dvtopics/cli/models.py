"""``dvtopics models``: what models there are, what they are, whether they are intact."""

from __future__ import annotations

import click

from dvtopics.cli.messages import message
from dvtopics.cli.options import debug_option, lang_option
from dvtopics.errors import ModelError


@click.group("models")
def command() -> None:
    """Mô hình / pretrained and saved models."""


@command.command("list")
@debug_option
def list_models(debug: bool) -> None:
    """Liệt kê mô hình có sẵn / list the pretrained models."""
    from dvtopics.storage import load_folder
    from dvtopics.taggers.registry import models_folder, pretrained_names

    for name in pretrained_names():
        files = load_folder(models_folder() / name)
        click.echo(f"{name}\t{files.config.get('class')}\t{files.checksum[:12]}")


@command.command("show")
@click.argument("model", default="tfidf")
@debug_option
def show(model: str, debug: bool) -> None:
    """Xem thẻ mô hình / show the model card of a pretrained name or a folder."""
    from dvtopics.storage import CARD, load_folder
    from dvtopics.taggers.registry import resolve

    folder = resolve(model)
    load_folder(folder)
    click.echo((folder / CARD).read_text(encoding="utf-8"), nl=False)


@command.command("verify")
@click.argument("models", nargs=-1)
@lang_option
@debug_option
def verify(models: tuple[str, ...], lang: str, debug: bool) -> int:
    """Kiểm tra mô hình nguyên vẹn / check that models are intact; by default the pretrained."""
    from dvtopics.taggers.registry import load, pretrained_names

    status = 0
    for model in models or pretrained_names():
        try:
            tagger = load(model)
        except ModelError as error:
            click.echo(f"dvtopics: {error}", err=True)
            status = 3
            continue
        click.echo(message("model-good", model, tagger.model_, lang=lang))
    return status
