"""Commands that bring a company from nothing to its first run."""

from __future__ import annotations

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.cli.group import cli, json_option, say, show


@cli.command()
@json_option
def doctor(as_json: bool) -> int:
    """Check configuration, Stripe key and Fortnox, and say for each finding what to do. Reads only."""
    from fortstripe_dagster.operations.doctor import examine

    diagnosis = examine(settings_module.load(), say)
    show(diagnosis, as_json)
    return diagnosis.exit_code
