"""`fortstripe …`: the command line. Thin: each command calls what Dagster calls, prints it, and sets the exit code.

Progress goes to stderr, results to stdout, so that `--json` can be piped. One module per group of commands, each
registers its own with the group; here the modules are named, and `main` turns failures into a line and an exit code.
"""

from __future__ import annotations

import sys

import click

from fortstripe_dagster.cli import (  # noqa: F401
    alerting,
    closing,
    delivering,
    going_live,
    keeping,
    proving,
    setting_up,
    trying,
)
from fortstripe_dagster.cli.group import cli, say
from fortstripe_dagster.failures import DONE, FAILED, Failure, from_foreign

__all__ = ["cli", "main"]


def main() -> None:
    """Run a command; every failure is one line on stderr and an exit code."""
    # DuckDB imports pandas, if it can, at its first query with a parameter: a third of a second that no command needs.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say("Stopped. What was committed stays; the same command goes on from there.")
        sys.exit(FAILED)
    except Failure as error:
        say(f"fortstripe: {error}")
        sys.exit(error.exit_code)
    except Exception as error:
        ours = from_foreign(error)
        if ours is None:
            raise
        say(f"fortstripe: {ours}")
        sys.exit(ours.exit_code)
    sys.exit(code or DONE)
