"""The command `fortstripe` itself, and what its subcommands share: options, progress, results."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.business_day import parse_day
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.companies import choose
from fortstripe_dagster.texts import one_line
from fortstripe_dagster.warehouse import Warehouse

Command = TypeVar("Command", bound=Callable[..., Any])


class Day(click.ParamType[date]):
    """A local day as an option or argument."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        return value if isinstance(value, date) else parse_day(value, f"--{param.name if param else 'day'}")


def days_option(command: Command) -> Command:
    """`--from` and `--to`, as `first` and `last`."""
    command = click.option("--to", "last", type=Day(), required=True, help="Last local day, included.")(command)
    return click.option("--from", "first", type=Day(), required=True, help="First local day.")(command)


def json_option(command: Command) -> Command:
    """`--json`, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable result on stdout.")(command)


def say(line: str) -> None:
    """Progress for a person."""
    click.echo(_for_a_terminal(line), err=True)


def company() -> tuple[Settings, Warehouse]:
    """The settings of a company whose Fortnox can be reached, and its warehouse."""
    settings = settings_module.load()
    settings.require_fortnox()
    return settings, Warehouse(settings.warehouse_path, say=say)


def show(report: Any, as_json: bool) -> None:
    """The result: a table for a person, or JSON."""
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2, default=str))
    else:
        click.echo(_for_a_terminal(report.text()))


def _for_a_terminal(text: str) -> str:
    """Lines as they are, without what names and descriptions from outside might tell the terminal to do."""
    return "\n".join(one_line(line) for line in text.split("\n"))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fortstripe_dagster")
@click.option("--company", "name", help="Which company, where FORTSTRIPE_COMPANIES names a folder of several.")
def cli(name: str | None) -> None:
    """Stripe in, correct books in Fortnox out, with proof."""
    if name is not None:
        choose(name)
