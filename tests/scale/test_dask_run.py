"""Datasets through a cluster: the single-process rows, dead workers, resumed runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

import dvtopics
from dvtopics.errors import ModelError, UsageError
from dvtopics.scale.dask_model import pack_model, tagger_of

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("distributed", reason="Dask is not installed: pip install '.[dask]'")
dd = pytest.importorskip("dask.dataframe")

from dvtopics.scale import tag_dataframe, tag_dataset  # noqa: E402
from dvtopics.scale.dask_rows import Work  # noqa: E402

SMALL = 30_000  # bytes of a part: some twenty articles


@pytest.fixture
def single(dv, dataset, tmp_path):
    """The rows of one process, and what it said."""
    output = tmp_path / "single.parquet"
    done = dv(dataset, "--output", output, "--no-evidence")
    assert done.status == 1
    return pq.read_table(output), done.errors


def parts_of(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in sorted(folder.glob("part-*.parquet"))}


def without_its_folder(tagger):
    """Stand in for `pack_model`: what is not on this machine's disk no worker finds there."""
    packed = pack_model(tagger)
    shutil.rmtree(tagger.source_)
    return packed


# -- the same rows ------------------------------------------------------------------------------


def test_rows_are_those_of_one_process(client, dataset, saved_model, single, tmp_path):
    lines: list[str] = []
    tagger, output = dvtopics.load(saved_model), tmp_path / "out"
    done = tag_dataset(client, [dataset], output, tagger, part_bytes=SMALL, on_error=lines.append)
    table, errors = single
    assert pq.read_table(output).equals(table)
    assert lines == errors
    assert (done.articles, done.errors, done.missing) == (149, 1, 0)
    assert done.parts == len(parts_of(output)) > 5
    assert json.loads((output / "_SUCCESS").read_text())["articles"] == 149
    (noted,) = (output / "_errors").iterdir()
    (error,) = json.loads(noted.read_text())
    assert f"{error['where']}: {error['error']}" == errors[0]
    assert error["id"] == "a33"
    # Nothing half written is left, and tagging the output folder reads parts alone.
    assert not list(output.glob(".*"))


def test_review_and_thresholds_hold_on_workers(client, dv, cluster, dataset, tmp_path):
    options = ("--review", "0.9", "--no-evidence")
    one = dv(dataset, "--output", tmp_path / "one.parquet", *options)
    many = dv(dataset, "--output", tmp_path / "many", "--dask", cluster.scheduler_address, *options)
    assert (many.status, many.errors) == (one.status, one.errors) == (1, one.errors)
    assert pq.read_table(tmp_path / "many").equals(pq.read_table(tmp_path / "one.parquet"))
    assert "unsure" in pq.read_table(tmp_path / "many").column_names


# -- a worker dies ------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_parts_of_a_killed_worker_are_done_again(
    client, dataset, lone_model, single, tmp_path, monkeypatch
):
    monkeypatch.setattr("dvtopics.scale.dask_run.pack_model", without_its_folder)
    tagger, output = dvtopics.load(lone_model), tmp_path / "out"
    pids = client.run(os.getpid)
    killed: list[int] = []

    def kill_one(rows, report):
        if killed:
            return
        holders = {
            worker
            for key, workers in client.who_has().items()
            if str(key).startswith("dvtopics-model-")
            for worker in workers
        }
        busy = [worker for worker, keys in client.processing().items() if keys]
        # Of those at work, one that holds the model's bytes.
        killed.append(pids[next((w for w in busy if w in holders), busy[0])])
        os.kill(killed[0], signal.SIGKILL)

    done = tag_dataset(client, [dataset] * 4, output, tagger, part_bytes=1, on_part=kill_one)
    assert not lone_model.exists()
    assert killed
    assert (done.parts, done.missing) == (4 * 9, 0)  # a row group each
    assert pq.read_table(output).equals(pa.concat_tables([single[0]] * 4))


def test_a_part_that_kills_its_workers_is_named_and_the_others_go_on():
    from distributed import KilledWorker

    from dvtopics.scale.dask_plan import Part, Piece
    from dvtopics.scale.dask_run import _failure

    part = Part(3, (Piece("a.parquet", "/a.parquet", range(2, 4), 100, 50),))
    line = _failure(part, KilledWorker("x", None, 3))
    assert line.startswith("a.parquet:101-150: its workers died")
    assert _failure(part, ValueError("a\nb")) == "a.parquet:101-150: ValueError: a b"


# -- resumed ------------------------------------------------------------------------------------


def test_resumed_run_keeps_finished_parts(client, dataset, saved_model, single, tmp_path):
    tagger, output = dvtopics.load(saved_model), tmp_path / "out"

    def run(**options):
        lines: list[str] = []
        done = tag_dataset(
            client, [dataset], output, tagger, part_bytes=SMALL, on_error=lines.append, **options
        )
        assert lines == single[1]
        assert pq.read_table(output).equals(single[0])
        return done

    run()
    before = parts_of(output)
    # As after a kill: no marker, a part missing, one damaged, one half written.
    (output / "_SUCCESS").unlink()
    missing, damaged, *kept = before
    (output / missing).unlink()
    (output / damaged).write_bytes((output / damaged).read_bytes()[:-20])
    (output / ".part-000000000.parquet.x").write_bytes(b"half")
    done = run(resume=True)
    after = parts_of(output)
    assert done.kept == len(kept)
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after[damaged] != before[damaged]
    assert (output / "_SUCCESS").exists()
    assert not list(output.glob(".*"))
    # An error file that is lost is not taken for no errors.
    (noted,) = (output / "_errors").iterdir()
    noted.unlink()
    assert run(resume=True).kept == len(before) - 1


def test_output_of_another_run_is_not_touched(client, dataset, saved_model, lone_model, tmp_path):
    tagger, output = dvtopics.load(saved_model), tmp_path / "out"
    inputs = [dataset / "0.parquet"]
    tag_dataset(client, inputs, output, tagger)
    before = parts_of(output)

    def refused(reason, *, given=inputs, by=tagger, folder=output, **options):
        with pytest.raises(UsageError, match=reason):
            tag_dataset(client, given, folder, by, **options)
        assert parts_of(output) == before

    refused("--resume")
    refused("another model", by=dvtopics.load(lone_model), resume=True)
    refused("another options", by=dvtopics.load(saved_model).set_thresholds(0.5), resume=True)
    refused("another input", given=[dataset], resume=True)
    refused("other files", folder=dataset)
    refused("is a file", folder=dataset / "0.parquet")
    assert tag_dataset(client, inputs, output, tagger, resume=True).kept == len(before)


# -- dataframes ---------------------------------------------------------------------------------


def same_but_ids(table, frame) -> bool:
    """Compare rows; articles without an id are named after their file, or their partition."""
    one, other = table.to_pylist(), pa.Table.from_pandas(frame, preserve_index=False).to_pylist()
    return [{**row, "id": 0} for row in one] == [{**row, "id": 0} for row in other]


def test_dataframe_has_the_rows_of_one_process(client, dataset, lone_model, single, tmp_path):
    articles = dd.read_parquet(dataset, dtype_backend="pyarrow", split_row_groups=True)
    tagged = tag_dataframe(articles, lone_model, errors="skip")
    # Lazy, and the graph holds all: the model's folder may go.
    shutil.rmtree(lone_model)
    computed = client.compute(tagged).result()
    assert list(computed.columns) == list(tagged.columns) == single[0].column_names
    assert list(computed.dtypes) == list(tagged.dtypes)
    assert same_but_ids(single[0], computed)
    assert computed["id"].iloc[0] == "partition 1:1"


def test_dataframe_of_plain_pandas_and_its_errors(saved_model):
    import pandas as pd

    text = "Chủ tịch xã đối thoại trực tiếp với nhân dân.\n\nĐội bóng thắng."
    frame = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "body": [text, None, "Dân."],
            "title": ["x", None, "z"],
            "n": [1, 2, 3],
        }
    )
    articles = dd.from_pandas(frame, npartitions=1, sort=False)

    def tag(**options):
        lazy = tag_dataframe(articles, saved_model, text_column="body", **options)
        return lazy.compute(scheduler="synchronous")

    rows = tag()
    assert list(rows["level"]) == [
        "article",
        "paragraph",
        "paragraph",
        "error",
        "article",
        "paragraph",
    ]
    assert list(rows["id"]) == ["a", "a", "a", "b", "c", "c"]
    assert list(rows["n"])[:3] == ["1"] * 3
    assert "partition 1:2: " in rows["text"].iloc[3]
    expected = dvtopics.load(saved_model).tag({"title": "x", "text": text})
    assert (
        rows["grassroots_democracy"].iloc[1]
        == (expected.paragraphs[0].themes["grassroots_democracy"])
    )
    assert set(tag(errors="skip")["level"]) == {"article", "paragraph"}
    with pytest.raises(ValueError, match="partition 1:2"):
        tag(errors="raise")
    strict = tag(threshold={"grassroots_democracy": 1.0})
    assert not strict["tags"].fillna("").str.contains("grassroots_democracy").any()


def test_dataframe_that_cannot_be_tagged(saved_model):
    import pandas as pd

    frame = pd.DataFrame({"id": ["a"], "body": ["b"]})
    articles = dd.from_pandas(frame, npartitions=1)
    with pytest.raises(ValueError, match="no column 'text'"):
        tag_dataframe(articles, saved_model)
    with pytest.raises(UsageError, match="Dask dataframe"):
        tag_dataframe(frame, saved_model)
    with pytest.raises(UsageError, match="errors must be"):
        tag_dataframe(articles, saved_model, text_column="body", errors="hide")
    with pytest.raises(ModelError):
        tag_dataframe(articles, "no-such-model", text_column="body")
    empty = articles[articles["id"] == "none"]
    tagged = tag_dataframe(empty, saved_model, text_column="body")
    assert len(tagged.compute(scheduler="synchronous")) == 0


def test_lone_surrogates_are_replaced_as_elsewhere(small_tagger):
    work = Work(None, small_tagger.thresholds_, small_tagger.themes_, ("x",), "text", 1000)
    article = small_tagger.tag({"id": "a", "title": "đ \ud800", "text": "dân", "x": "\udfff"})
    rows = work.renderer.article(article)
    assert work.table(rows)["title"].to_pylist() == ["đ ?"] * 2
    assert work.table(rows)["x"].to_pylist() == ["?"] * 2
    assert work.table([]).num_rows == 0


# -- models -------------------------------------------------------------------------------------


def test_workers_check_what_they_load(lone_model):
    tagger = dvtopics.load(lone_model)
    ref, payload = pack_model(tagger)
    from dataclasses import replace

    with pytest.raises(ModelError, match="install the same version"):
        tagger_of(replace(ref, version="0"), payload, tagger.thresholds_)
    shutil.rmtree(lone_model)
    with pytest.raises(ModelError, match="no longer there"):
        pack_model(tagger)
    with pytest.raises(ModelError, match="checksum"):
        tagger_of(ref, {**payload, "vocabulary.txt": payload["config.json"]}, tagger.thresholds_)
    loaded = tagger_of(ref, payload, tagger.thresholds_)
    assert loaded.model_ == tagger.model_
    # Kept by its checksum; the thresholds are the caller's.
    strict = tagger.thresholds_.replaced(tagger.themes_, 1.0)
    again = tagger_of(ref, {}, strict)
    assert again.pipeline_ is loaded.pipeline_
    assert again.thresholds_ is strict
    assert loaded.thresholds_ is not strict


def test_a_tagger_that_was_never_saved_cannot_travel(small_tagger, authored):
    fresh = dvtopics.TfidfTagger(ngram_max=1, min_df=2, n_folds=2, phrases=None)
    fresh.__dict__.update({**small_tagger.__dict__, "source_": None})
    with pytest.raises(UsageError, match="save this tagger"):
        pack_model(fresh)
