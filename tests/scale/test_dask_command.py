"""``dvtopics tag --dask``: options, one line for what is wrong, nothing imported otherwise."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

pq = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("distributed", reason="Dask is not installed: pip install '.[dask]'")
pytest.importorskip("dask.dataframe")


@pytest.fixture
def address(cluster) -> str:
    return cluster.scheduler_address


def test_local_processes_give_the_rows_of_one(dv, dataset, tmp_path):
    one = dv(dataset, "--output", tmp_path / "one.parquet", "--no-evidence")
    many = dv(dataset, "--output", tmp_path / "many", "--dask", "local", "--jobs", "1")
    assert (many.status, many.out, many.errors) == (one.status, "", one.errors)
    assert pq.read_table(tmp_path / "many").equals(pq.read_table(tmp_path / "one.parquet"))


def test_resume_keeps_parts_and_says_so(dv, dataset, address, tmp_path):
    given = (dataset / "0.parquet", "--output", tmp_path / "out", "--dask", address)
    assert dv(*given).status == 1
    again = dv(*given)
    assert (again.status, len(again.errors)) == (2, 1)
    assert "--resume" in again.errors[0]
    resumed = dv(*given, "--resume")
    assert resumed.status == 1  # the bad record is still one
    assert resumed.errors[1:] == ["Kept 1 finished parts."]


def test_inputs_that_cannot_be_read_are_a_line_each(dv, dataset, address, write_parquet, tmp_path):
    folder = tmp_path / "in"
    write_parquet(folder / "a.parquet", [{"id": "a", "text": "Dân bàn."}])
    write_parquet(folder / "b.parquet", [{"id": "b", "body": "x"}])
    (folder / "c.parquet").write_bytes(b"not Parquet")
    (folder / "d.txt").write_text("a text")
    (folder / "e").mkdir()
    done = dv(folder, folder / "e", "--output", tmp_path / "out", "--dask", address)
    assert done.status == 1
    assert [line.split(": ")[0] for line in done.errors] == [
        *(str(folder / name) for name in ("b.parquet", "c.parquet", "d.txt", "e"))
    ]
    assert pq.read_table(tmp_path / "out")["id"].to_pylist() == ["a", "a"]
    nothing = dv(folder / "e", "--output", tmp_path / "none", "--dask", address)
    assert (nothing.status, len(nothing.errors)) == (1, 1)
    assert not (tmp_path / "none").exists()


def test_options_that_do_not_go_together(dv, dataset, address, tmp_path, monkeypatch):
    monkeypatch.setattr("dvtopics.cli.tag_dask._CONNECT_SECONDS", 0.5)
    (tmp_path / "file").write_bytes(b"")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
    output = ("--output", tmp_path / "out")
    for options, reason in (
        ((address,), "--output"),
        ((address, *output, "--format", "jsonl"), "jsonl"),
        ((address, *output, "--input-format", "csv"), "csv"),
        ((address, *output, "--jobs", "2"), "--dask local"),
        ((address, "--output", tmp_path / "file"), "is a file"),
        ((address, "--output", tmp_path / "file" / "out"), "cannot be written"),
        ((address, "--output", dataset), "holds other files"),
        ((nobody, *output), "no Dask scheduler"),
        (("nonsense://x", *output), "no Dask scheduler"),
    ):
        done = dv(dataset, "--dask", *options)
        assert done.status == 2, options
        assert len(done.errors) == 1, done.err
        assert reason in done.err
    assert not (tmp_path / "out").exists()


def test_without_dask_one_line_says_what_to_install(dv, dataset, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = dv(dataset, "--output", tmp_path / "out", "--dask", "local")
    assert done.status == 2
    assert done.errors == [
        "dvtopics: Dask needs: pip install 'dvtopics[dask]' (missing: distributed)"
    ]


def test_nothing_of_dask_is_imported_otherwise(saved_model):
    code = (
        "import sys, dvtopics, dvtopics.scale, dvtopics.cli.tag, dvtopics.scale.dask_run, "
        f"dvtopics.scale.dask_frame\nlist(dvtopics.load({str(saved_model)!r}).tag_many(['x']))\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"dask", "distributed", "pandas", "pyarrow"} & set(done.stdout.split())
