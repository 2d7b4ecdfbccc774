"""The stop-word list: canonical, and nothing in it that themes are told by."""

from __future__ import annotations

from dvtopics.text.stopwords import stop_words, without_stop_words
from dvtopics.text.tokenize import tokenize
from dvtopics.themes import THEMES


def test_words_are_canonical() -> None:
    assert {"của", "và", "là"} <= stop_words()
    assert all(" ".join(tokenize(word)) == word for word in stop_words())


def test_no_seed_term_of_a_theme_is_a_stop_word() -> None:
    seeds = {" ".join(tokenize(s)) for theme in THEMES.values() for s in theme.seeds}
    assert not seeds & stop_words()


def test_words_are_left_out_of_a_text() -> None:
    assert without_stop_words("Ý kiến của nhân dân và cán bộ") == "ý kiến nhân dân cán bộ"
