"""LDA as a tagger: where its quality comes from, beside TF-IDF and other programs.

Variants of stage one by the protocol of `lab`, each alone and with the contextual stage two;
seeded and supervised topic models of other programs on the same folds; LDA shares as further
inputs of the TF-IDF tagger; stability over random seeds; 100 articles. Coherence of topics is
`12_topics`'s. Variants are compared on a part of the training articles, the shipped kind also on
all. The peers need ``pip install tomotopy corextopic six``; what is absent is skipped. Arrays are
kept under ``experiments/cache``; ``--fresh`` forgets them, and with ``--minutes`` nothing new is
begun after that time: run the script again to go on.
Results: ``results/13_lda.{json,md,png}``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from common import RESULTS, write_results
from kept import Kept, arrays_of, outcome_of, reference, row
from lab import Array, Lab, Outcome, load
from lab_plots import differences, draw_differences
from lda_lab import LdaLab, sample, theme_seeds
from lda_peers import PEERS, installed
from lda_report import SHIPPED, TFIDF, markdown, short
from lda_small import topics_and_few
from stage_two_parts import stage_one_alone

NAME = "13_lda"
#: Of the suggested articles, in the part that variants are compared on.
_SHARE = 0.1
#: Variants that are run before all other parts.
_FIRST = 8
_PLAIN = "no labels, no theme words"
_ONLY = "theme words the only seeds, 128 topics"
#: What is also set against each other, in context.
_PAIRS = [
    (SHIPPED, TFIDF),
    (f"{_ONLY}: all", f"{_PLAIN}, 128 topics"),
    (f"{_ONLY}: half of them, draw 1", f"{_ONLY}: all"),
    (f"{_ONLY}: half of them, draw 2", f"{_ONLY}: all"),
    (f"{_ONLY}: shuffled among themes", f"{_ONLY}: all"),
    (f"{_PLAIN}, 64 topics", f"{_PLAIN}, 128 topics"),
    (f"{_PLAIN}, 256 topics", f"{_PLAIN}, 128 topics"),
]
Make = Callable[[], dict[str, Array]]


@dataclass(frozen=True)
class Bounded:
    """Kept arrays that are made as long as there is time; names what was not.

    Attributes
    ----------
    kept : Kept
    limit : float
        Of `time.monotonic`.
    missing : list of str
    """

    kept: Kept
    limit: float
    missing: list[str]

    def __call__(self, name: str, make: Make) -> dict[str, Array] | None:
        """Return the arrays of `name`, or None where there was no time to make them."""
        if name not in self.kept and time.monotonic() > self.limit:
            self.missing.append(name)
            return None
        return self.kept(name, make)

    def every(self, makers: Mapping[str, Make]) -> dict[str, dict[str, Array]]:
        """Return the arrays of all names that were made."""
        made = {name: self(name, make) for name, make in makers.items()}
        return {name: arrays for name, arrays in made.items() if arrays is not None}


def variants(words: LdaLab) -> dict[str, Make]:
    """Return what makes the scores and contents of every kind of LDA, by name."""

    def plain(n_topics: int, how: str | None = None, draw: int = 0, state: int = 0) -> Make:
        seeds = None if how is None else theme_seeds(how, draw)

        def make() -> dict[str, Array]:
            found = words.unlabelled(n_topics, seeds, state)
            theme = {"theme": found["theme"]} if how else {}
            return words.regressed(found["shares"]) | theme

        return make

    def shipped(**changes: Any) -> Make:
        return lambda: words.shipped(**changes)

    # The most telling first: a run that is cut off leaves the last ones out.
    return {
        SHIPPED: shipped(),
        f"{_PLAIN}, 128 topics": plain(128),
        f"{_ONLY}: all": plain(128, "all"),
        "labels, no theme words": shipped(seeds=theme_seeds("none")),
        "labels, no background topics": shipped(
            background=False, n_background=0, background_share=0.0
        ),
        f"{_ONLY}: half of them, draw 1": plain(128, "half", 0),
        f"{_ONLY}: half of them, draw 2": plain(128, "half", 1),
        f"{_ONLY}: shuffled among themes": plain(128, "shuffled"),
        f"{SHIPPED}, random seed 1": shipped(random_state=1),
        f"{_PLAIN}, 128 topics, random seed 1": plain(128, state=1),
        f"{SHIPPED}, random seed 2": shipped(random_state=2),
        f"{_PLAIN}, 128 topics, random seed 2": plain(128, state=2),
        f"{_PLAIN}, 64 topics": plain(64),
        "labels, 64 seeded topics": shipped(n_seeded=64),
        f"{_PLAIN}, 256 topics": plain(256),
        "labels, concentration 100": shipped(concentration=100.0),
        "labels, theme words shuffled among themes": shipped(seeds=theme_seeds("shuffled")),
        "labels, concentration 10,000": shipped(concentration=10_000.0),
        "labels, 128 seeded topics": shipped(n_seeded=128),
    }


def as_taggers(
    lab: Lab, bounded: Bounded, makers: dict[str, Make]
) -> dict[str, dict[str, Outcome]]:
    """Return outcomes of kinds of LDA, by name and stage."""
    found: dict[str, dict[str, Outcome]] = {}
    for name, make in makers.items():
        made = bounded(name, make)
        if made is None:
            continue
        found[name] = {"alone": stage_one_alone(lab, made["own"])}
        if "theme" in made:
            found[name]["by share"] = stage_one_alone(lab, made["theme"])

        def judged(made: dict[str, Array] = made) -> dict[str, Array]:
            outcome = lab.stage_two(made["own"], content=made["content"])
            return arrays_of(outcome, made["own"][:0])

        whole = bounded(f"{name}, in context", judged)
        if whole is not None:
            found[name]["in context"] = outcome_of(whole)
    return found


def peer_taggers(lab: Lab, words: LdaLab, bounded: Bounded) -> dict[str, dict[str, Outcome]]:
    """Return outcomes of other programs' topic models, by share and by regression on shares."""
    found: dict[str, dict[str, Outcome]] = {}
    for name, (needs, fit) in PEERS.items():
        if not installed(needs) and name not in bounded.kept:
            print(f"skipped: {name} needs {needs}, not all of it installed")
            bounded.missing.append(f"{name} ({needs} is not installed)")
            continue

        def make(fit: Callable[[LdaLab], dict[str, Array]] = fit) -> dict[str, Array]:
            made = fit(words)
            if "shares" in made:
                made |= {"own": words.regressed(made.pop("shares"))["own"]}
            return made

        made = bounded(name, make)
        if made is not None:
            found[name] = {"by share": stage_one_alone(lab, made["theme"])}
            if "own" in made:
                found[name]["alone"] = stage_one_alone(lab, made["own"])
    return found


def figures(lab: Lab, found: dict[str, dict[str, Outcome]]) -> dict[str, Any]:
    """Return the rows of variants, differences to the shipped kind at the same stage."""
    first = found.get(SHIPPED, {})
    result: dict[str, Any] = {}
    for name, stages in found.items():
        result[name] = {}
        for stage, outcome in stages.items():
            # What has no regression of its own is set against the shipped kind alone.
            other = first.get("alone" if stage == "by share" else stage)
            against = None if other is outcome else other
            cells = row(lab, outcome, against)
            if against is not None:
                cells["uncertainty difference"] = lab.compare(
                    outcome, against, stratum="uncertainty"
                )
                cells["article difference"] = lab.compare(outcome, against, level="article")
            result[name][stage] = cells
    return result


def on_all(lab: Lab, bounded: Bounded) -> dict[str, Any]:
    """Compare the shipped kinds on all articles, and try LDA as input of the TF-IDF tagger."""
    usual = reference(lab)
    tfidf, own, content = outcome_of(usual), usual["own"], lab.content()
    words = LdaLab(lab)
    lda = bounded(SHIPPED, words.shipped)
    plain = bounded("no labels, 64 topics", lambda: {"c": words.unlabelled(64)["shares"]})
    entries: dict[str, Callable[[], Outcome]] = {}
    if lda is not None:
        theirs, background = lda["own"], lda["content"]
        entries = {
            SHIPPED: lambda: lab.stage_two(theirs, content=background),
            "scores of LDA beside those of TF-IDF": lambda: lab.stage_two(np.hstack([own, theirs])),
            "its background topics beside the contents": lambda: lab.stage_two(
                own, content=np.hstack([content, background])
            ),
            "its background topics in place of the contents": lambda: lab.stage_two(
                own, content=background
            ),
        }
    if plain is not None:
        shares = plain["c"] / plain["c"].std()
        entries["64 topics without labels beside the contents"] = lambda: lab.stage_two(
            own, content=np.hstack([content, shares])
        )
    outcomes = {TFIDF: tfidf}
    for name, judge in entries.items():
        kept = bounded(
            f"{name}, in context",
            lambda judge=judge: arrays_of(judge(), own[:0]),  # type: ignore[misc]
        )
        if kept is not None:
            outcomes[name] = outcome_of(kept)
    alone = {TFIDF: stage_one_alone(lab, own)}
    if lda is not None:
        alone[SHIPPED] = stage_one_alone(lab, lda["own"])
    return {
        "articles": lab.n_articles,
        "judged": int(lab.judged.sum()),
        "in context": {
            name: row(lab, found, None if name == TFIDF else tfidf)
            for name, found in outcomes.items()
        },
        "steps": differences(lab, outcomes, [(name, TFIDF) for name in outcomes if name != TFIDF]),
        "alone": {
            name: row(lab, found, None if name == TFIDF else alone[TFIDF])
            for name, found in alone.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="forget kept arrays")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    args = parser.parse_args()
    articles = load()
    chosen = sample([str(a.metadata.get("drawn", "")) for a in articles], _SHARE)
    some = [article for article, use in zip(articles, chosen, strict=True) if use]
    lab = Lab(some)
    limit = time.monotonic() + 60 * args.minutes
    bounded = Bounded(Kept(lab, NAME, args.fresh), limit, [])
    words = LdaLab(lab)
    usual = reference(lab)
    found: dict[str, dict[str, Outcome]] = {
        TFIDF: {"alone": stage_one_alone(lab, usual["own"]), "in context": outcome_of(usual)}
    }
    makers = list(variants(words).items())
    found |= as_taggers(lab, bounded, dict(makers[:_FIRST]))
    peers = peer_taggers(lab, words, bounded)
    news = [a for a in some if a.metadata.get("drawn") in ("theme-words", "uncertainty")]
    small = topics_and_few(news, words.phrases, bounded.every)
    whole = Lab(articles)
    on = replace(bounded, kept=Kept(whole, NAME, fresh=False), missing=[])
    everything = on_all(whole, on)
    found |= as_taggers(lab, bounded, dict(makers[_FIRST:]))
    data: dict[str, Any] = {
        "articles": {s: int(np.sum(lab.drawn == s)) for s in dict.fromkeys(lab.drawn.tolist())},
        "judged": int(lab.judged.sum()),
        "variants": figures(lab, found | peers),
        "steps": differences(
            lab,
            {
                name: stages["in context"]
                for name, stages in found.items()
                if "in context" in stages
            },
            _PAIRS,
        ),
        "small": small,
        "all": everything,
        "missing": bounded.missing + [f"{name} (all articles)" for name in on.missing],
    }
    write_results(NAME, data, markdown(data))
    gaps = {
        f"{short(name)}, {stage}": cells["difference"]
        for name, stages in data["variants"].items()
        for stage, cells in stages.items()
        if cells["difference"]
    }
    draw_differences(gaps, RESULTS / f"{NAME}.png", "macro-F1 minus LDA as shipped, theme-words")


if __name__ == "__main__":
    main()
