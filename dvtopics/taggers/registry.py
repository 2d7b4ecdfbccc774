"""One door to saved models: a pretrained name or a folder."""

from __future__ import annotations

from pathlib import Path

from dvtopics.errors import ModelError
from dvtopics.storage import CONFIG, load_folder
from dvtopics.taggers.base import Tagger


def models_folder() -> Path:
    """Return the folder of the pretrained models: in the package, or in a checkout beside it."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "pretrained"
    return installed if installed.is_dir() else package.parent / "models"


def pretrained_names() -> list[str]:
    """Return the names of the pretrained models."""
    folder = models_folder()
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if (entry / CONFIG).is_file())


def resolve(model: str | Path) -> Path:
    """Return the folder of `model`: a pretrained name comes first, then a path.

    Raises
    ------
    ModelError
        If it is neither.
    """
    if isinstance(model, str) and model in pretrained_names():
        return models_folder() / model
    path = Path(model)
    if not path.is_dir():
        known = ", ".join(pretrained_names()) or "none"
        raise ModelError(f"{model}: no such model; pretrained: {known}, or give a model folder")
    return path.resolve()


def load(model: str | Path = "tfidf") -> Tagger:
    """Load a saved tagger.

    Parameters
    ----------
    model : str or Path, default "tfidf"
        Name of a pretrained model, or a model folder.

    Returns
    -------
    Tagger

    Raises
    ------
    ModelError
        If there is none, or it is damaged or of another format.
    """
    folder = resolve(model)
    files = load_folder(folder)
    kind = files.config.get("class")
    if kind == "TfidfTagger":
        from dvtopics.taggers.tfidf import TfidfTagger

        return TfidfTagger.from_files(files, folder)
    if kind == "LdaTagger":
        from dvtopics.taggers.lda import LdaTagger

        return LdaTagger.from_files(files, folder)
    raise ModelError(f"{folder}: class {kind!r} is not known here; install a newer dvtopics")
