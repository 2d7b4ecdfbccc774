"""Kinds of LDA as stage one, cross-validated by the protocol of `lab`.

Two families. *Seeded by labels*: the shipped stage one of `LdaTagger`, its topics fitted without
the fold that they score. *Without labels*: gensim's LDA over whole articles, with theme words as
priors of some of its topics or without any; what the topics are is learned from all articles at
once, as the contents of the lab are, and labels are read by a logistic regression over topic
shares alone, without the fold that it scores. Both give what `Lab.stage_two` reads: two scores a
theme for every row, and topic shares as contents. No other feature is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from lab import N_FOLDS, Array, Lab, fit_linear, frequencies, take_columns
from numpy.typing import NDArray

import dvtopics
from dvtopics.corpus.labels import Labels
from dvtopics.features.topics import Bags, TopicWords
from dvtopics.features.words import WordTerms, read_words
from dvtopics.taggers.lda import LdaTagger
from dvtopics.text.stopwords import stop_words
from dvtopics.training.data import TrainingSet
from dvtopics.training.lda import LdaParameters, LdaStage, seed_terms

Ids = NDArray[np.int64]
#: Theme → its words.
Seeds = tuple[tuple[str, ...], ...]

#: Of the vocabulary without labels: paragraphs of a word, of a pair, and share of all articles
#: (0.6 was better than 0.25 in cross-validation, no other value was tried).
_MIN_DF, _MIN_PAIR_DF, _MAX_SHARE = 5, 20, 0.6
#: Topics that start from the words of each theme, where theme words are priors.
THEME_TOPICS = 4
#: Prior of all other terms, in gensim's parameter of a topic.
_ETA = 0.01
_PASSES = 3
#: Topics that a term may belong to when texts are inferred: the rest of its mass is noise.
_PLACES = 8
#: Inverse regularisation of the regression over shares.
_SHARES_C = 1.0


def theme_seeds(how: str, draw: int = 0) -> Seeds:
    """Return the words of the themes.

    Parameters
    ----------
    how : {"all", "half", "none", "shuffled"}
        *half*: drawn at random within every theme; *shuffled*: dealt out anew among the themes,
        each keeps its number.
    draw : int
    """
    rng = np.random.RandomState(draw)
    words = [list(theme.seeds) for theme in dvtopics.THEMES.values()]
    if how == "none":
        return tuple(() for _ in words)
    if how == "half":
        return tuple(tuple(rng.permutation(own)[: len(own) // 2].tolist()) for own in words)
    if how == "shuffled":
        pool = rng.permutation(np.concatenate(words)).tolist()
        ends = np.cumsum([len(own) for own in words])
        return tuple(
            tuple(pool[end - len(own) : end]) for own, end in zip(words, ends, strict=True)
        )
    return tuple(tuple(own) for own in words)


class LdaLab:
    """Words of the texts of a lab, read once, and kinds of LDA over them.

    Parameters
    ----------
    lab : Lab
        All its articles are labelled ones.

    Attributes
    ----------
    counts : csr_matrix, shape (n_rows, n_terms)
        Of words and pairs of words that say something: what is learned without labels reads
        these. Rows as in the lab, titles included.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        # The phrase list is mined from texts without labels: no fold need be left out of it.
        self.phrases = tuple(dvtopics.load("lda").phrases_)
        self._tokens = read_words(lab.texts, self.phrases)

    @cached_property
    def data(self) -> TrainingSet:
        """All articles as `LdaTagger` reads them when it is fitted."""
        lab = self.lab
        return TrainingSet(
            self._tokens.take(~lab.is_title),
            self._tokens.take(lab.is_title),
            lab.layout,
            Labels.from_articles(lab.articles, lab.themes),
            np.ones(lab.n_articles),
        )

    @cached_property
    def _counted(self) -> tuple[sp.csr_matrix, WordTerms, Ids]:
        lab, tokens = self.lab, self._tokens
        terms = WordTerms.fit(tokens.take(lab.judged), self.phrases, _MIN_DF, _MIN_PAIR_DF)
        found = terms.terms(terms.encode_tokens(tokens))
        bags, _ = Bags.of(found, len(lab.article), terms.n_terms)
        shape = (len(lab.article), terms.n_terms)
        every = sp.csr_matrix((bags.count, bags.term, bags.indptr), shape=shape)
        stops = stop_words()
        says = np.array([w not in stops and not w.isdigit() and len(w) > 1 for w in terms.words])
        first, second = np.divmod(terms.pairs, len(terms.words))
        keep = np.concatenate([says, says[first] & says[second]])
        keep &= frequencies(self._by_article(every)) <= _MAX_SHARE * lab.n_articles
        for seeds in theme_seeds("all"):
            keep[seed_terms(terms, seeds)] = True
        return take_columns(every, keep), terms, np.where(keep, np.cumsum(keep) - 1, -1)

    @property
    def counts(self) -> sp.csr_matrix:
        """Counts of the vocabulary without labels."""
        return self._counted[0]

    def seed_columns(self, seeds: Seeds) -> list[Ids]:
        """Return the columns of `counts` that the words of each theme are made of."""
        _, terms, place = self._counted
        return [place[seed_terms(terms, own)] for own in seeds]

    def _by_article(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        rows = len(self.lab.article)
        ones = sp.csr_matrix(
            (np.ones(rows), np.arange(rows), self.lab.starts), shape=(self.lab.n_articles, rows)
        )
        return (ones @ counts).tocsr()

    def shipped(self, background: bool = True, **changes: Any) -> dict[str, Array]:
        """Return out-of-fold scores and contents of the shipped stage one.

        Parameters
        ----------
        background : bool
            Whether there are topics that no label seeds; contents are empty without.
        **changes
            Parameters of `LdaTagger` in place of its defaults, and `seeds`.

        Returns
        -------
        dict
            ``own`` of shape (n_rows, 2 * n_themes), ``content`` of shape (n_rows, d).
        """
        lab, data = self.lab, self.data
        stage = LdaStage(self.parameters(**changes))
        if background:
            stage.find_background(data)
        own = np.zeros((len(lab.article), 2 * len(lab.themes)))
        content: Array | None = None
        for fold in range(N_FOLDS):
            scorer = stage.fit_part(data.subset(lab.folds != fold))
            part = data.subset(lab.folds == fold)
            for tokens, titles in ((part.body, False), (part.titles, True)):
                found = stage.scores(scorer, tokens)
                if content is None:
                    content = np.zeros((len(own), found.content.shape[1]))
                rows = (lab.row_folds == fold) & (lab.is_title == titles)
                own[rows], content[rows] = found.logits, found.content
        assert content is not None
        # Unit spread, as the network expects it; there may be nothing to spread.
        return {"own": own, "content": content / content.std() if content.size else content}

    def parameters(self, **changes: Any) -> LdaParameters:
        """Return the parameters of the shipped tagger with some changed."""
        usual: dict[str, Any] = LdaTagger().get_params()
        for name in ("themes", "population_weights", "n_jobs"):
            del usual[name]
        return LdaParameters(
            **{**usual, "phrases": self.phrases, "seeds": theme_seeds("all"), **changes}
        )

    def unlabelled(
        self, n_topics: int, seeds: Seeds | None = None, random_state: int = 0
    ) -> dict[str, Array]:
        """Fit LDA to whole articles without labels; return the shares of all rows.

        Parameters
        ----------
        n_topics : int
        seeds : Seeds, optional
            Each theme's words are priors of `THEME_TOPICS` topics of its own, the first ones:
            they count as often in these as they occur in all articles.
        random_state : int

        Returns
        -------
        dict
            ``shares`` of shape (n_rows, n_topics): what is above the prior's expectation, as the
            shipped scorer counts it. ``theme`` of shape (n_rows, n_themes): log share of the
            topics of each theme (only with seeds).
        """
        from gensim.matutils import Sparse2Corpus
        from gensim.models import LdaModel

        columns = [] if seeds is None else self.seed_columns(seeds)
        counts = self._by_article(self.counts)
        total = np.asarray(counts.sum(axis=0)).ravel()
        eta = np.full((n_topics, counts.shape[1]), _ETA)
        for theme, seeded in enumerate(columns):
            eta[theme * THEME_TOPICS : (theme + 1) * THEME_TOPICS, seeded] += total[seeded]
        model = LdaModel(
            Sparse2Corpus(counts, documents_columns=False),
            n_topics,
            {term: str(term) for term in range(counts.shape[1])},
            chunksize=1000,
            passes=_PASSES,
            alpha=1.0 / n_topics,
            eta=eta,
            eval_every=None,
            random_state=random_state,
            dtype=np.float64,
        )
        weight = model.expElogbeta.copy()
        weight[weight < np.sort(weight, axis=0)[-_PLACES]] = 0.0
        topics = TopicWords.from_dense(model.alpha, weight)
        rows = self.counts
        bags = Bags(
            rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data.astype(float)
        )
        gamma = topics.infer(bags, threshold=1e-4, iterations=100)
        length = bags.totals[:, None]
        shares = gamma - topics.alpha - length * topics.alpha / topics.alpha.sum()
        found = {"shares": shares / np.sqrt(np.maximum(length, 1.0))}
        if seeds is not None:
            own = gamma[:, : THEME_TOPICS * len(columns)]
            of_theme = own.reshape(len(own), len(columns), THEME_TOPICS).sum(axis=2)
            found["theme"] = np.log(of_theme / gamma.sum(axis=1, keepdims=True))
        return found

    def regressed(self, shares: Array) -> dict[str, Array]:
        """Return out-of-fold scores by logistic regression over topic shares, and contents."""
        lab = self.lab
        labels = np.hstack([lab.labels, lab.main])
        own = np.zeros((len(shares), labels.shape[1]))
        for fold in range(N_FOLDS):
            train = lab.judged & (lab.row_folds != fold)
            stage = fit_linear(shares[train], labels[train], _SHARES_C)
            inside = lab.row_folds == fold
            own[inside] = shares[inside] @ stage.coef + stage.intercept
        return {"own": own, "content": shares / shares.std()}


def sample(lab_drawn: Sequence[str], share: float, seed: int = 0) -> NDArray[np.bool_]:
    """Choose articles: all found by theme words, unsure or authored; some of the suggested.

    Parameters
    ----------
    lab_drawn : sequence of str
        How every article was drawn.
    share : float
        Of the suggested articles.
    """
    drawn = np.asarray(lab_drawn)
    some = np.random.RandomState(seed).random_sample(len(drawn)) < share
    whole = np.isin(drawn, ["theme-words", "uncertainty", "authored"])
    return np.asarray(whole | ((drawn == "suggested") & some))
