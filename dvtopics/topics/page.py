"""A page about a model for people who read and do not program: one file, no network, no script.

Both languages are in it; the reader switches by a button. Everything that came from articles
is escaped, and the page's own policy forbids it to load or run anything.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from dvtopics.errors import UsageError
from dvtopics.themes import load_themes
from dvtopics.topics.prevalence import Prevalence
from dvtopics.topics.report import grouped
from dvtopics.topics.svg import bars, bubbles, line, plane
from dvtopics.topics.view import ORDERS, TopicView

if TYPE_CHECKING:
    from dvtopics.topics.model import TopicModel

_TERMS = 12
_PASSAGES = 3
_SIMILAR = 3
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#222;
background:#fff}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2.5rem}
svg{max-width:100%;height:auto;font-size:12px}svg text{fill:#333}
rect,.dot{fill:#2a6fb0}.band{fill:#2a6fb0;opacity:.2}polyline{fill:none;stroke:#2a6fb0;
stroke-width:2}.axis{stroke:#ddd}circle.theme{fill:#c8543a;opacity:.75}
circle.other{fill:#8aa4bd;opacity:.75}
.cards{display:flex;flex-wrap:wrap;gap:1rem}.cards figure{margin:0;flex:1 1 18rem}
figcaption{font-size:.85rem;color:#555}
article{border-top:1px solid #ddd;margin-top:1.5rem;padding-top:.5rem}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .5rem;text-align:left;
border-bottom:1px solid #eee}td.n{text-align:right}
blockquote{margin:.6rem 0;padding-left:1rem;border-left:3px solid #ccc}
.tag{background:#c8543a;color:#fff;border-radius:3px;padding:0 .4rem;font-size:.85rem}
.small{color:#555;font-size:.9rem}
#en:checked~main .vi,#vi:checked~main .en{display:none}
label{cursor:pointer;margin-right:1rem}
@media(prefers-color-scheme:dark){body{background:#181a1b;color:#ddd}svg text{fill:#ccc}
figcaption,.small{color:#aaa}td,th,article{border-color:#444}}
"""


def _both(vi: str, en: str) -> str:
    """Return a text in both languages, of which one is shown."""
    return f'<span class="vi" lang="vi">{escape(vi)}</span><span class="en">{escape(en)}</span>'


def topic_page(model: TopicModel, lang: str = "vi") -> str:
    """Return the page as text.

    Parameters
    ----------
    model : TopicModel
    lang : {"vi", "en"}, default "vi"
        Shown first.
    """
    views = model.topics_
    checked = {"vi": "", "en": "", lang: " checked"}
    body = [
        _head(model),
        _overview(model, views),
        _curve(model),
        _over_time(model, views, "auto"),
        _over_time(model, views, "source"),
        f"<h2>{_both('Từng chuyên đề', 'The topics one by one')}</h2>",
        *_cards(model, views),
        _explained(),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Chuyên đề · Topics</title><style>{_STYLE}</style></head><body>"
        f'<input type="radio" name="lang" id="vi"{checked["vi"]}><label for="vi">Tiếng Việt</label>'
        f'<input type="radio" name="lang" id="en"{checked["en"]}><label for="en">English</label>'
        f"<main>{''.join(body)}</main></body></html>\n"
    )


def _head(model: TopicModel) -> str:
    summary = model.view.summary()
    n, k = model.n_articles_, len(model.topics_)
    figures = f"NPMI {summary['coherence']['npmi']:.3f} · c_v {summary['coherence']['c_v']:.3f} · "
    title = _both(f"{n:,} bài viết nói về gì?", f"What are these {n:,} articles about?")
    found = _both(
        f"Máy tìm thấy {k} chuyên đề, là những nhóm từ hay đi cùng nhau. Số liệu: {figures}"
        f"đa dạng {summary['diversity']:.2f}.",
        f"{k} topics were found: groups of words that go together. Figures: {figures}"
        f"diversity {summary['diversity']:.2f}.",
    )
    return f'<h1>{title}</h1><p class="small">{found}</p>'


def _theme_tag(model: TopicModel, view: TopicView) -> str:
    if view.theme is None:
        return ""
    theme = load_themes(model.themes)[view.theme]
    name = _both(theme.name("vi"), theme.name("en"))
    return f'<span class="tag">{name} {view.theme_score:.2f}</span>'


def _overview(model: TopicModel, views: list[TopicView]) -> str:
    rows = "".join(
        f'<tr><td class="n">{v.id}</td><td><a href="#t{v.id}">{escape(v.label)}</a></td>'
        f'<td class="n">{v.share:.1%}</td><td>{_theme_tag(model, v)}</td></tr>'
        for v in sorted(views, key=lambda v: -v.share)
    )
    points = plane(1.0 - model.view.similarity())
    kinds = ["theme" if v.theme else "other" for v in views]
    picture = bubbles(
        points, [v.share for v in views], [v.label for v in views], [v.id for v in views], kinds
    )
    caption = _both(
        "Vòng tròn lớn: nhiều bài. Gần nhau: dùng từ giống nhau. Màu cam: thuộc một chủ đề.",
        "A large circle: much of the collection. Close together: alike in words. Orange: about "
        "one of the themes.",
    )
    heads = (("", ""), ("Chuyên đề", "Topic"), ("Tỷ lệ", "Share"), ("Chủ đề", "Theme"))
    head = "".join(f"<th>{_both(*h)}</th>" for h in heads)
    return (
        f"<h2>{_both('Toàn cảnh', 'The whole')}</h2><figure>{picture}"
        f"<figcaption>{caption}</figcaption></figure>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _curve(model: TopicModel) -> str:
    curve = model.curve_
    if len(curve) < 2:
        return ""
    figures = []
    for name, vi, en in (
        ("npmi", "Mạch lạc (NPMI)", "Coherence (NPMI)"),
        ("stability", "Ổn định", "Stability"),
        ("score", "Mạch lạc × đa dạng × ổn định", "Coherence × diversity × stability"),
    ):
        values = np.array([point[name] for point in curve])
        spread = np.array([point["npmi_spread"] if name == "npmi" else np.nan for point in curve])
        plot = line([str(p["n_topics"]) for p in curve], values, values - spread, values + spread)
        figures.append(f"<figure>{plot}<figcaption>{_both(vi, en)}</figcaption></figure>")
    title = _both("Vì sao bấy nhiêu chuyên đề?", "Why this number of topics?")
    return f'<h2>{title}</h2><div class="cards">{"".join(figures)}</div>'


def _over_time(model: TopicModel, views: list[TopicView], by: str) -> str:
    try:
        _, groups = grouped(model, by)
    except UsageError:
        # No dates (or sources): nothing to show.
        return ""
    if len(groups) < 2:
        return ""
    if by == "source":
        title = _both("Theo nguồn", "By source")
        return f"<h2>{title}</h2>{_source_table(groups, views)}"
    names = [group.group for group in groups]
    figures = []
    for row, view in enumerate(views):
        mean, low, high = (
            np.array([getattr(group, part)[row] for group in groups])
            for part in ("mean", "low", "high")
        )
        plot = line(names, mean, low, high)
        figures.append(
            f'<figure>{plot}<figcaption><a href="#t{view.id}">{view.id} {escape(view.label)}</a>'
            "</figcaption></figure>"
        )
    title = _both("Theo thời gian", "Over time")
    note = _both(
        "Dải mờ: khoảng tin cậy 95 %.", "The band: where the share lies with 95 % confidence."
    )
    return f'<h2>{title}</h2><p class="small">{note}</p><div class="cards">{"".join(figures)}</div>'


def _source_table(groups: list[Prevalence], views: list[TopicView]) -> str:
    largest = sorted(groups, key=lambda group: -group.n)[:20]
    head = "".join(f"<th>{escape(g.group)} ({g.n})</th>" for g in largest)
    rows = "".join(
        f"<tr><td>{escape(view.label)}</td>"
        + "".join(f'<td class="n">{group.mean[row]:.1%}</td>' for group in largest)
        + "</tr>"
        for row, view in enumerate(views)
    )
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cards(model: TopicModel, views: list[TopicView]) -> list[str]:
    captions = {
        "probability": _both("Từ hay gặp nhất", "Most frequent words"),
        "relevance": _both("Từ tiêu biểu (λ = 0,6)", "Most relevant words (λ = 0.6)"),
        "frex": _both("Từ vừa hay gặp vừa riêng (FREX)", "Frequent and exclusive (FREX)"),
    }
    ordered = {order: model.view.ordered(order, n=_TERMS) for order in ORDERS}
    similarity = model.view.similarity()
    place = {term: i for i, term in enumerate(model.term_statistics()[0])}
    cards = []
    for row, view in enumerate(views):
        p = model.view.probabilities[row]
        figures = "".join(
            f"<figure>{bars([(t.replace('_', ' '), float(p[place[t]])) for t in words[row]])}"
            f"<figcaption>{captions[order]}</figcaption></figure>"
            for order, words in ordered.items()
        )
        near = [j for j in np.argsort(-similarity[row], kind="stable") if j != row][:_SIMILAR]
        links = ", ".join(f'<a href="#t{views[j].id}">{escape(views[j].label)}</a>' for j in near)
        cards.append(
            f'<article id="t{view.id}"><h3>{view.id} · {escape(view.label)} '
            f"{_theme_tag(model, view)}</h3>"
            f'<p class="small">{view.share:.1%} · NPMI {view.npmi:.3f} · c_v {view.c_v:.3f} · '
            f"{_both('gần với', 'similar to')}: {links}</p>"
            f'<div class="cards">{figures}</div>{_passages(model.passages(view.id))}</article>'
        )
    return cards


def _passages(passages: list[dict[str, Any]]) -> str:
    return "".join(
        f"<blockquote>{escape(p['text'])}<br><span class=small>{escape(p['title'])} · "
        f"{escape(p['article'] or '')}</span></blockquote>"
        for p in passages[:_PASSAGES]
    )


def _explained() -> str:
    title = _both("Cách đọc", "How to read this")
    text = _both(
        "Tỷ lệ: phần trung bình của chuyên đề trong các bài. NPMI và c_v: các từ đầu của chuyên "
        "đề có thật sự hay xuất hiện cùng đoạn, cùng chỗ hay không (càng cao càng mạch lạc). Con "
        "số cạnh chủ đề: mức giống nhau từ 0 đến 1 giữa chuyên đề và những bài nói rõ chủ đề đó. "
        "Chuyên đề do máy tìm ra từ thống kê từ ngữ: hãy đọc vài bài trước khi kết luận.",
        "Share: the topic's mean part in the articles. NPMI and c_v: whether the topic's first "
        "words really occur in the same paragraphs and places (the higher the more coherent). The "
        "number beside a theme: how alike the topic is, from 0 to 1, to the articles that name "
        "the theme. Topics come from statistics of words: read some articles before you conclude.",
    )
    return f"<h2>{title}</h2><p>{text}</p>"
