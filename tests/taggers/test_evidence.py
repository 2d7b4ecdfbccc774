from __future__ import annotations

import copy
import itertools
import unicodedata

import numpy as np
import pytest

from dvtopics import Article
from dvtopics.taggers.batch import Batch

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
    logits = tagger.pipeline_.logits(Batch.from_articles([article]))
    texts = {"title": article.title, **{i: p.text for i, p in enumerate(article.paragraphs)}}
    check(tagged.evidence, tagged.tags, logits.article[0], themes, texts, None)
    for index, paragraph in enumerate(tagged.paragraphs):
        check(
            paragraph.evidence, paragraph.tags, logits.paragraph[index], themes,
            {**texts, "self": paragraph.text}, index,
        )  # fmt: skip
    if which == "eager" and kind != "title and blanks":
        assert len(tagged.tags) == len(themes)
        judged = ~np.isnan(logits.paragraph).any(axis=1)
        assert [len(p.tags) for p in tagged.paragraphs] == (judged * len(themes)).tolist()


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
