"""Words by a phrase list, and pairs of them, against the slow way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dvtopics.errors import UsageError
from dvtopics.features.phrases import PhraseList
from dvtopics.features.tokens import TokenisedTexts
from dvtopics.features.words import PhraseJoiner, WordTerms, read_words, syllables_of
from dvtopics.text.tokenize import tokenize

PHRASES = ["công dân", "khiếu nại", "tố cáo", "khiếu nại tố cáo", "dân chủ", "dân chủ ở cơ sở"]
TEXTS = [
    "Tiếp công dân, giải quyết khiếu nại, tố cáo.", "", "Dân chủ ở cơ sở", "công dân chủ",
    "Khiếu nại tố", "xyz công xyz dân chủ ở cơ", "công", "dân công dân khiếu nại tố cáo khiếu nại",
]  # fmt: skip


def slow_words(text, phrases=PHRASES):
    syllables, found, at = tokenize(text), [], 0
    while at < len(syllables):
        size = next(
            (n for n in (4, 3, 2) if " ".join(syllables[at : at + n]) in phrases), 1
        )  # fmt: skip
        found.append(" ".join(syllables[at : at + size]))
        at += size
    return found


def test_joined_as_the_phrase_list_joins():
    known = sorted({s for phrase in PHRASES if phrase.count(" ") < 4 for s in phrase.split()})
    rng = np.random.RandomState(0)
    texts = [" ".join(rng.choice([*known, "xyz"], size=30)) for _ in range(60)] + TEXTS
    batch = TokenisedTexts.read(texts)
    start, size, _ = PhraseJoiner(PHRASES, batch.words).join(batch.batch)
    phrases, begin, found = PhraseList(PHRASES[:5], batch.words), 0, []
    for length in batch.batch.lengths.tolist():
        ids = batch.batch.ids[begin : begin + length]
        found += (begin + phrases.word_starts(ids)).tolist()
        begin += length
    # The last phrase has five syllables, more than are joined.
    assert start.tolist() == found
    assert size.sum() == len(batch.batch.ids)


def test_words_are_read():
    tokens = read_words(TEXTS, PHRASES)
    ends = np.cumsum(tokens.batch.lengths)
    found = [
        [tokens.words[i] for i in tokens.batch.ids[end - n : end]]
        for end, n in zip(ends, tokens.batch.lengths, strict=True)
    ]
    assert found == [slow_words(text) for text in TEXTS]
    assert syllables_of(tokens).tolist() == [len(tokenize(text)) for text in TEXTS]


def test_terms_are_words_and_pairs():
    terms = WordTerms.fit(read_words(TEXTS, PHRASES), PHRASES, 2, 2)
    batch = terms.encode(TEXTS)
    assert batch.lengths.tolist() == [len(tokenize(text)) for text in TEXTS]
    occurrences = terms.terms(batch)
    assert (np.diff(occurrences.row) >= 0).all()
    df = {}
    slow = [slow_words(text) for text in TEXTS]
    for text in slow:
        for item in {*text, *itertools.pairwise(text)}:
            df[item] = df.get(item, 0) + 1
    words = {w for w, n in df.items() if n >= 2 and isinstance(w, str)}
    assert set(terms.words) == words
    pairs = {p for p, n in df.items() if n >= 2 and isinstance(p, tuple) and {*p} <= words}
    assert {terms.name(len(words) + i) for i in range(len(terms.pairs))} == {
        " ".join(pair) for pair in pairs
    }
    first = np.concatenate([[0], np.cumsum(batch.lengths)])
    for row, text in enumerate(TEXTS):
        syllables = tokenize(text)
        of_text = [
            (terms.name(t), " ".join(syllables[s - first[row] : s - first[row] + n]))
            for r, t, s, n in zip(*map(np.ndarray.tolist, (
                occurrences.row, occurrences.term, occurrences.start, occurrences.size,
            )), strict=True)
            if r == row
        ]  # fmt: skip
        assert all(name == spelled for name, spelled in of_text)
        expected = [w for w in slow[row] if w in words]
        expected += [" ".join(p) for p in itertools.pairwise(slow[row]) if p in pairs]
        assert sorted(name for name, _ in of_text) == sorted(expected)


def test_training_reads_what_tagging_reads():
    """Rare phrases are joined too: the words of a text are those that it was trained on."""
    tokens = read_words(TEXTS, PHRASES)
    terms = WordTerms.fit(tokens, PHRASES, 2, 2)
    a, b = terms.encode(TEXTS), terms.encode_tokens(tokens)
    for name in ("ids", "row", "start", "size", "lengths"):
        assert getattr(a, name).tolist() == getattr(b, name).tolist(), name


def test_too_few_texts():
    with pytest.raises(UsageError, match="smaller min_df"):
        WordTerms.fit(read_words(["một", "hai"], []), [], 2, 2)
