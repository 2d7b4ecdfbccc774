"""The command line's front door: lazy verbs, exit statuses, one line for every error."""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from typing import Any

import click

from dvtopics import __version__
from dvtopics.cli.messages import message, one_line
from dvtopics.errors import DvtopicsError, InputError, ModelError, UsageError

#: Verb → module that holds it; imported only when the verb is called.
_VERBS = {
    "tag": "dvtopics.cli.tag",
    "train": "dvtopics.cli.train",
    "evaluate": "dvtopics.cli.evaluate",
    "models": "dvtopics.cli.models",
    "corpus": "dvtopics.cli.corpus",
    "topics": "dvtopics.cli.topics",
}

EXIT_BAD_INPUT, EXIT_USAGE, EXIT_MODEL, EXIT_INTERRUPTED = 1, 2, 3, 130


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        command: click.Command = importlib.import_module(_VERBS[cmd_name]).command
        return command


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="dvtopics")
def cli() -> None:
    """Gắn chủ đề cho bài viết về công tác dân vận.

    Theme tagging of Vietnamese articles about government and Party work with the people.
    """


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    _mend_streams()
    sys.exit(_status(given))


def _mend_streams() -> None:
    """Let messages pass where a stream is closed or cannot encode Vietnamese."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _status(arguments: list[str]) -> int:
    debug = "--debug" in arguments
    try:
        result: Any = cli.main(arguments, prog_name="dvtopics", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo(message("interrupted"), err=True)
        return EXIT_INTERRUPTED
    except DvtopicsError as error:
        # What is wrong with an input starts with its name.
        line = str(error) if isinstance(error, InputError) else f"dvtopics: {error}"
        _explain(line, debug)
        if isinstance(error, ModelError):
            return EXIT_MODEL
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_BAD_INPUT
    except OSError as error:
        # An output that cannot be written; or a full disk, or the reader of a pipe went away
        # (`| head`), which must not make Python complain again at exit.
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            where = error.filename or message("stdout")
            _explain(f"dvtopics: {where}: {error.strerror or error}", debug)
        return EXIT_USAGE if error.filename else EXIT_BAD_INPUT
    except Exception as error:
        reason = str(error)[:300]
        _explain(f"dvtopics: {message('internal')} {type(error).__name__}: {reason}", debug)
        return EXIT_BAD_INPUT
    return result if isinstance(result, int) else 0


def _explain(line: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    click.echo(one_line(line), err=True)
