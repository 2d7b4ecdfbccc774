"""Sentences and words of Vietnamese text by underthesea, in parallel and cached.

For training, topic models and whoever asks; tagging with a saved model does not come here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from dvtopics.errors import UsageError
from dvtopics.text.tokenize import tokenize

#: Texts handed to a process at once.
_CHUNK = 256
_MAX_SYLLABLES = 4


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`."""
    from underthesea import sent_tokenize

    return list(sent_tokenize(text))


def words(text: str) -> list[str]:
    """Return the words of `text`; syllables of a word are joined by spaces.

    Examples
    --------
    >>> words("Chủ tịch xã đối thoại với công dân.")
    ['Chủ tịch', 'xã', 'đối thoại', 'với', 'công dân', '.']
    """
    from underthesea import word_tokenize

    return list(word_tokenize(text))


def words_of_many(
    texts: Sequence[str], n_jobs: int = 1, cache: str | Path | None = None
) -> list[list[str]]:
    """Return the words of many texts.

    Parameters
    ----------
    texts : sequence of str
    n_jobs : int, default 1
        Processes; -1 takes all cores.
    cache : str or Path, optional
        Folder in which joblib keeps what was segmented before, by content.

    Returns
    -------
    list of list of str
        One list a text, in order.
    """
    from joblib import Memory, Parallel, delayed

    if n_jobs == 0 or n_jobs < -1:
        raise UsageError(f"number of jobs must be positive, or -1 for all cores; got {n_jobs}")
    segment = _words_of_chunk
    if cache is not None:
        segment = Memory(str(cache), verbose=0).cache(_words_of_chunk)
    chunks = [list(texts[i : i + _CHUNK]) for i in range(0, len(texts), _CHUNK)]
    done = Parallel(n_jobs=n_jobs)(delayed(segment)(chunk) for chunk in chunks)
    return [found for chunk in done for found in chunk]


def _words_of_chunk(texts: list[str]) -> list[list[str]]:
    return [words(text) for text in texts]


def mine_phrases(
    texts: Sequence[str], min_count: int = 5, n_jobs: int = 1, cache: str | Path | None = None
) -> list[str]:
    """Return the multi-syllable words of `texts`: what evidence must not be cut through.

    Parameters
    ----------
    texts : sequence of str
    min_count : int, default 5
        Occurrences that a word needs.
    n_jobs : int, default 1
    cache : str or Path, optional

    Returns
    -------
    list of str
        Canonical syllables joined by spaces, two to four a word, sorted.
    """
    counts: Counter[str] = Counter()
    for found in words_of_many(texts, n_jobs, cache):
        for word in found:
            if " " in word:
                syllables = tokenize(word)
                if 2 <= len(syllables) <= _MAX_SYLLABLES and all(map(str.isalpha, syllables)):
                    counts[" ".join(syllables)] += 1
    return sorted(word for word, count in counts.items() if count >= min_count)
