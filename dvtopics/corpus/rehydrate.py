"""Labels without texts + the public repository → labelled articles with texts.

The repository may be a checkout or a git mirror (bare or not). Every paragraph is checked
against its checksum; nothing is written for an article that does not match.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from dvtopics.corpus.checksum import text_checksum
from dvtopics.errors import InputError, UsageError
from dvtopics.text.detokenize import detokenize
from dvtopics.text.lines import split_lines


class _Files(Protocol):
    def read(self, path: str, commit: str) -> bytes | None: ...


@dataclass(slots=True)
class Rehydrated:
    """What came of a rehydration.

    Attributes
    ----------
    articles, paragraphs : int
        Filled in and verified.
    missing : list of str
        Articles whose file is not in the source.
    mismatched : list of str
        Articles of which a paragraph has another checksum.
    """

    articles: int = 0
    paragraphs: int = 0
    missing: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)


def rehydrate(
    records: Iterable[Mapping[str, Any]], source: str | Path, outcome: Rehydrated
) -> Iterator[dict[str, Any]]:
    """Yield `records` with titles and texts from `source`, counting into `outcome`.

    Parameters
    ----------
    records : iterable of mapping
        Labelled records with ``source.path``, and ``line`` and ``sha256`` of each paragraph.
    source : str or Path
        A checkout, or a git directory.
    outcome : Rehydrated

    Raises
    ------
    UsageError
        If `source` is neither a checkout nor a git directory.
    InputError
        If a record says not where its text comes from.
    """
    with _open_source(Path(source)) as files:
        for record in records:
            name = str(record.get("id"))
            origin = record.get("source")
            if not isinstance(origin, Mapping) or not isinstance(origin.get("path"), str):
                raise InputError(name, 'record has no "source.path" to fill its text in from')
            if not _is_labelled(record.get("paragraphs")):
                raise InputError(name, 'its paragraphs need "line" and "sha256" to be filled in')
            raw = files.read(origin["path"], str(origin.get("commit", "HEAD")))
            if raw is None:
                outcome.missing.append(name)
                continue
            filled = _filled(record, raw.decode("utf-8", "replace"))
            if filled is None:
                outcome.mismatched.append(name)
                continue
            outcome.articles += 1
            outcome.paragraphs += len(filled["paragraphs"])
            yield filled


def _is_labelled(paragraphs: Any) -> bool:
    return isinstance(paragraphs, list) and all(
        isinstance(p, Mapping)
        and isinstance(p.get("line"), int)
        and isinstance(p.get("sha256"), str)
        for p in paragraphs
    )


def stripped(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a labelled record without title and texts: what may be shipped."""
    paragraphs = [
        {
            "line": p["line"],
            "sha256": p["sha256"],
            "grades": p["grades"],
        }
        for p in record["paragraphs"]
    ]
    rest = {k: v for k, v in record.items() if k not in ("title", "paragraphs")}
    return {**rest, "paragraphs": paragraphs}


def _filled(record: Mapping[str, Any], segmented: str) -> dict[str, Any] | None:
    lines = split_lines(segmented)
    paragraphs = []
    for item in record["paragraphs"]:
        text = _paragraph_at(lines, item["line"], item["sha256"])
        if text is None:
            return None
        paragraphs.append({"text": text, **item})
    rest = {k: v for k, v in record.items() if k != "paragraphs"}
    return {**rest, "title": detokenize(_block(lines, 0)), "paragraphs": paragraphs}


def _paragraph_at(lines: list[str], line: int, checksum: str) -> str | None:
    """Return the paragraph that starts at `line`: that line, or the block up to a blank one."""
    if not 0 <= line < len(lines):
        return None
    for candidate in (lines[line], _block(lines, line)):
        text = detokenize(candidate)
        if text_checksum(text) == checksum:
            return text
    return None


def _block(lines: list[str], start: int) -> str:
    end = start
    while end < len(lines) and lines[end].strip():
        end += 1
    return " ".join(lines[start:end])


class _Checkout:
    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def read(self, path: str, commit: str) -> bytes | None:
        # A label file must not be able to name files outside the checkout.
        try:
            file = (self._root / path).resolve()
            if not file.is_relative_to(self._root) or not file.is_file():
                return None
            return file.read_bytes()
        except (OSError, ValueError, RuntimeError):  # a NUL or a loop in the path, say
            return None


class _GitObjects:
    """Reads files at a commit through one ``git cat-file --batch`` process."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers

    def read(self, path: str, commit: str) -> bytes | None:
        # git takes ./ and ../ for paths of a work tree, of which there is none.
        if "\n" in path or "\n" in commit or path.startswith("."):
            return None
        try:
            self._requests.write(f"{commit}:{path}\n".encode("utf-8", "replace"))
            self._requests.flush()
        except BrokenPipeError:
            pass  # git's last words are on standard error; there is no answer to read
        answer = self._answers.readline()
        if not answer:
            raise UsageError("git ended without an answer; is the mirror whole?")
        header = answer.split()
        if len(header) != 3 or not header[2].isdigit():
            return None
        data = self._answers.read(int(header[2]))
        self._answers.read(1)
        return data if header[1] == b"blob" else None


@contextmanager
def _open_source(root: Path) -> Iterator[_Files]:
    if not root.is_dir():
        raise UsageError(f"{root}: no such folder")
    if (root / "data").is_dir():
        yield _Checkout(root)
        return
    command = ["git", "--git-dir", str(_git_directory(root)), "cat-file", "--batch"]
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except FileNotFoundError as error:
        raise UsageError("git is not installed; give a checkout instead of a mirror") from error
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield _GitObjects(process.stdin, process.stdout)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.wait()


def _git_directory(root: Path) -> Path:
    for candidate in (root / ".git", root):
        if (candidate / "objects").is_dir() and (candidate / "HEAD").is_file():
            return candidate
    raise UsageError(f"{root}: neither a checkout with a data folder nor a git mirror")
