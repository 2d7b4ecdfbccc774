"""What ``import dvtopics`` offers, and what tagging leaves unimported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import dvtopics

ROOT = Path(__file__).resolve().parent.parent
TRAINING = (
    "sklearn", "scipy", "gensim", "underthesea", "pandas", "pyarrow", "trafilatura", "joblib",
)  # fmt: skip


def imported_by(code: str, cwd: Path) -> set[str]:
    """Top-level modules that a fresh process holds after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return {name.split(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("model", ["tfidf", "lda"])
def test_tagging_imports_no_training_library(model, tmp_path):
    found = imported_by(
        "import dvtopics\n"
        f"tagger = dvtopics.load('{model}')\n"
        "tagged = tagger.tag('Tiếp công dân, giải quyết khiếu nại.')\n"
        "assert tagged.paragraphs[0].themes and tagged.to_record()\n"
        "list(tagger.tag_many([dvtopics.Article('Hoà giải', ['Dân bàn.', ''])]))\n"
        "tagger.predict_proba(['x'])",
        tmp_path,
    )
    assert "numpy" in found
    assert not found & set(TRAINING)


def test_importing_the_package_costs_next_to_nothing(tmp_path):
    assert not imported_by("import dvtopics", tmp_path) & {"numpy", "safetensors", *TRAINING}


@pytest.mark.parametrize("name", dvtopics.__all__)
def test_public_names(name):
    assert getattr(dvtopics, name) is not None
    assert name in dir(dvtopics)


def test_names_of_the_design_are_there():
    wanted = {"load", "TfidfTagger", "LdaTagger", "Article", "read_articles", "THEMES"}
    assert wanted <= set(dvtopics.__all__)
    assert list(dvtopics.THEMES) == [
        "administrative_reform", "grievance_handling", "grassroots_democracy", "party_building",
    ]  # fmt: skip


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        dvtopics.nonsense  # noqa: B018
