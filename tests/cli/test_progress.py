"""The progress line: rate, share and time left on a terminal, nothing elsewhere."""

from __future__ import annotations

import io

import pytest

from dvtopics.cli import progress
from dvtopics.cli.progress import Progress


class Terminal(io.StringIO):
    """Standard error as a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def shown(stream):
    return stream.getvalue().rpartition("\r\033[K")[2]


def test_rate_and_time_left(clock, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with Progress("Tagging", "articles", total=10_000) as line:
        clock[0] += 10
        line.count(500)
        assert shown(stream) == "Tagging: 500 articles · 50/s"
        clock[0] += 10
        line.advance(2_000)
        assert shown(stream).endswith(f"· 25/s [{'█' * 4:<24}]  20% · 1:20")
    assert shown(stream) == ""


def test_what_another_run_has_done_counts_for_the_share_only(clock, monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with Progress("Tagging", "articles", total=10_000) as line:
        clock[0] += 5
        line.advance(8_000)
        line.begin()
        clock[0] += 3_600
        line.advance(1_000)
        assert shown(stream).endswith("90% · 1:00:00")
        assert "0/s" in shown(stream)


def test_nothing_when_piped_or_not_wanted(clock, monkeypatch):
    for stream, wanted in ((io.StringIO(), True), (Terminal(), False)):
        monkeypatch.setattr("sys.stderr", stream)
        with Progress("Tagging", "articles", 10, wanted) as line:
            clock[0] += 10
            line.advance(5)
            line.count(5)
        assert stream.getvalue() == ""
