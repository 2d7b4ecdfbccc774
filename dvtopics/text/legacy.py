"""8-bit Vietnamese encodings: bytes and an encoding name in, Unicode text (NFC) out.

For the detection also: words in, their merit as Vietnamese syllables out.

Tables are kept as the letters in code order, built into 256-character strings on first use.

* ``tcvn3`` -- TCVN 5712-3 ("ABC", fonts .VnTime): lower-case letters and the seven unaccented
  capitals. Accented capitals exist only as a second font (.VnTimeH) that draws the lower-case
  codes as capitals, so a heading typed for that font decodes as "CéNG HOµ" -> "CộNG HOà": the
  bytes hold no more than that. The capitals of TCVN 5712-2 are read too where a file has them,
  and 0x80-0x9F are read as Windows punctuation, as Windows programs wrote it.
* ``tcvn5712-1`` -- the full standard (VN1, VSCII-1) with capitals in 0x80-0x9F and in the
  control codes.
* ``vni`` -- VNI-Windows: a base letter followed by one mark byte; some letters are one byte.
* ``vps`` -- Vietnamese Professionals Society; ``viscii`` -- RFC 1456. Both use control codes.
* ``windows-1258`` -- base letter followed by a combining tone.

References
----------
.. [1] TCVN 5712:1993; ISO-IR 180.
.. [2] RFC 1456, *Conventions for Encoding the Vietnamese Language*.
.. [3] WHATWG, *Encoding Standard*, index windows-1258.
.. [4] Đoàn Thiện Thuật, *Ngữ âm tiếng Việt*, 1977 (onsets, rhymes, tones of stopped syllables).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache

SINGLE_BYTE = ("tcvn3", "vni", "windows-1258", "vps", "viscii", "tcvn5712-1", "windows-1252")
"""Names :func:`decode_legacy` knows; the order is the preference among equal candidates."""

_UNDEFINED = "\ufffe"  # what codecs.charmap_decode takes as "no character here"

# 0xA0-0xFF of TCVN 5712; 0xB0-0xB4 are combining grave, hook, tilde, acute, dot below.
_TCVN_HIGH = (
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ"
    "\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽ"
    "éẹềểễếệìỉỄẾỒĩíịò"
    "Ổỏõóọồổỗốộờởỡớợù"
    "ỖủũúụừửữứựỳỷỹýỵỐ"
)
_TCVN_C1 = "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"
_TCVN_C0 = {1: "Ú", 2: "Ụ", 4: "Ừ", 5: "Ử", 6: "Ữ"} | dict(enumerate("ỨỰỲỶỸÝỴ", 0x11))
_VPS_HIGH = (
    "ÀẢÃẤẦẨọỗĂếềểệẮẰẲ"
    "Ế‘’ỀỂỄỐỒỔỖýỷỵỚỜỞ"
    "\u00a0ắằẳẵặỠớÙờởỡŨỨợỪ"
    "ổỬỲỸÍÌộỈĨÓửữÒỎÕự"
    "ầÁÂấẩẫậđẻÉÊẹỉễịỹ"
    "ƯỦồốÔỏơÈừứÚũưÝẺß"
    "àáâãảạăçèéêẽìíîĩ"
    "ẴĐòóôõöƠụùúủüỶẼỳ"
)
_VPS_C0 = dict(enumerate("ẠẬẶẸỆ", 2)) | dict(enumerate("ỊỌỘỢỤỰ", 0x10))
_VPS_C0 |= {0x19: "Ỵ", 0x1C: "Ẫ", 0x1D: "Ữ"}
_VISCII_HIGH = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐ"
    "ỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ"
    "Õắằặấầẩậẽẹếềểễệố"
    "ồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳ"
    "ĐứÒÓÔạỷừửÙÚỹỵÝỡư"
    "àáâãảăữẫèéêẻìíĩỉ"
    "đựòóôõỏọụùúũủýợỮ"
)
_VISCII_C0 = {2: "Ẳ", 5: "Ẵ", 6: "Ẫ", 0x14: "Ỷ", 0x19: "Ỹ", 0x1E: "Ỵ"}

# VNI: bytes of whole letters, and bytes of one mark; every capital form lies 0x20 below.
_VNI_LETTERS = {0xED: "í", 0xEC: "ì", 0xE6: "ỉ", 0xF3: "ĩ", 0xF2: "ị"}
_VNI_LETTERS |= {0xEE: "ỵ", 0xF4: "ơ", 0xF6: "ư", 0xF1: "đ"}
_VNI_MARKS = {0xF9: "\u0301", 0xF8: "\u0300", 0xFB: "\u0309", 0xF5: "\u0303", 0xEF: "\u0323"}
_VNI_MARKS |= {0xE2: "\u0302", 0xEA: "\u0306"}
# A byte for two marks is the same as the byte of the shape followed by the byte of the tone:
# circumflex or breve with acute, grave, hook, tilde, dot below.
_VNI_DOUBLE = {
    0xE2: {0xE1: 0xF9, 0xE0: 0xF8, 0xE5: 0xFB, 0xE3: 0xF5, 0xE4: 0xEF},
    0xEA: {0xE9: 0xF9, 0xE8: 0xF8, 0xFA: 0xFB, 0xFC: 0xF5, 0xEB: 0xEF},
}
_CP1258_MARKS = bytes((0xCC, 0xD2, 0xDE, 0xEC, 0xF2))
_TCVN_MARKS = bytes(range(0xB0, 0xB5))
# Real text has two marks on a letter. Canonical ordering of a run of marks takes quadratic
# time in CPython, so longer runs (always garbage) are left as they are.
_LONGEST_RUN = 16

_INNER_MARKS = re.compile("[\u00a0“”‘’„‚…–—•·«»‹›]+")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_LONGEST_SYLLABLE = 10  # letters; "nghiêng" has 7
_ONSETS = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
_RHYMES = (
    "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây "
    "e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ia ich iêc iêm iên iêng iêp iêt iêu "
    "im in inh ip it iu o oa oac oach oai oan oang oanh oao oat oay oăc oăm oăn oăng oăt oc "
    "oe oen oeo oet oi om on ong ooc oong op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt "
    "u ua uân uâng uât uây uc uê uêch uênh ui um un ung uơ uôc uôi uôm uôn uông uôt up ut uy "
    "uya uych uyên uyêt uynh uyt uyu ư ưa ưc ưi ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu "
    "y ych yêm yên yêng yêt yêu ynh yt"
)
_LONE = "ởýàạổơừôáồ"  # words of one letter
_FREQUENT = (
    "của và là có được cho không người những một các để với này đã đến khi như từ về sẽ tại "
    "năm ngày đó nhà nước việc trên sau trước phải cũng lại làm thì mà còn hơn nhiều rất vào "
    "ở nhưng hay đi bị học thể thành phố đồng đường thế giới mới số đầu hai tôi họ bạn chúng "
    "đang vì nếu theo bằng cùng giữa động quốc chính phủ công ty tế kinh xã hội việt hà nội "
    "biết nói gì đây ấy chỉ lớn ngoài nhất hiện điều sự quả đội trận thủ giá triệu đô vụ án"
)


def _windows(name: str) -> str:
    """Table of a Windows code page that Python has, undefined bytes marked as such."""
    return bytes(range(256)).decode(name, "replace").replace("\ufffd", _UNDEFINED)


@cache
def table(name: str) -> str:
    """Characters of the 256 byte values in one encoding.

    Parameters
    ----------
    name : str
        One of `SINGLE_BYTE`. For ``vni`` these are the values after double marks were split.

    Returns
    -------
    str
        256 characters; U+FFFE where the encoding has none.

    Raises
    ------
    KeyError
        If `name` is none of them.
    """
    if name in ("windows-1252", "windows-1258"):
        return _windows(name)
    latin = _windows("windows-1252")
    if name == "tcvn3":
        return latin[:0xA0] + _TCVN_HIGH
    if name == "vni":
        cells = list(latin)
        for code, letter in _VNI_LETTERS.items():
            cells[code], cells[code - 0x20] = letter, letter.upper()
        for code, mark in _VNI_MARKS.items():
            cells[code] = cells[code - 0x20] = mark
        return "".join(cells)
    low, high = {
        "tcvn5712-1": (_TCVN_C0, _TCVN_C1 + _TCVN_HIGH),
        "vps": (_VPS_C0, _VPS_HIGH),
        "viscii": (_VISCII_C0, _VISCII_HIGH),
    }[name]
    return "".join(low.get(code, chr(code)) for code in range(0x80)) + high


def _compose(text: str, data: bytes, marks: bytes) -> str:
    """NFC of `text`, decoded from `data` where `marks` are the bytes of combining marks."""
    if not marks:
        return text  # the tables hold composed letters only
    flags = data.translate(bytes(code in marks for code in range(256)))
    if b"\1" not in flags:
        return text
    if b"\1" * _LONGEST_RUN not in flags:
        return unicodedata.normalize("NFC", text)
    pieces = re.split(f"([\u0300-\u036f]{{{_LONGEST_RUN},}})", text)
    pieces[::2] = [unicodedata.normalize("NFC", piece) for piece in pieces[::2]]
    return "".join(pieces)


def decode_legacy(data: bytes, name: str, errors: str = "strict") -> str:
    """Text of bytes in a legacy encoding, composed (NFC), in time linear in the length.

    Parameters
    ----------
    data : bytes
        The bytes.
    name : str
        One of `SINGLE_BYTE`.
    errors : {'strict', 'replace'}
        What to do with a byte that stands for nothing: raise, or put U+FFFD.

    Returns
    -------
    str
        The text.

    Raises
    ------
    UnicodeDecodeError
        With ``errors='strict'``, at a byte without a character. ``start`` counts in `data`.
    """
    marks = b""
    source = data
    if name == "vni":
        for shape, tones in _VNI_DOUBLE.items():
            for code, tone in tones.items():
                for up in (0, 0x20):
                    pair = bytes((shape - up, tone - up))
                    source = source.replace(bytes((code - up,)), pair)
        marks = bytes(code - up for code in _VNI_MARKS for up in (0, 0x20))
    elif name == "windows-1258":
        marks = _CP1258_MARKS
    elif name in ("tcvn3", "tcvn5712-1"):
        marks = _TCVN_MARKS
    try:
        text = codecs.charmap_decode(source, errors, table(name))[0]
    except UnicodeDecodeError as error:
        # The byte is undefined and so was not added by the splitting above: the first one in
        # the input is the same byte.
        offset = data.index(source[error.start])
        raise UnicodeDecodeError(name, data, offset, offset + 1, "no such character") from None
    return _compose(text, source, marks)


@cache
def _phonotactics() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Bare syllables (without tone), and the frequent syllables with it."""
    onsets, rhymes = ["", *_ONSETS.split()], _RHYMES.split()
    bare = set()
    for onset in onsets:
        for rhyme in rhymes:
            front = rhyme[0] in "eêiy"
            if onset in (("c", "ng") if front else ("k", "gh", "ngh")):
                continue
            bare.add(onset + rhyme)
    stopped = frozenset(word for word in bare if word.endswith(("c", "ch", "p", "t")))
    return frozenset(bare), stopped, frozenset(_FREQUENT.split())


def _merit(word: str, caseless: str) -> float | None:
    """How good a decoded word is: 0 no syllable, 1 well-formed, 1.5 frequent; None neutral."""
    bare_words, stopped, frequent = _phonotactics()
    total = count = 0.0
    for part in _INNER_MARKS.split(word):
        if part.isascii() and part.isprintable():
            continue
        count += 1
        if len(part) > _LONGEST_SYLLABLE:  # also spares normalising garbage, see _LONGEST_RUN
            continue
        cased = "".join(letter for letter in part if letter not in caseless)
        lower = part.lower()
        letters = unicodedata.normalize("NFD", lower)
        tones = [letter for letter in letters if letter in _TONES]
        bare = unicodedata.normalize("NFC", "".join(x for x in letters if x not in _TONES))
        if bare not in bare_words or len(tones) > 1:
            continue
        if len(part) == 1 and lower not in _LONE:  # else any dash or quote would be a word
            continue
        if bare in stopped and (not tones or tones[0] not in "\u0301\u0323"):
            continue
        if cased.islower() or cased.isupper() or cased[1:].islower() or len(cased) < 2:
            total += 1.5 if lower in frequent else 1.0
    return total / count if count else None


def merits(words: list[bytes], name: str) -> tuple[list[str], list[float | None]]:
    """Return readings of words in an encoding, and how good each is as Vietnamese.

    Parameters
    ----------
    words : list of bytes
        Words, none with a line feed.
    name : str
        One of `SINGLE_BYTE`, or ``utf-8``.

    Returns
    -------
    readings : list of str
        The words decoded, with U+FFFD for what cannot be.
    merits : list of float or None
        0 for no Vietnamese syllable, 1 for a well-formed one, 1.5 for a frequent one; None for
        ASCII, which says nothing.
    """
    joined = b"\n".join(words)
    caseless = ""
    if name == "utf-8":
        readings = joined.decode("utf-8", "replace").split("\n")
    else:
        readings = decode_legacy(joined, name, "replace").split("\n")
        # Keyboards wrote the lower-case code for a capital that is missing or a control code.
        typed = table(name)[0x80:]
        if name == "tcvn3":
            caseless = "".join(x for x in typed if x.islower())
        elif name not in ("vni", "windows-1258"):
            caseless = "".join(x for x in typed if x.islower() and x.upper() not in typed)
    return readings, [_merit(reading, caseless) for reading in readings]
