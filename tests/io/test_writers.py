"""Tagged articles to output: JSON Lines, CSV, Parquet."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from dvtopics.article import TaggedArticle, TaggedParagraph
from dvtopics.errors import InputError
from dvtopics.io.writers import (
    CsvRenderer,
    JsonlRenderer,
    ParquetRenderer,
    RowRenderer,
    join_parquet,
    json_line,
)

THEMES = ("x", "y")
FIXED = ["id", "level", "index", "title", "text", "x", "y", "tags"]


def tagged(**changes: object) -> TaggedArticle:
    values = {
        "id": "a",
        "title": 'Tiêu đề, "một"',
        "themes": {"x": 0.25, "y": 1.0},
        "tags": ["y"],
        "evidence": [],
        "paragraphs": [
            TaggedParagraph("Đoạn một.\nDòng hai; ba", {"x": 0.5, "y": 0.000001}, ["x"]),
            TaggedParagraph("", {"x": 0.0, "y": 0.0}, []),
        ],
        "model": "m@0",
        "metadata": {},
    }
    return TaggedArticle(**{**values, **changes})  # type: ignore[arg-type]


def csv_rows(renderer: RowRenderer, *articles: TaggedArticle) -> list[dict[str, str]]:
    csv_renderer = CsvRenderer(renderer)
    data = csv_renderer.header() + b"".join(csv_renderer.article(a) for a in articles)
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


# -- JSON Lines ---------------------------------------------------------------------------------


def test_jsonl_record_has_the_fields_of_the_contract_in_order():
    line = JsonlRenderer().article(tagged(metadata={"year": 2024, "tags": "mine", "input": 1}))
    record = json.loads(line)
    assert list(record) == [
        *("id", "title", "themes", "tags", "evidence", "paragraphs", "model"),
        *("year", "input"),
    ]
    assert record["tags"] == ["y"]
    assert record["input"] == {"tags": "mine", "input": 1}
    assert record["paragraphs"][0] == {
        "text": "Đoạn một.\nDòng hai; ba",
        "themes": {"x": 0.5, "y": 0.000001},
        "tags": ["x"],
        "evidence": [],
    }
    assert line.count(b"\n") == 1
    assert "Tiêu đề".encode() in line


def test_jsonl_error_record_is_of_a_record_only():
    renderer = JsonlRenderer()
    error = InputError("f:3", "bad", record_id="x", is_record=True)
    assert json.loads(renderer.error(error)) == {"id": "x", "error": "bad", "where": "f:3"}
    # A file that cannot be read has no place among the records.
    assert renderer.error(InputError("f", "no such file")) == b""


def test_lone_surrogates_become_valid_json_and_come_back():
    record = {"text": "đối \ud800 thoại", "\udfff": ["\ud83d"], "pair": "\U0001f600"}
    line = json_line(record)
    line.decode("utf-8")
    assert json.loads(line) == record


def test_json_has_no_nan_and_no_infinity():
    line = json_line({"a": math.nan, "b": [math.inf, {"c": -math.inf}], "d": 1.5, "é": "\ud800"})
    assert json.loads(line, parse_constant=refuse) == {
        "a": None,
        "b": [None, {"c": None}],
        "d": 1.5,
        "é": "\ud800",
    }


# -- CSV ----------------------------------------------------------------------------------------


def test_csv_has_a_row_per_article_and_paragraph():
    rows = csv_rows(RowRenderer(THEMES, ["year"]), tagged(metadata={"year": 2024}))
    assert list(rows[0]) == [*FIXED, "year", "input"]
    assert [(r["level"], r["index"]) for r in rows] == [
        ("article", ""),
        ("paragraph", "0"),
        ("paragraph", "1"),
    ]
    assert {r["id"] for r in rows} == {"a"}
    assert {r["title"] for r in rows} == {'Tiêu đề, "một"'}
    assert {r["year"] for r in rows} == {"2024"}
    assert [r["text"] for r in rows] == ["", "Đoạn một.\nDòng hai; ba", ""]
    assert [(float(r["x"]), float(r["y"])) for r in rows] == [(0.25, 1.0), (0.5, 1e-6), (0, 0)]
    assert [r["tags"] for r in rows] == ["y", "x", ""]


def test_csv_tags_are_joined_by_semicolon():
    assert csv_rows(RowRenderer(THEMES, []), tagged(tags=["x", "y"]))[0]["tags"] == "x;y"


def test_csv_columns_are_fixed_by_the_first_article_and_nothing_is_lost():
    renderer = RowRenderer(THEMES, ["year", "title", "level"])
    first = tagged(metadata={"year": [1, "é"], "title": "other", "level": 3})
    second = tagged(metadata={"place": "xã", "n": math.nan})
    rows = csv_rows(renderer, first, second)
    assert list(rows[0]) == [*FIXED, "year", "input"]
    assert rows[0]["year"] == '[1, "é"]'
    assert json.loads(rows[0]["input"]) == {"title": "other", "level": 3}
    assert rows[3]["year"] == ""
    assert json.loads(rows[3]["input"], parse_constant=refuse) == {"place": "xã", "n": None}


def test_csv_of_errors_and_of_lone_surrogates():
    renderer = CsvRenderer(RowRenderer(THEMES, []))
    assert renderer.error(InputError("f:1", "bad", is_record=True)) == b""
    (row, *_) = csv_rows(RowRenderer(THEMES, []), tagged(title="a\ud800b"))
    assert row["title"] == "a?b"


# -- Parquet ------------------------------------------------------------------------------------


def parquet(tmp_path, blocks):
    pq = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "stream").write_bytes(b"".join(blocks))
    join_parquet(tmp_path / "stream", tmp_path / "a.parquet")
    return pq.ParquetFile(tmp_path / "a.parquet")


def test_parquet_has_the_rows_of_csv_with_types(tmp_path):
    pa = pytest.importorskip("pyarrow")
    renderer = ParquetRenderer(RowRenderer(THEMES, ["year"]))
    first, second = tagged(metadata={"year": 2024}), tagged(id=None, title="\ud800")
    error = InputError("f:1", "bad", is_record=True)
    blocks = [renderer.header(), renderer.render([first, error]), renderer.render([error])]
    table = parquet(tmp_path, [*blocks, renderer.render([second])]).read()
    assert table.schema.names == [*FIXED, "year", "input"]
    assert table.schema.field("x").type == pa.float64()
    rows = table.to_pylist()
    assert [r["index"] for r in rows] == [None, 0, 1] * 2
    assert [r["x"] for r in rows] == [0.25, 0.5, 0.0] * 2
    assert [r["id"] for r in rows] == ["a"] * 3 + [None] * 3
    assert [r["title"] for r in rows] == ['Tiêu đề, "một"'] * 3 + ["?"] * 3
    assert [r["year"] for r in rows] == ["2024"] * 3 + [""] * 3


def test_parquet_has_row_groups_of_many_batches(tmp_path):
    pytest.importorskip("pyarrow")
    renderer = ParquetRenderer(RowRenderer(THEMES, []))
    articles = [tagged(id=str(i)) for i in range(9_000)]
    blocks = [renderer.render(articles[i : i + 500]) for i in range(0, 9_000, 500)]
    file = parquet(tmp_path, [renderer.header(), *blocks])
    assert [file.metadata.row_group(i).num_rows for i in range(3)] == [10_500, 10_500, 6_000]
    assert file.read(["id"]).column("id").to_pylist()[::3] == [a.id for a in articles]


def test_parquet_without_an_article_is_a_file_without_rows(tmp_path):
    pytest.importorskip("pyarrow")
    renderer = ParquetRenderer(RowRenderer(THEMES, []))
    assert parquet(tmp_path, [renderer.header()]).metadata.num_rows == 0
