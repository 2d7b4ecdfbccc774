"""Which terms are shown, by which order, and the figures over them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dvtopics.topics.labels import automatic_labels
from dvtopics.topics.terms import diversity, exclusivity, frex, relevance, top_terms
from dvtopics.topics.theme_map import LEAST_SCORE, decide, map_scores, theme_profiles


def test_no_term_of_a_list_contains_another():
    terms = ["khiếu_nại", "đơn_khiếu_nại", "đơn", "nại", "xã"]
    scores = np.array([0.3, 0.4, 0.2, 0.05, 0.05])
    assert [terms[i] for i in top_terms(scores, terms)] == ["đơn_khiếu_nại", "xã"]
    scores = np.array([0.5, 0.2, 0.2, 0.05, 0.05])
    assert [terms[i] for i in top_terms(scores, terms)] == ["khiếu_nại", "đơn", "xã"]
    assert top_terms(scores, terms, 1) == [0]


def test_relevance_is_between_probability_and_lift():
    topics, marginal = np.array([[0.6, 0.4]]), np.array([0.75, 0.25])
    assert relevance(topics, marginal, 1.0) == pytest.approx(np.log(topics))
    assert relevance(topics, marginal, 0.0) == pytest.approx(np.log(topics / marginal))
    half = 0.5 * math.log(0.6) + 0.5 * math.log(0.6 / 0.75)
    assert relevance(topics, marginal, 0.5)[0, 0] == pytest.approx(half)


def test_frex_by_hand():
    topics = np.array([[0.5, 0.3, 0.2], [0.5, 0.1, 0.4]])
    # Exclusivity of topic 0: 1/2, 3/4, 1/3, so ranks 2/3, 1, 1/3; probabilities 1, 2/3, 1/3.
    expected = [1 / (0.5 * 3 / 2 + 0.5), 1 / (0.5 + 0.5 * 3 / 2), 1 / 3]
    assert frex(topics)[0] == pytest.approx(expected)


def test_exclusivity_and_diversity_by_hand():
    topics = np.array([[0.8, 0.2], [0.2, 0.8]])
    assert exclusivity(topics, [[0], [0, 1]]) == pytest.approx([0.8, 0.5])
    assert diversity([["a", "b"], ["b", "c"]]) == 0.75
    assert diversity([["a", "b"], ["b", "c"]], 1) == 1.0


def test_labels_are_words_a_reader_knows_and_no_two_are_the_same():
    terms = ["vụ", "tố_cáo", "hà_nội", "đơn_tố_cáo"]
    topics = np.array([[0.3, 0.3, 0.2, 0.2], [0.3, 0.3, 0.2, 0.2]])
    proper = np.array([False, False, True, False])
    first, second = automatic_labels(topics, topics.mean(axis=0), terms, proper)
    assert first == "Tố cáo, Hà Nội, vụ"
    assert second != first


def test_the_map_to_themes():
    marginal = np.full(4, 0.25)
    topics = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7], [0.25, 0.25, 0.25, 0.25]])
    profiles = theme_profiles(np.array([[7.0, 1, 1, 1], [0, 0, 0, 0]]), None, None)
    scores = map_scores(topics, profiles, marginal)
    assert scores[0, 0] == pytest.approx(1.0)
    assert scores[1, 0] == 0.0
    assert not scores[:, 1].any()  # no article names it
    assert not scores[2].any()  # a topic about nothing in particular
    assert decide(scores, ["x", "y"]) == [("x", pytest.approx(1.0)), (None, 0.0), (None, 0.0)]
    assert 0 < LEAST_SCORE < 1


def test_labelled_articles_speak_for_a_theme_that_seeds_miss():
    by_seed = np.array([[0.0, 0, 0]])
    labelled = theme_profiles(by_seed, np.array([[1.0, 3, 0]]), np.array([2.0]))
    assert labelled[0] == pytest.approx([0.25, 0.75, 0.0])
