"""Patterns of single kinds of furniture, and the bare form of a line they run on."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from .furniture_lexicon import cover_phrases, phrase_kinds

# Longer lines are never furniture by pattern, only by place or as a blob of links.
PATTERN_LIMIT = 600


@cache
def _fold_table() -> dict[int, str | None]:
    """Character map: Vietnamese letters to ASCII, decorations of link lists to space."""
    table: dict[int, str | None] = {ord("đ"): "d", ord("Đ"): "d", 0xFEFF: None, 0x200B: None}
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0]
        if base.isascii():
            table[code] = base.lower()
    table.update(dict.fromkeys(range(768, 880)))
    return table


def bare(text: str) -> str:
    """Lower-cased `text` without diacritics, white space collapsed."""
    # Length first: a hostile line must not be normalised whole.
    folded = text[: 4 * PATTERN_LIMIT].translate(_fold_table()).lower()
    return " ".join(folded.split())


@cache
def rx(pattern: str) -> re.Pattern[str]:
    """Compile on first use, so that importing the package stays cheap."""
    return re.compile(pattern)


# All patterns run on at most PATTERN_LIMIT characters, without nested repeats.
DATE = (
    r"\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})\b|\d{4}-\d{1,2}-\d{1,2}(?:t(?=\d))?|"
    r"\d{1,2}/\d{4}\b|\d{1,2}/\d{1,2}\b|"
    r"\d{1,2}[:h]\d{2}(?::\d{2})?(?:\.\d+)?(?:['’]| ?phut)?|"
    r"ngay \d{1,2} thang \d{1,2},? nam \d{4}|\d{1,2} (?:thang|th) ?\d{1,2},? (?:nam )?\d{4}"
)
_HEADING = (
    r"(?:xem |doc |danh sach |mot so )?(?:them )?(?:cac |nhung )?"
    r"(?:tin tuc|tin bai|tin|bai viet|bai bao|bai|van ban|thong tin|su kien|noi dung|ban tin|"
    r"tin anh|tin va bai|hoat dong|thong bao|chuyen de|tai lieu|video|tin, bai|cau hoi|y kien|"
    r"tac pham|chu de)"
    r"(?: viet| bai| tuc| da)?"
    r"(?: (?:khac|lien quan|da dua|da dang|dua|dang|cu hon|moi hon|cu|moi|moi nhat|moi cap nhat|"
    r"moi dang|moi dua|cung chuyen muc|cung muc|cung chu de|cung loai|cung su kien|"
    r"cung tac gia|cung nguon|cung danh muc|cung chuyen de|cung ngay|cung linh vuc|cung the loai|"
    r"tiep theo|truoc do|doc nhieu|xem nhieu|doc nhieu nhat|xem nhieu nhat|duoc doc nhieu|"
    r"duoc xem nhieu|nong|noi bat|tieu diem|duoc quan tam|nen doc|dang chu y|nhieu nguoi doc|"
    r"trong chuyen muc|trong muc|theo ngay|trong ngay|quan trong|nong nhat|hot|khac cua|"
    r"truoc day|truoc|sau|khac trong|duoc quan tam nhat|noi bat khac|ngau nhien|"
    r"theo dong su kien|gan day|nhat|da xuat ban|dang quan tam|chon loc|cu nhat|hay|vua dang))"
    r"(?: (?:nhat|khac|ngay|luc|hon|trong tuan|trong ngay|trong thang|chuyen muc|"
    r"cung chuyen muc|cua chuyen muc|tren bao|den bai viet|den chu de|voi bai viet|bai viet))?"
    r"(?: ?\(?\d{0,4}\)?)"
)
FORM = (
    r"(?:ho va ten|ho ten|ten|ten cua ban|email|e-mail|email cua ban|dia chi email|noi dung|"
    r"tieu de|ma xac nhan|ma bao mat|ma an toan|captcha|nguoi gui|nguoi nhan|ten dang nhap|"
    r"mat khau|dien thoai|so dien thoai|dia chi|website)"
)


def heading_kind(core: str) -> str:
    """Kind of a block heading, or ''. `core` is the bare line without decoration."""
    core = core.rstrip(" .…")
    kind = phrase_kinds().get(core, "")
    if kind in ("side", "comment"):
        return kind
    if rx(_HEADING).fullmatch(core):
        return "related"
    if rx(r"(?:binh luan|y kien|phan hoi|comments?|nhan xet)(?: ban doc)? ?[:(\[]? ?\d+ ?[)\]]?"
           r"|\d+ (?:binh luan|y kien|phan hoi|comments?|tra loi|nhan xet)").fullmatch(core):  # fmt: skip  # noqa: E501
        return "comment"
    if rx(r"cac tin (?:da dua|da dang|khac).{0,25}|(?:tin|bai) (?:cung|khac|moi|cu) .{0,12}"
           r"(?:chuyen muc|the loai|danh muc).{0,20}|(?:tin|bai viet|bai) khac (?:cua|trong) .{0,40}"  # noqa: E501
           ).fullmatch(core) and len(core) < 60:  # fmt: skip
        return "related"
    return ""


def cover(core: str, shortest: int = 1) -> tuple[float, str, int]:
    """Share of the line's words covered by furniture phrases; their main kind; phrases found.

    `shortest` is the least number of words a phrase must have to count.
    """
    marked, n_dates = rx(DATE).subn(" 0 ", core) if rx(r"\d").search(core) else (core, 0)
    words = rx(r"[a-z0-9]+").findall(marked)
    if not words:
        return 0.0, "", 0
    tree = cover_phrases()
    covered = found = i = 0
    letters = False
    votes: dict[str, int] = {}
    while i < len(words):
        if words[i].isdigit():
            covered, i = covered + 1, i + 1
            continue
        letters = True
        node, end, stop, kind = tree.get(words[i]), i, i, ""
        while node is not None:
            end += 1
            if node.kind and end - i >= shortest:
                stop, kind = end, node.kind
            node = node.get(words[end]) if end < len(words) else None
        if kind:
            votes[kind] = votes.get(kind, 0) + stop - i
            covered, found = covered + stop - i, found + 1
        i = max(stop, i + 1)
    if not letters:
        kind = "meta" if n_dates else "number"
    else:
        kind = max(votes, key=lambda k: votes[k]) if votes else ""
    return covered / len(words), kind, found + n_dates


def is_caption(text: str, core: str, n: int) -> bool:
    """Tell a picture's caption by its credit."""
    # 'Tuấn Anh: …' is a speaker: without its hook above, 'anh' is a name or a pronoun.
    if n > 80 or (not text.isascii() and "anh" in core and not rx(r"[Ảả]|Ả").search(text)):
        return False
    if rx(r"[(\[]?(?:nguon )?(?:anh|hinh|video|photo|clip|do hoa|hinh anh)(?: minh hoa| tu lieu)?"
           r"(?: ?\d+)?(?: ?[:.].{0,300}|\)?)").fullmatch(core):  # fmt: skip
        return True
    if rx(r"[(\[]?(?:anh|hinh) (?:minh hoa|tu lieu|chup|internet|ttxvn).{0,120}").fullmatch(core):
        return n <= 14 or core[-1] == ")"
    if rx(r"^(?:trong anh|chu thich anh|nguon anh) ?:").match(core):
        return True
    tail = core[-90:]
    return bool(
        rx(r"(?:^|[ .,;(\[/–-])(?:anh|hinh|photo|nguon anh|tin, anh) ?: ?[^:;]{1,50}$").search(tail)
        or rx(r"[(\[](?:anh|hinh|photo|nguon)\b[^()\[\]]{0,50}[)\]]\.?$").search(tail)
        or rx(r"[.!”\"] (?:anh|hinh) (?:minh hoa|tu lieu|ttxvn|internet|[a-z.]+)\.?$").search(tail)
    )


def is_footer(core: str, n: int) -> bool:
    """Tell a line of the page's foot: licence, editor, copyright."""
    if n > 70:
        return False
    if rx(r"(?:©|\(c\)|copyright|all rights reserved|powered by|designed by|developed by|"
           r"ban quyen (?:thuoc|cua|©|\(c\)|\d|website)|toan bo ban quyen|giu ban quyen|"
           r"(?:giay phep|gpdc|gp|so giay phep|gpbc|gpxb) ?(?:so|:|\d|thiet lap|xuat ban|hoat dong|"
           r"trang thong tin|cung cap|bao chi|ttdt)|"
           r"(?:thiet ke|phat trien|xay dung|van hanh)(?: (?:va|&) (?:thiet ke|phat trien|van hanh|"
           r"xay dung|quan tri|duy tri))? boi\b|"
           r"(?:de nghi |vui long |yeu cau |xin |phai )?ghi ro nguon|"
           r"(?:moi|khi) (?:su dung|sao chep|trich dan|phat hanh lai|dang lai).{0,60}ghi ro|"
           r"best viewed|xem tot nhat|chung nhan tin nhiem|tin nhiem mang|ncsc)").match(core):  # fmt: skip  # noqa: E501
        return True
    if n <= 40 and rx(
        r".{0,80}(?:ghi ro nguon|© ?\d{4}|copyright|all rights reserved|giu ban quyen)"
    ).match(core):
        return True
    return bool(
        (
            n <= 30
            and rx(
                r"(?:(?:pho )?tong bien tap|(?:nguoi )?chiu trach nhiem(?: chinh| noi dung| xuat ban|"  # noqa: E501
                r" quan ly(?: noi dung)?)?|truong ban bien tap|co quan chu quan|co quan quan ly|"
                r"don vi quan ly|don vi chu quan|co quan cua|toa soan|tru so(?: toa soan| chinh)?|"
                r"duong day nong|thu ky toa soan|thuong truc ban bien tap|quan ly va phat trien|"
                r"lien he quang cao|dien thoai toa soan|hotline|quang cao|don vi (?:phat trien|"
                r"thiet ke|xay dung|thuc hien|van hanh|ho tro ky thuat)|phat trien|thiet ke"
                r"(?: website| va phat trien)?|van phong dai dien) ?(?:[a-z ]{0,20})[:(–]"
            ).match(core)
            and not core.endswith((".", ";"))
        )
        or (n <= 6 and rx(r"(?:pho )?tong bien tap(?: phu trach)? [a-z. ]+").fullmatch(core))
    )


def is_counter(core: str, n: int) -> bool:
    """Tell a line of a visitor counter."""
    return n <= 30 and bool(
        rx(r"(?:(?:dang|so) ?(?:nguoi |khach )?(?:online|truc tuyen|truy cap)|"
            r"hom nay|hom qua|trong tuan|trong thang|tuan nay|tuan truoc|thang nay|thang truoc|"
            r"nam nay|(?:tong )?(?:so )?(?:luot |luong )?(?:truy cap|nguoi truy cap|khach)|tat ca|"
            r"tong(?: cong| so| so luot)?(?: luot)?(?: truy cap)?|khach vieng tham|"
            r"thanh vien(?: online)?|may chu tim kiem|(?:luot )?truy cap(?: hom nay| hom qua| "
            r"trong (?:ngay|tuan|thang|nam)| hien tai)?) ?[:\-]? ?[\d.,]+(?: (?:nguoi|luot|khach|luot truy cap|luot xem))?"  # noqa: E501
            r"|(?:hien )?(?:dang )?co [\d.,]+ (?:khach|nguoi).{0,40}(?:online|truc tuyen|truy cap)"
            r"|(?:ban la )?(?:nguoi|khach) (?:truy cap )?thu ?:? ?[\d.,]+|[\d.,]+ (?:luot )?truy cap"  # noqa: E501
            r"|[\d.,]+ (?:nguoi )?(?:dang )?(?:online|truc tuyen)").fullmatch(core)
    )  # fmt: skip


def is_market(core: str, n: int) -> bool:
    """Weather, currencies, gold: short lines of figures."""
    return n <= 14 and bool(
        rx(r"(?:usd|eur|gbp|jpy|aud|cny|sjc|vnd|hkd|sgd|thb|krw|vn-?index|hnx)\b[ \d.,:/+%|-]*"
            r"|.{0,40}-?\d{1,2}(?: ?[-–~] ?\d{1,2})? ?(?:°|º|˚|do) ?c\b.{0,40}"
            r"|(?:do am|nhiet do|suc gio|toc do gio|gio) ?:? ?[\d.,]+ ?(?:%|km/h|m/s|°c)"
            ).fullmatch(core)
    )  # fmt: skip


def is_crumb(text: str, low: str, core: str, n: int) -> bool:
    """Tell a breadcrumb."""
    if n > 50 or text.endswith((".", ";", "?", "!")):
        return False
    if rx(
        r"(?:ban (?:dang|da) (?:o|xem|truy cap)(?: day| trang| vi tri)?|you are here) ?:?.*"
    ).fullmatch(core):
        return n <= 30
    if rx(r"(?:trang chu|trang nhat|home|trang chinh|trang dau) ?[>»›/|\\→•:-].*").fullmatch(core):
        return True
    if rx(r"(?:trang chu|home) [a-z].*").fullmatch(core):
        return "," not in text
    return rx(r" ?(?:>|»|›|→|::) ?").subn("", low[1:])[1] >= 1 and n <= 25 and low[:1] != ">"
