"""What unlabelled articles and other inputs give to both stages.

By the protocol of `lab`: pseudo-labels for a fold come from models that have not seen it. The
entries that need unlabelled articles are skipped without ``--unlabelled FILE`` (JSON Lines,
gzip, records with ``id``, ``title`` and ``paragraphs``). Arrays are kept under
``experiments/cache``; ``--fresh`` forgets them, and with ``--minutes`` nothing new is begun after
that time. Results: ``results/06_unlabelled.{json,md}``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT, write_results
from kept import Kept, arrays_of, outcome_of, read_records, reference, row, table
from lab import Array, Lab, Outcome, load, span
from lab_plots import reading
from other_inputs import (
    lda_shares,
    lexicon,
    lsa,
    nmf_shares,
    random_projection,
    unigrams,
    word_vectors,
)
from pseudo_labels import N_PSEUDO, PSEUDO_WEIGHT, SURE, SURELY_NOT, Pseudo, common_vocabulary

from dvtopics.article import Article

_CONTEXT_HALF = "context half as further input"
_WIDE_LSA = "LSA fitted on unlabelled texts too"
_TAUGHT_HALF = "co-training: that half taught by stage one"


def read_unlabelled(path: Path) -> list[Article]:
    """Read articles that are in no label file."""
    known = {
        record["id"]
        for labels in sorted((ROOT / "corpus" / "vietnews").glob("labels_*.jsonl.gz"))
        for record in read_records(labels)
    }
    records = read_records(path)
    return [Article(r["title"], r["paragraphs"], r["id"]) for r in records if r["id"] not in known]


def stage_one_entries(
    lab: Lab, kept: Kept, own: Array, extra: list[Article]
) -> dict[str, Callable[[], dict[str, Array]]]:
    """Return what makes the options of stage two and the changed half, by entry."""
    pseudo = cache(lambda: Pseudo(lab, extra, own, kept))

    def stage_one(name: str, make: Callable[[], Array]) -> Callable[[], dict[str, Array]]:
        def options() -> dict[str, Array]:
            logits = kept(name, lambda: {"own": make()})["own"]
            return {"logits": logits, "half": logits, "against": own}

        return options

    def context(taught: bool) -> Array:
        name = _TAUGHT_HALF if taught else _CONTEXT_HALF
        return kept(name, lambda: {"own": pseudo().context_half(taught)})["own"]

    def further(taught: bool) -> Callable[[], dict[str, Array]]:
        def options() -> dict[str, Array]:
            half = context(taught)
            return {
                "extra": np.nan_to_num(half),
                "half": half,
                "against": context(False) if taught else own,
            }

        return options

    taught_by_context = "co-training: stage one taught by the context half"
    makers: dict[str, Callable[[], Array]] = {
        "self-training, confident labels": lambda: pseudo().self_trained("whole", soft=False),
        "self-training, soft labels": lambda: pseudo().self_trained("whole", soft=True),
        taught_by_context: lambda: pseudo().self_trained("context", soft=False),
        "vocabulary and IDF from all texts": lambda: common_vocabulary(
            Lab(lab.articles, extra), len(lab.article)
        ),
    }
    return {name: stage_one(name, make) for name, make in makers.items()} | {
        _CONTEXT_HALF: further(taught=False),
        _TAUGHT_HALF: further(taught=True),
    }


def content_entries(
    lab: Lab, kept: Kept, extra: list[Article]
) -> dict[str, Callable[[], dict[str, Array]]]:
    """Return what makes the contents of every row, by entry."""
    n = len(lab.article)

    def from_all() -> Array:
        wide = Lab(lab.articles, extra)
        return lsa(unigrams(wide), np.flatnonzero(~wide.is_title))[:n]

    texts = lab.texts + [t for a in extra for t in (a.title, *(p.text for p in a.paragraphs))]
    makers: dict[str, Callable[[], Array]] = {
        "LDA, 50 topics": lambda: lda_shares(lab),
        "NMF, 50 topics": lambda: nmf_shares(lab),
        "random projections, 32": lambda: random_projection(lab),
        "word vectors, 64": lambda: word_vectors(lab, texts),
    }

    def of(name: str, make: Callable[[], Array]) -> Array:
        return kept(f"{name} of {len(texts)} texts", lambda: {"c": make()})["c"]

    found: dict[str, Callable[[], dict[str, Array]]] = {}
    if extra:
        found[_WIDE_LSA] = lambda: {"content": of(_WIDE_LSA, from_all)}
    for name, make in makers.items():
        found[f"{name} in place of LSA"] = partial(
            lambda name, make: {"content": of(name, make)}, name, make
        )
        found[f"{name} beside LSA"] = partial(
            lambda name, make: {"content": np.hstack([lab.content(), of(name, make)])}, name, make
        )
    return found


def markdown(rows: dict[str, Any], n_unlabelled: int, missing: list[str]) -> str:
    """Return the report."""
    lines = [
        "# Unlabelled articles and other inputs", "",
        f"Protocol of `lab.py`; {n_unlabelled:,} unlabelled articles, of which {N_PSEUDO:,} got "
        f"pseudo-labels (weight {PSEUDO_WEIGHT}; confident: above {SURE} or below {SURELY_NOT}), "
        "made for every fold by models that have not seen it. *Half alone*: theme-words macro-F1 "
        "of the half of the system that the entry changes (stage one, or the context-only half), "
        "with its difference to stage one of the reference (of the taught context half: to the "
        "untaught one). Differences with a paired bootstrap "
        "over theme-words articles. Regenerate: "
        "`python experiments/06_unlabelled.py --unlabelled FILE`.", "",
        *table("variant", rows, ("half alone",)), "",
    ]  # fmt: skip
    for name, figures in rows.items():
        if gap := figures["difference"]:
            lines.append(f"- {name}: {reading(gap)}.")
    if missing:
        lines += ["", f"Not run yet (run the script again): {'; '.join(missing)}."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unlabelled", type=Path, help="unlabelled articles, .jsonl.gz")
    parser.add_argument("--fresh", action="store_true", help="forget kept arrays")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    args = parser.parse_args()
    limit = time.monotonic() + 60 * args.minutes
    lab = Lab(load())
    kept = Kept(lab, "06_unlabelled", args.fresh)
    usual = reference(lab, args.fresh)
    whole, own = outcome_of(usual), usual["own"]
    extra: list[Article] = []
    if args.unlabelled:
        extra = read_unlabelled(args.unlabelled)
    else:
        print("skipped: self-training, co-training and what else needs --unlabelled FILE")
    titles = lab.is_title[:, None]

    def alone(logits: Array) -> Outcome:
        presence = logits[:, : len(lab.themes)]
        return Outcome(np.where(titles, np.nan, presence), whole.article)

    def share(logits: Array) -> float:
        return float(lab.report(alone(logits))["theme-words"]["paragraph"]["macro_f1"])

    entries = {
        "theme-lexicon counts as further input": lambda: {
            "extra": kept("lexicon", lambda: {"c": lexicon(lab)})["c"]
        }
    }
    entries |= content_entries(lab, kept, extra)
    if extra:
        entries |= stage_one_entries(lab, kept, own, extra)
    rows: dict[str, Any] = {
        "reference": row(lab, whole, None) | {"half alone": f"{share(own):.4f}"}
    }
    missing = []
    for name, make in entries.items():
        if time.monotonic() > limit:
            missing.append(name)
            continue
        options = {"logits": own} | make()
        half, against = options.pop("half", None), options.pop("against", own)
        logits = options.pop("logits")
        found = kept(
            f"{name}, whole, {len(extra)}",
            lambda logits=logits, options=options: arrays_of(
                lab.stage_two(logits, **options), logits[:0]
            ),
        )
        rows[name] = row(lab, outcome_of(found), whole) | {"half alone": "as reference"}
        if half is not None:
            gap = lab.compare(alone(half), alone(against))
            rows[name] |= {
                "half alone difference": gap,
                "half alone": f"{share(half):.4f}, {span(gap)}",
            }
    write_results("06_unlabelled", rows, markdown(rows, len(extra), missing))


if __name__ == "__main__":
    main()
