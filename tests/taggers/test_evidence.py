from __future__ import annotations

import copy
import itertools
import unicodedata

import numpy as np
import pytest

import dvtopics.taggers.explain as explain_module
import dvtopics.taggers.words as words_module
from dvtopics import THEMES, Article
from dvtopics.features.embedding import SyllableEmbedding
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.native import library
from dvtopics.taggers.batch import Batch
from dvtopics.taggers.context import (
    ARTICLE_BLOCKS,
    ARTICLE_EXTRAS,
    PARAGRAPH_BLOCKS,
    PARAGRAPH_EXTRAS,
    LinearStage,
)
from dvtopics.taggers.network import ContextNetwork
from dvtopics.taggers.pipeline import TwoStagePipeline
from dvtopics.taggers.scorer import TfidfScorer
from dvtopics.text.tokenize import token_spans, tokenize

SENTENCES = [
    "Xã công khai thủ tục hành chính tại bộ phận một cửa.",
    "Chi bộ họp, kết nạp đảng viên; kiểm tra việc chấp hành nghị quyết của Đảng.",
    "Chủ tịch huyện tiếp công dân, giải quyết đơn khiếu nại, tố cáo kéo dài.",
    "Trời mưa to, lúa ngã nhiều.",
    "Hội nghị đối thoại trực tiếp với nhân dân; hòa giải ở cơ sở, dân bàn, dân làm.",
    "🙂 Khiếu_nại  khiếu nại KHIẾU NẠI",
]
TITLE = "Đối thoại, tiếp công dân và cải cách hành chính"


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


ARTICLES = {
    "usual": Article(TITLE, SENTENCES),
    "decomposed": Article(nfd(TITLE), [nfd(s) for s in SENTENCES]),
    "no title": Article("", SENTENCES),
    "title without a word": Article("---", SENTENCES),
    "one paragraph": Article(TITLE, SENTENCES[2:3]),
    "one paragraph, no title": Article("", SENTENCES[2:3]),
    "title only": Article(TITLE, []),
    "title and blanks": Article(TITLE, ["", " "]),
    "forty paragraphs": Article(TITLE, [SENTENCES[i * i % 6] for i in range(40)]),
    "blanks between": Article("", ["", *SENTENCES[:3], "\u200b", "---", *SENTENCES[3:], ""]),
    "unknown words": Article("zzz qqq", ["xyzzy plugh", *SENTENCES[:1]]),
    "one line, many words": Article(TITLE, [" ".join(SENTENCES * 30)]),
}


@pytest.fixture(scope="module")
def eager(small_tagger):
    """Tags every theme, so that there is evidence everywhere."""
    return copy.copy(small_tagger).set_thresholds(0.0)


def check(evidence, tags, logits, themes, texts, own):
    assert list(dict.fromkeys(e["theme"] for e in evidence)) == tags
    for theme in tags:
        entries = [e for e in evidence if e["theme"] == theme]
        assert len(entries) <= 10
        assert [e["where"] for e in entries[-2:]] == ["rest", "bias"]
        for entry in entries[-2:]:
            assert (entry["term"], entry["start"], entry["end"]) == (None, 0, 0)
        spans = []
        for entry in entries[:-2]:
            assert entry["weight"] > 0
            assert entry["where"] != own, "the paragraph itself is called self"
            text = texts[entry["where"]]
            assert 0 <= entry["start"] < entry["end"] <= len(text)
            assert entry["term"] == text[entry["start"] : entry["end"]]
            assert entry["term"].strip()
            spans.append((str(entry["where"]), entry["start"], entry["end"]))
        spans.sort()
        assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(spans)), (
            "terms do not overlap"
        )
        assert sum(e["weight"] for e in entries) == pytest.approx(
            logits[themes.index(theme)], abs=1e-5
        )


@pytest.mark.parametrize("kind", ARTICLES)
@pytest.mark.parametrize("which", ["small_tagger", "eager"])
def test_contract(kind, which, request):
    tagger = request.getfixturevalue(which)
    article, themes = ARTICLES[kind], tagger.themes_
    tagged = tagger.tag(article)
    logits = tagger.pipeline_.judge(Batch.from_articles([article])).logits()
    texts = {"title": article.title, **{i: p.text for i, p in enumerate(article.paragraphs)}}
    check(tagged.evidence, tagged.tags, logits.article[0], themes, texts, None)
    for index, paragraph in enumerate(tagged.paragraphs):
        check(
            paragraph.evidence, paragraph.tags, logits.paragraph[index], themes,
            {**texts, "self": paragraph.text}, index,
        )  # fmt: skip
    if which == "eager" and kind != "title and blanks":
        # Where nothing is judged, and where nothing is left of a probability, there is no tag.
        for level in (tagged, *tagged.paragraphs):
            assert level.tags == [theme for theme in themes if level.themes[theme] > 0]
        assert len(tagged.tags) >= len(themes) - 1


def test_weights_give_back_the_probability(eager):
    """Without a look inside: logit from the weights, calibrated, is what is written out."""
    tagged = eager.tag(ARTICLES["usual"])
    levels = [("article", tagged), *(("paragraph", p) for p in tagged.paragraphs)]
    for level, item in levels:
        platt = eager.calibration_[level]
        for index, theme in enumerate(eager.themes_):
            logit = sum(e["weight"] for e in item.evidence if e["theme"] == theme)
            p = 1 / (1 + np.exp(-(platt.slope[index] * logit + platt.offset[index])))
            assert p == pytest.approx(item.themes[theme], abs=1e-5)


def test_the_deciding_words_are_named(small_tagger):
    tagged = small_tagger.tag(Article("", [SENTENCES[2]]))
    assert "grievance_handling" in tagged.paragraphs[0].tags
    terms = [e["term"] for e in tagged.paragraphs[0].evidence if e["term"]]
    assert any("khiếu nại" in term or "tố cáo" in term for term in terms)


def test_decomposed_text_is_explained_alike(eager):
    plain, decomposed = eager.tag(ARTICLES["usual"]), eager.tag(ARTICLES["decomposed"])
    assert plain.themes == decomposed.themes
    for a, b in zip(plain.paragraphs, decomposed.paragraphs, strict=True):
        assert a.themes == b.themes
        for x, y in zip(a.evidence, b.evidence, strict=True):
            assert x["weight"] == y["weight"]
            assert x["where"] == y["where"]
            assert x["term"] == (y["term"] and unicodedata.normalize("NFC", y["term"]))


def test_evidence_can_be_left_out(small_tagger):
    with_it, without = (
        small_tagger.tag(ARTICLES["usual"], evidence=wanted) for wanted in (True, False)
    )
    assert without.evidence == []
    assert all(p.evidence == [] for p in without.paragraphs)
    assert with_it.themes == without.themes
    assert [p.tags for p in with_it.paragraphs] == [p.tags for p in without.paragraphs]


def records(tagged):
    return [item.to_record() for item in tagged]


@pytest.mark.parametrize("batch_size", [1, 3, 7, 64])
def test_evidence_does_not_depend_on_the_batch(pretrained, eager, authored, batch_size):
    articles = [*ARTICLES.values(), *authored[:20]]
    for tagger in (pretrained, eager):
        together = records(tagger.tag_many(articles, batch_size=len(articles)))
        assert records(tagger.tag_many(articles, batch_size=batch_size)) == together


@pytest.mark.parametrize(
    ("module", "name"), [(words_module, "_SLAB"), (explain_module, "_MOST_TOKENS")]
)
def test_evidence_does_not_depend_on_how_work_is_cut(pretrained, module, name, monkeypatch):
    """Long texts go through in slabs, many tags in parts."""
    articles = list(ARTICLES.values())
    whole = records(pretrained.tag_many(articles))
    monkeypatch.setattr(module, name, 1)
    assert records(pretrained.tag_many(articles)) == whole


def test_no_term_runs_across_punctuation(eager):
    inside = 0
    for tagged in map(eager.tag, ARTICLES.values()):
        for item in (tagged, *tagged.paragraphs):
            for term in filter(None, (entry["term"] for entry in item.evidence)):
                assert not set(term) & set(",.;:🙂-")
                inside += " " in term
    assert inside > 20


# -- words that evidence does not cut through -----------------------------------------------------

PHRASES = [
    "thủ tục hành chính", "một cửa", "khiếu nại", "công dân", "đảng viên", "nhân dân",
    "đối thoại", "giải quyết", "hòa giải", "cơ sở", "chi bộ", "thủ tục", "chính tại",
]  # fmt: skip


def words(text, phrases):
    """Spans of the words of a text: the longest phrase from the left, else one syllable."""
    spans, syllables, found, at = token_spans(text), tokenize(text), [], 0
    while at < len(spans):
        sizes = range(len(spans) - at, 1, -1)
        size = next((n for n in sizes if " ".join(syllables[at : at + n]) in phrases), 1)
        found.append((spans[at][0], spans[at + size - 1][1]))
        at += size
    return found


@pytest.mark.parametrize("kind", ["usual", "decomposed", "no title", "title only", "unknown words"])
def test_no_term_cuts_a_phrase(eager, kind):
    tagger, article = copy.copy(eager), ARTICLES[kind]
    known = set(tagger.pipeline_.scorer.vectorizer.syllables_)
    tagger.phrases_ = [p for p in PHRASES if set(p.split()) <= known]
    assert len(tagger.phrases_) > 8
    tagged = tagger.tag(article)
    texts = {"title": article.title, **{i: p.text for i, p in enumerate(article.paragraphs)}}
    of_words = {where: words(text, tagger.phrases_) for where, text in texts.items()}
    whole = 0
    for own, item in [(None, tagged), *enumerate(tagged.paragraphs)]:
        for entry in item.evidence:
            if entry["term"] is not None:
                spans = of_words[own if entry["where"] == "self" else entry["where"]]
                assert entry["start"] in {start for start, _ in spans}
                assert entry["end"] in {end for _, end in spans}
                whole += " " in entry["term"]
    assert whole, "some terms hold more than one syllable"


# -- models made by hand: where nothing counts against a theme, the terms are all there is ---------

FEW_WORDS = {
    "title and body": Article("tiếp dân", ["khiếu nại", "tố cáo", "chi bộ"]),
    "no title": Article("", ["khiếu nại", "mưa to", "chi bộ"]),
    "one paragraph": Article("tiếp dân", ["khiếu nại tố cáo"]),
    "one paragraph, no title": Article("", ["khiếu nại tố cáo"]),
    "title only": Article("khiếu nại tố cáo", []),
    "unknown words": Article("xyzzy", ["khiếu nại", "plugh", "tố cáo"]),
    "twice": Article("khiếu nại", ["khiếu nại", "khiếu nại"]),
}


def made_by_hand(small_tagger, change=lambda weights: None, hidden_intercept=100.0, window=0):
    """Positive weights everywhere, none on length and position; tags every theme."""
    rng, k, d, hidden = np.random.default_rng(2), len(THEMES), 3, 6

    def weights(*shape):
        return rng.uniform(0.01, 1.0, size=shape)

    texts = [
        text for a in FEW_WORDS.values() for text in (a.title, *(p.text for p in a.paragraphs))
    ]
    known = [" ".join(w for w in text.split() if w not in ("xyzzy", "plugh")) for text in texts]
    vectorizer = NgramTfidf(2, 1).fit(known)
    n, n_article = len(PARAGRAPH_BLOCKS) * k, len(ARTICLE_BLOCKS) * k
    n_features = n + len(PARAGRAPH_EXTRAS) + k * bool(window)
    network = {
        "coef": weights(n_features, k), "intercept": rng.normal(size=k),
        "hidden_coef": weights(n_features, hidden),
        "hidden_own": weights(d, hidden), "hidden_near": weights(d, hidden),
        "hidden_whole": weights(d, hidden), "hidden_title": weights(d, hidden),
        "hidden_intercept": rng.normal(size=hidden) + hidden_intercept,
        "output": weights(hidden, k),
    }  # fmt: skip
    extras = slice(n, n + len(PARAGRAPH_EXTRAS))
    network["coef"][extras] = network["hidden_coef"][extras] = 0.0
    article = LinearStage(weights(n_article + len(ARTICLE_EXTRAS), k), rng.normal(size=k))
    article.coef[n_article:] = 0.0
    change(network)
    tagger = copy.copy(small_tagger)
    tagger.pipeline_ = TwoStagePipeline(
        TfidfScorer(
            vectorizer,
            weights(len(vectorizer.keys_), k).astype(np.float32),
            rng.normal(size=k) - 1,
            SyllableEmbedding(weights(len(vectorizer.syllables_), d).astype(np.float32)),
            window,
        ),
        ContextNetwork(**network),
        article,
    )
    tagger.phrases_ = []
    return tagger.set_thresholds(0.0)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("window", [0, 2, 8])
@pytest.mark.parametrize("kind", FEW_WORDS)
def test_nothing_is_left_over_where_all_terms_are_named(
    small_tagger, kind, window, compiled, monkeypatch
):
    """Not only the sum: the terms themselves carry what is above the bias, at both levels."""
    if not compiled:
        monkeypatch.setattr(library, "library", lambda: None)
    tagger = made_by_hand(small_tagger, window=window)
    tagged = tagger.tag(FEW_WORDS[kind])
    items = [tagged, *(p for p in tagged.paragraphs if p.text != "plugh")]
    for item in items:
        assert item.tags == list(THEMES)
        rest = [e["weight"] for e in item.evidence if e["where"] == "rest"]
        assert rest == pytest.approx([0.0] * len(THEMES), abs=1e-4)
        named = [e["weight"] for e in item.evidence if e["term"]]
        assert min(named) > 0.01


@pytest.mark.parametrize("compiled", [True, False])
def test_only_the_best_window_moves_its_peak(small_tagger, compiled, monkeypatch):
    """Where nothing but peaks counts, terms are of the windows where they are."""
    if not compiled:
        monkeypatch.setattr(library, "library", lambda: None)

    def only_peaks(weights):
        for name in ("coef", "hidden_coef"):
            weights[name][: -len(THEMES)] = 0.0
        for name in ("hidden_own", "hidden_near", "hidden_whole", "hidden_title"):
            weights[name][...] = 0.0

    tagger = made_by_hand(small_tagger, only_peaks, window=2)
    text = "mưa to khiếu nại plugh plugh tố cáo plugh chi bộ"
    scorer = tagger.pipeline_.scorer
    _, trace = scorer.traced([text])
    words = text.split()
    paragraph = tagger.tag(Article("", [text, "mưa"])).paragraphs[0]
    windows = {int(at): words[at : at + 2] for at in trace.peaks.at[0]}
    # An n-gram that starts in a window may end one token behind it.
    inside = {text.index(words[i]) for at in windows for i in range(at, min(at + 3, len(words)))}
    named = [e for e in paragraph.evidence if e["term"]]
    assert named
    for entry in named:
        assert text[entry["start"] : entry["end"]] == entry["term"]
        starts = [entry["start"] + len(entry["term"]) - len(entry["term"].lstrip())]
        assert set(starts) <= inside
    rest = [e["weight"] for e in paragraph.evidence if e["where"] == "rest"]
    assert rest == pytest.approx([0.0] * len(THEMES), abs=1e-4)


def test_units_that_are_off_move_nothing(small_tagger):
    """Some units of the network on, some off: at its paragraph it is linear all the same."""
    tagger = made_by_hand(small_tagger, hidden_intercept=0.0)
    tagger.pipeline_.paragraph_stage.hidden_intercept[::2] = -100.0
    for kind, article in FEW_WORDS.items():
        batch = Batch.from_articles([article])
        hidden = tagger.pipeline_.judge(batch).hidden
        assert (hidden < 0).any(axis=1).all()
        for paragraph in tagger.tag(article).paragraphs:
            rest = [e["weight"] for e in paragraph.evidence if e["where"] == "rest"]
            assert rest == pytest.approx([0.0] * len(rest), abs=1e-4), kind


def only(name, blocks=()):
    """Leave the network nothing but the named weights."""

    def change(weights):
        kept = weights[name].copy()
        for other in weights:
            if other.startswith(("coef", "hidden_")) and other != "hidden_intercept":
                weights[other][...] = 0.0
        if blocks:
            k = len(THEMES)
            for block in blocks:
                at = PARAGRAPH_BLOCKS.index(block) * k
                weights[name][at : at + k] = kept[at : at + k]
        else:
            weights[name][...] = kept

    return change


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (only("coef", ["own_logit", "own_probability"]), {"self"}),
        (only("hidden_coef", ["own_logit"]), {"self"}),
        (only("coef", ["title_logit", "title_probability"]), {"title"}),
        (only("hidden_coef", ["title_probability"]), {"title"}),
        (only("coef", ["near_probability"]), {1, 3}),
        (only("hidden_own"), {"self"}),
        (only("hidden_near"), {1, 3}),
        (only("hidden_title"), {"title"}),
        (only("hidden_whole"), {1, "self", 3}),
    ],
)
def test_evidence_comes_from_where_the_model_looks(small_tagger, change, where):
    tagger = made_by_hand(small_tagger, change)
    article = Article("tiếp dân", ["", "tố cáo", "khiếu nại", "chi bộ"])
    evidence = tagger.tag(article).paragraphs[2].evidence
    assert {e["where"] for e in evidence} == {*where, "rest", "bias"}
    rest = [e["weight"] for e in evidence if e["where"] == "rest"]
    assert rest == pytest.approx([0.0] * len(THEMES), abs=1e-4)
