"""A collection with planted topics, of words of our own."""

from __future__ import annotations

import random

from dvtopics.article import Article
from dvtopics.topics.model import TopicModel

# Words of our own for three subjects; each article is about one of them, and a little of all.
SUBJECTS = {
    "complaints": "khiếu nại|tố cáo|đơn thư|tiếp công dân|thanh tra|bồi thường|thu hồi|đất đai|"
    "khiếu kiện|xác minh|đối thoại|giấy tờ",
    "party": "đảng viên|chi bộ|cấp uỷ|kết nạp|kỷ luật|bí thư|nghị quyết|sinh hoạt|đại hội|"
    "khai trừ|đảng bộ|kiểm điểm",
    "harvest": "lúa gạo|phân bón|tưới tiêu|mùa vụ|nông dân|giống cây|thu hoạch|sâu bệnh|"
    "thuỷ lợi|hợp tác xã|ruộng|xuất khẩu",
}
FILLER = ["và", "của", "các", "được", "trong", "cho", "một", "những", "là"]
PHRASES = sorted({w for words in SUBJECTS.values() for w in words.split("|") if " " in w})


def make_articles(n: int, seed: int = 0) -> list[Article]:
    rng = random.Random(seed)
    names = list(SUBJECTS)
    articles = []
    for i in range(n):
        own = SUBJECTS[names[i % 3]].split("|")
        others = [w for name in names for w in SUBJECTS[name].split("|")]
        paragraphs = []
        for _ in range(4):
            words = rng.choices(own, k=9) + rng.choices(others, k=1) + rng.choices(FILLER, k=6)
            rng.shuffle(words)
            text = " ".join(words)
            paragraphs.append(f"{text[:1].upper()}{text[1:]}.")
        metadata = {"date": f"20{20 + i % 4}-01-0{1 + i % 9}", "source": f"Báo {'AB'[i % 2]}"}
        articles.append(Article(f"Bài {i}", paragraphs, f"a{i}", metadata=metadata))
    return articles


def new_model(**parameters: object) -> TopicModel:
    settings = {"n_topics": 3, "phrases": PHRASES, "max_df": 0.9, "tagger": None, **parameters}
    return TopicModel(**settings)  # type: ignore[arg-type]
