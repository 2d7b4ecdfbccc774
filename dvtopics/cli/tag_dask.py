"""``dvtopics tag --dask``: a Parquet dataset through a cluster, or through local processes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from dvtopics.cli.messages import message, one_line
from dvtopics.cli.progress import Progress
from dvtopics.errors import UsageError

if TYPE_CHECKING:
    from dvtopics.io.readers import ReadOptions
    from dvtopics.scale.dask_parts import Report
    from dvtopics.taggers.base import Tagger

LOCAL = "local"
_CONNECT_SECONDS = 10
_WORKER_SECONDS = 120


def tag_by_dask(
    address: str,
    inputs: tuple[str, ...],
    output: str | None,
    tagger: Tagger,
    options: ReadOptions,
    output_format: str | None,
    resume: bool,
    lang: str,
) -> int:
    """Tag Parquet files into a folder of parts; return the exit status.

    Parameters
    ----------
    address : str
        Of a Dask scheduler, or ``"local"``, which takes as many processes as ``--jobs`` says,
        and without it all cores.

    Raises
    ------
    UsageError
        If options do not go together, or nobody answers at `address`.
    """
    context = click.get_current_context()
    default = context.get_parameter_source("jobs") is ParameterSource.DEFAULT
    jobs = None if default else context.params["jobs"]
    if output is None:
        raise UsageError("--dask writes a folder of Parquet parts; name it by --output")
    if output_format not in (None, "parquet"):
        raise UsageError(f"--dask writes Parquet, not {output_format}; leave --format out")
    if options.input_format not in (None, "parquet"):
        raise UsageError(f"--dask reads Parquet, not {options.input_format}")
    if jobs is not None and address != LOCAL:
        raise UsageError("--jobs goes with --dask local; a cluster has the workers it has")
    from dvtopics.scale.dask_rows import need_dask

    need_dask()
    from dvtopics.scale.dask_run import tag_dataset

    review = tagger.thresholds_.review
    with (
        _client(address, jobs) as client,
        Progress(message("reading", lang=lang), message("articles", lang=lang)) as progress,
    ):

        def on_part(rows: int, report: Report | None) -> None:
            progress.count(report.articles if report else 0)

        try:
            outcome = tag_dataset(
                client,
                inputs,
                output,
                tagger,
                text_column=options.text_column,
                input_format=options.input_format,
                max_bytes=options.max_bytes,
                resume=resume,
                on_error=lambda line: click.echo(one_line(line), err=True),
                on_part=on_part,
            )
        except KeyboardInterrupt:
            click.echo(message("resumable", lang=lang), err=True)
            raise
    if outcome.kept:
        click.echo(message("parts-kept", outcome.kept, lang=lang), err=True)
    if outcome.missing:
        click.echo(message("parts-missing", output, outcome.missing, lang=lang), err=True)
    if review is not None:
        click.echo(message("review", f"{review:g}", *outcome.marks, lang=lang), err=True)
    return 1 if outcome.errors else 0


@contextmanager
def _client(address: str, jobs: int | None) -> Iterator[Any]:
    """Connect to a scheduler that has workers, or start local ones; close what was opened."""
    # What goes wrong is told in one line; Dask's own log is the cluster's. Importing it has
    # given each of its loggers a level.
    for name in [*logging.root.manager.loggerDict]:
        if name.split(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if address == LOCAL:
        from dvtopics.scale.dask_local import local_cluster

        processes = _cores() if jobs is None or jobs == -1 else jobs
        with local_cluster(processes) as cluster, _connected(cluster) as client:
            yield client
        return
    with _connected(address) as client:
        try:
            client.wait_for_workers(1, timeout=_WORKER_SECONDS)
        except TimeoutError as error:
            raise UsageError(
                f"{address}: the scheduler has no worker ({_WORKER_SECONDS} s); start some by: "
                f"dask worker {address}"
            ) from error
        yield client


@contextmanager
def _connected(address: Any) -> Iterator[Any]:
    import distributed

    make_client: Any = distributed.Client
    try:
        client = make_client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:  # TimeoutError is an OSError
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise UsageError(
            f"{address}: no Dask scheduler answers there ({reason}); give tcp://HOST:PORT or local"
        ) from error
    with client:
        yield client


def _cores() -> int:
    from joblib import cpu_count

    cores: int = cpu_count()
    return cores
