"""Vietnamese function words, for topic models and whoever asks.

The tagger keeps them: leaving them out of its n-grams was measured and did not help
(``experiments/results/01_features.md``), since they hold terms such as "dân bàn, dân làm" and
"lấy ý kiến của nhân dân" together.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dvtopics.text.tokenize import tokenize


@cache
def stop_words() -> frozenset[str]:
    """Return the stop words, each as canonical syllables joined by spaces."""
    lines = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(tokenize(line)) for line in lines if line.strip())


def without_stop_words(text: str) -> str:
    """Return the canonical syllables of `text`, single-syllable stop words left out."""
    stops = stop_words()
    return " ".join(token for token in tokenize(text) if token not in stops)
