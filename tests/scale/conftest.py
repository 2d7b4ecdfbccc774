"""A dataset of Parquet files, a small cluster of processes, the command line in this process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import dvtopics
from dvtopics.article import Article
from dvtopics.cli.main import run


@dataclass
class Outcome:
    """What a call of the command line left behind."""

    status: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()


@pytest.fixture
def dv(capfd: pytest.CaptureFixture[str], saved_model: Path):
    """Call ``dvtopics tag`` with the small model; what other processes print counts too."""

    def call(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            run(["tag", *map(str, arguments), "--model", str(saved_model), "--lang", "en"])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Outcome(int(left.value.code or 0), out, err)

    return call


def _write_parquet(path: Path, records: list[dict[str, Any]], rows: int = 20) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(records), path, row_group_size=rows)


@pytest.fixture(scope="session")
def write_parquet():
    """Write records into a file, so many a row group."""
    return _write_parquet


@pytest.fixture(scope="session")
def dataset(authored: list[Article], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files of articles; some without id, one of them without text."""
    folder = tmp_path_factory.mktemp("data") / "articles"
    records: list[dict[str, Any]] = [
        {
            "id": None if number % 5 == 0 else f"a{number}",
            "title": article.title,
            "paragraphs": [p.text for p in article.paragraphs],
            "year": 2000 + number,
            "keys": ["x", "ế"],
        }
        for number, article in enumerate(authored[:150])
    ]
    records[33]["paragraphs"] = None
    for number in range(3):
        part = records[number * 50 : (number + 1) * 50]
        _write_parquet(folder / f"{number}.parquet", part)
    return folder


@pytest.fixture(scope="session")
def cluster():
    """Two worker processes on this machine."""
    pytest.importorskip("dask.dataframe", reason="Dask is not installed: pip install '.[dask]'")
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed: pip install '.[dask]'"
    )
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as started:
        yield started


@pytest.fixture(scope="session")
def client(cluster: Any):
    import distributed

    with distributed.Client(cluster, set_as_default=False) as connected:
        yield connected


@pytest.fixture
def lone_model(saved_model: Path, tmp_path: Path) -> Path:
    """The small model under another checksum, so that no worker has it; a test may remove it."""
    tagger = dvtopics.load(saved_model)
    tagger.evaluation_ = {}
    tagger.training_data_ = {**tagger.training_data_, "copy": str(tmp_path)}
    folder = tmp_path / "lone" / "small"
    tagger.save(folder)
    return folder
