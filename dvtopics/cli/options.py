"""Options that several verbs share, and how their values are read."""

from __future__ import annotations

import click

from dvtopics.cli.messages import LANGUAGES, default_language

lang_option = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default=default_language,
    help="Language of what is printed; by default that of the locale.",
)


def _number_of_jobs(_: click.Context, __: click.Parameter, jobs: int) -> int:
    if jobs == 0 or jobs < -1:
        raise click.BadParameter(f"must be positive, or -1 for all cores; got {jobs}")
    return jobs


jobs_option = click.option(
    "--jobs",
    default=1,
    show_default=True,
    callback=_number_of_jobs,
    help="Processes; -1 takes all cores.",
)
debug_option = click.option("--debug", is_flag=True, help="Show tracebacks.")


def parse_thresholds(values: tuple[str, ...]) -> float | dict[str, float] | None:
    """Read ``--threshold T`` or ``--threshold theme=T`` (repeatable).

    Raises
    ------
    click.BadParameter
        If a value is not a number, or both forms are mixed.
    """
    if not values:
        return None
    by_theme: dict[str, float] = {}
    single: float | None = None
    for value in values:
        theme, _, number = value.rpartition("=")
        try:
            limit = float(number)
        except ValueError as error:
            raise click.BadParameter(
                f"{value!r} is neither a number nor theme=number", param_hint="--threshold"
            ) from error
        if theme:
            by_theme[theme] = limit
        else:
            single = limit
    if single is not None and (by_theme or len(values) > 1):
        raise click.BadParameter(
            "give one number for all themes, or theme=number for each", param_hint="--threshold"
        )
    return by_theme or single
