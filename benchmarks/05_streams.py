"""The command line on streams: two jobs against one, and memory from small to large.

Whole processes, start-up included: ``dvtopics tag`` reads JSON Lines and writes JSON Lines. Two
jobs and one are run in turn on the same file. Peak memory is the sum over the process and its
workers of what each holds for itself (PSS), sampled while they run. Texts: the public news
articles where they are filled in (``dvtopics corpus rehydrate``), else the authored corpora,
repeated with new ids. Results: ``results/05_streams.{json,md}``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import articles_of, write_results

_SAMPLE = 0.25


def write_articles(path: Path, n: int) -> str:
    """Write `n` articles as records; return what they are."""
    source, articles = articles_of(min(n, 2000))
    with path.open("w", encoding="utf-8") as out:
        for number in range(n):
            a = articles[number % len(articles)]
            record = {"id": f"{number}", "title": a.title}
            record["paragraphs"] = [p.text for p in a.paragraphs]
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    return source


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for parent in found:
        try:
            below = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:  # It has ended.
            continue
        found += [int(child) for child in below.split()]
    return found


def memory(pid: int) -> float:
    """Return the MiB that a process and those below it hold, shared pages counted once."""
    total = 0
    for member in family(pid):
        try:
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:  # It has ended.
            continue
    return total / 1024


def tag(path: Path, output: Path, jobs: int, options: list[str]) -> dict[str, float]:
    """Run the command; return its seconds and peak memory in MiB."""
    command = [sys.executable, "-m", "dvtopics", "tag", str(path), "--output", str(output)]
    start = time.perf_counter()
    running = subprocess.Popen([*command, "--jobs", str(jobs), *options])
    peak = 0.0
    while running.poll() is None:
        peak = max(peak, memory(running.pid))
        time.sleep(_SAMPLE)
    seconds = time.perf_counter() - start
    if running.returncode:
        sys.exit(f"{' '.join(command)} failed")
    return {"seconds": round(seconds, 2), "mib": round(peak, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000, help="for two jobs against one")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--evidence", action="store_true", help="with evidence, too")
    arguments = parser.parse_args()
    options = [] if arguments.evidence else ["--no-evidence"]
    with tempfile.TemporaryDirectory() as folder:
        path, output = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        source = write_articles(path, arguments.articles)
        runs: dict[int, list[dict[str, float]]] = {1: [], 2: []}
        for _ in range(arguments.rounds):
            for jobs, found in runs.items():
                found.append(tag(path, output, jobs, options))
        sizes: dict[str, dict[str, dict[str, float]]] = {}
        for n in (arguments.small, arguments.large):
            write_articles(path, n)
            sizes[f"{n}"] = {f"{jobs}": tag(path, output, jobs, options) for jobs in (1, 2)}
    seconds = {jobs: statistics.median(r["seconds"] for r in found) for jobs, found in runs.items()}
    small, large = sizes.values()
    results: dict[str, Any] = {
        "texts": source,
        "arguments": vars(arguments),
        "python": sys.version.split()[0],
        "articles": {f"{jobs}": found for jobs, found in runs.items()},
        "two_jobs_speed_up": round(seconds[1] / seconds[2], 3),
        "sizes": sizes,
        "memory_growth": {
            jobs: round(large[jobs]["mib"] / small[jobs]["mib"], 3) for jobs in small
        },
    }
    lines = [
        "# The command line on streams",
        "",
        f"`dvtopics tag IN.jsonl --output OUT.jsonl {' '.join(options)}`, {source}, repeated; "
        "whole processes. Regenerate: `python benchmarks/05_streams.py "
        f"--articles {arguments.articles} --rounds {arguments.rounds} --small {arguments.small} "
        f"--large {arguments.large}{' --evidence' if arguments.evidence else ''}`.",
        "",
        f"{arguments.articles:,} articles, medians of {arguments.rounds} rounds: one job "
        f"{seconds[1]:,.1f} s, two jobs {seconds[2]:,.1f} s: {seconds[1] / seconds[2]:.2f} times "
        "as fast.",
        "",
        "| articles | jobs | seconds | peak memory, MiB |",
        "|---|---|---|---|",
        *(
            f"| {int(n):,} | {jobs} | {run['seconds']:,.1f} | {run['mib']:,.0f} |"
            for n, by_jobs in sizes.items()
            for jobs, run in by_jobs.items()
        ),
        "",
        "Memory at the larger size, as a multiple of that at the smaller: "
        + ", ".join(f"{v:.2f} ({jobs} jobs)" for jobs, v in results["memory_growth"].items())
        + ".",
    ]
    write_results("05_streams", results, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
