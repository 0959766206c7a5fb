"""Commands for the time before fortstripe books: learning from the books, and comparing without writing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.cli.group import Day, cli, company, days_option, json_option, say, show
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
    proposal = going_live.learn(
        ledgers,
        warehouse,
        start or (settings.start_date if settings else None),
        leave_out=settings.voucher_series if settings else "",
    )
    show(proposal, as_json)
    return proposal.exit_code


@cli.command()
@days_option
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="A copy of the page.")
@json_option
def shadow(first: date, last: date, page: Path | None, as_json: bool) -> int:
    """Compare what would be booked with what people booked, in shadow mode. Writes nothing to Fortnox."""
    from fortstripe_dagster import proof
    from fortstripe_dagster.proof.going_live import shadow as compared

    settings, warehouse = company()
    if settings.mode != "shadow":
        raise ConfigurationError(
            'mode is "live": what people book is no shadow of what fortstripe books.', 'set mode = "shadow" to compare.'
        )
    days = Days(first, last)
    proof.prove(settings, warehouse, days, say)
    found = compared.report(warehouse, days)
    if page is not None:
        compared.write_page(found, page)
    say(f"The comparison as a page: {page or compared.page_path(settings.home, days)}")
    show(found, as_json)
    return found.exit_code


def _settings() -> Settings | None:
    """The settings, if they are complete: what is learnt from files may be what they still lack."""
    try:
        return settings_module.load_if_configured()
    except ConfigurationError as error:
        say(f"learn: without what Stripe says. {error}")
        return None
