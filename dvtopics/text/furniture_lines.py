"""One line of a scraped page -> its kind and its features; no knowledge of the lines around it.

Kinds: ``meta`` (dates, views, print, share, reading widgets), ``menu``, ``crumb``, ``banner``,
``related``/``side`` (heading of a block beside the article), ``comment``, ``tags``, ``source``,
``byline``, ``name`` (a bare person's name: byline or not, the page decides), ``caption``,
``form`` (field of a comment form, or a word of the article), ``label`` (of a value on the next line), ``inset`` (a one-line link inside the article), ``footer``, ``contact``, ``dated`` (headline with a
date behind it), ``number``, ``symbol``, ``doc`` (line of an official document), ``""`` (text).
"""  # noqa: E501

from __future__ import annotations

from functools import lru_cache

from .furniture_lexicon import WEAK_FORM
from .furniture_names import is_banner, looks_like_name
from .furniture_patterns import (
    FORM,
    PATTERN_LIMIT,
    bare,
    cover,
    heading_kind,
    is_caption,
    is_counter,
    is_crumb,
    is_footer,
    is_market,
    rx,
)
from .furniture_widgets import (
    is_blob,
    is_feedback,
    is_field,
    is_field_label,
    is_motto,
    is_strip,
    is_widget,
)


class Line:
    """A line with what the page logic needs to know about it.

    Attributes
    ----------
    text : str
    kind : str
    syllables : int
    closed : bool
        Ends like a sentence or list item.
    cut : bool
        Ends in '...': a teaser, or a writer trailing off.
    listed : bool
        Starts like a list item, article of a law, question.
    final : bool
        Ends in './.', the closing sign of Vietnamese officialese.
    """

    # Not a dataclass: making one would double the time to import this package.
    __slots__ = ("closed", "cut", "final", "kind", "listed", "syllables", "text")

    def __init__(self, text: str, features: tuple[str, int, bool, bool, bool, bool]) -> None:
        self.text = text
        self.kind, self.syllables, self.closed, self.cut, self.listed, self.final = features

    @property
    def solid(self) -> bool:
        """Text that headlines and menus do not look like: a sentence of some length."""
        if self.kind:
            return self.kind == "doc" and self.syllables >= 12
        if self.cut:
            return False
        return self.syllables >= 14 and (self.closed or self.syllables >= 45 or self.listed)


_NUMBERED = r"(?:\d{1,2}(?:\.\d{1,2}){0,3}[.)]|[ivx]{1,5}[.)]|[a-z]\)) ?[^\W\d_]{2}"
_NEVER_NUMBERED = frozenset(
    ("menu", "side", "related", "comment", "meta", "label", "name", "banner", "form", "byline",
     "crumb", "tags")
)  # fmt: skip


def classify(text: str, n: int) -> str:
    """Kind of a stripped, non-empty line with `n` syllables."""
    if len(text) > PATTERN_LIMIT:
        return "menu" if is_blob(text) else ""
    # Of a long line only the start can tell: most of a page's text leaves below.
    low = bare(text if n <= 80 else text[:160])
    core = low.strip(" :|*•►▶»›«‹>-–—_=+#~·●■□◆♦✓→←↑↓.,;[]{}\"'“”▪◄▲▼/\\")
    if not core or not any(c.isalnum() for c in core):
        return "symbol"
    if rx(r"(?:cong hoa xa hoi chu nghia viet nam|doc lap.{1,5}tu do.{1,5}hanh phuc|"
           r"so ?: ?\d*.{0,6}/.{0,40}|kinh gui ?:.*|noi nhan ?:?.{0,80}|luu ?: ?v[tp].*|"
           r"(?:dieu|khoan|chuong|muc) (?:\d+|[ivx]+)\b.*|ve viec .*|v/v .*|can cu .*)").fullmatch(core):  # fmt: skip  # noqa: E501
        return "doc"
    kind = _classify_short(text, low, core, n)
    if kind in _NEVER_NUMBERED and rx(_NUMBERED).match(low):
        # A numbered line is a heading or an item of the article, whatever its words.
        return ""
    return kind


def _classify_short(text: str, low: str, core: str, n: int) -> str:
    if n > 70:
        # No pattern below reaches that far.
        return "caption" if is_caption(text, core, n) else "menu" if is_blob(text) else ""
    if n <= 40 and rx(
        r"(?:dia chi|dien thoai|dt|tel|fax|email|e-mail|website|hotline|so dien thoai|dtdd|web)"
        r" ?[:.] ?\S.*"
    ).fullmatch(core):
        return "contact"
    if kind := _by_phrase(text, low, core, n):
        return kind
    if rx(r"thoi gian ?:.*").fullmatch(core):
        return ""
    # No menu is that long and ends in a full stop.
    share, kind, found = cover(core) if n <= 25 or text[-1] != "." else (0.0, "", 0)
    if share == 1.0:
        # '2018' or '12/5' may be a heading or a table cell.
        return _covered_kind(low, kind, found)
    if is_crumb(text, low, core, n):
        return "crumb"
    return _classify_text(text, low, core, n, share, found)


def _by_phrase(text: str, low: str, core: str, n: int) -> str:
    """Kinds told by what the whole line says; '' where none."""
    if core in WEAK_FORM:
        return "form"
    if kind := _by_widget(text, core, n) or (heading_kind(core) if n <= 12 else ""):
        return kind
    if n <= 12 and rx(r"(?:anh|nguon anh|anh minh hoa) ?: ?.+").fullmatch(core):
        return (
            "caption"
            if text.isascii() or text.lower().lstrip("([ ").startswith(("ả", "nguồn"))
            else ""
        )
    named = rx(r"(?:tu khoa|tags?|the|keywords?|hashtag|nhan)(?: lien quan| bai viet)? ?:").match(
        core
    )
    # A list of key words may end in a full stop; a sentence has longer parts than they have.
    if n <= 60 and named:
        if not text.endswith((".", ";")):
            return "tags"
        # Key words of a journal article, before its text: parts shorter than a sentence's.
        if all(len(part.split()) <= 7 for part in rx(r"[;,]").split(core[named.end() :])):
            return "meta"
    if core in ("tags", "tag", "tu khoa", "hashtag"):
        return "tags"
    if rx(r"theo doi .{0,40}\b(?:google news|facebook|zalo|youtube|tiktok|fanpage)").fullmatch(
        core
    ):
        return "meta"
    if n <= 30 and rx(r"#\w+(?:[ ,]+#\w+)*").fullmatch(low):
        return "tags"
    if is_footer(core, n):
        return "footer"
    if is_counter(core, n) or is_market(core, n):
        return "side"
    return ""


def _by_widget(text: str, core: str, n: int) -> str:
    if is_field_label(core):
        return "label"
    if is_field(text, core, n) or is_widget(core, n):
        return "meta"
    return "comment" if is_feedback(text, core, n) else ""


def _covered_kind(low: str, kind: str, found: int) -> str:
    if rx(r"(?:trong )?ngay \d{1,2}[/-]\d{1,2}(?![/-]?\d).{0,3}|nam \d{4}.{0,3}|thang \d{1,2}.{0,8}"
           r"|ngay").fullmatch(low):  # fmt: skip
        return ""
    if (kind == "menu" and low.endswith((".", ";"))) or (low.endswith(":") and found == 1):
        return "" if kind == "menu" else kind
    return kind or "number"


def _classify_text(text: str, low: str, core: str, n: int, share: float, found: int) -> str:
    if rx(r"(?:nguon|nguon tin|nguon bai|theo nguon|source) ?: ?.+|nguon (?:tin )?(?:https?://|www\.).*"
           r"|\(?(?:theo )?nguon:? [a-z.-]+\.(?:vn|com)[a-z/.]*\)?|(?:link|lien ket|duong dan) (?:goc|bai goc).*"  # noqa: E501
           r"|\(?(?:https?://|www\.)\S+\)?").fullmatch(core) and n <= 22:  # fmt: skip
        return "source"
    if rx(r"\(?(?:tac gia(?: bai viet| bai)?|nguoi (?:viet|dang|dua|gui)(?: bai| tin| bai viet)*|written by|author|reporter|text|story|nguoi viet|bai viet|bai va anh|bai|tin|bai, anh|tin, anh|tin va anh|anh va tin|"  # noqa: E501
           r"tin bai|tin, bai|tin - anh|bai - anh|tin/anh|tin – anh|bai – anh|bien tap|phong vien|"
           r"thuc hien|nhom pv|pv|ctv|bien soan|tong hop|nguoi dua tin|theo|dua tin|dang boi|"
           r"nguoi dang|viet boi|by|posted by|trinh bay|ky thuat|tin bai, anh|anh|tin va bai) ?[:/] ?.+"  # noqa: E501
           ).fullmatch(core) and n <= 14 and not text.endswith((".", ";", "?")):  # fmt: skip
        return "caption" if core.startswith("anh") else "byline"
    if rx(r"\(?(?:theo|nguon|tin) (?:bao|ttxvn|vov|vtv|vgp|vnexpress|vietnamnet|dan tri|tuoi tre|"
           r"nhan dan|qdnd|vietnam\+|tap chi|cong thong tin|trang|website|dcsvn|dangcongsan|bnews|"
           r"chinhphu|baochinhphu|sggp|tien phong|lao dong|[a-z-]+\.(?:vn|com|org|gov)).{0,60}"
           ).fullmatch(core) and n <= 10 and not text.endswith((".", ";", ":", ",")):  # fmt: skip
        return "byline"
    if n <= 8 and rx(
        r"(?:written|posted|reported|edited|story|text|photos?) by [a-z .-]+"
    ).fullmatch(core):
        return "byline"
    if n <= 7 and rx(r"\(?(?:bbt|pv|ban bien tap|phong vien|nhom (?:phong vien|pv)|ctv|cong tac vien|"  # noqa: E501
                      r"pv tong hop|p\.v|ttxvn|vgp|vov|theo [a-z. ]{2,20}|tong hop|bien tap vien|ttxvn|vgp|vov|vov.vn|thong tan xa viet nam|"  # noqa: E501
                      r"(?:pv|nhom pv|bbt)[ /(-].{0,40})\)?").fullmatch(core):  # fmt: skip
        return "byline" if not text.endswith((":", ",", ";", "?")) else ""
    if n <= 40 and rx(r"(?:xem them|doc them|xem tiep|doc tiep|tin lien quan|bai lien quan|lien quan|"  # noqa: E501
                       r"moi (?:quy vi |ban doc |ban |quy )*(?:xem|doc|don doc)|moi xem|video|clip|"
                       r"tham khao|tin (?:moi(?: nhan| nhat)?|nong|noi bat|nhanh|van|vua nhan|gio chot|24h|hot)|"  # noqa: E501
                       r"thong bao moi|breaking(?: news)?|latest(?: news)?|see also|read more|related) ?: ?\S.*").fullmatch(core):  # fmt: skip  # noqa: E501
        return "inset"
    if (
        n <= 40
        and rx(r"(?:>>|>|»|›|►|▶|=>|→|➤|☛|\[\+\]) ?\S.*").fullmatch(low)
        and text[-1] not in ".;"
    ):
        return "inset"
    if is_caption(text, core, n):
        return "caption"
    # '… (12/05/2019)', '… - 12/05/2019', '… 12/05/2019 10:20', not '… từ ngày 1-1-2018'.
    if (
        n <= 45
        and text[-1] not in ".;"
        and rx(
            r".{12,}?(?:[(\[|–-] ?(?:ngay )?(?:\d{1,2}[:h]\d{2}(?::\d{2})?,? )?"
            r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}[^a-z]{0,16}"
            r"| \d{1,2}[/.-]\d{1,2}[/.-]\d{4},? (?:- )?\d{1,2}[:h]\d{2}(?::\d{2})?(?: ?[ap]m)?)[)\] ]*"  # noqa: E501
        ).fullmatch(low)
    ):
        return "dated"
    if n <= 45 and rx(r"[(\[]?\d{1,2}/\d{1,2}(?:/\d{4})?[)\]]?(?: \d{1,2}:\d{2})? ?[-:–] ?\S.*|"
                       r".{12,}\(\d{1,2}/\d{1,2}\)").fullmatch(low) and text[-1] not in ".;:":  # fmt: skip  # noqa: E501
        return "dated"
    return _classify_rest(text, low, core, n, share, found)


def _classify_rest(text: str, low: str, core: str, n: int, share: float, found: int) -> str:
    if rx(r"(?:binh luan|phan hoi|gui|danh gia|chia se|dang nhap|nhap|hay (?:dang nhap|la nguoi|gui)|vui long|xin vui long|"  # noqa: E501
           r"ban (?:can|phai|vui long)|y kien|chuc nang|moi y kien|tong so diem|xep hang|"
           r"click|ma xac nhan|cac truong|noi dung (?:binh luan|phan hoi)|email cua ban|thong tin (?:nguoi|ban)).{0,160}"  # noqa: E501
           ).fullmatch(core) and n <= 35 and rx(
               r".*(?:tieng viet co dau|viet co dau|bang tieng viet|binh luan (?:cua|nay|bai|se|duoc|khong|toi|trong)|captcha|"  # noqa: E501
               r"dang nhap|bat buoc|bai viet(?: nay)?(?: la)?(?:$|[ :])|ma xac nhan|ma bao mat|hien thi cong khai|"  # noqa: E501
               r"trong \d+ danh gia|nguoi gui|kiem duyet|ky tu|cho ban be|javascript|danh gia bai|"
               r"ban danh gia|\*).*").fullmatch(core):  # fmt: skip
        return "comment"
    if rx(FORM + r"(?: ?\(?\*\)?| ?\(.{0,20}\))? ?:?(?: ?\*)?").fullmatch(low):
        return "form"
    # A date line with somebody's name or an unknown word in it.
    if (
        n <= 16
        and share >= 0.6
        and found >= 2
        and text[-1] not in ".;?!:"
        and rx(r"\d[/.-]\d{1,2}[/.-]\d{2}|\d:\d\d|luot|cap nhat|dang boi").search(core)
    ):
        return "meta"
    if text[-1] not in ".;?!" and "," not in text:
        share, _, found = cover(core, 2)
        if share >= 0.6 and 3 <= found <= sum(w[:1].isupper() for w in text.split()):
            return "menu"
    if (n > 5 and is_blob(text)) or is_strip(text, n):
        return "menu"
    if looks_like_name(text):
        return "name"
    if is_motto(text, n):
        return "menu"
    greeting = (
        n <= 40
        and text[-1] not in ".;:,?"
        and rx(
            r"(?:(?:nhiet liet )?chao mung|welcome to) .*|.*(?:kinh chao|han hanh chao don) quy (?:khach|vi).*"  # noqa: E501
        ).fullmatch(core)
    )
    return "banner" if greeting or is_banner(text, core, n) else ""


def read_line(text: str) -> Line:
    """Features of one stripped, non-empty line."""
    # Menus and tool bars repeat on concatenated pages; long lines are text and do not.
    return Line(text, (_cached if len(text) <= 400 else _features)(text))


def _features(text: str) -> tuple[str, int, bool, bool, bool, bool]:
    # Counting words of a 50 MB line would copy it; an estimate is enough there.
    n = len(text.split()) if len(text) <= 20_000 else len(text) // 6
    tail = text[-12:].rstrip(" \"”’'»)]")
    end = text[-1]
    closed = tail[-1:] in (".", "!", "?", ";", ":", "…") or end in ".!?;:…"
    listed = bool(
        rx(r"[-+–—•*✓●] ?\S|\(?(?:\d{1,2}|[a-zđ]|[IVX]{1,4})(?:\.\d+)*[.)/] ?\D").match(text[:16])
    ) or (text[0] in '“"' and text[-1] in '”"')
    cut = text.endswith(("...", "…", "[...]", "(...)", "[…]", "... Xem thêm", "...»", "... >>"))
    final = tail.endswith(("./", "./.", "/.")) or "./." in text[-14:]
    return classify(text, n), n, closed, cut, listed, final


_cached = lru_cache(maxsize=8192)(_features)
