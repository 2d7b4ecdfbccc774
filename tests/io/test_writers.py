"""Tagged articles to output: JSON Lines, CSV, Parquet, and the file they go to."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest

from dvtopics.article import TaggedArticle, TaggedParagraph
from dvtopics.errors import InputError, UsageError
from dvtopics.io.writers import CsvRenderer, JsonlRenderer, RowRenderer, json_line, open_sink

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


def test_parquet_has_the_rows_of_csv_with_types(tmp_path):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    renderer = RowRenderer(THEMES, ["year"])
    articles = [tagged(metadata={"year": 2024}), tagged(id=None, title="\ud800")]
    with open_sink(str(tmp_path / "a.parquet"), renderer) as sink:
        sink.write(renderer.header())
        for article in articles:
            sink.write(renderer.article(article))
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.names == [*FIXED, "year", "input"]
    assert table.schema.field("x").type == pa.float64()
    rows = table.to_pylist()
    assert [r["index"] for r in rows] == [None, 0, 1] * 2
    assert [r["x"] for r in rows] == [0.25, 0.5, 0.0] * 2
    assert [r["id"] for r in rows] == ["a"] * 3 + [None] * 3
    assert [r["title"] for r in rows] == ['Tiêu đề, "một"'] * 3 + ["?"] * 3
    assert [r["year"] for r in rows] == ["2024"] * 3 + [""] * 3


def test_parquet_without_an_article_is_a_file_without_rows(tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    with open_sink(str(tmp_path / "a.parquet"), RowRenderer(THEMES, [])) as sink:
        sink.write([])
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 0


# -- where it goes ------------------------------------------------------------------------------


def test_file_is_there_only_when_it_is_complete(tmp_path):
    target = tmp_path / "new" / "out.jsonl"
    with open_sink(str(target), JsonlRenderer()) as sink:
        sink.write(b"1\n")
        assert not target.exists()
        assert target.with_name("out.jsonl.partial").exists()
    assert target.read_bytes() == b"1\n"
    assert [p.name for p in target.parent.iterdir()] == ["out.jsonl"]


def test_interrupted_output_is_kept_beside_the_old_file(tmp_path):
    target = tmp_path / "out.jsonl"
    target.write_bytes(b"old\n")

    def run() -> None:
        with open_sink(str(target), JsonlRenderer()) as sink:
            sink.write(b"new\n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert target.read_bytes() == b"old\n"
    assert target.with_name("out.jsonl.partial").read_bytes() == b"new\n"


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for name in ("", ".", str(tmp_path), str(tmp_path / "file" / "x")):
        with pytest.raises(UsageError), open_sink(name, JsonlRenderer()):
            pass
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert not tmp_path.with_name(f"{tmp_path.name}.partial").exists()
    with pytest.raises(UsageError, match="--output"), open_sink(None, RowRenderer(THEMES, [])):
        pass


def test_what_is_no_plain_file_is_written_and_not_replaced(tmp_path):
    import os
    import threading

    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    with open_sink(str(pipe), JsonlRenderer()) as sink:
        sink.write(b"1\n")
    reader.join(10)
    assert received == [b"1\n"]
    assert pipe.is_fifo()
