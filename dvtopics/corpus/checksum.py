"""The checksum by which a label finds its text again."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_SPACE = re.compile(r"[\s_]+")


def text_checksum(text: str) -> str:
    """Return the first 16 hex digits of the SHA-256 over `text` in NFC without space and ``_``.

    White space and the joints of word segmentation are left out, so that the same passage has
    the same checksum however it was put back into plain text.
    """
    bare = _SPACE.sub("", unicodedata.normalize("NFC", text))
    return hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()[:16]
