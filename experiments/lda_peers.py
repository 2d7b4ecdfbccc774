"""Topic models of other programs as taggers, for `13_lda`.

Needed: ``pip install tomotopy corextopic six`` (corextopic imports six without saying so); what
is absent is skipped. All read the same words as the kinds of `lda_lab` without labels. Models
without labels are fitted once, to all judged paragraphs and titles, as the contents of the lab
are; PLDA learns from labels, so once for every fold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import scipy.sparse as sp
from lab import N_FOLDS, Array
from lda_lab import Ids, LdaLab, theme_seeds

N_TOPICS = 40
_ITERATIONS, _PLDA_ITERATIONS, _INFERENCE = 200, 100, 50
#: Word priors of tomotopy's seeded LDA: in the topic of the theme, and in all others.
_HIGH, _LOW = 1.0, 1e-3
_ANCHOR_STRENGTH = 3.0
#: Topics that PLDA has beside those of the themes.
_LATENT = N_TOPICS - 4
_LEAST = 1e-6


def _documents(counts: sp.csr_matrix, rows: Ids) -> list[list[str]]:
    """Return the words of some rows, as the names of their columns."""
    texts = []
    for row in rows.tolist():
        part = slice(counts.indptr[row], counts.indptr[row + 1])
        repeated = np.repeat(counts.indices[part], counts.data[part].astype(np.int64))
        texts.append([str(column) for column in repeated.tolist()])
    return texts


def _inferred(model: Any, documents: Sequence[list[str]], width: int) -> Array:
    """Return topic shares of texts that the model was not fitted to; equal ones without a word.

    The texts are inferred together: one by one takes twenty times as long, since the program
    copies the model for each.
    """
    shares = np.full((len(documents), width), 1.0 / width)
    made = [(i, model.make_doc(words)) for i, words in enumerate(documents) if words]
    # Words that the model does not know leave nothing to infer from.
    made = [(i, doc) for i, doc in made if doc is not None and len(doc.words)]
    found, _ = model.infer(
        [doc for _, doc in made], iterations=_INFERENCE, workers=1, together=True
    )
    shares[[i for i, _ in made]] = found
    return shares


def _scored(shares: Array, themes: Array) -> dict[str, Array]:
    logs = np.log(shares + _LEAST)
    return {"shares": logs - logs.mean(axis=0), "theme": np.log(themes + _LEAST)}


def tomotopy_seeded(words: LdaLab, seed: int = 0) -> dict[str, Array]:
    """Tomotopy's LDA, the words of each theme as priors of one topic; log shares of all rows."""
    import tomotopy

    counts = words.counts
    model = tomotopy.LDAModel(k=N_TOPICS, seed=seed)
    for theme, columns in enumerate(words.seed_columns(theme_seeds("all"))):
        prior = [_HIGH if topic == theme else _LOW for topic in range(N_TOPICS)]
        for column in columns.tolist():
            model.set_word_prior(str(column), prior)
    lab = words.lab
    rows = np.flatnonzero((lab.judged | lab.is_title) & (np.diff(counts.indptr) > 0))
    for document in _documents(counts, rows):
        model.add_doc(document)
    model.train(_ITERATIONS, workers=1)
    # Rows that were not shown, or without a word, are no more about one topic than another.
    shares = np.full((counts.shape[0], N_TOPICS), 1.0 / N_TOPICS)
    shares[rows] = [doc.get_topic_dist() for doc in model.docs]
    return _scored(shares, shares[:, : len(lab.themes)])


def tomotopy_plda(words: LdaLab, seed: int = 0) -> dict[str, Array]:
    """Tomotopy's PLDA, themes as labels; out-of-fold log shares of the themes' topics."""
    import tomotopy

    lab, counts = words.lab, words.counts
    # Of other rows nothing is asked.
    asked = lab.judged | lab.is_title
    every = _documents(counts, np.arange(counts.shape[0]))
    theme = np.zeros((len(every), len(lab.themes)))
    for fold in range(N_FOLDS):
        model = tomotopy.PLDAModel(latent_topics=_LATENT, topics_per_label=1, seed=seed)
        # A label that was not judged cannot be left open: such paragraphs are not shown.
        whole = lab.judged & ~np.isnan(lab.labels).any(axis=1)
        for row in np.flatnonzero(whole & (lab.row_folds != fold)).tolist():
            if every[row]:
                names = [t for t, y in zip(lab.themes, lab.labels[row], strict=True) if y > 0]
                model.add_doc(every[row], labels=names)
        model.train(_PLDA_ITERATIONS, workers=1)
        rows = np.flatnonzero(asked & (lab.row_folds == fold))
        shares = _inferred(model, [every[row] for row in rows.tolist()], model.k)
        # The topics of labels come first, in the order of their dictionary.
        place = [list(model.topic_label_dict).index(name) for name in lab.themes]
        theme[rows] = shares[:, place]
    return {"theme": np.log(theme + _LEAST)}


def corex_anchored(words: LdaLab, seed: int = 0) -> dict[str, Array]:
    """CorEx, the words of each theme as anchors of one topic; log-odds of all topics."""
    from corextopic import corextopic

    counts = words.counts.copy()
    counts.data[:] = 1.0
    model = corextopic.Corex(n_hidden=N_TOPICS, seed=seed, max_iter=40)
    anchors = [columns.tolist() for columns in words.seed_columns(theme_seeds("all"))]
    judged = np.flatnonzero(words.lab.judged)
    filled = judged[np.diff(counts.indptr)[judged] > 0]
    # A column that no row of the sample holds has no information to anchor to.
    there = np.asarray(counts[filled].sum(axis=0)).ravel() > 0
    place = np.cumsum(there) - 1
    anchors = [[int(place[column]) for column in own if there[column]] for own in anchors]
    names = [str(column) for column in np.flatnonzero(there)]
    model.fit(
        counts[filled][:, there], words=names, anchors=anchors, anchor_strength=_ANCHOR_STRENGTH
    )
    p = np.clip(model.predict_proba(counts[:, there])[0], _LEAST, 1 - _LEAST)
    odds = np.log(p / (1 - p))
    return {"shares": odds - odds.mean(axis=0), "theme": odds[:, : len(words.lab.themes)]}


#: Name → distributions that have to be installed, and what makes its arrays.
PEERS: dict[str, tuple[str, Callable[[LdaLab], dict[str, Array]]]] = {
    f"tomotopy LDA seeded with theme words, {N_TOPICS} topics": ("tomotopy", tomotopy_seeded),
    f"tomotopy PLDA, {_LATENT} topics beside the themes'": ("tomotopy", tomotopy_plda),
    f"CorEx anchored with theme words, {N_TOPICS} topics": ("corextopic six", corex_anchored),
}


def installed(needs: str) -> bool:
    """Return whether a peer can be run."""
    return all(find_spec(name) for name in needs.split())
