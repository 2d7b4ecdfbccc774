"""Words of the texts that tags are traced to, and what each word puts into the logit of each tag.

In: `Pulls` and the trace of the texts. Out: `Cells`, one a word and pull.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dvtopics.features.phrases import PhraseList
from dvtopics.features.tokens import TokenBatch
from dvtopics.taggers.context import Array
from dvtopics.taggers.peaks import Peaks
from dvtopics.taggers.pulls import Pulls
from dvtopics.taggers.scorer import Dissected, Grams
from dvtopics.taggers.segments import order_of, runs

Ids = NDArray[np.int64]

#: Tokens and pulls that are multiplied together. One small size of product for all, so that a
#: result depends on nothing else (see `dvtopics.taggers.network.fixed_product`).
_TOKENS, _PULLS = 8, 8
#: Blocks of tokens that are in memory at a time.
_SLAB = 256
#: What may stand between two words of a term.
_BLANK = " \t\u00a0_"


@dataclass(frozen=True, slots=True)
class Words:
    """Words of some texts, text by text.

    Attributes
    ----------
    texts : ndarray of int64, shape (n_texts,)
        Ascending.
    bounds : ndarray of int64, shape (n_texts + 1,)
        Words ``bounds[i]:bounds[i + 1]`` are those of the text.
    token : ndarray of int64, shape (n_tokens,)
        The tokens of these texts in the batch.
    tokens : ndarray of int64, shape (n_texts + 1,)
        Tokens ``tokens[i]:tokens[i + 1]`` of them are those of the text.
    first, last : ndarray of int64, shape (n_words,)
        Tokens of them.
    goes_on : ndarray of bool, shape (n_words,)
        Whether a term may go on to the next word: only blanks are between them.
    start, end : ndarray of int64, shape (n_words,)
        Code points of the text.
    """

    texts: Ids
    bounds: Ids
    token: Ids
    tokens: Ids
    first: Ids
    last: Ids
    goes_on: NDArray[np.bool_]
    start: Ids
    end: Ids

    @classmethod
    def of(cls, texts: Ids, every: Sequence[str], batch: TokenBatch, phrases: PhraseList) -> Words:
        """Cut `texts`, which are numbers in `every`, whose tokens `batch` holds."""
        assert batch.spans is not None
        lengths = batch.lengths.take(texts)
        bounds = np.append(0, np.cumsum(batch.lengths)).take(texts)
        token = runs(bounds, lengths)
        first = phrases.word_starts(batch.ids.take(token), lengths)
        last = np.append(first[1:], len(token))[: len(first)] - 1
        start = batch.spans[0].take(token.take(first))
        end = batch.spans[1].take(token.take(last))
        # Up to every code point, so many that are not blank.
        joined = np.frombuffer("\n".join(every).encode("utf-32-le", "surrogatepass"), np.uint32)
        filled = np.cumsum(~_blank().take(np.minimum(joined, _LIMIT)), dtype=np.int32)
        goes_on = np.zeros(len(first), dtype=bool)
        goes_on[:-1] = filled.take(end[:-1] - 1) == filled.take(start[1:] - 1)
        tokens = np.append(0, np.cumsum(lengths))
        bounds = np.searchsorted(first, tokens)
        goes_on[bounds[1:] - 1] = False
        begin = np.cumsum(np.fromiter(map(len, every), np.int64, len(every)) + 1)
        begin = np.repeat(np.append(0, begin).take(texts), np.diff(bounds))
        return cls(texts, bounds, token, tokens, first, last, goes_on, start - begin, end - begin)


_LIMIT = 256


@cache
def _blank() -> NDArray[np.bool_]:
    """Return which code points below `_LIMIT` are blank, and that all others are not."""
    return np.isin(np.arange(_LIMIT + 1), [ord(c) for c in _BLANK])


@dataclass(frozen=True, slots=True)
class Cells:
    """Words that a tag is traced to, by tag, then in reading order.

    Attributes
    ----------
    pull, word : ndarray of int64, shape (n_cells,)
    weight : ndarray, shape (n_cells,)
        What the word puts into the logit.
    """

    pull: Ids
    word: Ids
    weight: Array
    _on_logits: Array
    _link: Array
    _peak_link: Array | None = None

    def link(self, cell: Ids) -> Array:
        """Return how much a word and the next one count for together; 0 at the end of a run."""
        pull, word = self.pull.take(cell), self.word.take(cell)
        found: Array = np.einsum(
            "ij,ij->i", self._on_logits.take(pull, axis=0), self._link.take(word, axis=0)
        )
        return found if self._peak_link is None else found + self._peak_link.take(cell)

    def with_peaks(
        self, words: Words, pulls: Pulls, peaks: Peaks, window: int, grams: Grams
    ) -> Cells:
        """Add what the words put into the peaks of the texts of `pulls`."""
        text = np.searchsorted(words.texts, pulls.text)
        size = np.diff(words.tokens).take(text)
        # Where the tokens of every pull are, one pull after the other.
        before = np.cumsum(size) - size
        value, link = np.zeros((2, int(size.sum()) + 1))
        pull, score = np.nonzero(pulls.peak)
        of = pulls.text.take(pull)
        weight = pulls.peak[pull, score] * peaks.scale[of, score]
        first = peaks.at[of, score]
        place = first - words.token.take(words.tokens.take(text.take(pull))) + before.take(pull)
        for n in range(len(grams.feature)):
            for step in range(window):
                token = first + step
                feature, share = grams.feature[n].take(token), grams.share[n].take(token)
                # Where no n-gram starts, the share is 0, and none of its tokens need be there.
                here = np.flatnonzero(share)
                amount = (weight * share / (n + 1) * grams.coef[feature, score]).take(here)
                start = place.take(here) + step
                for shift in range(n + 1):
                    np.add.at(value, start + shift, amount)
                for shift in range(n):
                    np.add.at(link, start + shift, amount * (n + 1) / n)
        # Out of the tokens: words of pulls, as the cells are.
        at = before.take(self.pull) - words.tokens.take(text).take(self.pull)
        start, last = words.first.take(self.word) + at, words.last.take(self.word) + at
        more = np.add.reduceat(value, start) if len(start) else value[:0]
        link = link.take(last) * words.goes_on.take(self.word)
        return replace(self, weight=self.weight + more, _peak_link=link)

    @classmethod
    def of(cls, words: Words, pulls: Pulls, dissected: Dissected) -> Cells:
        """Weigh the words of the texts of `pulls`."""
        text = np.searchsorted(words.texts, pulls.text)
        weight = pulls.weight * dissected.scale.take(pulls.text, axis=0)
        grid = _Grid.of(words, text)
        products, links = grid.multiply(words, weight, dissected)
        # Out of the products: for every pull the tokens of its text, one after the other.
        size = np.diff(words.tokens).take(text)
        before = np.cumsum(size) - size
        at = np.repeat(grid.start - _PULLS * before, size)
        at += np.arange(0, _PULLS * len(at), _PULLS)
        of_token = products.take(at)
        size = np.diff(words.bounds).take(text)
        word = runs(words.bounds.take(text), size)
        starts = words.first.take(word)
        starts += np.repeat(before - words.tokens.take(text), size)
        of_word = np.add.reduceat(of_token, starts) if len(starts) else of_token
        k = links.shape[1]
        links = links.take(grid.places(words).take(words.last), axis=0)
        links *= words.goes_on[:, None]
        pull = np.repeat(np.arange(len(size)), size)
        return cls(pull, word, of_word, np.ascontiguousarray(weight[:, :k]), links)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Blocks of `_TOKENS` tokens of a text, times groups of `_PULLS` of its pulls.

    Attributes
    ----------
    blocks : ndarray of int64, shape (n_texts + 1,)
        Where the blocks of every text start.
    first_group : ndarray of int64, shape (n_blocks,)
        Every block is multiplied with the first group of its text ...
    block, group : ndarray of int64, shape (n_others,)
        ... and these with the other groups; what belongs to a group stands together.
    slot : ndarray of int64, shape (n_pulls,)
        Where every pull is in the groups.
    start : ndarray of int64, shape (n_pulls,)
        Where the values of a pull start, `_PULLS` apart, in all products.
    """

    blocks: Ids
    first_group: Ids
    block: Ids
    group: Ids
    slot: Ids
    start: Ids

    @classmethod
    def of(cls, words: Words, text: Ids) -> _Grid:
        """Lay out pulls on `text`, by place in ``words.texts``."""
        n_texts = len(words.texts)
        n_blocks = -(-np.diff(words.tokens) // _TOKENS)
        blocks = np.append(0, np.cumsum(n_blocks))
        users = np.bincount(text, minlength=n_texts)
        n_groups = -(-users // _PULLS)
        groups = np.cumsum(n_groups) - n_groups
        order = order_of(text)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        rank -= (np.cumsum(users) - users).take(text)
        of_group = np.repeat(np.arange(n_texts), n_groups - 1)
        size = n_blocks.take(of_group)
        other = runs(groups + 1, n_groups - 1)
        # Where the products of every group start.
        start = np.empty(int(n_groups.sum()), np.int64)
        start[groups] = blocks[:-1]
        start[other] = blocks[-1] + np.cumsum(size) - size
        group, column = np.divmod(rank, _PULLS)
        group += groups.take(text)
        return cls(
            blocks,
            np.repeat(groups, n_blocks),
            runs(blocks.take(of_group), size),
            np.repeat(other, size),
            group * _PULLS + column,
            start.take(group) * (_TOKENS * _PULLS) + column,
        )

    def places(self, words: Words) -> Ids:
        """Return where every token is in the blocks."""
        return runs(self.blocks[:-1] * _TOKENS, np.diff(words.tokens))

    def multiply(self, words: Words, weight: Array, dissected: Dissected) -> tuple[Array, Array]:
        """Return all products, flat, and the links of all places in the blocks."""
        n_blocks, width = len(self.first_group), weight.shape[1]
        at = np.full(n_blocks * _TOKENS, -1)
        at[self.places(words)] = words.token
        pulls = np.zeros((-(-int(self.slot.max(initial=-1) + 1) // _PULLS), _PULLS, width))
        pulls.reshape(-1, width)[self.slot] = weight
        products = np.empty((n_blocks + len(self.block), _TOKENS, _PULLS))
        links: list[Array] = []
        for low in range(0, n_blocks, _SLAB):
            high = min(low + _SLAB, n_blocks)
            # The block before comes along: n-grams go on from it.
            before = _TOKENS if low else 0
            part = dissected.weights(at[low * _TOKENS - before : high * _TOKENS])
            links.append(part.link[before:])
            # Shapes (n, tokens, k + d) @ (n, k + d, pulls).
            rows = part.weight[before:].reshape(-1, _TOKENS, width)
            groups = pulls.take(self.first_group[low:high], axis=0)
            np.matmul(rows, groups.transpose(0, 2, 1), out=products[low:high])
            here = np.flatnonzero((self.block >= low) & (self.block < high))
            groups = pulls.take(self.group.take(here), axis=0)
            rows = rows.take(self.block.take(here) - low, axis=0)
            products[n_blocks + here] = np.matmul(rows, groups.transpose(0, 2, 1))
        return products.reshape(-1), np.concatenate(links)
