"""A pyLDAvis page (an extra): the view that topic modellers know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dvtopics.errors import UsageError

if TYPE_CHECKING:
    from dvtopics.topics.model import TopicModel


def ldavis_page(model: TopicModel) -> str:
    """Return the HTML of pyLDAvis for a model; it loads its scripts from the network.

    Raises
    ------
    UsageError
        If pyLDAvis is not installed.
    """
    try:
        import pyLDAvis
    except ImportError as error:
        raise UsageError("the pyLDAvis page needs: pip install 'dvtopics[topics]'") from error
    terms, marginal, n = model.term_statistics()
    shares = model.view.shares(model.shares())
    prepared = pyLDAvis.prepare(
        model.view.probabilities,
        shares / shares.sum(axis=1, keepdims=True),
        # Lengths are not kept; articles count alike, as in topics.json.
        np.ones(len(shares)),
        terms,
        np.maximum(marginal * n, 1e-9),
        sort_topics=False,
    )
    page: str = pyLDAvis.prepared_data_to_html(prepared)
    return page
