"""What the command line says to people, in Vietnamese and English."""

from __future__ import annotations

import os

LANGUAGES = ("vi", "en")

_MESSAGES = {
    "interrupted": ("đã ngắt; phần đã ghi được giữ lại", "interrupted; what was written is kept"),
    "internal": (
        "lỗi nội bộ (thêm --debug để xem chi tiết):",
        "internal error (add --debug for details):",
    ),
    "stdout": ("đầu ra chuẩn", "standard output"),
    "no-title": ("(không có tiêu đề)", "(no title)"),
    "no-tags": ("không có chủ đề nào", "no theme"),
    "in-title": ("tiêu đề", "title"),
    "in-paragraph": ("đoạn {}", "paragraph {}"),
    "untagged": ("{} đoạn khác không mang chủ đề nào", "{} other paragraphs carry no theme"),
    "error": ("lỗi", "error"),
    "articles": ("bài", "articles"),
    "reading": ("Đang gắn chủ đề", "Tagging"),
    "training": ("Đang huấn luyện", "Training"),
    "review": (
        "Để đạt độ chính xác {}: cần xem lại {} trong {} nhãn đoạn, {} trong {} nhãn bài.",
        "To reach precision {}: look at {} of {} paragraph tags and {} of {} article tags.",
    ),
    "no-texts": (
        "{}: chỉ có nhãn, chưa có văn bản nên được bỏ qua "
        "(chạy: dvtopics corpus rehydrate REPOSITORY --labels {})",
        "{}: labels without texts, left out "
        "(run: dvtopics corpus rehydrate REPOSITORY --labels {})",
    ),
    "trained-on": (
        "Huấn luyện trên {} bài, {} đoạn đã chấm.",
        "Trained on {} articles, {} graded paragraphs.",
    ),
    "saved": ("Đã lưu mô hình vào {} ({}).", "Saved the model to {} ({})."),
    "model-good": ("{}: nguyên vẹn ({})", "{}: intact ({})"),
    "rehydrated": (
        "{}: {} bài, {} đoạn khớp mã kiểm; thiếu {}, lệch {}.",
        "{}: {} articles, {} paragraphs match their checksums; {} missing, {} mismatched.",
    ),
    "level-paragraph": ("đoạn", "paragraph"),
    "level-article": ("bài", "article"),
}


def default_language() -> str:
    """Return the language that the locale asks for: Vietnamese or English."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return "vi" if value.lower().startswith("vi") else "en"
    return "en"


def one_line(text: str) -> str:
    """Return `text` with line ends and other control characters escaped.

    File names may hold any: an error stays one line and cannot steer the terminal.
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def message(key: str, *values: object, lang: str | None = None) -> str:
    """Return a message, its placeholders filled."""
    texts = dict(zip(LANGUAGES, _MESSAGES[key], strict=True))
    return texts[lang or default_language()].format(*values)
