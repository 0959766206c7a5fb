"""Commands for the time before fortstripe books: learning from the books, and comparing without writing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.cli.group import Day, cli, json_option, say, show
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse


@cli.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--start", type=Day(), help="First day that fortstripe is to book; default: start_date, if it is set.")
@json_option
def learn(files: tuple[Path, ...], start: date | None, as_json: bool) -> int:
    """Learn from the books how Stripe was booked: SIE FILES, or Fortnox's own books where none are named."""
    from fortstripe_dagster import delivery
    from fortstripe_dagster.proof import going_live

    settings = _settings() if files else settings_module.load()
    if settings is not None and not files:
        ledgers = going_live.from_fortnox(delivery.connect(settings), say)
    else:
        ledgers = going_live.read_files(files)
    warehouse = Warehouse(settings.warehouse_path, say=say) if settings else None
    proposal = going_live.learn(ledgers, warehouse, start or (settings.start_date if settings else None))
    show(proposal, as_json)
    return proposal.exit_code


def _settings() -> Settings | None:
    """The settings, if they are complete: what is learnt from files may be what they still lack."""
    try:
        return settings_module.load_if_configured()
    except ConfigurationError as error:
        say(f"learn: without what Stripe says. {error}")
        return None
