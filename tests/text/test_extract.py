"""Page extraction: our own labelled pages, properties, HTML, hostile input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.text.extract import Page, extract_html, extract_text, label_lines
from dvtopics.text.lines import paragraphs_of

PAGES = Path(__file__).parent / "pages"
NAMES = sorted(p.stem for p in PAGES.glob("*.txt"))
HTML_NAMES = sorted(p.stem for p in (PAGES / "html").glob("*.html"))

PROSE = [
    "Sáng nay, cán bộ phường đã đến từng nhà để lắng nghe ý kiến của người dân về dự án mới.",
    "Nguồn vốn xây dựng con đường do Nhân dân đóng góp và được công khai tại nhà văn hóa thôn.",
    "Tin tưởng vào chính quyền, bà con đã tự nguyện hiến hơn hai nghìn mét vuông đất vườn.",
    "Theo ông trưởng thôn, việc khó đến mấy mà dân đã bàn kỹ thì cũng làm được.",
    "Bình luận về kết quả này, nhiều người cho rằng cách làm công khai là điều quyết định.",
    "Xem xét đơn của các hộ, đoàn công tác đã đối chiếu bản đồ ngay tại thực địa.",
    "Ngày 12/5, hội nghị tổng kết phong trào được tổ chức với sự tham gia của các thôn.",
    "Đánh giá của đoàn giám sát cho thấy hồ sơ được giải quyết đúng hạn và đúng quy trình.",
    "Liên hệ với tình hình địa phương, các chi bộ đã bổ sung nhiều việc làm cụ thể cho năm tới.",
]


def _roles(name: str) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = json.loads(
        (PAGES / f"{name}.roles.json").read_text(encoding="utf-8")
    )["lines"]
    return lines


@pytest.mark.parametrize("name", NAMES)
def test_page(name: str) -> None:
    """No furniture comes out, no body line is lost, the title is right."""
    page = (PAGES / f"{name}.txt").read_text(encoding="utf-8")
    want = _roles(name)
    found = label_lines(page)
    assert [text.split() for _, text in found] == [line["text"].split() for line in want]
    wrong = []
    for (role, text), line in zip(found, want, strict=True):
        if line["role"] == "title":
            # A headline may stand on the page twice.
            heads = {t.casefold() for r, t in found if r == "title"}
            good = role == "title" or (role != "body" and text.casefold() in heads)
        elif line["role"] in ("body", "heading"):
            good = role == "body"
        elif line["role"] == "furniture":
            good = role not in ("title", "body")
        else:
            # Captions and bylines are better dropped, but no harm done where one stays.
            good = role != "title"
        if not good:
            wrong.append((line["role"], role, text))
    assert wrong == []
    titles = [line["text"] for line in want if line["role"] == "title"]
    assert extract_text(page).title in (titles or [""])


def test_there_are_pages() -> None:
    assert len(NAMES) >= 30
    assert len(HTML_NAMES) >= 6


@pytest.mark.parametrize("name", HTML_NAMES)
def test_html_pages(name: str) -> None:
    """All of the body, in order, and nothing else."""
    want = json.loads((PAGES / "html" / f"{name}.roles.json").read_text(encoding="utf-8"))
    page = extract_html((PAGES / "html" / f"{name}.html").read_text(encoding="utf-8"))
    assert page == Page(want["title"], want["body"])


FURNITURE = [
    "1x", "0.5x 1x 1.25x 2x", "Tốc độ: 1,5x", "Reading time: 3 minutes", "5 phút đọc", "4 min read",
    "Số ký hiệu: 12/QĐ-UBND", "SỐ/KÝ HIỆU: 12/QĐ-UBND", "Ngay ban hanh: 19-06-2015",
    "Trạng thái: Còn hiệu lực", "Cơ quan ban hành: Ủy ban nhân dân tỉnh", "Người ký: Lê Văn Tám",
    "Effective date: 01/01/2020", "Loại văn bản\tQuyết định", "Tệp đính kèm: ke-hoach.pdf (2 MB)",
    "Ngày nhận bài: 3/2/2020; Ngày phản biện: 9/3/2020", "Received: 3 February 2020",
    "DOI: 10.1000/xyz.12", "ISSN 2999-0001", "Tập 12, Số 3 (2020)", "Trích dẫn bài viết",
    "Bài viết này có hữu ích với bạn không?", "Thông tin này có giúp ích cho bạn không?",
    "Was this page helpful? Yes No", "Có (4)   Không (0)", "Hữu ích (3) / Không hữu ích (1)",
    "Tải về  |  Xem nhanh  |  Yêu thích", "[Phản hồi] [Yêu thích]",
    "Mưa lớn tại vùng núi  ***  Mời dự thi sáng tác biểu trưng huyện",
    "Tin mới nhận: Thông báo tạm ngừng cấp nước từ 22 giờ", "Tỉnh đoàn - MTTQ - Các đoàn thể",
    "Tác giả bài viết: Tôn Lệ Hằng", "Written by Ha Nguyen",
]  # fmt: skip


@pytest.mark.parametrize("line", FURNITURE)
def test_furniture_by_the_line(line: str) -> None:
    """Such a line is neither the title nor text, above the article or below it."""
    headline = "Chuyện làm đường ở một thôn vùng cao"
    page = "\n".join([line, headline, "12/05/2019", *PROSE, line])
    assert extract_text(page) == Page(headline, PROSE)


HEADINGS = [
    "I. MỤC ĐÍCH, YÊU CẦU", "II. NỘI DUNG", "III. Tổ Chức Thực Hiện", "1. Nội dung lấy ý kiến",
    "3. Liên hệ", "a) Tin tức", "Sửa từ đâu?", "TỔ CHỨC THỰC HIỆN", "ĐOÀN KẾT", "2.1. Hỏi đáp",
    "Ấp Bình Nhì",
]  # fmt: skip


@pytest.mark.parametrize("heading", HEADINGS)
def test_headings_stay(heading: str) -> None:
    paragraphs = [*PROSE[:4], heading, *PROSE[4:]]
    headline = "Chuyện làm đường ở một thôn vùng cao"
    assert extract_text("\n".join([headline, *paragraphs])) == Page(headline, paragraphs)


def test_table_stays() -> None:
    rows = ["Ấp | Thời gian họp | Địa điểm", "Bình Nhì | 18 giờ, 20/8 | Nhà văn hóa",
            "Bình Tây | 18 giờ, 21/8 | Trường học"]  # fmt: skip
    paragraphs = [*PROSE[:4], *rows, *PROSE[4:]]
    assert extract_text("\n".join(paragraphs)) == Page("", paragraphs)


def test_teasers_above_the_headline() -> None:
    headline = "Chuyện làm đường ở một thôn vùng cao"
    teasers = ["Khai trương phố đi bộ ven hồ lớn", PROSE[0], "Xem tiếp", "Mưa lớn ở vùng núi cao",
               PROSE[1], "Chi tiết"]  # fmt: skip
    page = "\n".join([*teasers, "12/05/2019", headline, *PROSE[2:]])
    assert extract_text(page) == Page(headline, PROSE[2:])


def test_many_lines_are_all_labelled() -> None:
    text = "\n".join((PAGES / f"{name}.txt").read_text(encoding="utf-8") for name in NAMES)
    lines = text.split("\n")
    page = "\n".join(lines[i % len(lines)] for i in range(100_000))
    assert len(label_lines(page)) == sum(bool(line.strip()) for line in page.split("\n"))


@pytest.mark.parametrize("page", ["", " ", "\n\n \t\n", "\u00a0\n"])
def test_empty(page: str) -> None:
    assert extract_text(page) == Page("", [])
    assert extract_html(page) == Page("", [])
    assert label_lines(page) == []


SPICE = st.sampled_from(
    ["Trang chủ", "Tin khác", "Lượt xem: 12", "12/05/2019", "Nguồn: VOV", "Bình luận", "./.", "...",
     "Ảnh: Văn A", "Nguyễn Văn A", "Từ khóa: a, b", "Số: 1/KH-UBND", *PROSE]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(SPICE, st.text(max_size=60)), max_size=25))
def test_output_is_a_subsequence_of_the_lines(parts: list[str]) -> None:
    page = "\n".join(parts)
    lines = paragraphs_of(page)
    labelled = label_lines(page)
    assert [text for _, text in labelled] == lines
    assert {role for role, _ in labelled} <= {"title", "body", "caption", "byline", "furniture"}
    assert sum(role == "title" for role, _ in labelled) <= 1
    result = extract_text(page)
    rest = iter(lines)
    assert all(paragraph in rest for paragraph in result.paragraphs)
    assert result.title == "" or result.title in lines


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PROSE), min_size=1, max_size=9, unique=True))
def test_prose_loses_nothing(paragraphs: list[str]) -> None:
    headline = "Chuyện làm đường ở một thôn vùng cao"
    assert extract_text("\n".join(paragraphs)) == Page("", paragraphs)
    assert extract_text("\n\n".join([headline, *paragraphs])) == Page(headline, paragraphs)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_html_never_raises(text: str) -> None:
    assert isinstance(extract_html(text), Page)
    assert isinstance(extract_html(f"<p>{text}</p><div <a href='{text}'><script>{text}"), Page)


def test_html_page() -> None:
    body = "".join(f"<p>{p}</p>" for p in PROSE)
    page = (
        "<html><head><title>Báo Thung Lũng</title></head><body><nav><a>Trang chủ</a></nav>"
        "<h1>Chuyện làm đường ở một thôn vùng cao</h1><div>12/05/2019 08:00</div>"
        f"{body}<div>Tin liên quan</div><ul><li><a>Khánh thành trường mới ở thôn Hạ</a></li></ul>"
        "<footer>Giấy phép số 12/GP-TTĐT</footer><script>var a = '<p>không phải bài</p>';</script>"
    )
    assert extract_html(page) == Page("Chuyện làm đường ở một thôn vùng cao", PROSE)


def test_html_old_page_with_br() -> None:
    text = "<br><br>\n".join(PROSE)
    page = (
        "<HTML><BODY><TABLE><TR><TD>Trang ch&#7911;</TD></TR><TR><TD>"
        f"<B>Chuyện làm đường ở một thôn vùng cao</B><BR>12/05/2009<BR><BR>{text}<BR><BR>"
        "<I>Hoàng Văn Lộc</I></TD></TR><TR><TD>Các tin khác</TD></TR></TABLE>"
    )
    assert extract_html(page) == Page("Chuyện làm đường ở một thôn vùng cao", PROSE)


@pytest.mark.parametrize(
    "unit",
    ["a", " ", "(", "Ảnh: ", "1/", "Trang chủ ", "tin ", "> ", "<a", "<!--", "<script>", "&#", "“",
     "Ảnh (", "Nguyễn ", "- ", "12/05/2019 ", "a.b:"],
)  # fmt: skip
def test_hostile_repeats_come_to_an_end(unit: str) -> None:
    """In one line and in many; with a quadratic step the tests would not end for hours."""
    pages = [
        extract_text(unit * (400_000 // len(unit))),
        extract_text((unit * 40 + "\n") * (200_000 // (40 * len(unit)))),
        extract_text((unit * 2 + "\n") * 5_000),
        extract_html(unit * (40_000 // len(unit))),
    ]
    assert all(isinstance(page, Page) for page in pages)


def test_import_is_light() -> None:
    code = (
        "import sys; import dvtopics.text.extract;"
        "bad = [m for m in ('trafilatura', 'lxml', 'numpy') if m in sys.modules]; sys.exit(len(bad))"  # noqa: E501
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


HTML_PROSE = (
    "<p>Sáng nay, lãnh đạo xã gặp người dân ba thôn và trả lời ngay tại hội trường.</p>" * 4
)


@pytest.mark.parametrize(
    "head",
    [
        "<title>Xã Hoà Bình đối thoại với nhân dân | Cổng thông tin</title>",
        "<title>Báo Tỉnh - Xã Hoà Bình đối thoại với nhân dân</title>",
        '<title>Trang chủ</title><meta property="og:title" '
        'content="Xã Hoà Bình đối thoại với nhân dân">',
    ],
)
def test_title_that_only_the_head_tells(head: str) -> None:
    page = extract_html(f"<html><head>{head}</head><body>{HTML_PROSE}</body></html>")
    assert page.title == "Xã Hoà Bình đối thoại với nhân dân"


def test_a_window_title_that_is_a_site_name_only_is_no_headline() -> None:
    assert extract_html(f"<title>Trang chủ</title><body>{HTML_PROSE}</body>").title == ""
