"""Suggestions: the unsure articles first, weak themes before strong ones."""

from __future__ import annotations

import pytest

from dvtopics.article import Article
from dvtopics.corpus.checksum import text_checksum
from dvtopics.corpus.suggest import suggest
from dvtopics.errors import UsageError


def test_best_first_and_as_many_as_asked(small_tagger, authored):
    all_of_them = suggest(small_tagger, authored, len(authored))
    gains = [s.gain for s in all_of_them]
    assert gains == sorted(gains, reverse=True)
    assert {s.article.id for s in all_of_them} == {a.id for a in authored}
    assert [s.article.id for s in suggest(small_tagger, authored, 5)] == [
        s.article.id for s in all_of_them[:5]
    ]


def test_an_unsure_article_is_worth_more_than_a_sure_one(small_tagger, authored):
    ranked = suggest(small_tagger, authored, len(authored))

    def doubt(article: Article) -> float:
        p = small_tagger.predict_proba([article])
        return float((p * (1 - p)).max())

    best, worst = ranked[:15], ranked[-15:]
    assert min(doubt(s.article) for s in best) > max(doubt(s.article) for s in worst) / 2
    assert sum(doubt(s.article) for s in best) > sum(doubt(s.article) for s in worst)


def test_only_the_themes_asked_for_count(small_tagger, authored):
    for suggestion in suggest(small_tagger, authored, 10, ["party_building"]):
        others = [v for t, v in suggestion.by_theme.items() if t != "party_building"]
        assert others == [0.0] * 3
        assert suggestion.gain == pytest.approx(suggestion.by_theme["party_building"])


def test_record_is_ready_to_be_labelled(small_tagger):
    article = Article("Tiêu đề", ["Đoạn một.", "Đoạn hai."], "x", metadata={"lines": [4, 7]})
    (suggestion,) = suggest(small_tagger, [article], 3)
    record = suggestion.to_record()
    assert record["drawn"] == "suggested"
    assert [(p["line"], p["grades"]) for p in record["paragraphs"]] == [(4, None), (7, None)]
    assert record["paragraphs"][0]["sha256"] == text_checksum("Đoạn một.")
    assert Article.from_record(record).paragraphs[1].text == "Đoạn hai."


def test_wrong_requests(small_tagger, authored):
    with pytest.raises(UsageError, match="positive"):
        suggest(small_tagger, authored, 0)
    with pytest.raises(UsageError, match="unknown theme"):
        suggest(small_tagger, authored, 1, ["weather"])
