"""What every tagger promises: scikit-learn's conventions, and results that stand on their own."""

from __future__ import annotations

import copy
import gc
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_score
from sklearn.utils.validation import check_is_fitted

from dvtopics import THEMES, Article, TaggedArticle, TfidfTagger
from dvtopics.errors import NotFittedError, UsageError

TEXT = "Chủ tịch huyện tiếp công dân.\n\nGiải quyết đơn khiếu nại, tố cáo."


def records(tagged):
    return [json.dumps(t.to_record(), ensure_ascii=False) for t in tagged]


def levels(tagged):
    return [tagged, *tagged.paragraphs]


# -- scikit-learn's conventions -----------------------------------------------------------------


def test_parameters():
    tagger = TfidfTagger(ngram_max=2, C=3.0)
    assert tagger.get_params()["C"] == 3.0
    assert clone(tagger).get_params() == tagger.get_params()
    assert tagger.set_params(min_df=7) is tagger
    assert tagger.min_df == 7
    assert eval(repr(tagger)).get_params() == tagger.get_params()
    with pytest.raises(ValueError, match="no parameter 'nonsense'"):
        tagger.set_params(nonsense=1)


def test_a_clone_is_not_fitted(small_tagger):
    check_is_fitted(small_tagger)
    again = clone(small_tagger)
    assert again.get_params() == small_tagger.get_params()
    with pytest.raises(NotFittedError):
        again.tag("x")


@pytest.mark.parametrize(
    "use",
    [
        lambda t: t.tag("x"), lambda t: list(t.tag_many(["x"])), lambda t: t.predict(["x"]),
        lambda t: t.predict_proba(["x"]), lambda t: t.score([]), lambda t: t.themes_,
        lambda t: t.save("nowhere"), lambda t: t.set_thresholds(0.5),
    ],
)  # fmt: skip
def test_not_fitted(use):
    with pytest.raises(NotFittedError, match="call fit"):
        use(TfidfTagger())


def test_cross_val_score_over_articles(authored):
    tagger = TfidfTagger(ngram_max=1, min_df=2, n_folds=2, phrases=None)
    scores = cross_val_score(tagger, authored[:24], cv=2)
    assert scores.shape == (2,)
    assert ((scores > 0) & (scores <= 1)).all()


# -- what the methods return --------------------------------------------------------------------


def test_tag(small_tagger):
    tagged = small_tagger.tag(TEXT)
    assert isinstance(tagged, TaggedArticle)
    assert [p.text for p in tagged.paragraphs] == TEXT.split("\n\n")
    for item in levels(tagged):
        assert list(item.themes) == list(THEMES)
        for value in item.themes.values():
            assert type(value) is float
            assert value == round(value, 6)
            assert 0 <= value <= 1
        assert item.tags == [t for t in THEMES if t in item.tags], "in the order of the themes"
    assert "grievance_handling" in tagged.paragraphs[1].tags


def test_tags_follow_from_the_written_probabilities(small_tagger, authored):
    limits = small_tagger.thresholds_
    for tagged in small_tagger.tag_many(authored[:20]):
        for item, of in zip(
            levels(tagged), [limits.article] + [limits.paragraph] * len(tagged.paragraphs),
            strict=True,
        ):  # fmt: skip
            assert item.tags == [
                theme
                for theme, limit in zip(THEMES, of, strict=True)
                if item.themes[theme] >= limit
            ]


def test_article_record_and_text_are_alike(small_tagger):
    record = {"id": "7", "title": "Tiếp dân", "text": TEXT, "page": 3, "tags": ["old"]}
    article = Article("Tiếp dân", TEXT.split("\n\n"), "7")
    a, b = small_tagger.tag(article), small_tagger.tag(record)
    assert (a.themes, a.paragraphs) == (b.themes, b.paragraphs)
    assert b.to_record()["page"] == 3
    assert b.to_record()["input"] == {"tags": ["old"]}
    assert small_tagger.tag(TEXT).paragraphs == small_tagger.tag({"text": TEXT}).paragraphs
    with pytest.raises(TypeError, match="expected an Article"):
        small_tagger.tag(3)


def test_predict_proba_is_what_tag_says(small_tagger, authored):
    articles = authored[:7]
    expected = [
        list(p.themes.values()) for t in small_tagger.tag_many(articles) for p in t.paragraphs
    ]
    proba = small_tagger.predict_proba(articles)
    assert proba.tolist() == expected
    tags = [[t in p.tags for t in THEMES] for x in articles for p in small_tagger.tag(x).paragraphs]
    assert small_tagger.predict(articles).tolist() == tags
    assert small_tagger.predict_proba([]).shape == (0, len(THEMES))


def test_predict_proba_of_plain_texts(small_tagger):
    proba = small_tagger.predict_proba([TEXT, ""])
    assert proba.shape == (2, len(THEMES)), "a text is one paragraph, line ends and all"
    as_article = small_tagger.predict_proba([Article("", [TEXT])])
    assert proba[:1].tolist() == as_article.tolist()
    assert proba[1].tolist() == [0.0] * len(THEMES)


def test_score_is_paragraph_macro_f1(small_tagger, authored):
    articles = authored[60:80]
    grades = [p.grades or {} for a in articles for p in a.paragraphs]
    predicted = small_tagger.predict(articles)
    scores = []
    for index, theme in enumerate(THEMES):
        known = [i for i, g in enumerate(grades) if g.get(theme) is not None]
        judged = [i for i in known if not 0 < grades[i][theme] < 1]
        truth = [grades[i][theme] >= 1 for i in judged]
        if any(truth):
            scores.append(f1_score(truth, predicted[judged, index]))
    assert small_tagger.score(articles) == pytest.approx(np.mean(scores))


def test_thresholds_and_precision(small_tagger, authored):
    tagger = copy.copy(small_tagger)
    assert tagger.set_thresholds(1.0) is tagger
    counts = []
    for threshold in (0.99, 0.5, 0.01):
        tagged = tagger.set_thresholds(threshold).tag(authored[0])
        for item in levels(tagged):
            assert item.tags == [t for t, p in item.themes.items() if p >= threshold]
        counts.append(sum(len(item.tags) for item in levels(tagged)))
    assert counts[0] < counts[1] < counts[2]
    with pytest.raises(UsageError, match="unknown theme"):
        tagger.set_thresholds({"nonsense": 0.5})
    strict = copy.copy(small_tagger).set_thresholds(precision=0.95).thresholds_.paragraph
    loose = copy.copy(small_tagger).set_thresholds(precision=0.5).thresholds_.paragraph
    assert (strict >= loose).all()
    assert (strict > loose).any()


# -- the same records whatever the batch --------------------------------------------------------


@pytest.fixture(scope="module")
def mixed(authored):
    """Articles of all shapes, more than one batch of 64."""
    extra = [
        Article("", []), Article("Tiếp công dân", []), Article("", ["", " "]),
        Article("", ["khiếu nại"]), Article("🙂", ["\ud800", "dân chủ " * 500]),
    ]  # fmt: skip
    return [*authored[:40], *extra, *authored[40:80]]


@pytest.mark.parametrize(("batch_size", "n_jobs"), [(3, 1), (64, 1), (3, 2), (64, 2)])
def test_batches_and_jobs_change_nothing(small_tagger, mixed, batch_size, n_jobs):
    one_by_one = records(small_tagger.tag(article) for article in mixed)
    together = records(small_tagger.tag_many(mixed, batch_size=batch_size, n_jobs=n_jobs))
    assert together == one_by_one


def test_jobs_take_the_thresholds_along(saved_model, mixed):
    import dvtopics

    tagger = dvtopics.load(saved_model).set_thresholds(0.05)
    articles = mixed[:10]
    assert records(tagger.tag_many(articles, n_jobs=2)) == records(tagger.tag_many(articles))


def test_tag_many_is_lazy(small_tagger):
    read = []

    def stream():
        for number in range(100):
            read.append(number)
            yield Article("", [f"Bài {number}"], str(number))

    tagged = small_tagger.tag_many(stream(), batch_size=4)
    assert read == []
    assert next(tagged).id == "0"
    assert len(read) <= 5
    assert [t.id for t in tagged] == [str(n) for n in range(1, 100)]


@pytest.mark.parametrize("collecting", [True, False])
def test_garbage_is_collected_as_before(small_tagger, monkeypatch, collecting):
    (gc.enable if collecting else gc.disable)()
    try:
        small_tagger.tag(TEXT)
        assert gc.isenabled() == collecting
        monkeypatch.setattr(small_tagger, "_assemble", None)
        with pytest.raises(TypeError):
            small_tagger.tag(TEXT)
        assert gc.isenabled() == collecting
    finally:
        gc.enable()


@pytest.mark.parametrize("n_jobs", [0, -2])
def test_jobs_out_of_range(small_tagger, n_jobs):
    with pytest.raises(UsageError):
        list(small_tagger.tag_many(["x"], n_jobs=n_jobs))


# -- blank paragraphs, empty articles, huge ones ------------------------------------------------

BLANKS = st.sampled_from(["", " ", "\n\t", "\u00a0", "---", "…!?", "\u200b", "🙂", "_"])


@given(places=st.lists(st.tuples(st.integers(0, 12), BLANKS), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_blank_paragraphs_change_nothing_else(small_tagger, authored, places):
    article = authored[4]
    # Pairs of (paragraph, where it was, or None for a blank).
    mix = [(p.text, i) for i, p in enumerate(article.paragraphs)]
    for at, blank in places:
        mix.insert(min(at, len(mix)), (blank, None))
    now = {old: new for new, (_, old) in enumerate(mix) if old is not None}
    plain = small_tagger.tag(article)
    blanked = small_tagger.tag(Article(article.title, [text for text, _ in mix]))

    def moved(evidence):
        return [{**e, "where": now.get(e["where"], e["where"])} for e in evidence]

    assert blanked.themes == plain.themes
    assert blanked.tags == plain.tags
    assert blanked.evidence == moved(plain.evidence)
    for paragraph, (text, old) in zip(blanked.paragraphs, mix, strict=True):
        assert paragraph.text == text
        if old is None:
            assert set(paragraph.themes.values()) == {0.0}
            assert paragraph.tags == paragraph.evidence == []
        else:
            assert paragraph.themes == plain.paragraphs[old].themes
            assert paragraph.evidence == moved(plain.paragraphs[old].evidence)


@pytest.mark.parametrize("article", [Article("", []), Article(" - ", ["", "…"]), "", "\n \n"])
def test_nothing_to_judge(small_tagger, article):
    tagged = copy.copy(small_tagger).set_thresholds(0.0).tag(article)
    for item in levels(tagged):
        assert set(item.themes.values()) == {0.0}
        assert item.tags == item.evidence == []


def test_title_only(small_tagger):
    tagged = small_tagger.tag(Article("Tiếp công dân, giải quyết khiếu nại, tố cáo", []))
    assert tagged.paragraphs == []
    assert tagged.tags == ["grievance_handling"]
    assert {e["where"] for e in tagged.evidence} == {"title", "rest", "bias"}


def test_huge_articles(small_tagger):
    said = ["Tiếp công dân.", "Mưa.", "", "Chi bộ họp."]
    article = Article("Tiếp công dân", [said[i % 4] for i in range(20_000)])
    tagged = small_tagger.tag(article, evidence=False)
    assert len(tagged.paragraphs) == 20_000
    assert "grievance_handling" in tagged.paragraphs[-4].tags
    assert tagged.paragraphs[-2].themes == dict.fromkeys(THEMES, 0.0)
    # With evidence for some 200 of the paragraphs.
    article = Article("", ["Giải quyết khiếu nại, tố cáo."] * 200 + ["Mưa to."] * 20_000)
    tagged = small_tagger.tag(article)
    assert tagged.paragraphs[0].evidence
    assert len(tagged.paragraphs) == 20_200
