"""How a command ends when it can't do what it should: with a line that says why, and a code."""

import logging
import os
import sys
from collections.abc import Callable

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from vedette.core.errors import VedetteError

FAILED = 1
MISUSED = 2
errors = Console(stderr=True)


def exit_well(start: Callable[[], None]) -> None:
    """Run a command; what stops it is told in a line, without a traceback."""
    from vedette.cli.environment import refusals
    from vedette.runtime.launch import explain

    logging.lastResort = logging.NullHandler()  # a library's log would be a second line
    try:
        start()
    except ValidationError as error:
        sys.stderr.write(explain(error, *refusals().values()))
        raise typer.Exit(MISUSED) from None
    except BrokenPipeError:  # who reads what we print has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FAILED) from None
    except (VedetteError, OSError) as error:
        complain(error)
        raise typer.Exit(FAILED) from None


def complain(error: object) -> None:
    """Tell of an error."""
    errors.print(f"[red]error:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
