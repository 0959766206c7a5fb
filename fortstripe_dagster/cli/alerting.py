"""The command for alerts: what holds now, and, for a watchman outside Dagster, telling it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.cli.group import cli, json_option, say
from fortstripe_dagster.failures import DONE, FAILED, HELD
from fortstripe_dagster.warehouse import Warehouse


@cli.command()
@click.option("--send", is_flag=True, help="Tell the channels what they have not heard yet.")
@json_option
def alerts(send: bool, as_json: bool) -> int:
    """Show what a person must know of, with the remedy; exit code 3 if there is anything.

    With --send, started from outside Dagster (cron), it also tells when Dagster itself has died.
    """
    from fortstripe_dagster.alerts import find, tell

    settings = settings_module.load()
    warehouse = Warehouse(settings.warehouse_path, say=say)
    now = datetime.now(UTC)
    found = find(settings, warehouse, now)
    if as_json:
        click.echo(json.dumps([alert.as_json() for alert in found], ensure_ascii=False, indent=2))
    else:
        for alert in found:
            click.echo(f"{'URGENT ' if alert.urgent else ''}{alert.text}\n    {alert.remedy}")
    if send:
        told = tell(settings, warehouse, found, now, not_looked_at=("run", "service"))
        say(told.text())
        if told.failed:
            return FAILED
    return HELD if found else DONE
