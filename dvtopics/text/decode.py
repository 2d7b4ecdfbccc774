"""Bytes of a text file in; its text, the encoding and how sure we are of it out.

Order of the tests: known binary formats; byte-order marks; UTF-16 by its NULs; UTF-8, also
with a few broken bytes; then the 8-bit Vietnamese encodings of :mod:`dvtopics.text.legacy`,
each scored by how many of the words it yields are well-formed Vietnamese syllables; text that
is plausible in none of them is read as Windows-1252, with low confidence. Guesses look at one
sample of `_SAMPLE` bytes; everything else is one pass in C, linear in the length.

Limits: legacy text whose every non-ASCII byte happens to form valid UTF-8 (a few words of VPS)
is read as UTF-8; TCVN3 capitals, see :mod:`dvtopics.text.legacy`; one encoding per file.

References
----------
.. [1] RFC 3629 (UTF-8); RFC 2781 (UTF-16).
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

from dvtopics.errors import DvtopicsError
from dvtopics.text.legacy import SINGLE_BYTE, decode_legacy, merits

_UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
ENCODINGS: tuple[str, ...] = (*_UNICODE, *SINGLE_BYTE, "latin-1")
"""Canonical names; :func:`canonical_encoding` also knows the usual aliases."""

_ALIASES = {
    "utf-8": "utf8 u8 ascii us-ascii",
    "utf-8-sig": "utf8-sig utf-8-bom utf8-bom",
    "utf-16": "utf16 unicode",
    "utf-16-le": "utf16le utf-16le utf16-le ucs-2le",
    "utf-16-be": "utf16be utf-16be utf16-be ucs-2be",
    "utf-32-le": "utf32le utf-32le utf32-le",
    "utf-32-be": "utf32be utf-32be utf32-be",
    "tcvn3": "abc tcvn tcvn-3 tcvn5712-3 vscii-3",
    "tcvn5712-1": "tcvn5712-1:1993 tcvn5712 tcvn-5712 x-viet-tcvn5712 vscii vscii-1 vn1",
    "vni": "vni-windows vni-win x-viet-vni",
    "vps": "x-viet-vps",
    "viscii": "viscii1.1-1 csviscii x-viet-viscii",
    "windows-1258": "cp1258 1258 win-1258 x-cp1258",
    "windows-1252": "cp1252 1252 win-1252 ansi",
    "latin-1": "latin1 l1 iso-8859-1 iso8859-1",
}
_SAMPLE = 64 * 1024
_BOMS = (  # the longer ones first: UTF-32-LE starts like UTF-16-LE
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ONLY_BOM = "empty: there is nothing after the byte-order mark"
_AS_TEXT = "save it as plain text (UTF-8)"
_UNPACK = "unpack it first"
_NO_TEXT = "give a text file"
# Signatures no text starts with, save that those of printable ASCII (last group) only count
# where other bytes than text follow.
_MAGIC = (
    (b"%PDF-", "a PDF document", "extract its text first, e.g. with pdftotext"),
    (b"\x89PNG\r\n", "a PNG image", _NO_TEXT),
    (b"\xff\xd8\xff", "a JPEG image", _NO_TEXT),
    (b"\x7fELF", "an ELF program", _NO_TEXT),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive", _UNPACK),
    (b"\xfd7zXZ\0", "an xz archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.doc, .xls)", _AS_TEXT),
    (b"SQLite format 3\0", "an SQLite database", "export its texts to a CSV or JSONL file"),
    (b"\x93NUMPY", "a NumPy array", _NO_TEXT),
)
_MAGIC_ASCII = (
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"PAR1", "a Parquet file", "export its texts to a CSV or JSONL file"),
    (b"GIF8", "a GIF image", _NO_TEXT),
    (b"MZ", "a Windows program", _NO_TEXT),
    (b"RIFF", "a RIFF file (sound, video or WebP)", _NO_TEXT),
    (b"ID3", "an MP3 file", _NO_TEXT),
)
_OFFICE = (
    (b"word/", "a Word document (.docx)"),
    (b"xl/", "an Excel workbook (.xlsx)"),
    (b"ppt/", "a PowerPoint file (.pptx)"),
    (b"opendocument", "an OpenDocument file"),
)
# Control codes: those that text has, and those that no encoding here uses for a letter.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b\b")) + b"\x7f"
_NEVER_LETTERS = b"\x07\x0e\x0f\x18\x1a\x1b\x1f\x7f"
_CONTROL_SHARE = 0.1
# Words in bytes: runs without ASCII punctuation, digits and white space. Control codes stay,
# since three of the encodings put letters there.
_BYTE_WORD = re.compile(rb"[^\t\n\v\f\r -@\[-`{-~]+")
_PLAUSIBLE = 0.4  # least share of well-formed words; other languages stay far below


@dataclass(frozen=True)
class Decoded:
    """A text and how it was read.

    Attributes
    ----------
    text : str
        NFC where it came from a legacy encoding; Unicode input exactly as it is, less the BOM.
    encoding : str
        Canonical name, one of `ENCODINGS`; ``utf-8-sig`` where there was a UTF-8 BOM.
    confidence : float
        1.0 where nothing was guessed (encoding given, BOM, ASCII), 0.99 for valid UTF-8, 0.95
        for UTF-16 by its NULs, each lowered by the share of characters that were broken.
        Legacy encodings: share of well-formed words, times the lead over the rival that fits
        best among the words the two read differently, shrunk for few words: not a
        probability, but below 0.3 a person should look.
    """

    text: str
    encoding: str
    confidence: float


class DecodeError(DvtopicsError, ValueError):
    """Bytes that are not text, or not in the encoding asked for; one line, with the remedy."""


def canonical_encoding(name: str) -> str:
    """Canonical name of an encoding given by any of its usual names.

    Parameters
    ----------
    name : str
        E.g. ``"ABC"``, ``"cp1258"``, ``"UTF8"``; case, ``_`` and spaces do not matter.

    Returns
    -------
    str
        One of `ENCODINGS`.

    Raises
    ------
    DecodeError
        If the name is unknown.
    """
    key = re.sub("[_ ]+", "-", name.strip().lower())
    for canonical in ENCODINGS:
        if key == canonical or key in _ALIASES.get(canonical, "").split():
            return canonical
    raise DecodeError(f"unknown encoding {name!r}; known: {', '.join(ENCODINGS)}")


def decode(data: bytes, encoding: str | None = None) -> Decoded:
    """Text of a file's bytes, in the encoding given or the one they seem to be in.

    Parameters
    ----------
    data : bytes
        The whole file.
    encoding : str, optional
        Name of the encoding, to guess nothing and tolerate no broken byte. A BOM is dropped.

    Returns
    -------
    Decoded
        Text, encoding, confidence. Detection of legacy encodings is reliable from six
        accented words on; under that, see the confidence.

    Raises
    ------
    DecodeError
        If the data are empty, not text, not in `encoding`, or `encoding` is unknown.
    """
    data = bytes(data)
    name = None if encoding is None else canonical_encoding(encoding)
    if not data:
        raise DecodeError("empty: there is nothing to decode")
    if name is not None:
        return _forced(data, name)
    _refuse_signatures(data, _MAGIC)
    for bom, codec in _BOMS:
        if data.startswith(bom):
            return _with_errors(data[len(bom) :], codec, 1.0)
    if b"\0" in data:
        return _with_nuls(data)
    broken = None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse_signatures(data, _MAGIC_ASCII)
        broken, sure = _broken_utf8(data)
        if broken is not None and sure:
            return broken
    else:
        if _controls(data) > _CONTROL_SHARE * len(data):
            raise _binary("many control characters")
        return Decoded(text, "utf-8", 1.0 if text.isascii() else 0.99)
    return _guess_legacy(data, broken)


def _binary(what: str) -> DecodeError:
    return DecodeError(f"binary data, not text ({what}): give a text file, or name its encoding")


def _controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, _CONTROLS))


def _refuse_signatures(data: bytes, signatures: tuple[tuple[bytes, str, str], ...]) -> None:
    """Raise for data that start like a known binary format, naming the kind and the remedy."""
    for magic, kind, remedy in signatures:
        if data.startswith(magic):
            raise DecodeError(f"not text but {kind}: {remedy}")
    if data.startswith((b"PK\3\4", b"PK\5\6")):
        for part, kind in _OFFICE:
            if part in data[:_SAMPLE] or part in data[-_SAMPLE:]:  # the index is at the end
                raise DecodeError(f"not text but {kind}: {_AS_TEXT}")
        raise DecodeError(f"not text but a ZIP archive: {_UNPACK}")


def _forced(data: bytes, name: str) -> Decoded:
    """Decode in the encoding `name`, strictly."""
    skip = 0
    for bom, codec in _BOMS:
        if data.startswith(bom) and codec.startswith(name):
            name, skip = codec, len(bom)
            break
    if skip == len(data):
        raise DecodeError(_ONLY_BOM)
    if name == "utf-16":
        name = _utf16_order(data) or "utf-16-le"  # what Windows writes
    elif name == "utf-8-sig" and not skip:
        name = "utf-8"
    try:
        if name in SINGLE_BYTE:
            text = decode_legacy(data, name)
        else:
            text = data[skip:].decode("utf-8" if name == "utf-8-sig" else name)
    except UnicodeDecodeError as error:
        offset = error.start + skip
        raise DecodeError(
            f"not {name}: byte 0x{data[offset]:02x} at offset {offset} cannot be decoded; "
            "name another encoding, or none to have it detected"
        ) from None
    return Decoded(text, name, 1.0)


def _with_errors(data: bytes, codec: str, confidence: float) -> Decoded:
    """Decode Unicode bytes with U+FFFD for what is broken, and lower the confidence by it."""
    if not data:
        raise DecodeError(_ONLY_BOM)
    python = "utf-8" if codec == "utf-8-sig" else codec
    try:
        return Decoded(data.decode(python), codec, confidence)
    except UnicodeDecodeError:
        text = data.decode(python, "replace")
    share = text.count("\ufffd") / len(text)
    return Decoded(text, codec, 0.95 * confidence * (1.0 - min(1.0, share)))


def _utf16_order(data: bytes) -> str | None:
    """Byte order of UTF-16 without BOM: Latin letters have a NUL as their high byte."""
    half = max(1, len(data) // 2)
    even, odd = data[0::2].count(0), data[1::2].count(0)
    if odd >= 0.3 * half and even <= 0.02 * half:
        return "utf-16-le"
    if even >= 0.3 * half and odd <= 0.02 * half:
        return "utf-16-be"
    return None


def _with_nuls(data: bytes) -> Decoded:
    """UTF-16, UTF-8 with a stray NUL, or nothing that is text."""
    order = _utf16_order(data)
    if order is not None:
        decoded = _with_errors(data, order, 0.95)
        broken = decoded.text.count("\ufffd") - len(data) % 2
        controls = sum(decoded.text.count(chr(code)) for code in _CONTROLS)
        if max(broken, 0) + controls <= 0.05 * len(decoded.text):
            return decoded
    _refuse_signatures(data, _MAGIC_ASCII)
    if data.count(0) <= len(data) / 1000:
        try:
            return Decoded(data.decode("utf-8"), "utf-8", 0.9)
        except UnicodeDecodeError:
            pass
    raise _binary("NUL bytes")


def _broken_utf8(data: bytes) -> tuple[Decoded | None, bool]:
    """Invalid UTF-8 read with U+FFFD, and whether it is UTF-8 beyond doubt.

    None where more is broken than whole. A sequence cut off by the end is no break.
    """
    text, used = codecs.utf_8_decode(data, "replace", False)
    broken = text.count("\ufffd") - data.count("\ufffd".encode())
    plain = len(data) - len(data.translate(None, bytes(range(0x80))))
    whole = len(text) - plain - broken
    cut = len(data) - used
    if cut:
        text += "\ufffd"
    if broken > whole or (whole == 0 and cut < 2):
        return None, False
    confidence = 0.95 * (whole + 1) / (whole + 1 + broken)
    return Decoded(text, "utf-8", confidence), broken <= 0.1 * whole


def _sample(data: bytes) -> bytes:
    """Up to `_SAMPLE` bytes of whole words, from the first that has a non-ASCII byte."""
    first = re.search(rb"[\x80-\xff]", data)
    start = 0 if first is None else max(0, first.start() - 64)
    piece = data[start : start + _SAMPLE]
    head = re.search(rb"\s", piece[:64]) if start else None
    tail = re.search(rb"\s\S{0,64}$", piece) if start + _SAMPLE < len(data) else None
    return piece[head.end() if head else 0 : tail.start() if tail else None]


def _guess_legacy(data: bytes, broken: Decoded | None) -> Decoded:
    """Return the 8-bit encoding that reads most of the words as Vietnamese; or `broken` UTF-8."""
    found = Counter(_BYTE_WORD.findall(_sample(data)))
    words = [word for word in found if not word.isalpha()]
    weights = [found[word] for word in words]
    names = [name for name in SINGLE_BYTE if name != "windows-1252"]
    if broken is not None:
        names.insert(0, "utf-8")
    readings: dict[str, list[str]] = {}
    worth: dict[str, list[float]] = {}
    shares: dict[str, float] = {}
    for name in names:
        readings[name], raw = merits(words, name)
        counted = sum(w for w, merit in zip(weights, raw, strict=True) if merit is not None)
        worth[name] = [merit or 0.0 for merit in raw]
        well = sum(w * min(1.0, m) for w, m in zip(weights, worth[name], strict=True))
        shares[name] = well / counted if counted else 0.0
    totals = {n: sum(w * m for w, m in zip(weights, worth[n], strict=True)) for n in names}
    best = max(names, key=totals.__getitem__)
    if shares[best] < _PLAUSIBLE:
        return _not_vietnamese(data, broken)
    if best == "utf-8" and broken is not None:
        return broken
    lead = 1.0
    for rival in names:
        split = [i for i, x in enumerate(readings[best]) if x != readings[rival][i]]
        if rival != best and split:
            size = sum(weights[i] for i in split)
            gain = sum(weights[i] * (worth[best][i] - worth[rival][i]) for i in split)
            lead = min(lead, max(0.0, gain / (size + 1)))
    confidence = min(0.98, shares[best] * lead)
    try:
        return Decoded(decode_legacy(data, best), best, confidence)
    except UnicodeDecodeError:
        text = decode_legacy(data, best, "replace")
        return Decoded(text, best, confidence * (1.0 - text.count("\ufffd") / len(text)))


def _not_vietnamese(data: bytes, broken: Decoded | None) -> Decoded:
    """Last resort for 8-bit text that no encoding makes Vietnamese."""
    never = len(data) - len(data.translate(None, _NEVER_LETTERS))
    if never > 0.01 * len(data) or _controls(data) > 0.02 * len(data):
        raise _binary("control characters")
    if broken is not None:
        return Decoded(broken.text, broken.encoding, 0.5 * broken.confidence)
    text = decode_legacy(data, "windows-1252", "replace")
    # Western typography in an ASCII text is Windows-1252 in all likelihood.
    letters = any(not x.isascii() and x.isalpha() for x in set(text))
    return Decoded(text, "windows-1252", 0.2 if letters else 0.6)
