"""Records to articles: ids, titles, carried fields, and every way in which a record is bad."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.article import Article
from dvtopics.errors import InputError
from dvtopics.io.records import Item, parsed, read_csv, read_jsonl, read_parquet
from dvtopics.io.streams import Source
from dvtopics.text.lines import paragraphs_of

LIMIT = 10_000_000
GOOD = b'{"id": "good", "text": "a"}\n'


def source(data: bytes, name: str = "f") -> Source:
    return Source(name, io.BufferedReader(io.BytesIO(data), 65_536))


def jsonl(data: bytes, limit: int = LIMIT) -> list[Item]:
    return [*map(parsed, read_jsonl(source(data), None, limit))]


def rows(text: str | bytes, column: str = "text", limit: int = LIMIT) -> list[Item]:
    data = text if isinstance(text, bytes) else text.encode()
    return [*map(parsed, read_csv(source(data), None, limit, column))]


def table(column: str = "text", **columns: object) -> list[Item]:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return [*map(parsed, read_parquet(source(buffer.getvalue()), LIMIT, column))]


def kinds(items: list[Item]) -> list[str | None]:
    """Ids of articles, None for errors: what became of each record, in order."""
    return [item.id if isinstance(item, Article) else None for item in items]


# -- JSON Lines ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason", "record_id"),
    [
        (b'{"id": "x", "text": ', "not valid JSON (Expecting value at column 20)", None),
        (b"5", "a record must be a JSON object", None),
        (b"null", "a record must be a JSON object", None),
        (b'["a"]', "a record must be a JSON object", None),
        (b"{}", 'neither "paragraphs" nor "text" is there', None),
        (
            b'{"id": "x", "paragraphs": 5}',
            '"paragraphs" must be a list of texts, not a number',
            "x",
        ),
        (b'{"id": 7, "paragraphs": "a"}', '"paragraphs" must be a list of texts, not text', "7"),
        (
            b'{"id": "x", "paragraphs": {}}',
            '"paragraphs" must be a list of texts, not an object',
            "x",
        ),
        (b'{"id": "x", "paragraphs": ["a", null]}', '"paragraphs[1]" must be text, not null', "x"),
        (b'{"id": "x", "text": ["a"]}', '"text" must be text, not a list', "x"),
        (b'{"id": "x", "title": 3, "text": "a"}', '"title" must be text, not a number', "x"),
        (b'{"id": true, "text": "a"}', '"id" must be text or a number, not true/false', None),
        (b'{"id": "x", "text": "a", "n": NaN}', "NaN is not a JSON value", None),
        (b'{"id": "x", "text": "a", "n": -Infinity}', "-Infinity is not a JSON value", None),
        (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", "Exceeds the limit", None),
        (b"[" * 100_000 + b"]" * 100_000, "JSON nested too deep", None),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "JSON nested too deep", None),
        (b'{"text": "a", "n": ' + b"[" * 500 + b"]" * 500 + b"}", "JSON nested too deep", None),
        (b'{"text": "a\x00b"}', "not valid JSON", None),
        (b'{"text": "\xff"}', "not UTF-8", None),
    ],
)
def test_bad_line_is_one_error_in_its_place(bad, reason, record_id):
    items = jsonl(GOOD * 2 + bad + b"\n" + GOOD * 2)
    assert kinds(items) == ["good", "good", None, "good", "good"]
    error = items[2]
    assert isinstance(error, InputError)
    assert error.where == "f:3"
    assert error.reason.startswith(reason)
    assert "\n" not in error.reason
    assert error.is_record
    assert error.record_id == record_id


def test_blank_lines_and_line_ends():
    items = jsonl(b'{"text": "a"}\r\n\r\n  \n{"text": "b"}')
    assert kinds(items) == ["f:1", "f:4"]


def test_only_line_feeds_end_a_line():
    record = {"text": "a\u2028b\x0b\x0cc\u0085d"}
    (item,) = jsonl(json.dumps(record, ensure_ascii=False).encode())
    assert [p.text for p in item.paragraphs] == [record["text"]]


@pytest.mark.parametrize("data", [b"\n \n", b"\xef\xbb\xbf\n"])
def test_file_without_a_record_is_an_error_of_the_file(data):
    with pytest.raises(InputError, match="f: empty"):
        jsonl(data)


def test_binary_file_is_one_error_and_not_one_a_line():
    with pytest.raises(InputError, match="f: binary data") as caught:
        jsonl(bytes(range(256)) * 50)
    assert not caught.value.is_record


def test_duplicate_ids_are_all_kept():
    assert kinds(jsonl(GOOD * 3)) == ["good"] * 3


def test_numbers_as_ids_become_text():
    items = jsonl(b'{"id": 7, "text": "a"}\n{"id": 1.5, "text": "a"}\n{"id": null, "text": "a"}\n')
    assert kinds(items) == ["7", "1.5", "f:3"]
    (huge,) = jsonl(b'{"id": ' + b"9" * 400 + b', "text": "a"}')
    assert huge.id == "9" * 400


def test_lone_surrogates_are_kept():
    (item,) = jsonl(b'{"id": "\\ud800", "text": "a\\udfff", "k\\ud801": "v"}')
    assert (item.id, item.paragraphs[0].text) == ("\ud800", "a\udfff")
    assert item.metadata == {"k\ud801": "v"}


def test_carried_fields():
    record = {"id": "1", "text": "a", "themes": [1], "x": {"y": None}, "grades": "somebody's own"}
    (item,) = jsonl(json.dumps(record).encode())
    assert item.metadata == {"themes": [1], "x": {"y": None}, "grades": "somebody's own"}
    (item,) = jsonl(b'{"paragraphs": ["a"], "text": "another"}')
    assert [p.text for p in item.paragraphs] == ["a"]
    assert item.metadata == {"text": "another"}


def test_given_paragraphs_come_one_to_one_blank_ones_too():
    given_paragraphs = ["", "  ", "Xem thêm", "a\nb", "Xem thêm"]
    (item,) = jsonl(json.dumps({"paragraphs": given_paragraphs}).encode())
    assert [p.text for p in item.paragraphs] == given_paragraphs


def test_carried_field_nested_within_the_limit_is_kept():
    (item,) = jsonl(b'{"text": "a", "n": ' + b"[" * 90 + b"]" * 90 + b"}")
    assert isinstance(item, Article)


def test_a_line_over_the_limit_is_not_held_in_memory():
    """What is read of it is thrown away piece by piece."""

    class Endless(io.RawIOBase):
        left = 40_000_000
        largest = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            size = min(len(buffer), self.left)
            Endless.largest = max(self.largest, size)
            buffer[:size] = b"a" * size
            self.left -= size
            return size

    stream = io.BufferedReader(Endless(), 65_536)
    (item,) = read_jsonl(Source("f", stream), None, 1000)
    assert str(item) == "f:1: larger than 1,000 bytes; raise --max-bytes to read it"
    assert Endless.largest <= 1 << 20


# -- CSV ----------------------------------------------------------------------------------------


def test_csv_ids_name_the_line_where_the_row_starts():
    items = rows('id,text\n,"một\nhai"\n\n,ba\n')
    assert kinds(items) == ["f:2", "f:5"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_delimiters(delimiter):
    (item,) = rows(delimiter.join(["id", "title", "text"]) + "\n" + delimiter.join("123") + "\n")
    assert (item.id, item.title, item.paragraphs[0].text) == ("1", "2", "3")


def test_csv_text_column():
    (item,) = rows("id,body,text\n1,main,side\n", column="body")
    assert [p.text for p in item.paragraphs] == ["main"]
    assert item.metadata == {"text": "side"}


def test_csv_without_the_text_column_names_what_there_is():
    with pytest.raises(
        InputError, match=r"f: no column 'text' \(it has: id, body\).*--text-column"
    ):
        rows("id,body\n1,a\n")


def test_csv_carries_every_other_column_whatever_its_name():
    (item,) = rows("id,text,paragraphs,grades,themes\n1,a,3,x,y\n")
    assert item.metadata == {"paragraphs": "3", "grades": "x", "themes": "y"}


def test_csv_row_with_a_wrong_number_of_fields_spoils_no_other():
    items = rows("id,text\n1,a\n2\n3,c,d\n4,e\n")
    assert kinds(items) == ["1", None, None, "4"]
    assert str(items[1]) == "f:3: row has 1 fields where the header has 2"


@pytest.mark.parametrize("last", ["4,d\n", "4,d", '4,"d ""e"""\n'])
def test_csv_quote_that_is_not_closed_swallows_no_row(last):
    items = rows(f'id,text\n1,a\n2,"b\n3,c\n{last}')
    assert kinds(items) == ["1", None, "3", "4"]
    assert str(items[1]) == "f:3: a quote is not closed"


def test_csv_with_many_unclosed_quotes_is_read_a_bounded_number_of_times():
    """Every line opens a quote anew, so that reading again from each would be quadratic."""
    items = rows("id,text\n" + 'a"b,"c\n' * 20_000)
    assert all("a quote is not closed" in str(item) for item in items)
    assert len(items) < 20
    assert str(items[-1]).endswith("to 20001)")


def test_csv_text_after_a_closing_quote_is_kept():
    (item,) = rows('id,text\n1,"Đối thoại" với dân\n')
    assert item.paragraphs[0].text == "Đối thoại với dân"


def test_csv_nul_is_kept_in_its_row():
    items = rows(b"id,text\n1,a\x00b\n2,c\n")
    assert [item.paragraphs[0].text for item in items] == ["a\x00b", "c"]


def test_csv_field_over_the_limit_spoils_no_other():
    items = rows("id,text\n1,a\n2," + "x" * 200_000 + "\n3,c\n", limit=1000)
    assert kinds(items) == ["1", None, "3"]
    assert "larger than 1,000 bytes" in str(items[1])


def test_csv_column_that_is_there_twice_is_refused():
    with pytest.raises(InputError, match="f: column 'text' is there twice"):
        rows("id,text,text\n1,a,b\n")
    (item,) = rows("id,text,,\n1,a,,\n")  # the empty columns of a spreadsheet
    assert item.id == "1"


@pytest.mark.parametrize("data", ["id,text\n", "id,text\n\n\n"])
def test_csv_without_rows_is_an_error_of_the_file(data):
    with pytest.raises(InputError, match="f: empty"):
        rows(data)


def test_csv_field_limit_of_the_process_is_left_alone():
    before = csv.field_size_limit()
    rows("id,text\n1,a\n", limit=50_000_000)
    assert csv.field_size_limit() == before


cell = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=6))
def test_csv_gives_back_what_csv_wrote(cells):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("title", "text", "more"), *cells])
    items = rows(text.getvalue().encode())
    assert [(a.title, [p.text for p in a.paragraphs], a.metadata) for a in items] == [
        (title, paragraphs_of(body), {"more": more}) for title, body, more in cells
    ]


value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)  # fmt: skip
names = st.text(max_size=8).filter(lambda x: x not in {"id", "title", "text", "paragraphs"})


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=20),
    st.lists(st.text(max_size=30), max_size=4),
    st.dictionaries(names.filter(lambda x: x != "grades"), value, max_size=4),
)
def test_jsonl_gives_back_what_json_wrote(title, paragraphs, more):
    """Any text, lone surrogates and line separators included; any JSON value is carried."""
    record = {"id": "1", "title": title, "paragraphs": paragraphs, **more}
    (item,) = jsonl(json.dumps(record).encode())
    assert item == Article(title, paragraphs, "1", metadata=more)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_a_reader_fail(data):
    """Any bytes give articles or `InputError`s, nothing else."""
    for read in (jsonl, rows):
        try:
            items = read(data)
        except InputError:
            continue
        assert items
        assert all(isinstance(item, Article | InputError) for item in items)


@settings(max_examples=100, deadline=None)
@given(st.text('ab,;"\n\r', max_size=60))
def test_no_csv_makes_the_reader_fail(text):
    items = rows("id,text\n1,first\n" + text)
    assert kinds(items)[0] == "1"


# -- Parquet ------------------------------------------------------------------------------------


def test_parquet_text_and_paragraphs():
    pa = pytest.importorskip("pyarrow")
    items = table(
        id=["a", None, "c"],
        title=["t", None, "u"],
        text=["x\ny", "z", None],
        paragraphs=pa.array([None, ["p", ""], None], pa.list_(pa.string())),
        n=[1, None, 3],
    )
    assert kinds(items) == ["a", "f:2", None]
    assert [p.text for p in items[0].paragraphs] == ["x", "y"]
    assert [p.text for p in items[1].paragraphs] == ["p", ""]
    assert items[1].metadata == {"text": "z", "n": None}
    assert items[2].record_id == "c"
    assert items[2].is_record


def test_parquet_text_column():
    (item,) = table("body", body=["main"], text=["side"])
    assert [p.text for p in item.paragraphs] == ["main"]
    assert item.metadata == {"text": "side"}
    with pytest.raises(InputError, match="no column 'text'"):
        table(body=["main"])


def test_parquet_wrong_types_are_errors_of_their_rows():
    (error,) = table(id=["a"], text=[5])
    assert str(error) == 'f:1: "text" must be text, not a number'
    assert error.record_id == "a"


def test_parquet_row_that_python_cannot_hold_spoils_no_other():
    pa = pytest.importorskip("pyarrow")
    broken = pa.array([b"good", b"\xff\xfe", b"good"])
    text = pa.Array.from_buffers(pa.string(), 3, broken.buffers())
    items = table(id=["a", "b", "c"], text=text)
    assert kinds(items) == ["a", None, "c"]
    assert items[1].where == "f:2"


def test_parquet_without_rows_or_with_a_column_twice_is_an_error_of_the_file():
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    with pytest.raises(InputError, match="f: empty"):
        table(id=pa.array([], pa.string()), text=pa.array([], pa.string()))
    twice = pa.table([["a"], ["b"]], names=["text", "text"])
    buffer = io.BytesIO()
    pq.write_table(twice, buffer)
    with pytest.raises(InputError, match="column 'text' is there twice"):
        list(read_parquet(source(buffer.getvalue()), LIMIT, "text"))


def test_truncated_parquet_is_one_error_of_the_file():
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": [f"văn bản {i}" for i in range(500)]}), buffer)
    data = buffer.getvalue()
    for length in (0, 3, 8, len(data) // 2, len(data) - 1):
        with pytest.raises(InputError, match="f: not a readable Parquet file") as caught:
            list(read_parquet(source(data[:length]), LIMIT, "text"))
        assert "\n" not in str(caught.value)
