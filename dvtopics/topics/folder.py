"""Topic folders: JSON and safetensors only, checksummed, written whole or not at all.

The conventions are those of `dvtopics.storage`: ``config.json`` holds the SHA-256 of every other
file and of itself. Beside them may stand ``edits.json``, which people write, and ``.fit``, the
working space of a fit that is under way. The table of articles is streamed both ways, since it
grows with the collection.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import ModelError
from dvtopics.storage import CONFIG, self_checksum
from dvtopics.topics.edits import EDITS

FORMAT_VERSION = 1
CLASS = "TopicModel"
TOPICS = "topics.json"
WORK = ".fit"
ARRAYS, ARTICLES = "arrays.safetensors", "articles.safetensors"
TERMS, PASSAGES, RECORDS = "terms.json", "passages.json", "articles.jsonl"
_FILES = (TOPICS, ARRAYS, ARTICLES, TERMS, PASSAGES, RECORDS)
_PIECE = 1 << 20


def check_replaceable(folder: str | Path) -> None:
    """Raise ModelError unless `folder` is absent, empty, or holds topics and nothing else."""
    path = Path(folder)
    if not path.exists():
        return
    ours = {*_FILES, CONFIG, EDITS, WORK}
    if not path.is_dir() or any(entry.name not in ours for entry in path.iterdir()):
        raise ModelError(f"{path}: exists and is not a topic folder; give another name")
    if (path / CONFIG).exists():
        try:
            known = json.loads((path / CONFIG).read_bytes()).get("class") == CLASS
        except (OSError, ValueError, AttributeError, RecursionError):
            known = False
        if not known:
            raise ModelError(f"{path}: exists and is not a topic folder; give another name")


def write_articles(
    path: Path, shares: Iterator[NDArray[np.float32]], n_articles: int, n_topics: int
) -> None:
    """Write the shares of articles, block by block, as the safetensors format has them."""
    size = n_articles * n_topics * 4
    entry = {"dtype": "F32", "shape": [n_articles, n_topics], "data_offsets": [0, size]}
    head = json.dumps({"shares": entry}, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with path.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        for block in shares:
            file.write(np.ascontiguousarray(block, dtype="<f4").tobytes())


def write_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write id, title, time and source of articles; grades are not the model's."""
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            own = {name: value for name, value in record.items() if name != "grades"}
            file.write(json.dumps(own, ensure_ascii=False) + "\n")


def seal(folder: Path, config: Mapping[str, Any]) -> str:
    """Write ``config.json`` with the checksums of the other files; return its own."""
    whole: dict[str, Any] = {"format_version": FORMAT_VERSION, "class": CLASS, **config}
    whole["files"] = {name: _checksum(folder / name) for name in sorted(_FILES)}
    whole["self_sha256"] = self_checksum(whole)
    data = (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()
    (folder / CONFIG).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def read_config(folder: Path, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the checked config of a topic folder.

    Parameters
    ----------
    folder : Path
    but : tuple of str
        Files that are about to be written anew and need not be whole.

    Raises
    ------
    ModelError
        If anything is missing, damaged, unlisted, a link, or of another version.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such topic folder")
    if not (folder / CONFIG).is_file():
        unfinished = (folder / WORK).is_dir()
        raise ModelError(
            f"{folder}: the fit was not finished; run `dvtopics topics fit` again to go on"
            if unfinished
            else f"{folder}: holds no {CONFIG}; not a topic folder"
        )
    config = _parse(folder / CONFIG)
    listed = config["files"]
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name == WORK:
            continue
        if not stat.S_ISREG(entry.lstat().st_mode):
            raise ModelError(f"{entry}: is not a plain file; remove it")
        if entry.name not in (*listed, CONFIG, EDITS):
            raise ModelError(f"{entry}: is not listed in {CONFIG}; remove it")
    for name, checksum in sorted(listed.items()):
        if name in but:
            continue
        if not (folder / name).is_file():
            raise ModelError(f"{folder / name}: is missing; fit the topics again")
        if _checksum(folder / name) != checksum:
            remedy = f"run: dvtopics topics label {folder}" if name == TOPICS else "fit again"
            raise ModelError(f"{folder / name}: checksum does not fit; {remedy}")
    return config


def _parse(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
        if not isinstance(config, dict):
            raise ValueError("no object")
        whole = self_checksum(config) == config.get("self_sha256")
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not readable as JSON; fit the topics again") from error
    if config.get("class") != CLASS:
        raise ModelError(f"{path}: is the config of another kind of model, not of topics")
    if config.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            f"{path}: format_version {config.get('format_version')!r} is not known here (this "
            f"version reads {FORMAT_VERSION}); fit again, or install the dvtopics that made it"
        )
    files = config.get("files")
    if not whole or not isinstance(files, dict) or set(files) != set(_FILES):
        raise ModelError(f"{path}: checksum does not fit; fit the topics again")
    return config


def _checksum(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a safetensors file; all must be finite.

    Raises
    ------
    ModelError
        If it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, NDArray[Any]] = load(path.read_bytes())
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not readable; fit the topics again") from error
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ModelError(f"{path}: {name} is not finite; fit the topics again")
    return arrays


def read_json(path: Path) -> Any:
    """Return what a checksummed JSON file holds."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not readable as JSON; fit the topics again") from error


def read_records(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield id, title, time and source of the articles, in order."""
    with (folder / RECORDS).open("rb") as file:
        for line in file:
            yield json.loads(line)


def link_or_copy(source: Path, target: Path) -> None:
    """Put an unchanged file into a fresh folder, without copying where the disk allows."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
