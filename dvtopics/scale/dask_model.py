"""A model for every worker: a reference small enough for any task, and the bytes of its folder.

The bytes are the result of one task of the graph, so that the scheduler makes them anew when the
worker that holds them dies; nothing is scattered. A worker keeps what it loaded by checksum.
"""

from __future__ import annotations

import copy
import hashlib
import tempfile
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dvtopics
from dvtopics.errors import ModelError, UsageError
from dvtopics.storage import CONFIG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dvtopics.taggers.base import Tagger
    from dvtopics.taggers.decision import Thresholds

#: Content of a model folder by file name, each file packed by zlib.
Payload = dict[str, bytes]

#: Models that one worker process keeps; a cluster that serves many does not fill up with them.
_KEPT = 4


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model a task wants.

    Attributes
    ----------
    folder : str
        Absolute path where the client found it; workers that have it there read it there.
    checksum : str
        SHA-256 of its config, which holds those of all its files.
    label : str
        ``NAME@checksum`` as in output records.
    version : str
        Of dvtopics at the client: another one on a worker might tag otherwise.
    """

    folder: str
    checksum: str
    label: str
    version: str


def pack_model(tagger: Tagger) -> tuple[ModelRef, Payload]:
    """Return the reference to a saved tagger, and its folder's content.

    Raises
    ------
    UsageError
        If the tagger has never been saved.
    ModelError
        If the folder is no longer that of the tagger.
    """
    folder = tagger.source_
    if folder is None:
        raise UsageError("workers load models from their folders; save this tagger first")
    try:
        contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        checksum = hashlib.sha256(contents[CONFIG]).hexdigest()
    except (OSError, KeyError) as error:
        raise ModelError(f"{folder}: the model is no longer there") from error
    if tagger.model_.rpartition("@")[2] != checksum[:12]:
        raise ModelError(f"{folder}: the model was changed while it was in use")
    packed = {name: zlib.compress(data, 6) for name, data in contents.items()}
    return ModelRef(str(folder), checksum, tagger.model_, dvtopics.__version__), packed


_taggers: dict[str, Tagger] = {}
_loading = threading.Lock()
#: Held while a batch is tagged: taggers promise nothing about threads, and one thread's Python
#: would only wait for another's. Reading and writing go on beside it.
TAGGING = threading.Lock()


def tagger_of(ref: ModelRef, payload: Payload, thresholds: Thresholds) -> Tagger:
    """Return the tagger that a task wants, loaded on the process's first call.

    Raises
    ------
    ModelError
        If this worker has another version of dvtopics, or the content does not load.
    """
    if ref.version != dvtopics.__version__:
        raise ModelError(
            f"a worker has dvtopics {dvtopics.__version__}, the client {ref.version}; install "
            "the same version on all"
        )
    with _loading:
        found = _taggers.pop(ref.checksum, None)
        if found is None or found.model_ != ref.label:
            found = _load(ref, payload)
        _taggers[ref.checksum] = found
        while len(_taggers) > _KEPT:
            del _taggers[next(iter(_taggers))]
    # Another task of this process may decide by other thresholds.
    mine = copy.copy(found)
    mine.thresholds_ = thresholds
    return mine


def _load(ref: ModelRef, payload: Payload) -> Tagger:
    from dvtopics.taggers.registry import load

    folder = Path(ref.folder)
    try:
        if hashlib.sha256((folder / CONFIG).read_bytes()).hexdigest() == ref.checksum:
            tagger = load(folder)
            if tagger.model_ == ref.label:
                return tagger
    except (OSError, ModelError):
        # Not on this machine, or damaged here: the bytes are at hand.
        pass
    return _unpacked(ref, payload)


def _unpacked(ref: ModelRef, payload: Mapping[str, bytes]) -> Tagger:
    from dvtopics.taggers.registry import load

    # Arrays may stay mapped from their file, which some systems then do not let go.
    with tempfile.TemporaryDirectory(
        prefix="dvtopics-model-", ignore_cleanup_errors=True
    ) as parent:
        folder = Path(parent) / Path(ref.folder).name
        folder.mkdir()
        for name, data in payload.items():
            (folder / Path(name).name).write_bytes(zlib.decompress(data))
        tagger = load(folder)
    if tagger.model_ != ref.label:
        raise ModelError(f"{ref.label}: what a worker was sent is {tagger.model_}")
    tagger.source_ = None
    return tagger
