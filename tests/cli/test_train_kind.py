"""``dvtopics train --kind``: which tagger is trained."""

from __future__ import annotations

import pytest

import dvtopics
from dvtopics.corpus.store import write_records


@pytest.fixture
def labelled(authored, tmp_path):
    path = tmp_path / "labelled.jsonl"
    write_records(path, [a.to_record() for a in authored[:30]])
    return path


def test_train_lda(dv, labelled, tmp_path):
    folder = tmp_path / "topics"
    done = dv("train", labelled, "--kind", "lda", "--output", folder, "--folds", "2")
    assert (done.status, done.err) == (0, "")
    tagger = dvtopics.load(folder)
    assert isinstance(tagger, dvtopics.LdaTagger)
    assert (tagger.n_folds, tagger.min_df, tagger.random_state) == (2, 3, 0)
    assert any(" " in word for word in tagger.pipeline_.scorer.terms.words), "phrases were mined"


def test_options_of_the_other_kind(dv, labelled, tmp_path):
    options = ("--kind", "lda", "--ngram-max", "2")
    done = dv("train", labelled, "--output", tmp_path / "m", *options)
    assert done.status == 2
    assert "--ngram-max" in done.err
    assert dv("train", labelled, "--output", tmp_path / "m", "--kind", "x").status == 2
    assert not (tmp_path / "m").exists()
