"""`LdaTagger`: the contract of every tagger, and scores that are made of topic shares alone."""

from __future__ import annotations

import copy
import itertools
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from gensim.models import LdaModel
from safetensors.numpy import load_file
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import dvtopics
from dvtopics import THEMES, Article, LdaTagger
from dvtopics.errors import ModelError, NotFittedError, UsageError
from dvtopics.features.topics import Bags
from dvtopics.storage import load_folder, save_folder
from dvtopics.taggers.batch import Batch

QUICK = {
    "min_df": 2, "min_pair_df": 2, "n_seeded": 40, "n_background": 8, "n_folds": 2, "phrases": None,
}  # fmt: skip
FILES = ["README.md", "arrays.safetensors", "config.json", "phrases.txt", "vocabulary.txt"]
TEXT = "Chủ tịch huyện tiếp công dân.\n\nGiải quyết đơn khiếu nại, tố cáo."


@pytest.fixture(scope="module")
def small(authored):
    return LdaTagger(**QUICK).fit(authored[::3][:50])


@pytest.fixture(scope="module")
def saved(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "topics"
    copy.copy(small).save(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return Path(shutil.copytree(saved, tmp_path / "model"))


@pytest.fixture(scope="module")
def shipped():
    tagger = dvtopics.load("lda")
    assert isinstance(tagger, LdaTagger)
    return tagger


@pytest.fixture(scope="module")
def mixed(authored):
    extra = [
        Article("", []), Article("Tiếp công dân", []), Article("", ["", " "]),
        Article("", ["khiếu nại"]), Article("🙂", ["\ud800", "dân chủ " * 500]),
        Article("zzz", ["xyzzy plugh"]),
    ]  # fmt: skip
    return [*authored[:15], *extra, *authored[15:30]]


def records(tagged):
    return [json.dumps(t.to_record(), ensure_ascii=False) for t in tagged]


# -- the contract -------------------------------------------------------------------------------


def test_parameters(small):
    tagger = LdaTagger(n_seeded=7, C=3.0)
    assert clone(tagger).get_params() == tagger.get_params()
    assert eval(repr(tagger)).get_params() == tagger.get_params()
    assert clone(small).get_params() == small.get_params()
    for use in (lambda t: t.tag("x"), lambda t: t.topics_, lambda t: t.save("nowhere")):
        with pytest.raises(NotFittedError, match="call fit"):
            use(LdaTagger())


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"n_folds": 1}, "n_folds"), ({"concentration": 0}, "concentration"),
        ({"C": -1.0}, "C must"), ({"n_seeded": 0}, "n_seeded"), ({"passes": 0}, "passes"),
        ({"background_share": 1.0}, "background_share"), ({"phrases": "x"}, "phrases"),
        ({"seed_weight": -0.1}, "seed_weight"), ({"min_df": 10_000}, "smaller min_df"),
    ],
)  # fmt: skip
def test_wrong_parameters(authored, wrong, match):
    with pytest.raises(UsageError, match=match):
        LdaTagger(**{**QUICK, **wrong}).fit(authored[:12])


def test_too_few_articles(authored):
    with pytest.raises(UsageError, match="at least 5"):
        LdaTagger(**QUICK).fit(authored[:3])


def test_it_learns(small, authored):
    unseen = authored[1::3][:50]
    assert small.score(unseen) > 0.6
    assert small.predict_proba(unseen).shape[1] == len(THEMES)
    figures = small.cross_validation_["authored"]
    assert figures["paragraph"]["macro_f1"] > 0.5
    assert figures["article"]["macro_f1"] > 0.45


def test_cross_val_score_over_articles(authored):
    scores = cross_val_score(LdaTagger(**QUICK), authored[:16], cv=2)
    assert ((scores > 0) & (scores <= 1)).all()


def test_the_same_bytes_again(small, saved, authored, tmp_path):
    LdaTagger(**QUICK).fit(authored[::3][:50]).save(tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (saved / name).read_bytes(), name


@pytest.mark.parametrize(("batch_size", "n_jobs"), [(3, 1), (64, 1), (3, 2)])
def test_batches_and_jobs_change_nothing(small, mixed, batch_size, n_jobs):
    evidence = n_jobs == 1
    one_by_one = records(small.tag(article, evidence=evidence) for article in mixed)
    assert (
        records(small.tag_many(mixed, batch_size=batch_size, n_jobs=n_jobs, evidence=evidence))
        == one_by_one
    )


# -- topic shares are all there is ---------------------------------------------------------------


def test_scores_are_linear_in_topic_shares(small, authored):
    """What the formula says: gamma from inference, its share less the prior's, times length."""
    scorer = small.pipeline_.scorer
    texts = [p.text for a in authored[:6] for p in a.paragraphs]
    batch = scorer.terms.encode(texts)
    bags, _ = Bags.of(scorer.terms.terms(batch), len(texts), scorer.terms.n_terms)
    gamma, alpha = scorer.topics.infer(bags), scorer.topics.alpha
    total = bags.totals[:, None]
    share = gamma / gamma.sum(axis=1, keepdims=True) - alpha / alpha.sum()
    length = (alpha.sum() + total) / np.sqrt(np.maximum(total, 1))
    expected = (share * length) @ scorer.coef + scorer.intercept
    found = scorer.score(texts)
    np.testing.assert_allclose(found.logits, expected, atol=1e-8)
    d = scorer.n_dimensions
    assert d == QUICK["n_background"]
    np.testing.assert_allclose(found.content, (share * length)[:, -d:] * scorer.scale, atol=1e-8)


def test_a_text_without_known_words(small):
    scorer = small.pipeline_.scorer
    found = scorer.score(["xyzzy plugh", ""])
    assert (found.logits == scorer.intercept).all()
    assert (found.content == 0).all()
    assert found.length.tolist() == [2, 0]


def test_tokens_add_up_to_the_scores(small, authored):
    scorer = small.pipeline_.scorer
    texts = ["xyzzy", *(p.text for a in authored[:8] for p in a.paragraphs), ""]
    scores, trace = scorer.traced(texts)
    np.testing.assert_array_equal(scores.logits, scorer.score(texts).logits)
    parts = scorer.dissector().open(trace)
    weight = parts.weights(np.arange(len(trace.tokens.ids))).weight
    ends = np.cumsum(trace.tokens.lengths)
    for row, (low, high) in enumerate(zip(ends - trace.tokens.lengths, ends, strict=True)):
        np.testing.assert_allclose(
            weight[low:high].sum(axis=0) * parts.scale[row],
            [*(scores.logits[row] - scorer.intercept), *scores.content[row]],
            atol=0.01,
        )
    assert (parts.weights(np.array([-1])).weight == 0).all()


@pytest.mark.parametrize("threshold", [None, 0.0])
def test_evidence_adds_up(small, authored, threshold):
    tagger = copy.copy(small)
    if threshold is not None:
        tagger.set_thresholds(threshold)
    named = 0
    for article in [*authored[:8], Article("Tiếp công dân", []), Article("", ["khiếu nại"])]:
        tagged = tagger.tag(article)
        logits = tagger.pipeline_.judge(Batch.from_articles([article])).logits()
        for item, values in [
            (tagged, logits.article[0]),
            *zip(tagged.paragraphs, logits.paragraph, strict=True),
        ]:
            for index, theme in enumerate(THEMES):
                entries = [e for e in item.evidence if e["theme"] == theme]
                assert bool(entries) == (theme in item.tags)
                if entries:
                    total = sum(e["weight"] for e in entries)
                    assert total == pytest.approx(values[index], abs=1e-4)
                    named += sum(e["term"] is not None for e in entries)
    assert named > 20


# -- saving -------------------------------------------------------------------------------------


def test_what_is_saved_comes_back(small, saved, mixed):
    assert sorted(path.name for path in saved.iterdir()) == FILES
    loaded = dvtopics.load(saved)
    assert isinstance(loaded, LdaTagger)
    tagger = copy.copy(small)
    tagger.model_ = loaded.model_
    assert records(loaded.tag_many(mixed)) == records(tagger.tag_many(mixed))
    assert loaded.get_params() == small.get_params()
    assert loaded.topic_terms(0) == small.topic_terms(0)
    assert "Dirichlet" in (saved / "README.md").read_text()
    assert "gensim" in load_folder(saved).config["library_versions"]


def resaved(folder, change):
    files = load_folder(folder)
    arrays, texts = dict(files.arrays), dict(files.texts)
    change(arrays, texts)
    config = {k: v for k, v in files.config.items() if k != "files"}
    save_folder(folder, config, arrays, texts, "card")


def put(name, value, at=0):
    def change(arrays, texts):
        arrays[name] = arrays[name].copy()
        arrays[name][at] = value

    return change


def cut(name):
    return lambda arrays, texts: arrays.__setitem__(name, arrays[name][:-1])


@pytest.mark.parametrize(
    "change",
    [
        put("topic", 60_000), put("weight", 0), put("weight", np.nan), put("alpha", -1),
        put("n_topics", 9), put("pairs", -5), put("pairs", 2**60, -1), put("coef", np.inf),
        cut("topic"), cut("weight"), cut("alpha"), cut("n_topics"), cut("pairs"), cut("coef"),
        cut("scale"), cut("intercept"), cut("paragraph_hidden_own"),
        lambda arrays, texts: arrays.pop("weight"),
        lambda arrays, texts: arrays.update(more=np.zeros(2)),
        lambda arrays, texts: arrays.update(weight=arrays["weight"].astype(np.float64)),
        lambda arrays, texts: texts.pop("phrases"),
        lambda arrays, texts: texts.update(vocabulary=texts["vocabulary"] + "thêm\n"),
        lambda arrays, texts: texts.update(vocabulary="dân\n" * texts["vocabulary"].count("\n")),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(folder, change):
    resaved(folder, lambda arrays, texts: None)
    dvtopics.load(folder)
    resaved(folder, change)
    with pytest.raises(ModelError) as caught:
        dvtopics.load(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


# -- the shipped model --------------------------------------------------------------------------


def test_the_shipped_model(shipped):
    assert "lda" in dvtopics.taggers.registry.pretrained_names()
    assert sum(path.stat().st_size for path in shipped.source_.iterdir()) <= 10_000_000
    arrays = load_file(shipped.source_ / "arrays.safetensors")
    assert {"keys", "idf", "embedding"}.isdisjoint(arrays), "no TF-IDF in it"
    for text, theme in (
        ("Thanh tra tỉnh tiếp công dân, trả lời đơn tố cáo.", "grievance_handling"),
        ("Chi bộ kết nạp đảng viên mới.", "party_building"),
        ("Mặt trận xã tổ chức đối thoại, lấy ý kiến nhân dân.", "grassroots_democracy"),
    ):
        assert shipped.tag(text).paragraphs[0].tags == [theme]


def test_topics_of_the_shipped_model_speak_for_themes(shipped):
    """For every theme there are several topics that speak for it, and their words show it."""
    coef = shipped.pipeline_.scorer.coef
    mass = shipped.topics_.alpha
    words = ["thủ tục", "khiếu nại", "giám sát", "đảng viên"]
    for theme, word in enumerate(words):
        strong = np.argsort(-coef[:, theme] * np.sqrt(mass))[:12]
        assert (coef[strong, theme] > 1).all()
        assert any(word in dict(shipped.topic_terms(int(topic), 30)) for topic in strong)


def test_the_shipped_model_infers_as_gensim(shipped, authored):
    """Single words, titles and paragraphs; gensim in double precision, from the same start."""
    scorer, topics = shipped.pipeline_.scorer, shipped.topics_
    texts = ["khiếu nại", "một cửa", *(a.title for a in authored[:40])]
    texts += [p.text for a in authored[:12] for p in a.paragraphs]
    bags, _ = Bags.of(
        scorer.terms.terms(scorer.terms.encode(texts)), len(texts), scorer.terms.n_terms
    )
    used, term = np.unique(bags.term, return_inverse=True)
    weight = np.zeros((topics.n_topics, len(used)))
    for column, number in enumerate(used.tolist()):
        low, high = topics.indptr[number : number + 2]
        weight[topics.topic[low:high], column] = topics.weight[low:high]
    model = LdaModel(
        id2word={i: str(i) for i in range(len(used))}, num_topics=topics.n_topics,
        alpha=topics.alpha, gamma_threshold=1e-6, iterations=1000, dtype=np.float64,
    )  # fmt: skip
    model.expElogbeta = weight
    start = topics.alpha + bags.totals[:, None] / topics.n_topics
    model.random_state = SimpleNamespace(gamma=lambda shape, scale, size: start.copy())
    bounds = itertools.pairwise(bags.indptr.tolist())
    chunk = [
        list(zip(term[a:b].tolist(), bags.count[a:b].tolist(), strict=True)) for a, b in bounds
    ]
    expected, _ = model.inference(chunk)
    found = topics.infer(bags, threshold=1e-6, iterations=1000)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert topics.infer(bags).tobytes() == found.tobytes(), "which is what tagging does"
