"""Labels without texts, and a repository made here, to labelled articles."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dvtopics.cli.main import run
from dvtopics.corpus.rehydrate import Rehydrated, rehydrate, stripped
from dvtopics.errors import InputError, UsageError

#: As the public repository has them: words joined by ``_``, punctuation set apart.
FIRST = "Đối_thoại với\nnhân_dân\n\nSáng 2 - 11 , xã ( Tân_An ) đối_thoại .\n\nĐoạn\nhai .\nhết\n"
SECOND = "Tiêu_đề\n\nKhông có gì .\n"
LABELS = [
    {
        "id": "first",
        "grades": {"party_building": 0},
        "source": {"path": "data/first.txt"},
        "paragraphs": [
            {"line": 3, "plain": "Sáng 2 - 11, xã (Tân An) đối thoại.", "grades": {"x": 1}},
            {"line": 5, "plain": "Đoạn hai. hết", "grades": None},
        ],
    },
    {
        "id": "second",
        "source": {"path": "data/deep/second.txt"},
        "paragraphs": [{"line": 2, "plain": "Không có gì.", "grades": {"x": 0}}],
    },
]


def checksum(text: str) -> str:
    return hashlib.sha256("".join(text.split()).encode()).hexdigest()[:16]


def labels() -> list[dict[str, Any]]:
    """Labels as they are shipped: a line and a checksum for each paragraph."""
    result = json.loads(json.dumps(LABELS))
    for record in result:
        record["paragraphs"] = [
            {"line": p["line"], "sha256": checksum(p["plain"]), "grades": p["grades"]}
            for p in record["paragraphs"]
        ]
    return result


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A checkout of two commits; the second spoils the first file."""
    root = tmp_path_factory.mktemp("source") / "checkout"
    (root / "data" / "deep").mkdir(parents=True)
    (root / "data" / "first.txt").write_text(FIRST, "utf-8")
    (root / "data" / "deep" / "second.txt").write_text(SECOND, "utf-8")
    (root.parent / "secret.txt").write_text(SECOND, "utf-8")
    return root


@pytest.fixture(scope="module")
def mirror(checkout, tmp_path_factory) -> tuple[Path, str]:
    """A bare mirror whose HEAD no longer has the first file, and the commit that has it."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    work = tmp_path_factory.mktemp("git") / "work"
    shutil.copytree(checkout, work)

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments]
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            environment.pop(name, None)
        done = subprocess.run(
            command, cwd=work, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("add", "--all")
    git("commit", "-q", "-m", "one")
    commit = git("rev-parse", "HEAD")
    git("rm", "-q", "data/first.txt")
    git("commit", "-q", "-m", "two")
    bare = work.parent / "mirror.git"
    git("clone", "-q", "--mirror", str(work), str(bare))
    return bare, commit


def fill(source: Path, records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Rehydrated]:
    outcome = Rehydrated()
    return list(rehydrate(records, source, outcome)), outcome


def check_filled(filled: list[dict[str, Any]], outcome: Rehydrated) -> None:
    assert [r["id"] for r in filled] == ["first", "second"]
    assert [r["title"] for r in filled] == ["Đối thoại với nhân dân", "Tiêu đề"]
    for record, label in zip(filled, LABELS, strict=True):
        assert [p["text"] for p in record["paragraphs"]] == [
            p["plain"] for p in label["paragraphs"]
        ]
        assert [p["grades"] for p in record["paragraphs"]] == [
            p["grades"] for p in label["paragraphs"]
        ]
    assert filled[0]["grades"] == {"party_building": 0}
    assert outcome == Rehydrated(articles=2, paragraphs=3)


def test_from_a_checkout(checkout):
    check_filled(*fill(checkout, labels()))


def test_from_a_bare_mirror_at_the_commit_of_the_label(mirror):
    bare, commit = mirror
    records = labels()
    for record in records:
        record["source"]["commit"] = commit
    check_filled(*fill(bare, records))
    # Without a commit HEAD is taken, which has the first file no more.
    filled, outcome = fill(bare, labels())
    assert [r["id"] for r in filled] == ["second"]
    assert outcome.missing == ["first"]


def test_from_a_repository_without_its_files(mirror, tmp_path):
    bare, commit = mirror
    shutil.copytree(bare, tmp_path / "clone" / ".git")
    records = labels()
    for record in records:
        record["source"]["commit"] = commit
    check_filled(*fill(tmp_path / "clone", records))


def test_stripped_and_filled_again_is_the_same(checkout):
    filled, _ = fill(checkout, labels())
    bare = [stripped(r) for r in filled]
    assert "Tân An" not in json.dumps(bare, ensure_ascii=False)
    assert all("title" not in r and "text" not in r["paragraphs"][0] for r in bare)
    assert fill(checkout, bare)[0] == filled


@pytest.mark.parametrize(
    ("line", "sha256"), [(3, "0" * 16), (4, None), (99, None), (-1, None), (10**30, None)]
)
def test_text_that_does_not_match_is_reported_and_not_written(checkout, line, sha256):
    records = labels()
    paragraph = records[0]["paragraphs"][0]
    records[0]["paragraphs"][0] = {
        **paragraph,
        "line": line,
        "sha256": sha256 or paragraph["sha256"],
    }
    filled, outcome = fill(checkout, records)
    assert [r["id"] for r in filled] == ["second"]
    assert outcome.mismatched == ["first"]
    assert outcome.articles == 1


PATHS = [
    "../secret.txt",
    "data/../../secret.txt",
    "./../secret.txt",
    "..",
    "data",
    "data/deep",
    "data/none.txt",
    "data/a\nb.txt",
    "data/a\x00b.txt",
    "x blob",
    "",
    "/",
    "data/\ud800.txt",
]


@pytest.mark.parametrize("path", PATHS)
def test_path_outside_the_source_is_missing_and_the_next_article_is_read(checkout, mirror, path):
    for source in (checkout, mirror[0]):
        records = [labels()[1], labels()[1], labels()[1]]
        records[1]["source"] = {"path": path}
        records[1]["id"] = "odd"
        filled, outcome = fill(source, records)
        assert [r["id"] for r in filled] == ["second", "second"]
        assert outcome.missing == ["odd"]


def test_absolute_path_and_link_out_of_the_checkout_are_missing(checkout, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy)
    secret = checkout.parent / "secret.txt"
    (copy / "data" / "link.txt").symlink_to(secret)
    (copy / "data" / "loop.txt").symlink_to("loop.txt")
    for path in (str(secret), "data/link.txt", "data/loop.txt"):
        records = [labels()[1]]
        records[0]["source"] = {"path": path}
        assert fill(copy, records)[1].missing == ["second"]


@pytest.mark.parametrize("commit", ["none", "-p", "HEAD HEAD", "a\nb", "", "HEAD:data"])
def test_commit_that_is_not_there_is_missing(mirror, commit):
    records = [labels()[1], labels()[1]]
    records[0]["source"]["commit"] = commit
    filled, outcome = fill(mirror[0], records)
    assert outcome.missing == ["second"]
    assert len(filled) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"source": None},
        {"source": {}},
        {"source": {"path": 5}},
        {"paragraphs": ["a text"]},
        {"paragraphs": [{"line": 1}]},
        {"paragraphs": [{"line": "1", "sha256": "0"}]},
        {"paragraphs": None},
    ],
)
def test_record_that_is_no_label_is_an_input_error(checkout, change):
    with pytest.raises(InputError, match="first: "):
        fill(checkout, [{**labels()[0], **change}])


def test_source_that_is_none_is_a_usage_error(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError, match=str(folder)):
            fill(folder, labels())


def test_broken_git_directory_is_a_usage_error(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    (tmp_path / "objects").mkdir()
    (tmp_path / "HEAD").write_text("")
    with pytest.raises(UsageError, match="git"):
        fill(tmp_path, labels())


# -- command line -------------------------------------------------------------------------------


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        run(["corpus", "rehydrate", *map(str, arguments)])
    return int(left.value.code or 0)


def test_command_writes_beside_the_labels(checkout, tmp_path, capfd):
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in labels()))
    assert command(checkout, "--labels", path, "--lang", "en") == 0
    out, err = capfd.readouterr()
    assert "2 articles, 3 paragraphs" in out
    assert err == ""
    filled = (tmp_path / "texts" / "train.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in filled] == ["first", "second"]
    assert command(checkout, "--labels", path, "--output", tmp_path / "other") == 0
    assert (tmp_path / "other" / "train.jsonl").exists()


def test_command_reports_what_is_missing_or_differs_and_exits_1(checkout, tmp_path, capfd):
    records = [*labels(), labels()[1], labels()[1]]
    records[2].update(id="third", source={"path": "data/gone.txt"})
    records[3].update(id="fourth", source={"path": "data/first.txt"})
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in records))
    assert command(checkout, "--labels", path) == 1
    err = capfd.readouterr().err.splitlines()
    assert err == [f"{path}: third: missing", f"{path}: fourth: mismatched"]
    filled = (tmp_path / "texts" / "train.jsonl").read_text("utf-8").splitlines()
    assert len(filled) == 2


def test_command_that_fails_leaves_the_old_copy(checkout, tmp_path, capfd):
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(labels()[0]) + "\n{\n")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "train.jsonl").write_text("old")
    assert command(checkout, "--labels", path) == 1
    assert capfd.readouterr().err.startswith(f"{path}:2: ")
    assert (tmp_path / "texts" / "train.jsonl").read_text() == "old"
    assert command(tmp_path / "none", "--labels", path) == 2
