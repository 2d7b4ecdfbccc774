"""Compare models, features and contents of stage two, and ways to judge the article.

Everything stands on the same out-of-fold logits of the shipped stage one, by the protocol of
`lab`. Outcomes are kept under ``experiments/cache``; with ``--minutes`` the script begins
nothing new after that time, and goes on when run again.
Results: ``results/05_stage_two.{json,md,png}``.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, write_results
from kept import stage_one
from lab import (
    CACHE,
    HEAD,
    MIN_DF,
    STRATA,
    SYSTEM,
    Array,
    Lab,
    Network,
    Outcome,
    cells,
    load,
    span,
)
from lab_peaks import Windows
from lab_plots import differences, differences_table, draw_differences, reading
from stage_two_parts import (
    NEIGHBOURS,
    PLACE,
    TITLE,
    WHOLE,
    boosting,
    chain,
    cue_words,
    foretold,
    main_targets,
    mixed,
    network_articles,
    numbers_as_one,
    over_again,
    said,
    several,
    single_neighbours,
    stage_one_alone,
    with_grades,
    without,
)

from dvtopics.taggers.context import Signals, article_features, head, sigmoid
from dvtopics.training.stages import labelled_part

NAME = "05_stage_two"
REFERENCE = "reference: one network of 128 beside linear (a quarter), contents 32"
AVERAGED = "weights averaged over the last 10 of 20 passes"
MIXED = "plain weights beside log-count ratios in stage one"
BOTH, TREES = "both of these", "boosted trees, features and contents"
SHIPPED = "both, and the best passage of 8 syllables (shipped)"
PLAIN, RATIOS = (f"presence scores only ({n})" for n in ("plain stage one", "log-count ratios"))
#: What the reference is set against by several measures.
AGAINST = ("linear only", "linear path counts half", "network only", RATIOS, PLAIN)
#: What came after the reference, set against it.
LATER = (AVERAGED, MIXED, BOTH, SHIPPED)
#: What the figures do not say by themselves.
_CHANCE = "how much chance in training moves"
NOTES = {f"another random seed ({n})": _CHANCE for n in (1, 2)} | {
    AVERAGED: "shipped: see below",
    MIXED: "shipped: see below",
    BOTH: "shipped: see below",
    SHIPPED: "shipped: see below",
    "both of these, another random seed (1)": _CHANCE,
    "the same, passages of 8, another random seed (1)": _CHANCE,
}


def paragraph_variants(lab: Lab, logits: Array) -> dict[str, Callable[[], Outcome]]:
    """Return the makers of every way to judge paragraphs."""
    k, net, n_themes = logits.shape[1], Network(), len(lab.themes)
    later = replace(net, n_epochs=20, n_averaged=10)
    windows, plain = cache(partial(Windows, lab)), cache(partial(mixed, lab, logits))

    def run(**options: Any) -> Callable[[], Outcome]:
        return lambda: lab.stage_two(logits, **options)

    def only(**sizes: Any) -> Callable[[], Outcome]:
        return run(model=replace(net, **sizes))

    def passages(window: int, seeds: tuple[int, ...] = (0,)) -> Callable[[], Outcome]:
        def made() -> Outcome:
            peaks = windows().peaks(plain(), window)
            return lab.stage_two(plain(), peaks, model=replace(later, seeds=seeds))

        return made

    def less(*names: str) -> Callable[[], Outcome]:
        return run(change=without(names, k))

    result = {
        REFERENCE: run(),
        "stage one alone": lambda: stage_one_alone(lab, logits),
        "linear only": run(model="linear", n_dimensions=0),
        "network only": only(linear_share=0.0),
        "linear path counts half": only(linear_share=0.5),
        RATIOS: lambda: lab.stage_two(logits[:, :n_themes]),
        PLAIN: lambda: lab.stage_two(lab.out_of_fold(min_df=MIN_DF)),
        AVERAGED: run(model=later),
        MIXED: lambda: lab.stage_two(mixed(lab, logits)),
        BOTH: lambda: lab.stage_two(mixed(lab, logits), model=later),
        SHIPPED: passages(8),
        **{f"the same, passages of {n}": passages(n) for n in (4, 16, 32)},
        "the same, passages of 8, another random seed (1)": passages(8, (1,)),
        "both of these, another random seed (1)": lambda: lab.stage_two(
            mixed(lab, logits), model=replace(later, seeds=(1,))
        ),
        "both of these, three networks": lambda: lab.stage_two(
            mixed(lab, logits), model=replace(later, seeds=(0, 1, 2))
        ),
        "targets also main subject": lambda: main_targets(lab, logits),
        "grade 2 counts twice in stage one": lambda: with_grades(lab, logits),
        "numbers as one token in both stages": lambda: stage_two_again(numbers_as_one(lab)),
        **{f"another random seed ({n})": only(seeds=(n,)) for n in (1, 2)},
        "mean of 2 networks": only(seeds=(0, 1)),
        "mean of 3 networks": only(seeds=(0, 1, 2)),
        **{f"hidden {n}": only(n_hidden=n) for n in (32, 64, 256)},
        **{f"contents {n}": run(n_dimensions=n) for n in (0, 16, 64)},
    }
    for i, name in enumerate(("own", "near", "whole", "title")):
        shown = tuple(j != i for j in range(4))
        result[f"without contents of {name}"] = run(shown=shown)
    return result | {
        "without title features": less(*TITLE),
        "without neighbour features": less(*NEIGHBOURS),
        "without whole-article features": less(*WHOLE),
        "without position and length": less(*PLACE),
        "never shown without title": run(untitled=0.0),
        "± 3 single neighbours, running maxima": lambda: lab.stage_two(
            logits, single_neighbours(lab, logits)
        ),
        "cue words that continue a story": lambda: lab.stage_two(logits, cue_words(lab)),
        "what the texts before and after foretell of it": lambda: lab.stage_two(
            logits, foretold(lab)
        ),
        "stage two once more, over what it said": lambda: lab.stage_two(
            logits, over_again(lab, lab.stage_two(logits).paragraph)
        ),
        "boosted trees, features": run(model=boosting(False), n_dimensions=0),
        TREES: run(model=boosting(True)),
        "chain on stage one": lambda: chain(
            lab, logits[:, :n_themes], lab.signals(logits, lab.content(0))
        ),
    }


def stage_two_again(lab: Lab) -> Outcome:
    """Cross-validate both stages of a changed lab."""
    return lab.stage_two(lab.stage_one())


def article_variants(lab: Lab, logits: Array, best: Outcome, folder: Path) -> dict[str, Outcome]:
    """Return every way to judge articles, given the reference's paragraphs."""
    n_themes = len(lab.themes)
    view = lab.signals(logits, lab.content(0))
    signals, body = view.signals, np.flatnonzero(~lab.is_title)
    part = labelled_part(view, lab.part[body])
    rows, layout = body[view.judged][part], signals.layout.keep(part)
    ranked = {n: np.full(best.article.shape, np.nan) for n in (1, 2)}
    for a in range(layout.n_articles):
        own = np.sort(best.paragraph[rows[layout.starts[a] : layout.starts[a + 1]]], axis=0)[::-1]
        for n in ranked if len(own) else ():
            ranked[n][a] = own[:n].mean(axis=0)
    main = Signals(
        signals.own[:, n_themes:], signals.title[:, n_themes:], signals.length, signals.layout
    )
    one = lab.article_features(view, logits[:, :n_themes])
    two = lab.article_features(view, best.paragraph)
    both = np.hstack([one, two])
    with_main = np.hstack([two, article_features(main, part).T])
    counts = np.hstack([two, several(best.paragraph[rows], layout)])
    first = lab.article_features(view, best.paragraph, head(signals))
    everything = lab.article_features(view, best.paragraph, np.ones(len(part), dtype=bool))
    chosen = np.isin(np.arange(len(lab.article)), rows)

    def with_said(**options: float) -> Array:
        name = "-".join(f"{value:g}" for value in options.values())
        path = folder / f"said-{name}.npz"
        found = Outcome.kept(path, lambda: Outcome(best.paragraph, said(lab, chosen, **options)))
        return lab.judge_articles(np.hstack([two, found.article, sigmoid(found.article)]))

    made = {
        "article: with what texts say of it, by root of length": with_said(
            C=100.0, length_power=0.5
        ),
        "article: the same, every text alike": with_said(C=100.0, length_power=0.0),
        "article: the same, by length": with_said(C=100.0, length_power=1.0),
        "article: maximum of paragraphs": ranked[1],
        "article: mean of two best paragraphs": ranked[2],
        "article: head of 12 in place of the judged part": lab.judge_articles(first),
        "article: all paragraphs in place of the judged part": lab.judge_articles(everything),
        "article: linear on stage one": lab.judge_articles(one),
        "article: linear on stages one and two": lab.judge_articles(both),
        "article: with main-subject scores of stage one": lab.judge_articles(with_main),
        "article: with the chance of one, of two or more paragraphs": lab.judge_articles(counts),
        "article: network on stage two": lab.judge_articles(two, network_articles),
        "article: network on stages one and two": lab.judge_articles(both, network_articles),
    }
    return {name: Outcome(best.paragraph, article) for name, article in made.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    limit = time.monotonic() + 60 * parser.parse_args().minutes
    lab = Lab(load())
    folder = CACHE / f"{NAME}-{SYSTEM}-{lab.key}"
    logits = stage_one(lab)
    outcomes: dict[str, Outcome] = {}
    missing: list[str] = []
    for name, make in paragraph_variants(lab, logits).items():
        path = folder / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.npz"
        if time.monotonic() > limit and not path.is_file():
            missing.append(name)
            continue
        outcomes[name] = Outcome.kept(path, make)
        print(name, lab.report(outcomes[name])["theme-words"]["paragraph"], flush=True)
    reference = outcomes[REFERENCE]
    view = lab.signals(logits, lab.content(0))
    outcomes["chain on the reference"] = chain(lab, reference.paragraph, view)
    if SHIPPED in outcomes and TREES in outcomes:
        for name in (REFERENCE, BOTH, SHIPPED):
            pair = np.mean([outcomes[n].paragraph for n in (name, TREES)], axis=0)
            found = Outcome(pair, lab.article_stage(view, pair))
            outcomes[f"mean with boosted trees: {name.split(':')[0]}"] = found
    results: dict[str, Any] = {
        name: {
            **lab.report(found),
            "difference": None if name == REFERENCE else lab.compare(found, reference),
            "microseconds an article": found.microseconds,
        }
        for name, found in outcomes.items()
    }
    articles: dict[str, Any] = {}
    for name, found in article_variants(lab, logits, reference, folder).items():
        gap = lab.compare(found, reference, level="article")
        articles[name] = {**lab.report(found), "difference": gap}
    pairs = [(REFERENCE, name) for name in AGAINST] + [(name, REFERENCE) for name in LATER]
    pairs.append((SHIPPED, BOTH))
    steps = differences(lab, outcomes, pairs)
    write(lab, results, steps, articles, missing)


def write(
    lab: Lab,
    results: dict[str, Any],
    steps: list[Any],
    articles: dict[str, Any],
    missing: list[str],
) -> None:
    """Write the tables and the picture."""
    lines = [
        "# Stage two: models, features, contents, articles",
        "",
        f"Cross-validation by article on {lab.n_labelled:,} training articles, all on the same "
        "out-of-fold stage one; protocol in `lab.py`. Macro-F1 of paragraphs unless said "
        "otherwise. µs: evaluation of an article's paragraphs by the model of stage two, features "
        "and contents given. Intervals are over articles: the chance in training comes on top, see "
        "the rows with another random seed; a difference no larger than theirs says nothing. "
        "Regenerate: `python experiments/05_stage_two.py`.",
        "",
        f"| variant | {HEAD} | µs | reading |",
        "|---" * 10 + "|",
    ]
    for name, row in results.items():
        spent = row["microseconds an article"]
        cost = "–" if np.isnan(spent) else f"{spent:.0f}"
        figures = cells(row, row["difference"])
        ablation = name.startswith(("without", "never", "presence"))
        word = NOTES.get(name) or reading(row["difference"], ablation)
        lines.append(f"| {name} | {figures} | {cost} | {word} |")
    if missing:
        lines += ["", f"Not run yet (run the script again): {'; '.join(missing)}."]
    reference = results[REFERENCE]
    lines += [
        *differences_table(steps),
        "",
        "## Articles",
        "",
        "Paragraphs as in the reference. Macro-F1 of articles; differences on theme-words.",
        "",
        f"| way to judge the article | {' | '.join(STRATA)} | difference (95 %) | reading |",
        "|---" * (len(STRATA) + 3) + "|",
    ]
    for name, row in {"reference: linear on stage two": reference, **articles}.items():
        figures = " | ".join(f"{row[s]['article']['macro_f1']:.4f}" for s in STRATA)
        gap = None if row is reference else row["difference"]
        moved = "–" if gap is None else span(gap)
        lines.append(f"| {name} | {figures} | {moved} | {reading(gap)} |")
    for row in results.values():
        if np.isnan(row["microseconds an article"]):
            row["microseconds an article"] = None
    data = {"paragraphs": results, "steps": steps, "articles": articles}
    write_results(NAME, data, "\n".join(lines) + "\n")
    gaps = {name: row["difference"] for name, row in results.items() if row["difference"]}
    draw_differences(gaps, RESULTS / f"{NAME}.png", "macro-F1 minus reference, theme-words")


if __name__ == "__main__":
    main()
