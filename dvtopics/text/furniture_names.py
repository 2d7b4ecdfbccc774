"""Lines that are nothing but names: of people (bylines) and of authorities, papers, sites."""

from __future__ import annotations

from .furniture_lexicon import NOT_NAMES, ORG_STARTS, ORG_WORDS, SURNAMES
from .furniture_patterns import bare, rx

# Words of headings that begin like a surname.
_COMPOUNDS = (
    r"(?:doan (?:ket|the|vien|cong)|dao tao|ho so|ly (?:do|luan)|nong (?:nghiep|thon|dan|san)|"
    r"thai do|cao (?:diem|toc|tuoi|dang)|luu (?:y|tru|thong)|kieu (?:bao|mau)|ma so|"
    r"lam (?:nghiep|san)|"
    r"phan (?:dau|cong|cap|loai)|giang (?:day|vien)|chu (?:ky|trinh)|bach khoa|ha (?:noi|tang))\b"
)


def _is_title_case(words: list[str]) -> bool:
    return all(w[:1].isupper() and (len(w) == 1 or not w.isupper()) for w in words)


def _starts_with_surname(word: str) -> bool:
    # With its tone mark, where there is one: 'Tô' is a surname, 'TỔ CHỨC' a heading.
    word = word.lower()
    return word in SURNAMES or (word.isascii() and word in {bare(name) for name in SURNAMES})


def looks_like_name(text: str) -> bool:
    """'Nguyễn Văn A', 'Minh Anh - Thu Hà', 'N.V.A', 'LÊ HOÀ'; nothing with a sentence in it."""
    core = rx(
        r"\((?:[Tt]heo|[Tt]ổng hợp|[Tt] ?/ ?[Hh]|[Tt]hực hiện|[Gg]hi|[Dd]ịch|[Ll]ược dịch)[^()]*\)\s*$"  # noqa: E501
    ).sub("", text)
    core = core.strip(" ()[]*.").replace(",", " - ").replace("&", " - ")
    if not core or len(core) > 60 or any(c.isdigit() or c in ':;?!"“”' for c in core):
        return False
    if rx(r"(?:[A-ZĐ]\.? ?){2,4}").fullmatch(core):
        return True
    if rx(r"[IVX]{1,5} ?[.)/–-] *\S|[A-H] ?[.)/–-] *[^\W\d_]{2}").match(core) and (
        core[2:].isupper() or len(core.split()) > 3
    ):
        return False  # 'II. NỘI DUNG', not 'H. Nam'
    groups = [g.split() for g in core.replace("–", "-").split("-")]
    groups = [g for g in groups if g]
    if not 1 <= len(groups) <= 4 or not all(1 <= len(g) <= 5 for g in groups):
        return False
    words = [w.strip(".()") for g in groups for w in g]
    words = [w for w in words if w]
    if len(words) < 2 or not all(w[:1].isupper() for w in words):
        return False
    capitals = all(w.isupper() for w in words)
    if not capitals and words[0].lower() in NOT_NAMES:
        return False
    if capitals:
        # Headings are set in capitals too; names in capitals are short.
        pair = len(groups) > 1 and all(2 <= len(g) <= 3 for g in groups)
        return pair or (
            len(words) <= 4
            and _starts_with_surname(words[0])
            and not rx(_COMPOUNDS).match(bare(core))
        )
    return _is_title_case(words) and not is_banner(core, bare(core), len(words))


def is_banner(text: str, core: str, n: int) -> bool:
    """Tell a site's or authority's name: org words and proper names only, no verb."""
    text, core = text.strip("()[] "), core.strip("() ")
    if n > 16 or not core.startswith(ORG_STARTS) or text[-1:] in ".;:?!,":
        return False
    if core.startswith(("phuong ", "huyen ")) and not text.lower().startswith(("phường", "huyện")):
        return False  # 'Phương Anh', 'Huyền Lê'
    words = text.split()
    if text.isupper():
        strange = sum(bare(w).strip(" -|,.") not in ORG_WORDS for w in words)
        return strange <= min(3, n - 2)
    return all(
        w[:1].isupper() or not w[:1].isalpha() or bare(w).strip(" -|,.") in ORG_WORDS for w in words
    )
