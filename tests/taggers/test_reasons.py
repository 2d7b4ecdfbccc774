"""When evidence is found, what is kept until then, and that it makes no difference."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter

import pytest

from dvtopics import Article
from dvtopics.taggers.explain import Explainer

USUAL = Article(
    "Đối thoại, tiếp công dân và cải cách hành chính",
    [
        "Xã công khai thủ tục hành chính tại bộ phận một cửa.",
        "Trời mưa to, lúa ngã nhiều.",
        "Chủ tịch huyện tiếp công dân, giải quyết đơn khiếu nại, tố cáo kéo dài.",
    ],
)


@pytest.fixture(scope="module")
def eager(small_tagger):
    """Tags every theme, so that there is evidence everywhere."""
    return copy.copy(small_tagger).set_thresholds(0.0)


@pytest.fixture
def calls(monkeypatch):
    """Numbers of articles that evidence was found for, call by call."""
    found, usual = [], Explainer.explain

    def explain(self, batch, *rest):
        found.append(len(batch.titles))
        return usual(self, batch, *rest)

    monkeypatch.setattr(Explainer, "explain", explain)
    return found


def all_of(item):
    return [item.evidence, *(p.evidence for p in item.paragraphs)]


def test_evidence_does_not_depend_on_when_it_is_read(eager, authored):
    kinds = [
        *authored[:6],
        Article("Đối thoại với nhân dân", []),
        Article("", [" ", "Chi bộ họp."]),
    ]
    at_once = [pickle.dumps(eager.tag(article)) for article in kinds]
    later = [eager.tag(article) for article in kinds]
    together = list(eager.tag_many(kinds, batch_size=3))
    list(eager.tag_many(reversed(kinds)))
    for read in (later, together):
        for item in reversed(read):
            for paragraph in reversed(item.paragraphs):
                assert isinstance(paragraph.evidence, list)
        assert [pickle.dumps(item) for item in read] == at_once


def test_evidence_is_of_the_tags_as_they_were_decided(small_tagger):
    tagger = copy.copy(small_tagger)
    tagged, again = tagger.tag(USUAL), tagger.tag(USUAL)
    expected = [p.evidence for p in again.paragraphs]
    assert any(expected)
    tagger.set_thresholds(1.0)
    assert not any(p.tags for p in tagger.tag(USUAL).paragraphs)
    assert [p.evidence for p in tagged.paragraphs] == expected


def test_threads_may_read_evidence_together(eager, authored):
    tagged = list(eager.tag_many(authored[:8]))
    expected = [[p.evidence for p in item.paragraphs] for item in eager.tag_many(authored[:8])]
    with ThreadPoolExecutor(4) as pool:
        found = [
            list(pool.map(attrgetter("evidence"), item.paragraphs)) for item in reversed(tagged)
        ]
    assert found[::-1] == expected


def test_nothing_is_found_before_it_is_read_and_then_once_for_the_batch(eager, authored, calls):
    tagged = eager.tag_batch(authored[:5])
    assert calls == []
    for item in tagged:
        all_of(item)
    assert calls == [5]


def test_after_the_next_batch_only_what_is_still_there_is_found(eager, authored, calls):
    expected = [all_of(item) for item in eager.tag_batch(authored[:6])]
    kept = eager.tag_batch(authored[:6])[1:4]
    all_of(eager.tag(USUAL))
    calls.clear()
    assert [all_of(item) for item in kept] == expected[1:4]
    assert calls == [3]


def test_what_was_read_before_is_not_found_again(eager, authored, calls):
    tagged = eager.tag_batch(authored[:4])
    all_of(tagged[2])
    eager.tag(USUAL)
    assert [len(all_of(item)) for item in tagged] == [1 + len(a.paragraphs) for a in authored[:4]]
    assert calls == [4]


def test_a_kept_article_does_not_keep_its_batch(eager):
    long = Article("", [" ".join(p.text for p in USUAL.paragraphs) * 4] * 20)
    eager.tag(long)
    tracemalloc.start()
    try:
        sizes = []
        for others in (0, 40):
            before = tracemalloc.get_traced_memory()[0]
            kept = [eager.tag_batch([long] * others + [USUAL])[-1]]
            eager.tag(USUAL)
            sizes.append(tracemalloc.get_traced_memory()[0] - before)
            assert kept[0].tags
    finally:
        tracemalloc.stop()
    assert sizes[1] < sizes[0] + 200_000, "what the others were judged by is megabytes"


def test_processes_bring_evidence_along(eager, authored):
    expected = [all_of(item) for item in eager.tag_many(authored[:6], batch_size=2)]
    found = list(eager.tag_many(authored[:6], batch_size=2, n_jobs=2))
    assert [all_of(item) for item in found] == expected


@pytest.mark.parametrize("error", [MemoryError, AttributeError])
def test_an_error_is_told_and_the_next_reading_works(eager, monkeypatch, error):
    tagged = eager.tag(USUAL)

    def fails(*_):
        raise error("once")

    with monkeypatch.context() as patch:
        patch.setattr(Explainer, "explain", fails)
        with pytest.raises((MemoryError, RuntimeError)):
            pickle.dumps(tagged)
        with pytest.raises((MemoryError, RuntimeError)):
            tagged.evidence  # noqa: B018 - reading it is the test
    assert all_of(tagged) == all_of(eager.tag(USUAL))


def test_a_tagger_can_be_pickled_and_copied_while_evidence_waits(eager):
    tagged = eager.tag(USUAL)
    again = pickle.loads(pickle.dumps(eager)).tag(USUAL)
    assert all_of(copy.deepcopy(eager).tag(USUAL)) == all_of(tagged) == all_of(again)
