"""Stage one of `LdaTagger`: what seeds, labels and unlabelled texts put into topics."""

from __future__ import annotations

import numpy as np
import pytest

from dvtopics import THEMES
from dvtopics.corpus.labels import Labels
from dvtopics.taggers.batch import Batch
from dvtopics.training.data import TrainingSet
from dvtopics.training.lda import LdaParameters, seed_terms

PARTY = list(THEMES).index("party_building")
PARAMETERS = {
    "phrases": (), "seeds": ((),) * 4, "min_df": 2, "min_pair_df": 2, "n_seeded": 60,
    "n_background": 6, "background_share": 0.3, "concentration": 300.0, "prior_strength": 1.0,
    "seed_weight": 5.0, "C": 0.3, "smoothing": 2.0, "n_steps": 20, "passes": 2, "context_C": 0.05,
    "article_C": 0.01, "n_hidden": 8, "network_alpha": 0.3, "n_epochs": 2, "n_averaged": 1,
    "n_networks": 1, "n_folds": 2, "random_state": 0,
}  # fmt: skip


def data_of(articles, parameters):
    labels = Labels.from_articles(articles, tuple(THEMES))
    return TrainingSet.from_batch(Batch.from_articles(articles), labels, parameters.read)


def fitted(articles, **changed):
    parameters = LdaParameters(**{**PARAMETERS, **changed})
    stage = parameters.stage_one()
    data = data_of(articles, parameters)
    return stage, stage.fit(data), data


def topics_of(scorer, word):
    """Return the topics that may hold a word."""
    term = scorer.terms.words.index(word)
    low, high = scorer.topics.indptr[term : term + 2]
    return scorer.topics.topic[low:high]


def test_a_seed_is_held_by_a_topic_of_its_theme(authored):
    """Even a word that labels say nothing of; seeds of two words are pairs."""
    articles = authored[::4][:20]
    _, plain, _ = fitted(articles)
    pair = plain.terms.name(len(plain.terms.words) + 5)
    assert " " in pair
    _, seeded, _ = fitted(articles, seeds=((), (), (), ("ngày", pair)))
    for text in ("ngày", pair):
        before, after = (
            (s.score([text]).logits - s.intercept)[0, PARTY] for s in (plain, seeded)
        )  # fmt: skip
        assert after > before + 1, text


def test_seeds_are_words_and_pairs_of_the_vocabulary(authored):
    _, scorer, _ = fitted(authored[::4][:20])
    terms = scorer.terms
    pair = len(terms.words) + 5
    first, second = terms.name(pair).split(" ")
    found = seed_terms(terms, [f"{first} {second}", first, "zzz", f"{first} zzz", ""])
    assert found.tolist() == sorted([terms.words.index(first), pair])
    assert seed_terms(terms, []).tolist() == []


def test_without_background_there_are_seeded_topics_only(authored):
    parameters = LdaParameters(**{**PARAMETERS, "n_background": 0, "background_share": 0.0})
    data = data_of(authored[::4][:20], parameters)
    scorer = parameters.stage_one().fit_part(data)
    assert scorer.n_dimensions == 0
    assert (np.diff(scorer.topics.indptr) == 1).all()


def test_every_word_has_a_seeded_topic_and_few_of_the_background(authored):
    _, scorer, _ = fitted(authored[::4][:30])
    n_seeded = scorer.topics.n_topics - scorer.n_dimensions
    size = np.diff(scorer.topics.indptr)
    seeded = np.bincount(
        np.repeat(np.arange(len(size)), size), scorer.topics.topic < n_seeded, len(size)
    )
    assert (seeded == 1).all()
    assert size.max() > 2
    assert size.max() <= 1 + 4
    # Function words and pairs of words belong to no background topic.
    assert len(topics_of(scorer, "của")) == 1
    assert (size[len(scorer.terms.words) :] == 1).all()
    assert scorer.topics.alpha.sum() == pytest.approx(300.0)


def test_background_topics_are_those_of_all_articles(authored):
    """Held-out scores come with contents that can stand beside those of the kept scorer."""
    stage, scorer, data = fitted(authored[::4][:30])
    half = np.arange(data.layout.n_articles) % 2 == 0
    other = stage.fit_part(data.subset(half))
    contents = [stage.scores(s, data.body).content for s in (scorer, other)]
    assert contents[0].shape == contents[1].shape == (len(data.layout.article), 6)
    assert contents[0].std() == pytest.approx(1, rel=1e-6)
    for topic in range(6):
        assert np.corrcoef(contents[0][:, topic], contents[1][:, topic])[0, 1] > 0.6


def test_labels_do_not_reach_the_background(authored):
    articles = authored[::4][:30]
    blind = [type(a).from_record(a.to_record()) for a in articles]
    for paragraph in (p for a in blind for p in a.paragraphs):
        paragraph.grades = dict.fromkeys(THEMES, 0)
    first, second = fitted(articles)[0], fitted(blind)[0]
    assert first._background.keys() == second._background.keys()
    for word, shares in first._background.items():
        assert (shares == second._background[word]).all()


def test_no_label_no_score(authored):
    """Where nothing carries a theme, no term speaks for it."""
    articles = [type(a).from_record(a.to_record()) for a in authored[::4][:20]]
    for paragraph in (p for a in articles for p in a.paragraphs):
        paragraph.grades = paragraph.grades and {**paragraph.grades, "party_building": 0}
    _, scorer, _ = fitted(articles)
    assert (scorer.coef[:, PARTY] == 0).all()
    assert scorer.intercept[PARTY] == -8
