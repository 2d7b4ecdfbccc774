"""The middle of the pipeline: batches, blocks, and how far reading runs ahead of writing."""

from __future__ import annotations

import gzip
import json
import tracemalloc

import pytest

from dvtopics.article import Article
from dvtopics.errors import DvtopicsError, InputError
from dvtopics.io.readers import find_items
from dvtopics.io.work import Work, batches_of
from dvtopics.io.writers import JsonlRenderer
from dvtopics.scale import pool


def test_a_block_has_what_came_of_a_batch(small_tagger):
    bad = InputError("f:2", "bad", record_id="b", is_record=True)
    gone = InputError("g", "no such file")
    articles = [Article("", ["Dân bàn."], "a"), Article("Hoà giải", ["", "x"], "c")]
    work = Work(JsonlRenderer(), evidence=False, packing=".gz")
    block = work(small_tagger, [articles[0], bad, gone, articles[1]])
    assert work.header() == b""
    records = [json.loads(line) for line in gzip.decompress(block.data).splitlines()]
    assert [r["id"] for r in records] == ["a", "b", "c"]
    assert records[1]["error"] == "bad"
    assert block.errors == [bad, gone]
    assert (block.counts["items"], block.counts["articles"], block.counts["errors"]) == (4, 2, 2)


def test_the_rest_of_a_stream_is_cut_as_the_stream(tmp_path):
    path = tmp_path / "a.jsonl"
    sizes = [3, 900_000, 1_200_000, 5, 2_100_000, *[9] * 200]
    path.write_text("".join(json.dumps({"text": "a" * size}) + "\n" for size in sizes))
    whole = list(batches_of(find_items([str(path)]), 64))
    assert [len(batch) for batch in whole] == [3, 2, 64, 64, 64, 8]
    found = list(find_items([str(path)]))
    assert list(batches_of(found[5:], 64)) == whole[2:]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_reading_runs_a_few_batches_ahead_of_writing(small_tagger, n_jobs):
    read = 0

    def batches():
        nonlocal read
        for number in range(40):
            read = number + 1
            # A value of its own class passes too, there and back.
            yield [Article("", ["Dân bàn."], str(number), metadata={"own": Own(number)})]

    class Own:
        def __init__(self, number):
            self.number = number

    results = pool.map_batches(small_tagger, _ids, batches(), n_jobs)
    for number, (identifier, own) in enumerate(results):
        assert identifier == str(number)
        assert own.number == number
        assert read <= number + (1 if n_jobs == 1 else 3 * n_jobs)
    assert read == 40


def _ids(tagger, batch):
    (tagged,) = tagger.tag_batch(batch, evidence=False)
    return tagged.id, tagged.metadata["own"]


def test_a_worker_that_dies_is_one_line(small_tagger):
    with pytest.raises(DvtopicsError, match="a worker process died"):
        list(pool.map_batches(small_tagger, _die, [[1], [2]], 2))


def _die(tagger, batch):
    import os

    os._exit(1)


def test_memory_does_not_grow_with_the_stream(small_tagger, tmp_path):
    """From file to blocks: as much is held for 3,000 records as for 300."""

    def peak(count):
        path = tmp_path / f"{count}.jsonl"
        line = json.dumps({"text": "Dân bàn, dân kiểm tra. " * 40}, ensure_ascii=False)
        path.write_text(f"{line}\n" * count, encoding="utf-8")
        work = Work(JsonlRenderer(), evidence=False)
        tracemalloc.start()
        found = batches_of(find_items([str(path)]), 64)
        written = sum(len(b.data) for b in pool.map_batches(small_tagger, work, found))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert written > count * 1_000
        return held

    peak(300)  # what is built once
    assert peak(3_000) < 1.1 * peak(300) + 100_000
