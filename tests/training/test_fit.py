from __future__ import annotations

import json

import numpy as np
import pytest

import dvtopics
from dvtopics import THEMES, Article, TfidfTagger
from dvtopics.errors import UsageError

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
            assert level.themes["graded_zero"] < 0.01
            assert level.themes["not_graded"] < 0.01
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
    tagger = TfidfTagger(themes_file("all"), **QUICK).fit(articles)
    assert (tagger.predict_proba(authored[:5])[:, 0] > 0.99).all()


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


def test_no_positive_at_all(authored):
    articles = regraded(authored[:10], dict.fromkeys(THEMES, "no such"))
    with pytest.raises(UsageError, match="no paragraph carries any of the themes"):
        TfidfTagger(**QUICK).fit(articles)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_folds": 1}, {"class_weight": "heavy"}, {"C": 0}, {"context_C": -1.0},
        {"ngram_max": 4}, {"min_df": 0}, {"phrases": "other"}, {"themes": "missing.json"},
    ],
)  # fmt: skip
def test_parameters_out_of_range(authored, parameters):
    with pytest.raises(UsageError):
        TfidfTagger(**{**QUICK, **parameters}).fit(authored[:10])
