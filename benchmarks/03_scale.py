"""What a Dask cluster needs for a million articles: measured here, extrapolated from that.

Articles go as Parquet through `tag_dataframe` and through ``dvtopics tag --dask`` (`tag_dataset`)
on local worker processes of one thread: articles a second of wall clock and of the workers' CPU
time, bytes in and out, peak memory of a worker. Then tasks that do nothing (what the scheduler
takes for each), parts of one article (what a part costs beside its articles), and footers (what
planning takes). Texts: the public news articles where they are filled in (``dvtopics corpus
rehydrate``), else the authored corpora, repeated. Every peak is that of fresh workers.
Results: ``results/03_scale.{json,md}``; docs/sizing.md reads them.
"""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import dask.dataframe as dd
import distributed
import pyarrow as pa
import pyarrow.parquet as pq
from common import ROOT, write_results

import dvtopics
from dvtopics.corpus.store import read_labelled
from dvtopics.scale import tag_dataframe, tag_dataset
from dvtopics.scale.dask_local import local_cluster
from dvtopics.scale.dask_model import pack_model
from dvtopics.scale.dask_plan import PART_BYTES, plan_parts

ARTICLES = int(os.environ.get("ARTICLES", "8000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
ROW_GROUP = 500
TASKS = 5000
TINY_PARTS = 300
#: For the money alone, and not measured: what a rented core costs for an hour.
ASSUMED_PRICE = 0.04
SIZES = (10**6, 10**8, 10**10)


def texts() -> tuple[str, list[dict[str, Any]]]:
    folder = ROOT / "corpus" / "vietnews" / "texts"
    news = sorted(folder.glob("labels_*.jsonl.gz"))
    source = read_labelled(news) if news else read_labelled([ROOT / "corpus" / "authored.jsonl"])
    records = [
        {"id": a.id, "title": a.title, "paragraphs": [p.text for p in a.paragraphs]} for a in source
    ]
    repeated = (records * (ARTICLES // len(records) + 1))[:ARTICLES]
    name = "public news articles" if news else "authored articles"
    return name + (", repeated" if len(records) < ARTICLES else ""), repeated


@contextmanager
def cluster(workers: int, as_dask_does: bool = False) -> Iterator[Any]:
    """Start workers as ``--dask local`` does, or as Dask does by itself."""
    start = (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0",
            silence_logs=50,
        )
        if as_dask_does
        else local_cluster(workers)
    )  # fmt: skip
    with start as started, distributed.Client(started) as client:
        yield client


def cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system


def memory(field: str) -> int:
    """Bytes of this process as Linux counts them: VmRSS now, VmHWM at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def timed(client: Any, function: Callable[[], Any]) -> dict[str, float]:
    """Seconds of wall clock and of the workers' CPU."""
    before = sum(client.run(cpu_seconds).values())
    start = time.perf_counter()
    function()
    wall = time.perf_counter() - start
    return {"wall": wall, "cpu": sum(client.run(cpu_seconds).values()) - before}


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}


def folder_bytes(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*.parquet"))


def measure_ways(source: Path, tagger: Any, work: Path) -> dict[str, Any]:
    """Both ways, by one worker and by two; memory and bytes out."""
    found: dict[str, Any] = {}
    usual = [(workers, way) for workers in (1, 2) for way in ("tag_dataframe", "tag_dataset")]
    for workers, way, as_dask_does in [*((*u, False) for u in usual), (1, "tag_dataset", True)]:
        out = work / f"{way}{workers}"

        def frame(client: Any, out: Path = out) -> None:
            articles = dd.read_parquet(
                source, dtype_backend="pyarrow", split_row_groups=True,
                blocksize=None,
            )  # fmt: skip
            tag_dataframe(articles, tagger).to_parquet(out, write_index=False)

        def dataset(client: Any, out: Path = out) -> None:
            tag_dataset(client, [source], out, tagger)

        run = frame if way == "tag_dataframe" else dataset
        rounds = []
        with cluster(workers, as_dask_does) as client:
            before = max(client.run(memory, "VmRSS").values())
            for _ in range(ROUNDS + 1):
                shutil.rmtree(out, ignore_errors=True)
                rounds.append(timed(client, lambda: run(client)))  # noqa: B023
            peak = max(client.run(memory, "VmHWM").values())
        # The first round loads Python modules and the model.
        middle = medians(rounds[1:])
        name = f"{way}, {workers} worker{'s' * (workers > 1)}"
        name += ", Dask's own allocator settings" * as_dask_does
        found[name] = {
            "articles_per_second": round(ARTICLES / middle["wall"], 1),
            "articles_per_cpu_second": round(ARTICLES / middle["cpu"], 1),
            "start_seconds": round(rounds[0]["wall"] - middle["wall"], 2),
            "worker_memory_empty": before,
            "worker_memory_peak": peak,
            "bytes_out_per_article": round(folder_bytes(out) / ARTICLES),
        }
        print(name, found[name], flush=True)
    return found


def measure_memory(source: Path, tagger: Any, work: Path) -> dict[str, int]:
    """Peak of a worker that does all articles as one partition."""
    from dask.distributed import wait

    whole = pq.ParquetFile(source / "articles.parquet").read()
    one = work / "one" / "articles.parquet"
    one.parent.mkdir()
    pq.write_table(whole, one, row_group_size=len(whole))
    found = {}
    for way in ("tag_dataframe", "tag_dataset"):
        with cluster(1) as client:
            if way == "tag_dataset":
                tag_dataset(client, [one], work / "one-out", tagger)
            else:
                articles = dd.read_parquet(one, dtype_backend="pyarrow")
                wait(tag_dataframe(articles, tagger).persist())
            found[way] = max(client.run(memory, "VmHWM").values())
    return found


def nothing(model: Any, number: int) -> int:
    return number


def measure_overhead(records: list[dict[str, Any]], tagger: Any, work: Path) -> dict[str, float]:
    """Scheduler's time a task, what a part costs besides articles, footers a second."""
    tiny = work / "tiny"
    tiny.mkdir()
    table = pa.Table.from_pylist(records[:TINY_PARTS])
    pq.write_table(table, tiny / "a.parquet", row_group_size=1)
    footers = work / "footers"
    footers.mkdir()
    for number in range(1000):
        pq.write_table(table.slice(0, 1), footers / f"{number}.parquet")
    _, payload = pack_model(tagger)
    with cluster(2) as client:
        model = client.submit(len, payload, key="model-of-benchmark")
        distributed.wait(client.map(lambda n: n, range(100)))
        resident, start = memory("VmRSS"), time.perf_counter()
        own = cpu_seconds()
        futures = [
            client.submit(nothing, model, n, key=f"nothing-{n}", retries=2) for n in range(TASKS)
        ]
        for _ in distributed.as_completed(futures):
            pass
        wall, own = time.perf_counter() - start, cpu_seconds() - own
        grown = memory("VmRSS") - resident
        del futures
        tag_dataset(client, [tiny], work / "warm", tagger, part_bytes=1)
        parts = timed(
            client, lambda: tag_dataset(client, [tiny], work / "tiny-out", tagger, part_bytes=1)
        )
        start = time.perf_counter()
        plan_parts([str(footers)])
        planned = time.perf_counter() - start
    return {
        "task_seconds": wall / TASKS,
        "task_cpu_seconds_scheduler_and_client": own / TASKS,
        "task_bytes_scheduler_and_client": grown / TASKS,
        "tiny_part_worker_cpu_seconds": parts["cpu"] / TINY_PARTS,
        "tiny_part_seconds_two_workers": parts["wall"] / TINY_PARTS,
        "footer_seconds": planned / 1000,
    }


def one_process(source: Path, tagger: Any) -> float:
    """Articles a CPU second without Dask: read, tagged, made rows of."""
    from dvtopics.io.writers import RowRenderer

    renderer = RowRenderer(tagger.themes_, [])
    rates = []
    for _ in range(ROUNDS):
        start = cpu_seconds()
        articles = dvtopics.read_articles(source)
        for tagged in tagger.tag_many(articles, evidence=False):
            renderer.article(tagged)
        rates.append(ARTICLES / (cpu_seconds() - start))
    return statistics.median(rates)


def extrapolated(measured: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what `SIZES` articles take, from the rates of ``--dask`` by one worker."""
    way = measured["ways"]["tag_dataset, 1 worker"]
    rate = way["articles_per_cpu_second"]
    per_part = PART_BYTES / measured["bytes_in_per_article_unpacked"]
    task = measured["overhead"]["task_cpu_seconds_scheduler_and_client"]
    rows = []
    for size in SIZES:
        hours = size / rate / 3600
        rows.append(
            {
                "articles": size,
                "core_hours": hours,
                "money": hours * ASSUMED_PRICE,
                "bytes_in": size * measured["bytes_in_per_article"],
                "bytes_out": size * way["bytes_out_per_article"],
                "parts": size / per_part,
                "scheduler_hours": size / per_part * task / 3600,
                "planning_hours": size / per_part * measured["overhead"]["footer_seconds"] / 3600,
                "days_at_64_cores": hours / 64 / 24,
                "days_at_1024_cores": hours / 1024 / 24,
            }
        )
    return rows


def limits(measured: dict[str, Any]) -> dict[str, float]:
    """Where cores stop helping."""
    way = measured["ways"]["tag_dataset, 1 worker"]
    rate = way["articles_per_cpu_second"]
    part_seconds = PART_BYTES / measured["bytes_in_per_article_unpacked"] / rate
    task = measured["overhead"]["task_cpu_seconds_scheduler_and_client"]
    moved = measured["bytes_in_per_article"] + way["bytes_out_per_article"]
    return {
        "articles_per_part": part_seconds * rate,
        "part_seconds": part_seconds,
        "cores_that_fill_the_scheduler": part_seconds / task,
        "bytes_per_second_per_core": moved * rate,
        "cores_that_fill_1_gigabyte_per_second": 1e9 / (moved * rate),
    }


def main() -> None:
    name, records = texts()
    tagger = dvtopics.load("tfidf")
    work = Path(tempfile.mkdtemp(prefix="dvtopics-scale-"))
    try:
        source = work / "in" / "articles.parquet"
        source.parent.mkdir()
        pq.write_table(pa.Table.from_pylist(records), source, row_group_size=ROW_GROUP)
        footer = pq.ParquetFile(source).metadata
        unpacked = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
        start = time.perf_counter()
        _, payload = pack_model(tagger)
        measured: dict[str, Any] = {
            "texts": name,
            "articles": ARTICLES,
            "rounds": ROUNDS,
            "model": tagger.model_,
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "python": sys.version.split()[0],
            "dask": dask.__version__,
            "pyarrow": pa.__version__,
            "pack_model_seconds": round(time.perf_counter() - start, 2),
            "model_bytes_sent": sum(map(len, payload.values())),
            "bytes_in_per_article": round(source.stat().st_size / ARTICLES),
            "bytes_in_per_article_unpacked": round(unpacked / ARTICLES),
            "one_process_articles_per_cpu_second": round(one_process(source, tagger), 1),
        }
        measured["ways"] = measure_ways(source.parent, tagger, work)
        measured["peak_of_one_partition"] = measure_memory(source.parent, tagger, work)
        measured["overhead"] = measure_overhead(records, tagger, work)
        measured["limits"] = limits(measured)
        measured["extrapolated"] = extrapolated(measured)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    write_results("03_scale", measured, "\n".join(lines_of(measured)) + "\n")


def lines_of(m: dict[str, Any]) -> Iterator[str]:
    o, li = m["overhead"], m["limits"]
    yield "# Dask: what a part, a task and a million articles cost"
    yield ""
    yield (
        f"{m['articles']:,} articles ({m['texts']}), medians of {m['rounds']} rounds after one to "
        f"warm up, model {m['model']}, worker processes of one thread on {m['machine']}. "
        f"Regenerate: `ARTICLES={m['articles']} ROUNDS={m['rounds']} "
        "python benchmarks/03_scale.py`."
    )
    yield ""
    yield (
        "| way | articles a second | articles a CPU second of the workers | MB a worker, idle "
        "→ peak | bytes out an article |"
    )
    yield "|---|---|---|---|---|"
    yield (
        f"| one process, no Dask, nothing written | | "
        f"{m['one_process_articles_per_cpu_second']:,.0f} | | |"
    )
    for name, w in m["ways"].items():
        yield (
            f"| {name} | {w['articles_per_second']:,.0f} | {w['articles_per_cpu_second']:,.0f} "
            f"| {w['worker_memory_empty'] / 1e6:,.0f} → {w['worker_memory_peak'] / 1e6:,.0f} "
            f"| {w['bytes_out_per_article']:,} |"
        )
    yield ""
    yield "| measured | |"
    yield "|---|---|"
    yield f"| bytes in an article, Parquet (snappy) | {m['bytes_in_per_article']:,} |"
    yield f"| the same unpacked | {m['bytes_in_per_article_unpacked']:,} |"
    yield f"| model as sent to a worker | {m['model_bytes_sent'] / 1e6:.1f} MB |"
    yield f"| a task that does nothing, wall clock | {o['task_seconds'] * 1e3:.2f} ms |"
    yield (
        "| of it, CPU of scheduler and client | "
        f"{o['task_cpu_seconds_scheduler_and_client'] * 1e3:.2f} ms |"
    )
    yield (
        "| memory of scheduler and client a task in flight | "
        f"{o['task_bytes_scheduler_and_client'] / 1e3:.1f} KB |"
    )
    yield (
        "| a part of one article, CPU of its worker | "
        f"{o['tiny_part_worker_cpu_seconds'] * 1e3:.1f} ms |"
    )
    for name, peak in m["peak_of_one_partition"].items():
        yield (
            f"| peak of a worker, all {m['articles']:,} articles as one partition, {name} "
            f"| {peak / 1e6:,.0f} MB |"
        )
    yield f"| a footer read while planning | {o['footer_seconds'] * 1e3:.2f} ms |"
    yield ""
    yield (
        f"A part of {PART_BYTES / 1e6:.0f} MB unpacked is {li['articles_per_part']:,.0f} articles "
        f"and {li['part_seconds']:.0f} s of a core. The scheduler is full at "
        f"{li['cores_that_fill_the_scheduler']:,.0f} cores; a core reads and writes "
        f"{li['bytes_per_second_per_core'] / 1e6:.1f} MB/s, so that storage of 1 GB/s is full at "
        f"{li['cores_that_fill_1_gigabyte_per_second']:,.0f} cores."
    )
    yield ""
    yield (
        f"Extrapolated (proportional; ${ASSUMED_PRICE} a core-hour is assumed, not measured; "
        "planning by one file a part):"
    )
    yield ""
    yield (
        "| articles | core-hours | money | in | out | parts | scheduler | planning | 64 cores "
        "| 1,024 cores |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for e in m["extrapolated"]:
        yield (
            f"| {e['articles']:,} | {e['core_hours']:,.1f} | ${e['money']:,.2f} "
            f"| {size(e['bytes_in'])} | {size(e['bytes_out'])} | {e['parts']:,.0f} "
            f"| {span(e['scheduler_hours'])} | {span(e['planning_hours'])} "
            f"| {span(e['days_at_64_cores'] * 24)} | {span(e['days_at_1024_cores'] * 24)} |"
        )


def size(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB", "TB", "PB"):
        if count < 1000 or unit == "PB":
            break
        count /= 1000
    return f"{count:.3g} {unit}"


def span(hours: float) -> str:
    if hours < 1 / 60:
        return f"{hours * 3600:.2g} s"
    if hours < 2:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"


if __name__ == "__main__":
    main()
