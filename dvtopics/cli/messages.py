"""What the command line says to people, in Vietnamese and English."""

from __future__ import annotations

import os

LANGUAGES = ("vi", "en")

_MESSAGES = {
    "interrupted": ("đã ngắt; phần đã ghi được giữ lại", "interrupted; what was written is kept"),
    "resumable": (
        "để làm tiếp, chạy lại lệnh với --resume",
        "to go on, run the command again with --resume",
    ),
    "resumed": ("{}: tiếp tục sau {} bản ghi đã xong", "{}: goes on after {} records done"),
    "complete": (
        "{}: đã hoàn tất, không còn gì để làm (bỏ --resume để làm lại từ đầu)",
        "{}: is complete, nothing is left to do (without --resume it is made anew)",
    ),
    "resume-refused": (
        "{}: không thể làm tiếp vì đã đổi: {}; bỏ --resume để làm lại từ đầu",
        "{}: cannot go on, since this has changed: {}; leave out --resume to start over",
    ),
    "resume-output": (
        "--resume cần --output TỆP, một tệp thường",
        "--resume needs --output FILE, a plain file",
    ),
    "resume-input": (
        "--resume cần các tệp đọc lại được: không phải đầu vào chuẩn hay đường ống",
        "--resume needs inputs that can be read again: no standard input and no pipe",
    ),
    "inputs": ("đầu vào", "the input"),
    "model": ("mô hình", "the model"),
    "version": ("phiên bản dvtopics", "the version of dvtopics"),
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
    "parts-kept": ("Giữ lại {} phần đã xong.", "Kept {} finished parts."),
    "parts-missing": (
        "{}: còn thiếu {} phần; chạy lại lệnh với --resume",
        "{}: {} parts are missing; run the command again with --resume",
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
    "topics-read": ("Đang đọc bài", "Reading articles"),
    "topics-words": ("Đang tách từ", "Finding words"),
    "topics-choose": ("Đang thử {} chuyên đề", "Trying {} topics"),
    "topics-topics": ("Đang tìm chuyên đề", "Finding topics"),
    "topics-understand": ("Đang diễn giải chuyên đề", "Understanding topics"),
    "topics-saved": (
        "Đã lưu {} chuyên đề của {} bài vào {} (NPMI {:.3f}, c_v {:.3f}, đa dạng {:.2f}).",
        "Saved {} topics of {} articles to {} (NPMI {:.3f}, c_v {:.3f}, diversity {:.2f}).",
    ),
    "topics-curve": (
        "Số chuyên đề: mạch lạc (NPMI) × đa dạng × ổn định",
        "Number of topics: coherence (NPMI) × diversity × stability",
    ),
    "topics-no-theme": ("(không thuộc chủ đề nào)", "(no theme)"),
    "topics-similar": ("gần với: {}", "similar to: {}"),
    "topics-page": ("Đã ghi trang {}.", "Wrote the page {}."),
    "topics-over-time": ("nhóm", "group"),
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
