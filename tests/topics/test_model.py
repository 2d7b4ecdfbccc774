"""Fitting, saving and looking at topics, over a collection with planted ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from counting import diversity as plain_diversity
from counting import npmi as plain_npmi
from planted import SUBJECTS, make_articles, new_model

import dvtopics
from dvtopics.errors import ModelError, NotFittedError, UsageError
from dvtopics.topics import engines
from dvtopics.topics.edits import Edits
from dvtopics.topics.model import TopicModel


def planted(terms: list[str]) -> str | None:
    """The subject that all of the terms are from, if there is one."""
    for name, words in SUBJECTS.items():
        if {t.replace("_", " ") for t in terms} <= set(words.split("|")):
            return name
    return None


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("engine", ["lda", "nmf"])
def test_planted_topics_are_found(engine, articles):
    model = new_model(engine=engine).fit(articles)
    found = [planted([term for term, _ in topic.terms[:8]]) for topic in model.topics_]
    assert sorted(found) == sorted(SUBJECTS)
    shares = model.transform(articles[:30])
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert [found[k] for k in shares.argmax(axis=1)] == [list(SUBJECTS)[i % 3] for i in range(30)]


def test_tomotopy_finds_them_too_or_says_how_to_install_it(articles):
    model = new_model(engine="tomotopy")
    try:
        import tomotopy  # noqa: F401
    except ImportError:
        with pytest.raises(UsageError, match="pip install"):
            model.fit(articles)
    else:
        found = [planted([t for t, _ in topic.terms[:5]]) for topic in model.fit(articles).topics_]
        assert sorted(found) == sorted(SUBJECTS)


def test_topics_json_says_what_the_texts_say(fitted, articles):
    summary = json.loads((fitted / "topics.json").read_text("utf-8"))
    assert set(summary) == {"topics", "coherence", "diversity"}
    assert set(summary["coherence"]) == {"npmi", "c_v"}
    topics = summary["topics"]
    for topic in topics:
        assert set(topic) == {"id", "label", "theme", "theme_score", "terms", "npmi", "share"}
        probabilities = [p for _, p in topic["terms"]]
        assert probabilities == sorted(probabilities, reverse=True)
        assert 0 < sum(probabilities) <= 1
        assert all(term == term.lower() and " " not in term for term, _ in topic["terms"])
    terms = [[term for term, _ in topic["terms"]] for topic in topics]
    paragraphs = [p.text for a in articles for p in a.paragraphs]
    assert [t["npmi"] for t in topics] == pytest.approx(plain_npmi(terms, paragraphs), abs=1e-6)
    assert summary["diversity"] == pytest.approx(plain_diversity(terms), abs=1e-6)
    assert sum(t["share"] for t in topics) == pytest.approx(1.0, abs=1e-5)


def test_themes_are_mapped_by_their_seeds(model):
    themes = {planted([t for t, _ in topic.terms[:8]]): topic.theme for topic in model.topics_}
    assert themes == {
        "complaints": "grievance_handling", "party": "party_building", "harvest": None,
    }  # fmt: skip


def test_a_rare_theme_gets_a_topic_of_its_own(articles):
    """One article in ten is about the party: too few for one of three topics by themselves."""
    rare = [a for i, a in enumerate(make_articles(360)) if i % 3 != 1 or i % 30 == 1]
    for anchored in (False, True):
        model = new_model(n_topics=4, anchor_themes=anchored, weighting="count").fit(rare)
        assert ("party_building" in {t.theme for t in model.topics_}) or not anchored


def test_labelled_articles_say_what_a_theme_is_about(articles):
    """The harvest is nobody's theme by its seeds; by labels it is."""
    graded = make_articles(60, seed=3)[2::3]
    for article in graded:
        article.grades = {"grassroots_democracy": 2.0}
    model = new_model().fit(articles, labelled=graded)
    themes = {planted([t for t, _ in topic.terms[:8]]): topic.theme for topic in model.topics_}
    assert themes["harvest"] == "grassroots_democracy"


def test_the_shipped_tagger_says_what_the_themes_are_about(authored):
    """Of the authored articles each theme has many; all four are found, with topics of theirs."""
    model = TopicModel(8, phrases=["đảng viên", "khiếu nại", "thủ tục", "đối thoại"])
    themes = [topic.theme for topic in model.fit(authored).topics_]
    assert set(dvtopics.THEMES) <= set(themes)


def test_topics_given_to_themes_stay_with_them(authored, monkeypatch):
    def lowest_score():
        model = TopicModel(12, phrases=["đảng viên", "khiếu nại", "thủ tục", "đối thoại"])
        topics = model.fit(authored).topics_
        return min(max(t.theme_score for t in topics if t.theme == one) for one in dvtopics.THEMES)

    held = lowest_score()
    monkeypatch.setattr(engines, "_HOLD", 0.0)
    assert held > lowest_score() + 0.02


def test_passages_are_from_articles_of_the_topic(model, articles):
    for topic in model.topics_:
        subject = planted([t for t, _ in topic.terms[:8]])
        passages = model.passages(topic.id)
        assert len(passages) == 5
        for passage in passages:
            number = int(passage["article"][1:])
            assert list(SUBJECTS)[number % 3] == subject
            assert articles[number].paragraphs[passage["paragraph"]].text == passage["text"]


def test_terms_come_in_the_form_the_texts_have():
    texts = ["Tổ hòa giải của thôn hòa giải vụ việc ở thôn."] * 3 + ["Xã thu thuế đất của dân."] * 3
    model = new_model(n_topics=2, phrases=["hoà giải"]).fit(texts)
    terms = {term for topic in model.topics_ for term, _ in topic.terms}
    assert "hòa_giải" in terms
    assert "hoà_giải" not in terms
    assert model.transform(["hòa giải"]).max() > model.transform(["không rõ"]).max()


# -- the same bytes -----------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes(fitted, articles, tmp_path):
    new_model().fit(iter(articles), tmp_path / "again")
    assert files_of(tmp_path / "again") == files_of(fitted)


@pytest.mark.parametrize("stop", ["topics", "pass 1", "pass 2", "understand"])
def test_an_interrupted_fit_goes_on_to_the_same_bytes(
    stop, fitted, articles, tmp_path, monkeypatch
):
    from dvtopics.topics.checkpoint import Checkpoint

    folder = tmp_path / "model"
    read = Checkpoint.save

    def interrupt(step: str) -> None:
        if step == stop:
            raise KeyboardInterrupt

    def save(self, done, statistics):
        read(self, done, statistics)
        interrupt(f"pass {done}")

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", save)
        with pytest.raises(KeyboardInterrupt):
            new_model().fit(articles, folder, on_step=interrupt)
    with pytest.raises(ModelError, match="not finished"):
        TopicModel.load(folder)
    if stop == "pass 2":
        # What was done is not done again: one pass is left of three.
        steps = []
        monkeypatch.setattr(
            Checkpoint, "save", lambda self, done, s: steps.append(done) or read(self, done, s)
        )
        new_model().fit(articles, folder)
        assert steps == [3]
    else:
        new_model().fit(articles, folder)
    assert files_of(folder) == files_of(fitted)


def test_other_articles_or_parameters_take_no_old_state(articles, tmp_path):
    def stop(step: str) -> None:
        if step == "understand":
            raise KeyboardInterrupt

    for given, parameters in ((articles[:60], {}), (articles, {"random_state": 7})):
        folder = tmp_path / f"{len(given)}"
        with pytest.raises(KeyboardInterrupt):
            new_model().fit(articles, folder, on_step=stop)
        new_model(**parameters).fit(given, folder)
        new_model(**parameters).fit(given, tmp_path / f"{len(given)}-whole")
        assert files_of(folder) == files_of(tmp_path / f"{len(given)}-whole")


def test_shares_do_not_depend_on_the_batch(model, articles):
    together = model.transform(articles[:7])
    alone = np.concatenate([model.transform([article]) for article in articles[:7]])
    assert (together == alone).all()


def test_a_loaded_model_is_the_saved_one(fitted, model, articles, tmp_path):
    model.save(tmp_path / "copy")
    assert files_of(tmp_path / "copy") == files_of(fitted)
    assert model.shares() == pytest.approx(model.transform(articles), abs=1e-6)
    assert [r["id"] for r in model.records()] == [a.id for a in articles]


# -- later --------------------------------------------------------------------------------------


def test_update_sees_new_articles(model, tmp_path):
    # So many of one subject that the topics' shares must move.
    new = make_articles(90, seed=5)[2::3]
    before = {planted([t for t, _ in v.terms[:8]]): v.share for v in model.topics_}
    weights = model._state().topics.weights.sum()
    model.update(new)
    assert model.n_articles_ == 150
    assert len(model.shares()) == 150
    assert model._state().topics.weights.sum() > weights
    after = {planted([t for t, _ in v.terms[:8]]): v.share for v in model.topics_}
    assert after["harvest"] > before["harvest"] + 0.05
    model.save(tmp_path / "updated")
    assert TopicModel.load(tmp_path / "updated").n_articles_ == 150


def test_a_model_that_was_never_saved_can_be_updated_and_fitted_again(articles):
    model = new_model().fit(articles[:-10])
    model.update(articles[-10:])
    assert [r["id"] for r in model.records()] == [a.id for a in articles]
    assert len(model.shares()) == len(articles)
    with pytest.raises(UsageError):
        model.fit(articles[:1])
    assert [r["id"] for r in model.records()] == [a.id for a in articles], "it is as it was"
    assert len(model.fit(articles[:40]).shares()) == 40


def test_update_is_refused_where_it_cannot_be(model, articles):
    with pytest.raises(UsageError, match="none of the new articles"):
        model.update(["zzz qqq"])
    with pytest.raises(UsageError, match="nmf cannot take new articles"):
        new_model(engine="nmf").fit(articles).update(articles[:3])


def test_merging_and_naming(model, tmp_path, fitted):
    shutil.copytree(fitted, tmp_path / "m")
    edits = Edits()
    edits.merge([2, 0])
    edits.name(1, "  Tên   của tôi ")
    model.edit(edits)
    first, second = model.topics_
    assert (first.id, first.members, second.label) == (0, [0, 2], "Tên của tôi")
    assert model.view.probabilities.sum(axis=1) == pytest.approx(1.0)
    assert first.share + second.share == pytest.approx(1.0, abs=1e-5)
    assert -1 <= first.npmi <= 1
    model.save_edits(tmp_path / "m")
    loaded = TopicModel.load(tmp_path / "m")
    assert loaded.edits_ == edits
    assert [t.label for t in loaded.topics_] == [t.label for t in model.topics_]


@pytest.mark.parametrize(
    "text",
    ["[", "[]", '{"names": {"9": "x"}}', '{"names": {"a": "x"}}', '{"merged": [[0]]}',
     '{"merged": [[0, 1], [1, 2]]}', '{"themes": {"0": "nope"}}', '{"more": 1}',
     '{"names": {"0": 3}}', '{"names": []}', "[" * 100_000],
)  # fmt: skip
def test_edits_that_do_not_fit_are_refused_in_one_line(text, fitted, tmp_path):
    shutil.copytree(fitted, tmp_path / "m")
    (tmp_path / "m" / "edits.json").write_text(text)
    with pytest.raises(ModelError, match=r"edits\.json") as caught:
        TopicModel.load(tmp_path / "m")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", ["flip", "cut", "remove", "link"])
def test_a_damaged_folder_is_refused_in_one_line(how, fitted, tmp_path):
    for name in files_of(fitted):
        folder = tmp_path / name
        shutil.copytree(fitted, folder)
        path = folder / name
        data = path.read_bytes()
        path.unlink()
        if how == "flip":
            middle = len(data) // 2
            path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        elif how == "cut":
            path.write_bytes(data[: len(data) // 2])
        elif how == "link":
            path.symlink_to(fitted / name)
        with pytest.raises(ModelError) as caught:
            TopicModel.load(folder)
        assert "\n" not in str(caught.value)
        assert str(folder) in str(caught.value)


def test_a_folder_holds_nothing_that_could_run(fitted):
    assert {path.suffix for path in fitted.iterdir()} == {".json", ".jsonl", ".safetensors"}
    (fitted.parent / "more").mkdir()
    shutil.copytree(fitted, fitted.parent / "more" / "m")
    (fitted.parent / "more" / "m" / "x.pkl").write_bytes(b"")
    with pytest.raises(ModelError, match="remove it"):
        TopicModel.load(fitted.parent / "more" / "m")


def test_nobodys_folder_is_overwritten(articles, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(ModelError, match="not a topic folder"):
        new_model().fit(articles, tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


# -- the number of topics, and bad input --------------------------------------------------------


def test_auto_finds_the_planted_number(articles, monkeypatch):
    monkeypatch.setattr("dvtopics.topics.choice.CANDIDATES", (2, 3, 5))
    model = new_model(n_topics="auto").fit(articles)
    assert len(model.topics_) == 3
    assert [point["n_topics"] for point in model.curve_] == [2, 3, 5]


@pytest.mark.parametrize("n", [1, 0, -3, True, 2.5, "many"])
def test_the_number_of_topics_is_checked(n, articles):
    with pytest.raises(UsageError, match="number of topics"):
        new_model(n_topics=n).fit(articles)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [({"engine": "x"}, "engine"), ({"weighting": "x"}, "weighting"), ({"passes": 0}, "passes"),
     ({"max_df": 0}, "max_df"), ({"min_df": 0}, "min_df"), ({"random_state": -1}, "random_state")],
)  # fmt: skip
def test_parameters_are_checked(parameters, said, articles):
    with pytest.raises(UsageError, match=said):
        new_model(**parameters).fit(articles)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([], "0 articles are too few"),
        (["một bài", "hai bài"], "2 articles are too few"),
        (["và của các"] * 9, "no term is left"),
        (["12 34"] * 9, "no term is left"),
        ([""] * 9, "no term is left"),
        (["đất"] * 9, "no term is left"),
        (["đất"] * 4 + ["nước"] * 5, "9 articles with 2 terms are too few"),
    ],
)
def test_too_little_is_one_clear_line(texts, said):
    with pytest.raises(UsageError, match=said) as caught:
        new_model().fit(texts)
    assert "\n" not in str(caught.value)


def test_one_word_articles_are_enough_where_there_are_words(articles):
    words = ["đất", "nước", "rừng", "biển"]
    model = new_model(n_topics=2, min_df=1).fit(words * 5)
    assert np.isfinite(model.shares()).all()


def test_nothing_is_known_before_fit():
    with pytest.raises(NotFittedError):
        TopicModel().topics_  # noqa: B018
    assert dvtopics.TopicModel is TopicModel
    assert TopicModel(7).set_params(passes=2).get_params()["passes"] == 2
