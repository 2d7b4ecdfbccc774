"""Shares over time and by source, and the page that shows them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dvtopics.errors import UsageError
from dvtopics.topics.edits import Edits
from dvtopics.topics.page import topic_page
from dvtopics.topics.prevalence import choose_period, prevalence
from dvtopics.topics.report import grouped, shares_csv


def test_means_and_intervals():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet([1.0, 3.0], size=400)
    groups = ["2020"] * 200 + ["2021"] * 197 + ["2022"] * 2 + [None]
    found = prevalence(shares, groups)
    assert [(g.group, g.n) for g in found] == [("2020", 200), ("2021", 197), ("2022", 2)]
    first = found[0]
    assert first.mean == pytest.approx(shares[:200].mean(axis=0))
    # The bootstrap interval of a mean is about 1.96 standard errors to each side.
    error = shares[:200].std(axis=0) / np.sqrt(200)
    assert first.high - first.mean == pytest.approx(1.96 * error, rel=0.15)
    assert first.mean - first.low == pytest.approx(1.96 * error, rel=0.15)
    assert np.isnan(found[2].low).all()


def test_a_period_is_chosen_that_shows_something():
    assert choose_period(["2019-01-02", "2020-05-01", "2021-05-01"]) == "year"
    assert choose_period(["2020-01-02", "2020-05-01", "2020-07"]) == "month"
    assert choose_period(["2020-01-02", "2020-01-03", "2020-01-04"]) == "day"
    with pytest.raises(UsageError, match="no article has a date"):
        prevalence(np.ones((2, 1)), [None, None])


def test_groups_of_a_model(model):
    by, groups = grouped(model)
    assert by == "year"
    assert [g.group for g in groups] == ["2020", "2021", "2022", "2023"]
    assert [g.group for g in grouped(model, "source")[1]] == ["Báo A", "Báo B"]
    assert len(shares_csv(model).splitlines()) == 121


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_page_stands_by_itself(model, lang):
    edits = Edits()
    edits.name(0, '<script>alert("x")</script> & "y"')
    page = topic_page(model.edit(edits), lang)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r'(?:src|href)=(?!"#)', page)
    assert "http" not in page.replace("http-equiv", "")
    assert f'id="{lang}" checked' in page
    for topic in model.topics_:
        assert f'id="t{topic.id}"' in page
    assert "2023" in page
    assert "Báo A" in page
    assert "Cách đọc" in page
    assert "How to read this" in page
    import xml.dom.minidom

    for svg in re.findall(r"<svg.*?</svg>", page, re.S):
        xml.dom.minidom.parseString(svg)
