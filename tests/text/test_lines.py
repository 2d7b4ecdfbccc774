from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dvtopics.text.lines import paragraphs_of, split_lines


def test_only_lf_crlf_and_cr_end_a_line():
    assert split_lines("a\nb\r\nc\rd") == ["a", "b", "c", "d"]
    assert split_lines("a\x0cb\x1cc\u2028d\x85e") == ["a\x0cb\x1cc\u2028d\x85e"]
    assert split_lines("") == [""]
    assert split_lines("a\n\r\nb\n") == ["a", "", "b", ""]


def test_paragraphs_are_the_non_blank_lines_stripped():
    assert paragraphs_of(" a \n\n\t\n\u00a0\r\n b c\r") == ["a", "b c"]
    assert paragraphs_of("") == []


@given(st.lists(st.text(st.characters(exclude_characters="\r\n")), min_size=1),
       st.sampled_from(["\n", "\r\n", "\r"]))  # fmt: skip
def test_joined_lines_come_apart_again(lines, end):
    assert split_lines(end.join(lines)) == lines
