"""Rows for training on disk: the same rows, the same model, and nothing left behind."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest

from dvtopics import TfidfTagger
from dvtopics.features import tokens as tokens_module
from dvtopics.features.tfidf import NgramTfidf
from dvtopics.features.tokens import TokenisedTexts
from dvtopics.training.stored_rows import stored_rows

TEXTS = ["dân chủ ở cơ sở", "", "chi bộ cơ sở Đảng họp", "dân bàn, dân làm", "hòa giải ở cơ sở"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("part", [1, 6, 9])
def test_rows_are_the_same(part, folder, monkeypatch):
    tokens = TokenisedTexts.read(TEXTS)
    vectorizer = NgramTfidf(2, 1).fit_tokens(tokens)
    monkeypatch.setattr(tokens_module, "PART", part)
    with stored_rows(vectorizer, tokens) as rows:
        assert any(folder.iterdir()), "they lie on disk"
        assert (rows != vectorizer.transform(TEXTS).to_scipy()).nnz == 0
        assert rows.shape == (len(TEXTS), len(vectorizer.keys_))
        del rows
    assert not any(folder.iterdir())


def test_few_rows_need_no_file(folder):
    tokens = TokenisedTexts.read(TEXTS)
    with stored_rows(NgramTfidf(2, 1).fit_tokens(tokens), tokens) as rows:
        assert not any(folder.iterdir())
        assert rows.shape[0] == len(TEXTS)


def test_nothing_is_left_of_training_that_failed(folder, monkeypatch):
    tokens = TokenisedTexts.read(TEXTS)
    vectorizer = NgramTfidf(2, 1).fit_tokens(tokens)
    monkeypatch.setattr(tokens_module, "PART", 5)
    with pytest.raises(RuntimeError, match="in between"), stored_rows(vectorizer, tokens):
        raise RuntimeError("in between")
    assert not any(folder.iterdir())


def test_a_model_trained_in_parts_is_the_same(authored, folder, monkeypatch):
    options = {"ngram_max": 2, "min_df": 2, "n_folds": 2, "phrases": None, "n_epochs": 2}
    # Some labels are unknown: these scores learn from copies of a part of the rows.
    expected = TfidfTagger(**options).fit(authored[:20])
    monkeypatch.setattr(tokens_module, "PART", 700)
    found = TfidfTagger(**options).fit(authored[:20])
    assert not any(folder.iterdir())
    for a, b in zip(_arrays(found), _arrays(expected), strict=True):
        np.testing.assert_array_equal(a, b)


def _arrays(tagger):
    scorer, network = tagger.pipeline_.scorer, tagger.pipeline_.paragraph_stage
    yield from (scorer.coef, scorer.intercept, scorer.embedding.table, scorer.vectorizer.keys_)
    yield from (network.coef, network.output, tagger.pipeline_.article_stage.coef)
