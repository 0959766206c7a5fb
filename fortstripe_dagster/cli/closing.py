"""Commands of the month's end: the close pack, and the papers that belong to it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from getpass import getuser
from pathlib import Path
from typing import Any, Literal

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.cli.group import cli, json_option, say, show
from fortstripe_dagster.failures import DONE
from fortstripe_dagster.warehouse import Warehouse


class _Month(click.ParamType[Days]):
    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Days:
        from fortstripe_dagster.proof.close import month_of

        return value if isinstance(value, Days) else month_of(value)


class _Amount(click.ParamType[Decimal]):
    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            amount = Decimal(str(value).replace(" ", "").replace(",", "."))
        except InvalidOperation:
            self.fail(f"{value!r} is no amount; write it like 1234.50.", param, ctx)
        if not amount.is_finite() or amount != round(amount, 2):
            self.fail(f"{value!r} is no amount of money.", param, ctx)
        return amount


@cli.command()
@click.argument("month", type=_Month())
@click.option("--lang", "language", type=click.Choice(["sv", "en", "both"]), default="both", show_default=True)
@click.option("--as-proven", is_flag=True, help="Ask Fortnox nothing; take the last proof of the month.")
@json_option
def close(month: Days, language: Literal["sv", "en", "both"], as_proven: bool, as_json: bool) -> int:
    """Prove MONTH (YYYY-MM) and write the auditor's close pack of it: pages, workbooks, SIE, certificate, zip."""
    from fortstripe_dagster.proof.close import close_month

    settings = settings_module.load()
    if not as_proven:
        settings.require_fortnox()
    warehouse = Warehouse(settings.warehouse_path, say=say)
    languages: tuple[Literal["sv", "en"], ...] = ("sv", "en") if language == "both" else (language,)
    pack = close_month(settings, warehouse, month, languages, say, as_proven=as_proven)
    show(pack, as_json)
    return pack.exit_code


@cli.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--kind", required=True, help="What it is: stripe_tax_invoice, bank_statement or other.")
@click.option("--month", type=_Month(), required=True, help="The month it belongs to.")
@click.option("--amount", type=_Amount(), help="What it says without VAT; a tax invoice is compared with the fees.")
@click.option("--currency", default="SEK", show_default=True, help="Of the amount.")
@click.option("--who", default=getuser, show_default="your user name", help="Who files it.")
def attach(file: Path, kind: str, month: Days, amount: Decimal | None, currency: str, who: str) -> int:
    """File a copy of FILE with a month's close pack, with its hash. It is never changed or removed."""
    from fortstripe_dagster.proof.close import attach as file_it

    settings = settings_module.load()
    warehouse = Warehouse(settings.warehouse_path, say=say)
    paper = file_it(settings, warehouse, file, kind, month, who, amount, currency.upper())
    click.echo(f"{paper.name} is filed with {paper.month} as {paper.kind}, sha256 {paper.sha256}")
    return DONE
