"""Count the kinds of errors that are left: a reader's types of errors in cross-validation.

Out-of-fold tags of the whole system (`lab.py`) on the training articles found by theme words are
compared with the labels; `SAMPLE` errors per theme and direction are drawn and were read in
context by a language model, which gave each one type (``error_types.jsonl``, ids and lines only):

- ``context``: the paragraph's own words do not show the theme; title or neighbours do, or mislead;
- ``wording``: the theme is said in plain words that the model weighed wrongly;
- ``rare``: a subject or institution that hardly occurs in training;
- ``label``: the label looks wrong or could go either way by the guidelines;
- ``negative``: theme words in another sense (the hard negatives of the guidelines).

An error is known again by article, line and theme; errors that a later system no longer makes
drop out, new ones show as not read. ``--dump FILE`` writes the sample with texts for a reader
(never committed). Results: ``results/10_errors.{json,md}``.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT, write_results
from kept import outcome_of, reference
from lab import Lab, load

SAMPLE = 28
TYPES = ("context", "wording", "rare", "label", "negative")
READ = ROOT / "experiments" / "error_types.jsonl"


def sampled(lab: Lab, tags: Any, labels: Any) -> list[dict[str, Any]]:
    rng = np.random.RandomState(0)
    words = (lab.drawn == "theme-words")[lab.article]
    found: list[dict[str, Any]] = []
    for t, theme in enumerate(lab.themes):
        for kind, wrong in (
            ("false", tags[:, t] & (labels[:, t] == 0)),
            ("missed", ~tags[:, t] & (labels[:, t] == 1)),
        ):
            rows = np.flatnonzero(wrong & words)
            for row in sorted(rng.permutation(rows)[:SAMPLE].tolist()):
                article = lab.articles[lab.article[row]]
                found.append(
                    {
                        "id": article.id,
                        "paragraph": int(lab.position[row]),
                        "theme": theme,
                        "error": kind,
                    }
                )
    return found


def dump(lab: Lab, sample: list[dict[str, Any]], path: Path) -> None:
    by_id = {article.id: article for article in lab.articles}
    with path.open("w", encoding="utf-8") as out:
        for number, error in enumerate(sample):
            article, at = by_id[error["id"]], error["paragraph"]
            texts = [p.text for p in article.paragraphs]
            said = "tagged, label says no" if error["error"] == "false" else "missed, label: yes"
            out.write(f"=== {number} {error['theme']}: {said}\nTITLE: {article.title}\n")
            for i in range(max(0, at - 2), min(len(texts), at + 2)):
                out.write(f"{'>>>' if i == at else '   '} {texts[i]}\n")
            out.write("\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dump", type=Path, help="write the sample with texts for a reader")
    options = parser.parse_args()
    lab = Lab(load())
    outcome = outcome_of(reference(lab))
    _, labels, tags, _ = lab.decided(outcome, "paragraph")
    sample = sampled(lab, tags, labels)
    if options.dump:
        dump(lab, sample, options.dump)
    read = {}
    if READ.is_file():
        for line in READ.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)
            read[item["id"], item["paragraph"], item["theme"]] = item["type"]
    words = (lab.drawn == "theme-words")[lab.article][:, None]
    totals = {
        theme: {
            "right": int((tags & (labels == 1) & words)[:, t].sum()),
            "false": int((tags & (labels == 0) & words)[:, t].sum()),
            "missed": int((~tags & (labels == 1) & words)[:, t].sum()),
        }
        for t, theme in enumerate(lab.themes)
    }
    counts: dict[str, Counter[str]] = {}
    for error in sample:
        kind = read.get((error["id"], error["paragraph"], error["theme"]), "not read")
        error["type"] = kind
        counts.setdefault(f"{error['theme']} {error['error']}", Counter())[kind] += 1
    lines = [
        "# Errors in cross-validation, by type",
        "",
        "Training articles found by theme words, tags from models that have not seen the article. "
        f"Up to {SAMPLE} errors per theme and direction were read in context by a language model. "
        "Regenerate: `python experiments/10_errors.py`.",
        "",
        "| theme | right | false | missed |",
        "|---|---|---|---|",
        *(f"| `{t}` | {r['right']} | {r['false']} | {r['missed']} |" for t, r in totals.items()),
        "",
        f"| errors read | {' | '.join(TYPES)} | not read |",
        "|---" * (len(TYPES) + 2) + "|",
    ]
    every: Counter[str] = Counter()
    for name, row in counts.items():
        every.update(row)
        lines.append(f"| {name} | " + " | ".join(str(row[k]) for k in (*TYPES, "not read")) + " |")
    lines.append("| all | " + " | ".join(str(every[k]) for k in (*TYPES, "not read")) + " |")
    results = {"totals": totals, "types": dict(every), "sample": sample}
    write_results("10_errors", results, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
