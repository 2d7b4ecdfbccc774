"""Footers to parts: boundaries, order, what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from dvtopics.article import Article
from dvtopics.io.readers import read_items
from dvtopics.scale.dask_parts import first_article, items_of
from dvtopics.scale.dask_plan import plan_parts


def read_by_parts(plan):
    return [item for part in plan.parts for item in items_of(part, "text", 10_000_000)]


@pytest.mark.parametrize("part_bytes", [1, 20_000, 60_000, 10**9])
def test_parts_together_are_the_dataset_in_order(dataset, part_bytes):
    plan = plan_parts([str(dataset)], part_bytes=part_bytes)
    assert plan.rows == 150
    assert [part.index for part in plan.parts] == list(range(len(plan.parts)))
    assert sorted(part.name for part in plan.parts) == [part.name for part in plan.parts]
    expected = [str(item) for item in read_items([str(dataset)])]
    assert [str(item) for item in read_by_parts(plan)] == expected
    assert len(plan.parts) == {1: 9, 10**9: 1}.get(part_bytes, len(plan.parts))


def test_small_files_share_a_part_and_large_ones_are_cut(write_parquet, tmp_path):
    for number in range(10):
        write_parquet(tmp_path / f"{number}.parquet", [{"id": str(number), "text": "a"}])
    write_parquet(tmp_path / "large.parquet", [{"text": "đ" * 9000 + str(i)} for i in range(6)], 2)
    plan = plan_parts([str(tmp_path)], part_bytes=20_000)
    assert len(plan.parts[0].pieces) >= 10
    assert len(plan.parts) >= 3
    ids = [item.id for item in read_by_parts(plan)]
    assert ids == [*map(str, range(10)), *(f"{tmp_path}/large.parquet:{i}" for i in range(1, 7))]
    assert str(plan.parts[-1]).endswith("-6")


def test_inputs_that_are_no_dataset_are_left_out(write_parquet, tmp_path):
    write_parquet(tmp_path / "a.parquet", [{"text": "a"}])
    write_parquet(tmp_path / "b.parquet", [{"body": "a"}])
    (tmp_path / "c.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "d.jsonl").write_text('{"text": "a"}\n')
    write_parquet(tmp_path / "e.data", [{"text": "a"}])
    (tmp_path / "none").mkdir()
    names = ["a.parquet", "b.parquet", "c.parquet", "d.jsonl", "e.data", "none", "f.parquet"]
    given = [str(tmp_path / name) for name in names]
    plan = plan_parts([*given, "-"])
    assert plan.rows == 1
    reasons = {Path(e.where).name: e.reason for e in plan.errors}
    assert list(reasons) == [*names[1:], "-"]
    assert "no column 'text'" in reasons["b.parquet"]
    assert "not a readable Parquet file" in reasons["c.parquet"]
    assert reasons["d.jsonl"].startswith("not Parquet")
    assert reasons["e.data"].startswith("not Parquet")
    assert "holds no readable file" in reasons["none"]
    assert reasons["f.parquet"] == "no such file"
    # The wording is that of the reader of one process.
    for error in plan.errors[:2]:
        (told,) = read_items([error.where])
        assert str(told) == str(error)
    assert plan_parts([given[4]], input_format="parquet").rows == 1
    assert plan_parts([given[1]], text_column="body").rows == 1


def test_first_article_is_the_first_that_can_be_read(write_parquet, tmp_path):
    write_parquet(tmp_path / "a.parquet", [{"text": None, "x": 1}, {"text": "b", "x": 2}], 1)
    plan = plan_parts([str(tmp_path)])
    article = first_article(plan.parts, "text", 1000)
    assert isinstance(article, Article)
    assert article.metadata == {"x": 2}
    assert first_article([], "text", 1000) is None
