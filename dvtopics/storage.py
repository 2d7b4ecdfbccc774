"""Saved-model folders: plain values in, a checked folder out, and back.

Knows files and checksums, not models. A folder holds ``config.json``, ``*.safetensors``,
``*.txt`` and ``README.md``, nothing else and nothing executable; reading it runs none of its
content. Checksums detect damage, not forgery.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dvtopics.errors import ModelError

FORMAT_VERSION = 3
CONFIG = "config.json"
CARD = "README.md"
_ARRAYS = "arrays.safetensors"
_MAX_CONFIG_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Content of a model folder.

    Attributes
    ----------
    config : dict
        Without the fields that this module adds (format_version, files, self_sha256).
    arrays : dict of str to ndarray
    texts : dict of str to str
        Content of the text files by name (without ``.txt``).
    checksum : str
        SHA-256 of ``config.json``, which in turn holds those of all other files.
    """

    config: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    texts: dict[str, str]
    checksum: str


def save_folder(
    folder: str | Path,
    config: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    texts: Mapping[str, str],
    card: str,
) -> str:
    """Write a model folder whole or not at all; return the checksum of its config.

    Parameters
    ----------
    folder : str or Path
        Made anew, or replaced if it is a model folder already.
    config : mapping
        JSON values.
    arrays : mapping of str to ndarray
    texts : mapping of str to str
    card : str
        Markdown of the model card.

    Raises
    ------
    ModelError
        If `folder` exists and is something else than a model folder.
    """
    from safetensors.numpy import save

    target = Path(folder).resolve()
    if target.exists() and not _is_model_folder(target) and not _is_empty_folder(target):
        raise ModelError(f"{target}: exists and is not a model folder; give another name")
    files = {
        _ARRAYS: save({k: np.ascontiguousarray(v) for k, v in sorted(arrays.items())}),
        CARD: card.encode(),
        **{f"{name}.txt": text.encode() for name, text in texts.items()},
    }
    whole = {
        "format_version": FORMAT_VERSION,
        **config,
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    whole["self_sha256"] = self_checksum(whole)
    files[CONFIG] = (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()
    with replacing(target) as fresh:
        for name, data in files.items():
            (fresh / name).write_bytes(data)
    return hashlib.sha256(files[CONFIG]).hexdigest()


def load_folder(folder: str | Path) -> ModelFiles:
    """Read and check a model folder.

    Raises
    ------
    ModelError
        If anything in it is missing, damaged, unlisted, a link, or of another version; one
        line says what and what to do.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(folder)
    contents = _read_files(path)
    raw = contents.pop(CONFIG)
    config = _parse_config(path / CONFIG, raw)
    listed = config.pop("files")
    for name in sorted(set(listed) - set(contents)):
        raise ModelError(f"{path / name}: listed in {CONFIG} but missing; get the model again")
    for name, data in sorted(contents.items()):
        if name not in listed:
            raise ModelError(f"{path / name}: not listed in {CONFIG}; remove it")
        if hashlib.sha256(data).hexdigest() != listed[name]:
            raise ModelError(f"{path / name}: checksum does not fit; get the model again")
    arrays: dict[str, NDArray[Any]] = {}
    texts: dict[str, str] = {}
    for name, data in contents.items():
        try:
            if name.endswith(".safetensors"):
                arrays.update(load(data))
            elif name.endswith(".txt"):
                texts[name[:-4]] = data.decode("utf-8")
        except (SafetensorError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path / name}: not readable ({_one_line(error)})") from error
    return ModelFiles(config, arrays, texts, hashlib.sha256(raw).hexdigest())


def self_checksum(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the canonical JSON of `config` without ``self_sha256``."""
    rest = {key: value for key, value in config.items() if key != "self_sha256"}
    canonical = json.dumps(rest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that becomes it if the block ends well."""
    import tempfile

    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    fresh = Path(name)
    try:
        yield fresh
        fresh.chmod(0o666 & ~_umask())
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a fresh folder beside `target` that takes its place if the block ends well."""
    # Only writing needs these, and they cost as much to import as a model does to load.
    import shutil
    import tempfile

    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield fresh
        fresh.chmod(0o777 & ~_umask())
        if target.exists():
            old = fresh.with_name(f"{fresh.name}.old")
            target.replace(old)
            try:
                fresh.replace(target)
            except BaseException:
                old.replace(target)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            fresh.replace(target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _is_model_folder(path: Path) -> bool:
    """Say whether `path` holds a model and nothing else, so that replacing it loses no other file.

    Many other programs have a file named ``config.json`` too.
    """
    try:
        config = json.loads((path / CONFIG).read_bytes())
        return {"format_version", "self_sha256"} <= set(config) and {
            entry.name for entry in path.iterdir()
        } <= {CONFIG, *config["files"]}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return False


def _read_files(path: Path) -> dict[str, bytes]:
    if not path.is_dir():
        raise ModelError(f"{path}: no such model folder")
    contents = {}
    if not (path / CONFIG).is_file():
        raise ModelError(f"{path}: holds no {CONFIG}; not a model folder")
    try:
        for entry in sorted(os.scandir(path), key=lambda e: e.name):
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                raise ModelError(f"{entry.path}: is a symbolic link; a model holds plain files")
            if not stat.S_ISREG(mode):
                raise ModelError(f"{entry.path}: is not a plain file; remove it")
            if not entry.name.endswith((".safetensors", ".txt")) and entry.name not in (
                CONFIG,
                CARD,
            ):
                raise ModelError(f"{entry.path}: does not belong in a model folder; remove it")
            contents[entry.name] = Path(entry.path).read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    return contents


def _parse_config(path: Path, raw: bytes) -> dict[str, Any]:
    if len(raw) > _MAX_CONFIG_BYTES:
        raise ModelError(f"{path}: too large to be a model's config")
    try:
        config = json.loads(
            raw.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite
        )
        # Here, since what could just be read may be nested too deep to be written.
        checksum = self_checksum(config) if isinstance(config, dict) else None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not readable as JSON ({_one_line(error)})") from error
    if not isinstance(config, dict):
        raise ModelError(f"{path}: not a model's config")
    signed = dict(config)
    config.pop("self_sha256", None)
    version = config.pop("format_version", None)
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise ModelError(
            f"{path}: format_version {version!r} is not known here (this version reads "
            f"{FORMAT_VERSION}); train it again, or install the dvtopics that made it"
        )
    # The checksum is over values; a changed byte may also sit in the space between them.
    if checksum != signed.get("self_sha256") or not _is_as_written(raw, signed):
        raise ModelError(f"{path}: checksum does not fit; get the model again")
    files = config.get("files")
    if not isinstance(files, dict) or CONFIG in files:
        raise ModelError(f'{path}: "files" does not list the files')
    return config


def _is_as_written(raw: bytes, config: Any) -> bool:
    """Say whether `raw` is `config` byte for byte as a JSON writer lays it out (ours first)."""
    text = raw.decode("utf-8").removesuffix("\n")
    layouts = itertools.product((2, None, 4, 1), (False, True), (False, True), (None, (",", ":")))
    try:
        return any(
            text
            == json.dumps(
                config, indent=indent, ensure_ascii=escaped, sort_keys=ordered, separators=marks
            )
            for indent, escaped, ordered, marks in layouts
        )
    except RecursionError:
        return False


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is out of range")
    return value


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
