"""What unlabelled articles and other inputs give to both stages.

By the protocol of `lab`: pseudo-labels for a fold come from models that have not seen it. The
entries that need unlabelled articles are skipped without ``--unlabelled FILE`` (JSON Lines,
gzip, records with ``id``, ``title`` and ``paragraphs``). Arrays are kept under
``experiments/cache``; ``--fresh`` forgets them. Results: ``results/06_unlabelled.{json,md}``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
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
) -> dict[str, tuple[Array, Array | None, Array]]:
    """Return stage-one logits, further features and logits of the changed half, by entry."""
    pseudo = Pseudo(lab, extra, own, kept)
    makers: dict[str, Callable[[], Array]] = {
        "self-training, confident labels": lambda: pseudo.self_trained("whole", soft=False),
        "self-training, soft labels": lambda: pseudo.self_trained("whole", soft=True),
        "co-training: stage one taught by the context half": lambda: pseudo.self_trained(
            "context", soft=False
        ),
        _CONTEXT_HALF: lambda: pseudo.context_half(taught=False),
        _TAUGHT_HALF: lambda: pseudo.context_half(taught=True),
        "vocabulary and IDF from all texts": lambda: common_vocabulary(
            Lab(lab.articles, extra), len(lab.article)
        ),
    }
    found = {}
    for name, make in makers.items():
        logits = kept(name, lambda make=make: {"own": make()})["own"]
        half = name in (_CONTEXT_HALF, _TAUGHT_HALF)
        found[name] = (own, np.nan_to_num(logits), logits) if half else (logits, None, logits)
    return found


def content_entries(lab: Lab, kept: Kept, extra: list[Article]) -> dict[str, Array]:
    """Return per entry the contents of every row."""
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
    usual, found = lab.content(), {}
    if extra:
        name = "LSA fitted on unlabelled texts too"
        found[name] = kept(name, lambda: {"c": from_all()})["c"]
    for name, make in makers.items():
        content = kept(f"{name} of {len(texts)} texts", lambda make=make: {"c": make()})["c"]
        found[f"{name} in place of LSA"] = content
        found[f"{name} beside LSA"] = np.hstack([usual, content])
    return found


def markdown(rows: dict[str, Any], n_unlabelled: int) -> str:
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
            said = reading(gap)
            kept = "kept as a candidate" if said == "better" else "dropped"
            lines.append(f"- {name}: {said}, {kept}.")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unlabelled", type=Path, help="unlabelled articles, .jsonl.gz")
    parser.add_argument("--fresh", action="store_true", help="forget kept arrays")
    args = parser.parse_args()
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
        return Outcome(np.where(titles, np.nan, logits), whole.article)

    base = lab.report(alone(own))["theme-words"]["paragraph"]["macro_f1"]
    rows: dict[str, Any] = {"reference": row(lab, whole, None) | {"half alone": f"{base:.4f}"}}

    def add(name: str, changed: Array | None, against: Array = own, **options: Any) -> None:
        logits = options.pop("logits", own)
        found = outcome_of(
            kept(
                f"{name}, whole, {len(extra)}",
                lambda: arrays_of(lab.stage_two(logits, **options), logits[:0]),
            )
        )
        shown = "as reference"
        rows[name] = row(lab, found, whole)
        if changed is not None:
            gap = rows[name]["half alone difference"] = lab.compare(alone(changed), alone(against))
            f1 = lab.report(alone(changed))["theme-words"]["paragraph"]["macro_f1"]
            shown = f"{f1:.4f}, {span(gap)}"
        rows[name]["half alone"] = shown

    counts = kept("lexicon", lambda: {"c": lexicon(lab)})["c"]
    add("theme-lexicon counts as further input", None, extra=counts)
    for name, content in content_entries(lab, kept, extra).items():
        add(name, None, content=content)
    if extra:
        entries = stage_one_entries(lab, kept, own, extra)
        for name, (logits, further, half) in entries.items():
            against = entries[_CONTEXT_HALF][2] if name == _TAUGHT_HALF else own
            add(name, half, against, logits=logits, extra=further)
    write_results("06_unlabelled", rows, markdown(rows, len(extra)))


if __name__ == "__main__":
    main()
