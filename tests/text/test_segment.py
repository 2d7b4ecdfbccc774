"""Words and sentences by underthesea, in parallel, cached, and as a phrase list."""

from __future__ import annotations

from pathlib import Path

import pytest

from dvtopics.errors import UsageError
from dvtopics.text.segment import mine_phrases, sentences, words, words_of_many

TEXTS = [
    "Ủy ban nhân dân xã tiếp công dân vào sáng thứ năm.",
    "Người dân gửi đơn khiếu nại về thủ tục hành chính.",
    "",
    "Hôm nay Bí thư chi bộ đối thoại với nhân dân. Ai hỏi cũng được trả lời.",
] * 80


def test_words_keep_every_letter_of_the_text() -> None:
    for text in TEXTS[:4]:
        assert "".join(words(text)).replace(" ", "") == text.replace(" ", "")


def test_multi_syllable_words_are_found() -> None:
    assert {"đối thoại", "nhân dân"} <= set(words(TEXTS[3]))


def test_sentences() -> None:
    assert sentences(TEXTS[3]) == [
        "Hôm nay Bí thư chi bộ đối thoại với nhân dân.",
        "Ai hỏi cũng được trả lời.",
    ]


def test_many_texts_are_those_of_each_in_order_whatever_the_jobs() -> None:
    expected = [words(text) for text in TEXTS[:4]] * 80
    assert words_of_many(TEXTS) == expected
    assert words_of_many(TEXTS, n_jobs=2) == expected


def test_cache_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = words_of_many(TEXTS[:4], cache=tmp_path)

    def fail(text: str) -> list[str]:
        raise AssertionError("segmented again")

    monkeypatch.setattr("dvtopics.text.segment.words", fail)
    assert words_of_many(TEXTS[:4], cache=tmp_path) == first


def test_phrases_are_canonical_frequent_words() -> None:
    phrases = mine_phrases(TEXTS, min_count=5)
    assert {"bí thư", "đối thoại"} <= set(phrases)
    # Either tone placement counts as the same word.
    assert mine_phrases(["Họ gặp nhau để hòa giải."], 1) == mine_phrases(
        ["Họ gặp nhau để hoà giải."], 1
    )
    assert phrases == sorted(phrases)
    assert all(2 <= len(phrase.split(" ")) <= 4 for phrase in phrases)
    assert mine_phrases(TEXTS, min_count=10_000) == []


def test_no_jobs_is_refused() -> None:
    with pytest.raises(UsageError, match="jobs"):
        words_of_many(TEXTS, n_jobs=0)
