"""Which texts moved the logits of tags most, and by what weights of their words.

In: what both stages made of a batch, and its tags. Out: `Pulls`, a few texts a tag.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dvtopics.taggers.batch import Layout
from dvtopics.taggers.context import Array, Signals, head
from dvtopics.taggers.influence import (
    ContentWeights,
    Ground,
    article_bias,
    article_influence,
    in_places,
    on_peaks,
    paragraph_bias,
    paragraph_links,
    paragraph_places,
    title_places,
)
from dvtopics.taggers.network import Content
from dvtopics.taggers.pipeline import Judgement, TwoStagePipeline, in_context
from dvtopics.taggers.segments import order_of, starts_of, strongest

Ids = NDArray[np.int64]

#: Texts that the terms of a tag are taken from; paragraphs that an article's tag is followed
#: back through.
MAX_SOURCES = 4


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags of a batch; their numbers count those of paragraphs first, then those of articles.

    Attributes
    ----------
    row, row_theme : ndarray of int64, shape (n_paragraph_tags,)
        Paragraph, among those that are judged, and theme.
    article, article_theme : ndarray of int64, shape (n_article_tags,)
    """

    row: Ids
    row_theme: Ids
    article: Ids
    article_theme: Ids


@dataclass(frozen=True, slots=True)
class Pulls:
    """Texts that moved the logits of tags up, by tag, then in reading order.

    Attributes
    ----------
    tag : ndarray of int64, shape (n,)
    text : ndarray of int64, shape (n,)
        Paragraphs of the batch, then its titles.
    weight : ndarray, shape (n, k + d)
        By how much the logit rises with each stage-one logit of the text, and its content.
    peak : ndarray, shape (n, k), or (n, 0) where there are no peaks
        By how much it rises with the peaks of the text; 0 where the peak is the text's own logit.
    """

    tag: Ids
    text: Ids
    weight: Array
    peak: Array


@dataclass(frozen=True, slots=True)
class Heard:
    """A judgement as evidence hears it.

    A title that was judged as the only paragraph of its article is a paragraph here.

    Attributes
    ----------
    signals : Signals
    content : Content
    hidden : ndarray, shape (n_paragraphs, n_hidden)
    paragraph : ndarray, shape (n_paragraphs, n_themes)
        Logits.
    article : ndarray, shape (n_articles, n_themes)
    text : ndarray of int64, shape (n_paragraphs + n_articles,)
        Which text, of the batch's paragraphs and then its titles, stands at every place.
    peaked : ndarray of bool, shape (n_paragraphs,)
        Whether a paragraph has peaks other than its own logits.
    """

    signals: Signals
    content: Content
    hidden: Array
    paragraph: Array
    article: Array
    text: Ids
    peaked: NDArray[np.bool_]


def hear(pipeline: TwoStagePipeline, judgement: Judgement, tags: Tags) -> tuple[Heard, Tags]:
    """Return the judgement and the tags in it."""
    read, signals = judgement.read, judgement.read.signals
    layout, text = signals.layout, np.flatnonzero(read.judged)
    titles = np.arange(layout.n_articles) + len(read.judged)
    bare = np.unique(tags.article[layout.sizes.take(tags.article) == 0])
    peaked = _peaked(judgement, text)
    heard = Heard(
        signals, read.content, judgement.hidden, judgement.paragraph, judgement.article,
        _texts(layout, text, titles), peaked,
    )  # fmt: skip
    if not len(bare):
        return heard, tags
    own, content = signals.title[bare], read.content.title[bare]
    length = read.title_length[bare]
    alone = pipeline.judge_titles(own, content, length)
    at = layout.starts[bare]
    sizes = layout.sizes
    sizes[bare] = 1
    layout = Layout.from_counts(sizes)
    signals = Signals(
        np.insert(signals.own, at, own, axis=0),
        signals.title,
        np.insert(signals.length, at, length),
        layout,
        None if signals.peak is None else np.insert(signals.peak, at, own, axis=0),
    )
    heard = Heard(
        signals,
        Content(np.insert(read.content.own, at, content, axis=0), read.content.title),
        np.insert(judgement.hidden, at, alone.hidden, axis=0),
        np.insert(judgement.paragraph, at, alone.paragraph, axis=0),
        judgement.article,
        _texts(layout, np.insert(text, at, titles[bare]), titles),
        np.insert(peaked, at, False),
    )
    row = tags.row + np.searchsorted(at, tags.row, side="right")
    return heard, replace(tags, row=row)


def _peaked(judgement: Judgement, text: Ids) -> NDArray[np.bool_]:
    trace = judgement.read.trace
    if trace is None or trace.peaks is None:
        return np.zeros(len(text), dtype=bool)
    # A text has them for all scores or for none.
    found: NDArray[np.bool_] = trace.peaks.at[text, 0] >= 0
    return found


def _texts(layout: Layout, of_paragraphs: Ids, of_titles: Ids) -> Ids:
    return in_places(layout, of_paragraphs[:, None], of_titles[:, None])[:, 0]


def pulls_of(
    pipeline: TwoStagePipeline, blank: Array, heard: Heard, tags: Tags
) -> tuple[Pulls, Array]:
    """Find what moved the logits of `tags`.

    Parameters
    ----------
    pipeline : TwoStagePipeline
    blank : ndarray, shape (n_themes,)
        What it says of a text without any known term.
    heard : Heard
    tags : Tags

    Returns
    -------
    Pulls
    bias : ndarray, shape (n_tags,)
        The logits where no text says anything.
    """
    base, layout, n = pipeline.scorer.intercept, heard.signals.layout, len(tags.row)
    ground = Ground.of(heard.signals, base, base)
    through, row, direction, on_title, bias = _through(pipeline, blank, heard, tags)
    # The targets are paragraph tags, then paragraphs that articles are followed through, then
    # articles, for what they take from their titles directly.
    rows = np.concatenate([tags.row, row])
    themes = np.eye(len(blank)).take(tags.row_theme, axis=0)
    model = pipeline.paragraph_stage.local(
        heard.hidden.take(rows, axis=0), np.concatenate([themes, direction])
    )
    articles = np.arange(len(tags.article))
    tag = np.concatenate([np.arange(n), n + through, n + articles])
    titles = title_places(layout, tags.article)
    links = paragraph_links(ground, rows, model).with_titles(len(rows) + articles, titles, on_title)
    contents = ContentWeights.of(model, layout.sizes.take(layout.article.take(rows)))
    content = in_places(layout, heard.content.own, heard.content.title)
    rise = in_places(layout, ground.rise, ground.title_rise)
    # Of every paragraph the link to itself, in the order of the targets.
    itself = np.flatnonzero(links.distance == 0)
    of_peaks = on_peaks(model, len(base))
    if heard.signals.peak is not None:
        # A peak that is the paragraph's own logit counts as that.
        peaked = heard.peaked.take(rows)[:, None]
        links.on_logits[itself] += np.where(peaked, 0.0, of_peaks)
        of_peaks = np.where(peaked, of_peaks, 0.0)
    moved = np.einsum("ij,ij->i", links.on_logits, rise.take(links.place, axis=0))
    moved += contents.moved(links, content)
    if heard.signals.peak is not None:
        risen = heard.signals.peak.take(rows, axis=0) - base
        moved[itself] += np.einsum("ij,ij->i", of_peaks, risen)
    # Several links of one tag may be to one text: articles, and titles that are paragraphs too.
    of, place = tag.take(links.target), _first_place(heard.text).take(links.place)
    order = order_of(of, place)
    of, place = of.take(order), place.take(order)
    start = starts_of(of * len(rise) + place)
    pull = np.cumsum(np.bincount(start, minlength=len(of))) - 1
    moved = np.bincount(pull, moved.take(order), minlength=len(start))
    own = np.append(paragraph_places(layout, tags.row), np.full(len(articles), -1))
    own_one = place.take(start) == own.take(of.take(start))
    ranked = np.where(own_one, np.inf, moved)
    chosen = strongest(ranked, of.take(start), MAX_SOURCES)
    chosen = chosen[ranked.take(chosen) > 0]
    is_chosen = np.zeros(len(start), dtype=bool)
    is_chosen[chosen] = True
    kept = np.flatnonzero(is_chosen.take(pull))
    part = links.take(order.take(kept))
    peak = np.zeros((len(kept), of_peaks.shape[1]))
    here = np.flatnonzero(part.distance == 0)
    peak[here] = of_peaks.take(part.target.take(here), axis=0)
    weight = np.concatenate([part.on_logits, contents.influence(part), peak], axis=1)
    first = starts_of(pull.take(kept))
    # Paragraphs, which come first, have one link to a text.
    single = int(np.searchsorted(of.take(kept), n))
    if single < len(kept):
        summed = np.add.reduceat(weight[single:], first[first >= single] - single, axis=0)
        weight = np.concatenate([weight[:single], summed])
    kept = kept.take(first)
    weight, peak = np.split(weight, [weight.shape[1] - peak.shape[1]], axis=1)
    pulls = Pulls(of.take(kept), heard.text.take(place.take(kept)), weight, peak)
    return pulls, np.concatenate([paragraph_bias(model, base)[:n], bias])


def _through(
    pipeline: TwoStagePipeline, blank: Array, heard: Heard, tags: Tags
) -> tuple[Ids, Ids, Array, Array, Array]:
    """Take the logits of articles apart by those of paragraphs.

    Returns
    -------
    which : ndarray of int64, shape (n,)
        Article tag, ascending.
    row : ndarray of int64, shape (n,)
        The paragraphs that moved it most; the rest is rest.
    direction : ndarray, shape (n, n_themes)
        By how much it rises with each logit of the paragraph.
    on_title : ndarray, shape (n_article_tags, n_themes)
        By how much it rises with each stage-one logit of the title.
    bias : ndarray, shape (n_article_tags,)
    """
    signals, stage = heard.signals, pipeline.article_stage
    in_head = head(signals)
    judged_by = np.flatnonzero(in_head)
    read = in_context(signals, heard.paragraph).keep(in_head)
    of_title = pipeline.scorer.intercept[: len(blank)]
    ground = Ground.of(read, blank, of_title)
    which, at, on_logits, on_title = article_influence(
        ground, read.length, tags.article, tags.article_theme, stage
    )
    moved = np.einsum("ij,ij->i", on_logits, ground.rise.take(at, axis=0))
    chosen = strongest(moved, which, MAX_SOURCES)
    titled = ground.titled.take(tags.article)
    return (
        which.take(chosen),
        judged_by.take(at.take(chosen)),
        on_logits.take(chosen, axis=0),
        on_title,
        article_bias(stage, tags.article_theme, titled, blank, of_title),
    )


def _first_place(text: Ids) -> Ids:
    """Return, for every place, the first one where the same text stands."""
    first = np.arange(len(text))
    # Only a title stands twice, and then right behind itself.
    twice = np.flatnonzero(text[1:] == text[:-1]) + 1
    first[twice] -= 1
    return first
