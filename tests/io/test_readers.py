"""Inputs of every format to articles: files, folders, standard input, packed or not."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path

import pytest

from dvtopics.article import Article
from dvtopics.errors import InputError, UsageError
from dvtopics.io.readers import ReadOptions, expand, format_of, read_articles, read_items

PAGE = (
    "Chủ tịch xã đối thoại với nhân dân\n\n"
    "Sáng nay, Ủy ban nhân dân xã tổ chức đối thoại trực tiếp với nhân dân về cải cách hành "
    "chính và tiếp công dân trên địa bàn.\n\n"
    "Nhiều ý kiến về thủ tục đất đai được trả lời ngay tại hội nghị, số còn lại được ghi nhận "
    "để giải quyết đúng thời hạn.\n"
)
HTML = (
    "<html><head><title>Chủ tịch xã đối thoại với nhân dân</title></head><body><article>"
    + "".join(f"<p>{line}</p>" for line in PAGE.splitlines() if line)
    + "</article></body></html>"
)
RECORD = {"id": "a1", "title": "Đối thoại", "paragraphs": ["Đoạn một.", "Đoạn hai."], "year": 2024}


def write(path: Path, data: bytes) -> str:
    """Write `data`, packed by the suffix of `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        data = pytest.importorskip("zstandard").compress(data)
    path.write_bytes(data)
    return str(path)


def lines(*records: object) -> bytes:
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()


def read(name: str, **options: object) -> list[Article | InputError]:
    return list(read_items([name], ReadOptions(**options)))  # type: ignore[arg-type]


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch):
    def feed(data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    return feed


# -- formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "txt"),
        ("a.html", "html"),
        ("a.htm", "html"),
        ("a.jsonl", "jsonl"),
        ("a.csv", "csv"),
        ("a.parquet", "parquet"),
        ("a.TXT", "txt"),
        ("a.b.Jsonl.GZ", "jsonl"),
        ("x/a.csv.zst", "csv"),
        ("a.doc", None),
        ("a.gz", None),
        ("txt", None),
        (".txt", None),
    ],
)
def test_format_goes_by_the_suffix(name, expected):
    assert format_of(name) == expected


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_pages(tmp_path, kind, suffix):
    content = PAGE if kind == "txt" else HTML
    name = write(tmp_path / f"page.{kind}{suffix}", content.encode())
    (article,) = read_articles(name)
    assert article.id == name
    assert article.title == "Chủ tịch xã đối thoại với nhân dân"
    assert [p.text for p in article.paragraphs] == PAGE.splitlines()[2::2]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_records(tmp_path, kind, suffix):
    if kind == "jsonl":
        data = lines(RECORD, {"text": "Một.\n\n  Hai. \n"})
    elif kind == "csv":
        data = 'id,title,text,year\na1,Đối thoại,"Đoạn một.\nĐoạn hai.",2024\n,,Một.,\n'.encode()
    else:
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        plain = {"id": None, "title": None, "paragraphs": ["Một.", "Hai."], "year": None}
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([RECORD, plain]), buffer)
        data = buffer.getvalue()
    name = write(tmp_path / f"records.{kind}{suffix}", data)
    first, second = read_articles(name)
    assert (first.id, first.title) == ("a1", "Đối thoại")
    assert [p.text for p in first.paragraphs] == ["Đoạn một.", "Đoạn hai."]
    assert first.metadata == {"year": "2024" if kind == "csv" else 2024}
    # Without id: FILE:LINE (of the line where the record starts; of Parquet the row).
    assert second.id == f"{name}:{4 if kind == 'csv' else 2}"
    assert second.title == ""
    assert second.paragraphs[0].text == "Một."


def test_input_format_overrules_the_suffix(tmp_path):
    name = write(tmp_path / "records.txt", lines(RECORD))
    (article,) = read_articles(name, input_format="jsonl")
    assert article.id == "a1"
    name = write(tmp_path / "page.dat", HTML.encode())
    (article,) = read_articles(name, input_format="html")
    assert article.title == "Chủ tịch xã đối thoại với nhân dân"


def test_file_of_another_name_is_records_if_it_starts_like_one(tmp_path):
    (article,) = read_articles(write(tmp_path / "data", b" \n" + lines(RECORD)))
    assert article.id == "a1"
    (article,) = read_articles(write(tmp_path / "page", PAGE.encode()))
    assert article.title.startswith("Chủ tịch")


@pytest.mark.parametrize(
    "data",
    [
        lines(RECORD),
        b"\n \t" + lines(RECORD),
        b"\xef\xbb\xbf" + lines(RECORD),
        lines(RECORD).decode().encode("utf-16"),
    ],
    ids=["plain", "blanks", "bom", "utf-16"],
)
def test_standard_input_that_starts_with_a_brace_is_records(standard_input, data):
    standard_input(data)
    (article,) = read_articles("-")
    assert article.id == "a1"
    assert article.metadata == {"year": 2024}


def test_standard_input_of_other_kinds(standard_input):
    standard_input(PAGE.encode())
    (article,) = read_articles("-")
    assert article.id == "-"
    assert article.title.startswith("Chủ tịch")
    standard_input("id,text\n7,Một.\n".encode())
    (article,) = read_articles("-", input_format="csv")
    assert article.id == "7"
    standard_input(b'{"text": "a"}\n{"text": \n')
    good, bad = read("-")
    assert good.id == "-:1"
    assert bad.where == "-:2"


def test_closed_standard_input_is_one_error(monkeypatch):
    monkeypatch.setattr("sys.stdin", None)
    (error,) = read("-")
    assert str(error) == "-: standard input is closed"


# -- folders ------------------------------------------------------------------------------------


def test_folder_is_read_recursively_and_sorted_by_path(tmp_path):
    names = ["b.txt", "a/z.jsonl", "a/c/d.csv.gz", "c.html", "a.txt", "a/c.ndjson"]
    for name in names:
        write(tmp_path / name, b"x")
    for name in ["note.doc", "a/.hidden.txt", "archive.tar.gz"]:
        write(tmp_path / name, b"x")
    assert list(expand([str(tmp_path)])) == sorted(str(tmp_path / name) for name in names)


def test_folder_keeps_the_order_of_the_arguments(tmp_path):
    one, two = write(tmp_path / "z" / "1.txt", b"x"), write(tmp_path / "a" / "2.txt", b"x")
    assert list(expand([str(tmp_path / "z"), "-", str(tmp_path / "a")])) == [one, "-", two]


def test_folder_without_readable_files_is_one_error(tmp_path):
    write(tmp_path / "note.doc", b"x")
    (error,) = read(str(tmp_path))
    assert error.where == str(tmp_path)
    assert "no readable file" in error.reason
    assert not error.is_record


def test_file_in_a_folder_that_cannot_be_opened_is_one_error_in_its_place(tmp_path):
    write(tmp_path / "a.jsonl", lines(RECORD))
    (tmp_path / "b.txt").symlink_to(tmp_path / "gone.txt")
    write(tmp_path / "c.jsonl", lines(RECORD))
    first, error, last = read(str(tmp_path))
    assert first.id == last.id == "a1"
    assert str(error) == f"{tmp_path / 'b.txt'}: no such file"


def test_folder_that_cannot_be_listed_is_one_error_in_its_place(tmp_path, monkeypatch):
    write(tmp_path / "a.jsonl", lines(RECORD))
    write(tmp_path / "b" / "x.jsonl", lines(RECORD))
    write(tmp_path / "c.jsonl", lines(RECORD))
    scan = os.scandir

    def refuse(path):
        if os.fspath(path) == str(tmp_path / "b"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    # Permissions do not bind root, as which tests run in many containers.
    monkeypatch.setattr(os, "scandir", refuse)
    first, error, last = read(str(tmp_path))
    assert first.id == last.id == "a1"
    assert str(error) == f"{tmp_path / 'b'}: no permission to read it"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_in_a_folder_is_passed_over(tmp_path):
    os.mkfifo(tmp_path / "a.txt")  # opening it would wait for ever
    name = write(tmp_path / "b.txt", b"x")
    assert list(expand([str(tmp_path)])) == [name]


def test_names_that_cannot_be_files(tmp_path):
    (missing,) = read(str(tmp_path / "none.txt"))
    assert str(missing) == f"{tmp_path / 'none.txt'}: no such file"
    (too_long,) = read("a" * 5000 + ".txt")
    assert "too long" in too_long.reason


# -- encodings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_encodings_of_records(tmp_path, encoding):
    name = write(tmp_path / "a.jsonl", lines(RECORD, RECORD).decode().encode(encoding))
    assert [a.title for a in read_articles(name)] == ["Đối thoại"] * 2
    name = write(tmp_path / "a.csv", "id,title,text\n1,Đối thoại,Đoạn\n".encode(encoding))
    (article,) = read_articles(name)
    assert (article.id, article.title) == ("1", "Đối thoại")


def test_unicode_encodings_of_pages(tmp_path):
    for encoding in ("utf-8-sig", "utf-16"):
        (article,) = read_articles(write(tmp_path / "a.txt", PAGE.encode(encoding)))
        assert article.title == "Chủ tịch xã đối thoại với nhân dân"


def cp1258(text: str) -> bytes:
    """Encode as Windows-1258 does: tone marks apart from their letters."""
    import unicodedata

    tones = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
    out = ""
    for letter in text:
        marks = unicodedata.normalize("NFD", letter)
        tone = "".join(c for c in marks if c in tones)
        out += unicodedata.normalize("NFC", "".join(c for c in marks if c not in tones)) + tone
    return out.encode("cp1258")


def test_legacy_encoding_is_detected_and_can_be_named(tmp_path):
    text = PAGE.replace("\n", " ").strip()
    name = write(tmp_path / "a.csv", cp1258(f"id,text\n1,{text.replace(',', '')}\n"))
    for encoding in (None, "cp1258"):
        (article,) = read_articles(name, encoding=encoding)
        assert article.paragraphs[0].text == text.replace(",", "")
    name = write(tmp_path / "a.jsonl", cp1258(lines({"id": "1", "text": text}).decode()))
    (article,) = read_articles(name, encoding="windows-1258")
    assert article.paragraphs[0].text == text


@pytest.mark.parametrize("encoding", [None, "utf-8"])
def test_line_that_is_not_utf8_spoils_no_other(tmp_path, encoding):
    data = lines(RECORD) + b'{"text": "\xff\xfe\xfa"}\n' + lines(RECORD)
    first, error, last = read(write(tmp_path / "a.jsonl", data), encoding=encoding)
    assert first.id == last.id == "a1"
    assert error.where.endswith("a.jsonl:2")
    assert "UTF-8" in error.reason


# -- limits and options -------------------------------------------------------------------------


def test_limit_is_of_one_article_and_exact(tmp_path):
    record = lines({"id": "x", "text": "a" * 100})
    name = write(tmp_path / "a.jsonl", record * 3)
    size = len(record) - 1  # the line without its end
    assert all(isinstance(x, Article) for x in read(name, max_bytes=size))
    page = write(tmp_path / "a.txt", PAGE.encode())
    size = len(PAGE.encode())
    assert isinstance(read(page, max_bytes=size)[0], Article)
    (error,) = read(page, max_bytes=size - 1)
    assert f"larger than {size - 1:,} bytes" in error.reason
    assert "--max-bytes" in error.reason


def test_record_over_the_limit_spoils_no_other(tmp_path):
    big = {"id": "big", "text": "đối thoại " * 100}
    name = write(tmp_path / "a.jsonl", lines(RECORD, big, RECORD))
    items = read(name, max_bytes=300)
    assert [isinstance(x, Article) for x in items] == [True, False, True]
    assert items[1].where == f"{name}:2"
    rows = f"id,text\n1,a\n2,{'đối thoại ' * 100}\n3,b\n".encode()
    items = read(write(tmp_path / "a.csv", rows), max_bytes=300)
    assert [getattr(x, "id", None) for x in items] == ["1", None, "3"]
    assert items[1].record_id == "2"


@pytest.mark.parametrize(
    "options",
    [{"input_format": "pdf"}, {"encoding": "klingon"}, {"max_bytes": 0}, {"max_bytes": 10**30}],
)
def test_wrong_options_are_refused_before_anything_is_read(options):
    with pytest.raises(UsageError):
        list(read_articles("there-is-no-such-file.txt", **options))


def test_read_articles_stops_at_the_first_error(tmp_path):
    name = write(tmp_path / "a.jsonl", lines(RECORD) + b"{\n" + lines(RECORD))
    stream = read_articles(name)
    assert next(stream).id == "a1"
    with pytest.raises(InputError, match=r"a\.jsonl:2: not valid JSON"):
        next(stream)


def test_reading_is_lazy(tmp_path):
    """The first record is there long before the last byte is read."""
    name = write(tmp_path / "a.jsonl", lines(RECORD) * 50_000)
    seen: list[int] = []
    next(read_items([name], on_read=seen.append))
    assert sum(seen) < 200_000
    seen.clear()
    assert sum(1 for _ in read_items([name], on_read=seen.append)) == 50_000
    assert sum(seen) == Path(name).stat().st_size
