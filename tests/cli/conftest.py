"""The command line as tests call it: in this process, or as a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import dvtopics
from dvtopics.cli.main import run


@dataclass
class Outcome:
    """What a call left behind."""

    status: int
    out: bytes
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """The output as JSON Lines, which knows no NaN."""
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]

    @property
    def errors(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


@pytest.fixture
def dv(monkeypatch: pytest.MonkeyPatch, saved_model: Path):
    """Call the command line in this process; ``tag`` and ``evaluate`` get the small model."""

    def call(*arguments: str | Path, stdin: Any = b"") -> Outcome:
        given = [str(a) for a in arguments]
        if given[:1] in (["tag"], ["evaluate"]) and "--model" not in given:
            given += ["--model", str(saved_model)]
        source = io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin
        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(source, encoding="utf-8"))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8"))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding="utf-8"))
            with pytest.raises(SystemExit) as left:
                run(given)
            sys.stdout.flush()
            sys.stderr.flush()
            # Taken here: the wrappers close what they wrap when they go.
            written, text = out.getvalue(), err.getvalue().decode()
        assert "Traceback" not in text or "--debug" in given
        return Outcome(int(left.value.code or 0), written, text)

    return call


@pytest.fixture
def environment() -> dict[str, str]:
    """Environment in which a fresh process finds the package that is tested."""
    package = Path(dvtopics.__file__).parent.parent
    return {**os.environ, "PYTHONPATH": str(package), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def process(environment: dict[str, str], saved_model: Path, tmp_path: Path):
    """Run ``python -m dvtopics`` as a process of its own, in an empty folder."""

    def call(*arguments: str | Path, stdin: bytes = b"", **changes: str) -> Outcome:
        given = [str(a) for a in arguments]
        if given[:1] == ["tag"] and "--model" not in given:
            given += ["--model", str(saved_model)]
        done = subprocess.run(
            [sys.executable, "-m", "dvtopics", *given],
            input=stdin,
            capture_output=True,
            env={**environment, **changes},
            cwd=tmp_path,
            timeout=120,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr.decode())

    return call


@pytest.fixture
def records() -> list[dict[str, Any]]:
    """Input records about our themes, long enough that they are tagged."""
    dialogue = "Chủ tịch Ủy ban nhân dân xã đối thoại trực tiếp với nhân dân."
    reform = "Bộ phận một cửa giải quyết thủ tục hành chính, cải cách hành chính đạt kết quả."
    plain = "Đội bóng của huyện thắng ba trận liên tiếp."
    return [
        {"id": "one", "title": "Đối thoại với nhân dân", "paragraphs": [dialogue, plain]},
        {"id": "two", "title": "Cải cách hành chính", "text": f"{reform}\n{plain}", "year": 2024},
        {"id": "three", "title": "", "paragraphs": [plain, ""]},
    ]


@pytest.fixture
def jsonl(records: list[dict[str, Any]], tmp_path: Path) -> Path:
    """The records as a file."""
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), "utf-8")
    return path
