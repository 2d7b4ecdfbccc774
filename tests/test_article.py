"""Articles and their records."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dvtopics.article import (
    INPUT_FIELDS,
    OUTPUT_FIELDS,
    Article,
    Paragraph,
    TaggedArticle,
    TaggedParagraph,
    as_article,
)

text = st.text(max_size=20)
grade = st.none() | st.integers(0, 2) | st.floats(0, 2)
grades = st.none() | st.dictionaries(st.text(max_size=5), grade, max_size=3)
metadata = st.dictionaries(
    st.text(max_size=8).filter(lambda name: name not in {*INPUT_FIELDS, "grades"}),
    st.none() | st.integers() | text | st.lists(text, max_size=2),
    max_size=3,
)
paragraph = st.builds(
    Paragraph,
    text,
    st.dictionaries(st.text(max_size=5), grade, max_size=3),
    st.none() | st.integers(0, 99),
    st.none() | st.text("0123456789abcdef", min_size=16, max_size=16),
)
labelled = st.builds(
    Article, text, st.lists(paragraph, max_size=3), st.none() | text, grades, metadata
)
plain = st.builds(Article, text, st.lists(text, max_size=3), st.none() | text, grades, metadata)


@settings(max_examples=80, deadline=None)
@given(labelled | plain)
def test_record_gives_the_article_back(article):
    assert Article.from_record(article.to_record()) == article


@settings(max_examples=80, deadline=None)
@given(labelled | plain)
def test_labelled_and_plain_records_differ_only_in_their_paragraphs(article):
    record = article.to_record()
    texts = [p if isinstance(p, str) else p["text"] for p in record["paragraphs"]]
    assert texts == [p.text for p in article.paragraphs]


def test_text_becomes_a_paragraph_per_line_that_is_not_blank():
    article = Article.from_text("  một \r\n\r\n\t\nhai\rba\u2028bốn\n", "T", "i")
    assert [p.text for p in article.paragraphs] == ["một", "hai", "ba\u2028bốn"]
    assert (article.title, article.id) == ("T", "i")
    assert Article.from_record({"text": "một\n\nhai"}) == Article.from_text("một\nhai")


def test_paragraphs_of_a_record_are_kept_as_they_are():
    article = Article.from_record({"paragraphs": ["", " a ", "b\nc"]})
    assert [p.text for p in article.paragraphs] == ["", " a ", "b\nc"]


def test_as_article_takes_articles_records_and_texts():
    article = Article("t", ["a"])
    assert as_article(article) is article
    assert as_article({"title": "t", "paragraphs": ["a"]}) == article
    assert as_article("a\nb") == Article("", ["a", "b"])
    with pytest.raises(TypeError, match="int"):
        as_article(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, 'neither "paragraphs" nor "text"'),
        ({"paragraphs": None, "text": None}, 'neither "paragraphs" nor "text"'),
        ({"text": 5}, '"text" must be text, not a number'),
        ({"text": b"a"}, '"text" must be text, not bytes'),
        ({"paragraphs": 5}, '"paragraphs" must be a list of texts, not a number'),
        ({"paragraphs": "a"}, '"paragraphs" must be a list of texts, not text'),
        ({"paragraphs": {"text": "a"}}, '"paragraphs" must be a list of texts, not an object'),
        ({"paragraphs": ["a", 5]}, r'"paragraphs\[1\]" must be text, not a number'),
        ({"paragraphs": [{"text": "a", "grades": {"x": "1"}}]}, r'"paragraphs\[0\].grades"'),
        ({"paragraphs": [{"sha256": "0"}]}, "rehydrate"),
        ({"text": "a", "title": []}, '"title" must be text, not a list'),
        ({"text": "a", "id": {}}, '"id" must be text or a number, not an object'),
        ({"text": "a", "id": False}, '"id" must be text or a number, not true/false'),
    ],
)
def test_record_of_the_wrong_shape_says_what_is_wrong(record, message):
    with pytest.raises(ValueError, match=message):
        Article.from_record(record)


def test_articles_do_not_share_what_they_were_made_from():
    more, graded = {"a": 1}, {"x": 1.0}
    one, two = Article(metadata=more, grades=graded), Article(metadata=more, grades=graded)
    one.metadata["b"] = 2
    one.grades["x"] = 0.0
    assert two.metadata == {"a": 1}
    assert two.grades == {"x": 1.0}
    assert Article().paragraphs is not Article().paragraphs


def test_evidence_is_made_when_it_is_first_read():
    made = []

    def make():
        made.append(1)
        return [{"term": "một cửa"}]

    late = TaggedParagraph("a", {"x": 0.5}, ["x"], make)
    assert not made
    assert late.evidence == [{"term": "một cửa"}]
    assert late.evidence is late.evidence
    assert made == [1]
    late.evidence = []
    assert late.evidence == []
    assert TaggedParagraph("a", {}, []).evidence == []


@pytest.mark.parametrize(
    "reading",
    [
        lambda item: pickle.loads(pickle.dumps(item)),
        copy.deepcopy,
        lambda item: type(item)(**{f.name: getattr(item, f.name) for f in fields(item)}),
        lambda item: TaggedParagraph(**asdict(item)),
    ],
    ids=["pickle", "deepcopy", "fields", "asdict"],
)
def test_evidence_that_nobody_has_read_yet_goes_along(reading):
    there = TaggedParagraph("a", {"x": 0.5}, ["x"], [{"term": "một cửa"}])
    late = TaggedParagraph("a", {"x": 0.5}, ["x"], lambda: [{"term": "một cửa"}])
    assert reading(late) == there
    assert late == there
    assert "một cửa" in repr(TaggedParagraph("a", {}, [], lambda: [{"term": "một cửa"}]))


def test_output_record_puts_clashing_fields_under_input():
    carried = {name: name for name in OUTPUT_FIELDS if name not in ("id", "title")} | {"year": 1}
    paragraph = TaggedParagraph("a", {"x": 0.5}, ["x"])
    record = TaggedArticle(
        "i", "t", {"x": 0.25}, [], [], [paragraph], "m@0", metadata=carried
    ).to_record()
    assert record["input"] == {name: name for name in carried if name != "year"}
    assert record["year"] == 1
    assert record["themes"] == {"x": 0.25}
    assert list(record)[:7] == list(OUTPUT_FIELDS[:7])
    assert "input" not in TaggedArticle("i", "t", {}, [], [], [], "m@0").to_record()
