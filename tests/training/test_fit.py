from __future__ import annotations

import json

import numpy as np
import pytest

import dvtopics
from dvtopics import THEMES, Article, TfidfTagger
from dvtopics.errors import UsageError

IDS = tuple(THEMES)
QUICK = {"ngram_max": 1, "min_df": 2, "n_folds": 2, "phrases": None}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def regraded(articles, themes):
    """The same articles with grades under other names: new id → old id or None."""

    def renamed(grades):
        return grades and {new: grades.get(old, 0) for new, old in themes.items()}

    result = []
    for a in articles:
        copied = Article(a.title, a.paragraphs, a.id, renamed(a.grades), a.metadata)
        copied.paragraphs = [
            type(p)(p.text, renamed(p.grades), p.line, p.sha256) for p in a.paragraphs
        ]
        result.append(copied)
    return result


@pytest.fixture
def themes_file(tmp_path):
    def write(*ids):
        path = tmp_path / "themes.json"
        items = [{"id": i, "name": {"en": i.title()}, "seeds": ["hạt giống"]} for i in ids]
        path.write_text(json.dumps({"themes": items}), encoding="utf-8")
        return path

    return write


def test_two_fits_save_the_same_bytes(authored, tmp_path):
    for name, n_jobs in (("a/m", 1), ("b/m", 1), ("c/m", 2)):
        tagger = TfidfTagger(**QUICK, n_jobs=n_jobs).fit(authored[:16])
        tagger.save(tmp_path / name)
    first = contents(tmp_path / "a/m")
    assert contents(tmp_path / "b/m") == first
    assert contents(tmp_path / "c/m") == first, "the number of processes leaves no trace"


def test_the_sizes_asked_for(authored, tmp_path):
    tagger = TfidfTagger(**QUICK, n_dimensions=3, n_hidden=7, n_networks=2).fit(authored[:12])
    network = tagger.pipeline_.paragraph_stage
    assert tagger.pipeline_.scorer.embedding.table.shape[1] == 3
    assert network.hidden_own.shape == network.hidden_title.shape == (3, 14)
    assert network.output.shape == (14, len(THEMES))
    tagger.save(tmp_path / "small")
    loaded = dvtopics.load(tmp_path / "small")
    assert loaded.get_params() == tagger.get_params()
    found = loaded.predict_proba(authored[:3])
    assert found.tolist() == tagger.predict_proba(authored[:3]).tolist()


@pytest.mark.parametrize(
    "parameters",
    [{"n_epochs": 3}, {"n_averaged": 1}, {"network_alpha": 30.0}, {"article_C": 1.0}],
    ids=str,
)
def test_parameters_reach_what_they_name(authored, parameters):
    usual, other = (
        TfidfTagger(**QUICK, **chosen).fit(authored[:12]).pipeline_ for chosen in ({}, parameters)
    )
    same_network = (usual.paragraph_stage.output == other.paragraph_stage.output).all()
    assert same_network == ("article_C" in parameters)
    assert (usual.scorer.coef == other.scorer.coef).all()
    assert (usual.article_stage.coef != other.article_stage.coef).any()


def test_the_seed_matters(authored):
    a = TfidfTagger(**QUICK).fit(authored[:12])
    b = TfidfTagger(**QUICK, random_state=1).fit(authored[:12])
    assert (a.pipeline_.paragraph_stage.coef != b.pipeline_.paragraph_stage.coef).any()


def test_fit_reads_records_and_reports_progress(authored):
    steps = []
    a = TfidfTagger(**QUICK).fit(
        (x.to_record() for x in authored[:20]), progress=lambda done, of: steps.append((done, of))
    )
    b = TfidfTagger(**QUICK).fit(authored[:20])
    assert (a.predict_proba(authored[20:23]) == b.predict_proba(authored[20:23])).all()
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert a.training_data_ == b.training_data_


def test_a_theme_without_positives_is_never_tagged(authored, themes_file, tmp_path):
    names = {
        "complaints": "grievance_handling",
        "graded_zero": "no such",
        "party": "party_building",
    }
    articles = regraded(authored[:30], names)
    tagger = TfidfTagger(themes_file(*names, "not_graded"), **QUICK).fit(articles)
    assert tagger.themes_ == (*names, "not_graded")
    for item in tagger.tag_many(authored[:40]):
        for level in (item, *item.paragraphs):
            assert not {"graded_zero", "not_graded"} & set(level.tags)
            assert level.themes["graded_zero"] < 0.05
            assert level.themes["not_graded"] < 0.05
    figures = tagger.cross_validation_["authored"]["paragraph"]
    assert figures["graded_zero"] is None
    assert figures["not_graded"] is None
    assert figures["complaints"]["f1"] > 0.3
    # A themes file of one's own is in the saved model, not needed any more.
    tagger.save(tmp_path / "own")
    (tmp_path / "themes.json").unlink()
    loaded = dvtopics.load(tmp_path / "own")
    assert loaded.taxonomy_.to_config() == tagger.taxonomy_.to_config()
    assert (
        loaded.predict_proba(authored[:5]).tolist() == tagger.predict_proba(authored[:5]).tolist()
    )


def test_a_theme_that_everything_carries(authored, themes_file):
    articles = regraded(authored[:20], {"all": "no such"})
    for a in articles:
        a.grades = {"all": 1}
        for p in a.paragraphs:
            p.grades = {"all": 2}
    tagger = TfidfTagger(themes_file("all"), **QUICK, n_epochs=200).fit(articles)
    assert (tagger.predict_proba(authored[:5])[:, 0] > 0.99).all()


def test_one_theme_alone(authored, themes_file, tmp_path):
    articles = regraded(authored[:40], {"complaints": "grievance_handling"})
    tagger = TfidfTagger(themes_file("complaints"), **QUICK).fit(articles)
    probability = tagger.predict_proba(authored[:40])
    assert probability.shape == (sum(len(a.paragraphs) for a in authored[:40]), 1)
    assert tagger.score(articles) > 0.8
    assert tagger.cross_validation_["authored"]["paragraph"]["complaints"]["f1"] > 0.3
    tagged = tagger.tag({"title": "", "text": "Giải quyết đơn khiếu nại, tố cáo."})
    assert tagged.paragraphs[0].tags == ["complaints"]
    terms = {e["term"] for e in tagged.paragraphs[0].evidence}
    assert terms & {"khiếu", "nại", "tố", "cáo"}
    tagger.save(tmp_path / "one")
    loaded = dvtopics.load(tmp_path / "one")
    assert loaded.predict_proba(authored[:40]).tobytes() == probability.tobytes()


def test_labels_that_are_missing_are_not_zeros(authored):
    """Every other article is not judged for one theme, the rest not for another."""

    def judged(articles, absent):
        result = []
        for number, a in enumerate(articles):
            unknown = IDS[1] if number % 2 else IDS[3]
            copied = Article(a.title, a.paragraphs, a.id, {**a.grades, unknown: absent})
            copied.paragraphs = [
                type(p)(p.text, p.grades and {**p.grades, unknown: absent}) for p in a.paragraphs
            ]
            result.append(copied)
        return result

    partly, denied = (
        TfidfTagger(**QUICK).fit(judged(authored[:60], absent)) for absent in (None, 0)
    )
    assert np.isfinite(partly.predict_proba(authored[60:90])).all()
    assert partly.score(authored[:60]) > 0.7
    held_out = authored[60:120]
    truth = np.array(
        [[(p.grades or {}).get(t) or 0 for t in THEMES] for a in held_out for p in a.paragraphs]
    )
    for theme in (1, 3):
        carry = truth[:, theme] >= 1
        a, b = (t.predict_proba(held_out)[carry, theme].mean() for t in (partly, denied))
        assert a > b + 0.05, "what is not judged does not count against the theme"


def test_a_theme_that_one_article_only_judges(authored):
    articles = []
    for number, a in enumerate(authored[:20]):
        copied = Article(a.title, a.paragraphs, a.id, a.grades)
        if number:
            copied.grades = {**a.grades, IDS[2]: None}
            copied.paragraphs = [
                type(p)(p.text, p.grades and {**p.grades, IDS[2]: None}) for p in a.paragraphs
            ]
        articles.append(copied)
    tagger = TfidfTagger(**QUICK).fit(articles)
    assert np.isfinite(tagger.predict_proba(authored[:20])).all()
    assert tagger.score(articles) > 0.5


@pytest.mark.parametrize(
    "shape",
    [
        lambda a: Article(a.title, [], a.id, a.grades),
        lambda a: Article("", [], a.id, a.grades),
        lambda a: Article("", a.paragraphs, a.id, a.grades),
        lambda a: Article(a.title, a.paragraphs[:1], a.id, a.grades),
    ],
    ids=["title only", "empty", "no title", "one paragraph"],
)
def test_articles_of_every_shape_are_trained_on(authored, shape):
    articles = [*authored[:12], *map(shape, authored[12:24])]
    tagger = TfidfTagger(**QUICK).fit(articles)
    assert np.isfinite(tagger.predict_proba(authored[:24])).all()
    assert tagger.score(authored[:12]) > 0.5


def test_paragraph_grades_alone_are_enough(authored):
    articles = [Article(a.title, a.paragraphs, a.id) for a in authored[:20]]
    tagger = TfidfTagger(**QUICK).fit(articles)
    assert tagger.score(authored[:20]) > 0.5
    assert tagger.tag(authored[0]).tags == []


@pytest.mark.parametrize("number", [0, 1, 4])
def test_too_few_articles(authored, number):
    with pytest.raises(UsageError, match=f"only {number} of {number} .* at least 5"):
        TfidfTagger(**QUICK).fit(authored[:number])


def test_few_articles_do(authored):
    tagger = TfidfTagger(**{**QUICK, "n_folds": 5}).fit(authored[:5])
    assert np.isfinite(tagger.predict_proba(authored[:5])).all()


def test_graded_articles_are_counted_not_articles(authored):
    ungraded = [Article(a.title, [p.text for p in a.paragraphs]) for a in authored[4:30]]
    with pytest.raises(UsageError, match="only 4 of 30"):
        TfidfTagger(**QUICK).fit([*authored[:4], *ungraded])


@pytest.mark.parametrize("graded", [(6, 7, 11, 13, 17), (1, 5, 11, 13, 18)], ids=str)
def test_graded_articles_that_lie_unevenly(authored, graded):
    """A fold without any: trained all the same, or refused in our own words."""
    articles = [
        Article(a.title, a.paragraphs[:4], a.id, a.grades)
        if number in graded
        else Article(a.title, [p.text for p in a.paragraphs[:1]])
        for number, a in enumerate(authored[:24])
    ]
    try:
        tagger = TfidfTagger(**{**QUICK, "min_df": 1}).fit(articles)
    except UsageError as error:
        said = str(error)
    else:
        said = ""
        assert np.isfinite(tagger.predict_proba(articles)).all()
    assert "0 training texts" not in said, "there are some, only not in this fold"


def test_no_positive_at_all(authored):
    articles = regraded(authored[:10], dict.fromkeys(THEMES, "no such"))
    with pytest.raises(UsageError, match="no paragraph carries any of the themes"):
        TfidfTagger(**QUICK).fit(articles)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_folds": 1}, {"class_weight": "heavy"}, {"C": 0}, {"context_C": -1.0},
        {"article_C": 0.0}, {"article_C": float("nan")}, {"n_dimensions": 0}, {"n_hidden": 0},
        {"n_hidden": -3}, {"n_epochs": 0}, {"n_averaged": 0}, {"nb_offset": -0.5},
        {"window": 3}, {"window": 128},
        {"network_alpha": -0.1},
        {"network_alpha": float("nan")}, {"ngram_max": 4}, {"min_df": 0}, {"phrases": "other"},
        {"themes": "missing.json"},
    ],
    ids=str,
)  # fmt: skip
def test_parameters_out_of_range(authored, parameters):
    with pytest.raises(UsageError):
        TfidfTagger(**{**QUICK, **parameters}).fit(authored[:10])
