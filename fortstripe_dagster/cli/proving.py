"""Commands that prove, explain and hand on what was booked. None writes to Fortnox."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Literal

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.business_day import STOCKHOLM, Days
from fortstripe_dagster.cli.group import cli, company, days_option, json_option, say, show
from fortstripe_dagster.failures import DONE
from fortstripe_dagster.warehouse import Warehouse


@cli.command()
@days_option
@json_option
def prove(first: date, last: date, as_json: bool) -> int:
    """Prove Stripe = ledger = Fortnox for a range of days, and write the certificate."""
    from fortstripe_dagster import proof

    settings, warehouse = company()
    report = proof.prove(settings, warehouse, Days(first, last), say)
    show(report, as_json)
    return report.exit_code


@cli.command()
@days_option
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.option("--company", help="The company's name in it; default: as in Fortnox.")
@json_option
def sie(first: date, last: date, output: Path | None, company: str | None, as_json: bool) -> int:
    """Write the ledger's vouchers as a SIE 4I file, for any bookkeeping program."""
    from fortstripe_dagster.proof.sie import write_sie

    settings = settings_module.load()
    path = output or settings.home / "sie" / f"{first}_{last}.si"
    report = write_sie(settings, Warehouse(settings.warehouse_path, say=say), Days(first, last), path, company)
    show(report, as_json)
    return report.exit_code


@cli.command()
@days_option
@click.option("--csv", "files", type=click.Path(path_type=Path, file_okay=False), help="A folder for the lists.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="The page to write.")
@click.option(
    "--lang", "language", type=click.Choice(["sv", "en"]), default="sv", show_default=True, help="Of the page."
)
@click.option("--fortnox", "compare", is_flag=True, help="Compare with the VAT codes of Fortnox's accounts.")
@json_option
def vat(
    first: date,
    last: date,
    files: Path | None,
    page: Path | None,
    language: Literal["sv", "en"],
    compare: bool,
    as_json: bool,
) -> int:
    """Say what the VAT return, the One Stop Shop and the EC sales list of a period will be."""
    from fortstripe_dagster.proof.vat_report import vat_report

    settings = settings_module.load()
    if compare:
        settings.require_fortnox()
    warehouse = Warehouse(settings.warehouse_path, say=say)
    report = vat_report(
        settings, warehouse, Days(first, last), say, files=files, page=page, language=language, compare=compare
    )
    show(report, as_json)
    return report.exit_code


@cli.command()
@click.argument("name")
@click.option("--lang", "language", type=click.Choice(["en", "sv"]), default="en", show_default=True)
@json_option
def explain(name: str, language: Literal["en", "sv"], as_json: bool) -> int:
    """Say what stands behind NAME: voucher (S 12), invoice number, account and day (1686@2026-03-14) or Stripe id."""
    from fortstripe_dagster.proof.explain import explain as find

    show(find(Warehouse(settings_module.load().warehouse_path, say=say), name, language), as_json)
    return DONE


@cli.command("as-of")
@click.argument("moment", type=click.DateTime(("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d")))
@click.option("--choices", help="Digest of a choice set (ledger.choice_sets); default: the one of that moment.")
@click.option("--rules", help="Rule version, or digest of rules (ledger.rule_sets); default: those of that moment.")
@click.option("--schema", default="ledger_past", show_default=True, help="Where in the warehouse it is built.")
def as_of(moment: datetime, choices: str | None, rules: str | None, schema: str) -> int:
    """Build the ledger as it was at MOMENT (Stockholm time) beside the one in use, and say where accounts differ."""
    from fortstripe_dagster import ledger
    from fortstripe_dagster.extract.replay import replay

    warehouse = Warehouse(settings_module.load().warehouse_path, say=say)
    at = moment.replace(tzinfo=STOCKHOLM)
    built = ledger.as_of(warehouse, at, replay, choices=choices, rules=rules, schema=schema)
    click.echo(f"{schema}: {sum(built.entries.values())} entries, {built.lines} lines, {len(built.held)} held")
    for account, there, now in ledger.differences(warehouse, schema):
        click.echo(f"{account}: {there} there, {now} in use, {there - now:+}")
    return DONE
