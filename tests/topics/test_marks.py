"""Names, bylines and tags are told from content."""

from __future__ import annotations

import numpy as np
import pytest

from dvtopics.topics.marks import FURNITURE, NUMBER, OTHER, PERSON, PersonMarker, SyllableTable


def marked(text: str, mark: int) -> list[str]:
    table = SyllableTable()
    ids, marks = table.read(text)
    array = np.array(marks, dtype=np.uint8)
    PersonMarker(table).mark(np.array(ids, dtype=np.int32), array)
    return [table.syllables[i] for i, m in zip(ids, array, strict=True) if m & mark]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Chiều qua, ông Vàng Mí Lử đã tiếp dân tại trụ sở xã.", ["vàng", "mí", "lử"]),
        ("Theo đó, Nguyễn Thị Hoa bị kỷ luật vì vi phạm.", ["nguyễn", "thị", "hoa"]),
        ("Bà Lanh nói rằng xã chưa trả lời đơn của bà.", ["lanh"]),
        ("Người dân ở Hà Nội và Lâm Đồng gửi đơn lên Chính phủ.", []),
        ("Thành phố Hồ Chí Minh đối thoại với người dân.", []),
        ("Tỉnh Bà Rịa - Vũng Tàu cải cách thủ tục hành chính.", []),
        ("ông nói là không, bà bảo là có.", []),
        ("Hôm qua Trần Văn Ba, Lê Thị Tư ra toà.", ["trần", "văn", "ba", "lê", "thị", "tư"]),
    ],
)
def test_names_of_people(text, names):
    assert marked(text, PERSON) == names


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("(Dân trí) - Xã đã công khai thủ tục cho người dân biết.", 2),
        ("TTO - Xã đã công khai thủ tục cho người dân biết.", 1),
        ("Minh An (Tổng hợp)", 4),
        ("Ảnh: Minh An", 3),
        ("Minh An", 2),
        ("Xã đã trả lời.", 0),
        ("Xã - nơi có nhiều đơn thư - đã công khai thủ tục cho người dân biết.", 0),
    ],
)
def test_furniture(text, n):
    assert len(marked(text, FURNITURE)) == n


def test_numbers_share_an_id_and_a_frozen_table_takes_nothing_new():
    table = SyllableTable(["0", "", "đơn"], frozen=True)
    ids, _ = table.read("Đơn 12/2024 gửi 3A")
    assert ids == [2, NUMBER, NUMBER, OTHER, NUMBER]
    assert len(table) == 3


def test_the_written_form_of_a_syllable_is_kept():
    table = SyllableTable()
    ids, _ = table.read("hòa giải ở cơ sở")
    assert table.syllables[ids[0]] == "hoà"
    assert table.variants == {ids[0]: "hòa"}
