"""Lines of tools and data about the article: link strips, document and journal fields, feedback."""

from __future__ import annotations

import itertools

from .furniture_patterns import bare, cover, rx

_FIELD = (
    r"(?:so ?[/,]? ?(?:va )?ky hieu|so hieu|so van ban|ky hieu|ky hieu van ban|so hieu van ban|"
    r"ngay (?:ban hanh|ky|co hieu luc|hieu luc|het hieu luc|dang cong bao|ap dung|het han|cong bo|"
    r"nhan|nhan bai|gui bai|duyet|duyet dang|phan bien(?: xong)?|nhan ban sua|chinh sua|sua bai|"
    r"chap nhan(?: dang)?|dang bai|dang tai)|nam ban hanh|(?:tinh trang|trang thai) hieu luc|"
    r"(?:loai|the loai|hinh thuc|nhom) van ban|cap ban hanh|"
    r"(?:co quan|don vi|noi|cap) (?:ban hanh|ra van ban)(?: van ban)?|"
    r"(?:chuc danh |chuc vu )?nguoi ky(?: duyet| van ban)?|trich yeu(?: noi dung| van ban)?|"
    r"so trang|dung luong|kich thuoc (?:tep|file)|van ban (?:bi )?thay the|"
    r"ma (?:tin|bai|so|so bai viet|bai viet|van ban)|(?:tac gia|tac gia) lien he|"
    r"(?:e-?)?issn|isbn|doi|received|revised|accepted|published(?: online)?|corresponding author|"
    r"document (?:number|no\.?|type)|issu(?:e|ed) date|date (?:of issue|issued)|effective date|"
    r"signed by|signer|issuing (?:agency|body|authority))"
)
# Words that a body may use as labels too: furniture only where the value is short.
_WEAK_FIELD = (
    r"(?:linh vuc|trang thai|tinh trang|hieu luc|status|category|field|categories|posted in|"
    r"filed under|chuyen muc|danh muc|dinh dang|phan loai|chu de|loai tin)"
)


def is_field(text: str, core: str, n: int) -> bool:
    """Tell a 'label: value' line of a document's or journal article's data."""
    if n > 40 or len(text) > 300:
        return False
    if rx(_FIELD + r" ?(?::|\|).*").fullmatch(core):
        return n <= 20 or text[-1] not in ".;"
    if rx(r"(?:doi|e-?issn|issn|isbn) ?\d.*|https?://doi\.org/\S+").fullmatch(core):
        return n <= 8
    if rx(r"\s{2,}|\t").search(text) and n <= 16 and rx(_FIELD + r" \S.*").fullmatch(core):
        return True
    if n <= 20 and rx(r"(?:(?:tep|file|tap tin|tai lieu|van ban|phu luc)(?: tin)? (?:dinh )?kem(?: theo)?|"  # noqa: E501
                      r"attachments?|download|tai (?:ve|xuong|file|tep|van ban)) ?:.*|"
                      r"\S{1,80}\.(?:pdf|docx?|xlsx?|rar|zip|pptx?)(?: ?\(.{0,30}\))?").fullmatch(core):  # fmt: skip  # noqa: E501
        return True
    if rx(_WEAK_FIELD + r" ?:.*").fullmatch(core):
        return n <= 10 and text[:1].isalpha() and text[-1] not in ".;,:"
    if rx(r"(?:tap|vol\.?|volume) ?\d+ ?[,.;(–-].{0,10}\b(?:so|no\.?|issue) ?:? ?\d.*").fullmatch(
        core
    ):
        return n <= 14
    return n <= 2 and bool(rx(r"\d{1,5}/(?:\d{4}/)?[a-z]{1,6}(?:[-–][a-z]+)*").fullmatch(core))


def is_field_label(core: str) -> bool:
    """Tell a field's label whose value stands on the next line."""
    return not core.startswith("trich yeu") and bool(rx(_FIELD + " ?:?").fullmatch(core))


def is_feedback(text: str, core: str, n: int) -> bool:
    """Tell 'was this page helpful?' and its buttons."""
    if n > 24:
        return False
    if rx(r"(?:(?:co|khong|yes|no|huu ich|khong huu ich|hai long|khong hai long|like|dislike|thich)"
          r" ?(?:\(? ?\d+ ?\)?)? ?[/|]? ?){2,}").fullmatch(core + " "):  # fmt: skip
        return text[-1] not in ".?!;," and bool(
            rx(
                r".*\d.*|(?:co|yes|huu ich|like|hai long)\b ?[/|]? ?(?:khong|no|dislike)\b.*"
            ).fullmatch(core)
        )
    return bool(
        rx(r".*\b(?:huu ich|bo ich|co ich|giup ich|giup duoc|hai long|helpful|useful|de hieu|"
           r"danh gia the nao|cam thay the nao)\b.*").fullmatch(core)
        and rx(r".*\b(?:nay|this|giao dien|(?:cong|trang) thong tin|trang web|website)\b.*")
        .fullmatch(core)
        and rx(r".*\b(?:ban|quy vi|you|this|khong|chua)\b.*").fullmatch(core)
        and (text[-1] in "?:" or core.endswith((" khong", " no", " chua")))
    )  # fmt: skip


def is_widget(core: str, n: int) -> bool:
    """Tell a player's speed: '1x', 'Tốc độ: 0.75x 1x 1.25x'."""
    speed = r"(?:x ?\d(?:[.,]\d{1,2})?|\d(?:[.,]\d{1,2})? ?x)"
    return n <= 14 and bool(
        rx(r"(?:(?:toc do(?: doc| phat)?|(?:playback )?speed|normal|binh thuong|chuan) ?:? ?)*"
           + speed + r"(?:[ ,/|]+(?:" + speed + r"|binh thuong|normal|chuan))*").fullmatch(core)
    )  # fmt: skip


def cells(text: str) -> list[str]:
    """Return the parts of a line set apart by bars, tabs or wide gaps."""
    return [c for c in rx(r" ?[|•»›►·●▪¦]+ ?|\t+| {3,}|\s{2,}").split(text[:2000]) if c.strip(" -")]


def is_strip(text: str, n: int) -> bool:
    """Tell a tool bar, section list or ticker in one line by its separators."""
    if n > 120:
        return False
    if (
        text[-1] not in ".;"
        and len(rx(r" (?:\*{2,}|\+{2,}|/{2,}|={2,}|~{2,}|-{3,}|#{2,}) ").split(text)) > 1
    ):
        return True
    if text[-1] in ".;:?!," or n > 60:
        return False
    if rx(r"(?:[\[({<] ?[^\[\](){}<>]{1,30}[\])}>]\s*){2,}").fullmatch(text):
        return True
    parts = [c.split() for c in cells(text)]
    return len(parts) >= 2 and all(p[0][:1].isupper() for p in parts) and (
        all(len(p) <= 3 for p in parts)
        or (len(parts) >= 3 and all(len(p) <= 6 for p in parts))
    )  # fmt: skip


def is_motto(text: str, n: int) -> bool:
    """Tell a section's name or a motto: 'Tỉnh đoàn - MTTQ - Các đoàn thể'."""
    if n > 20 or text[-1] in ".;:?!" or any(c.isdigit() or c in ",:" for c in text):
        return False
    parts = [p.split() for p in rx(r" ?[–—] ?| - ").split(text)]
    return len(parts) >= 3 and all(p and len(p) <= 4 and p[0][:1].isupper() for p in parts)


def is_blob(text: str) -> bool:
    """Tell a menu or link list in one line: many short chunks, or phrases without punctuation."""
    head = text[:2000]
    chunks = [c for c in rx(r" ?[|•»›►·●▪] ?").split(head) if c.strip()]
    if len(chunks) >= 4 and len(head.split()) / len(chunks) <= 8:
        return True
    if head[-1:] in ".;:?!":
        return False
    words = head.split()
    if len(words) < 14 or sum(c in ".,;:!?…" for c in head) * 25 > len(words):
        return False
    # 'Trang chủ Giới thiệu Văn bản …': capitals after lower case, all along the line.
    ups = sum(b[:1].isupper() and a[:1].islower() for a, b in itertools.pairwise(words))
    return ups / len(words) > 0.16 and cover(bare(head), 2)[2] >= 3
