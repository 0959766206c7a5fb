"""Commands that keep a company's data safe, and let go of what must not be kept."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.cli.group import cli, json_option, say, show
from fortstripe_dagster.failures import DONE
from fortstripe_dagster.warehouse import Warehouse


@cli.command()
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@json_option
def backup(target: Path | None, as_json: bool) -> int:
    """Put journal, warehouse, papers and configuration, without secrets, into one file. Runs may go on meanwhile."""
    from fortstripe_dagster.operations import safekeeping

    show(safekeeping.backup(settings_module.load(), say, target), as_json)
    return DONE


@cli.command()
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def restore(archive: Path, as_json: bool) -> int:
    """Bring a company back from ARCHIVE. A newer journal is never replaced; what is replaced is moved aside."""
    from fortstripe_dagster.operations import safekeeping

    show(safekeeping.restore(settings_module.load(), archive, say), as_json)
    return DONE


@cli.command()
@click.argument("customer")
@click.option("--reason", required=True, help="Why; it stands in the treatment history.")
@click.option("--who", default=getuser, show_default="your user name", help="Who orders it.")
@json_option
def forget(customer: str, reason: str, who: str, as_json: bool) -> int:
    """Erase what is kept here of CUSTOMER (cus_…, or a guest's e-mail), as far as the books allow; says what stays."""
    from fortstripe_dagster.operations.forgetting import forget as erase

    settings = settings_module.load()
    show(erase(settings, Warehouse(settings.warehouse_path, say=say), customer, reason, who, say), as_json)
    return DONE
