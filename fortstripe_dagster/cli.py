"""`fortstripe …`: the command line. Thin: each command calls what Dagster calls, prints it, and sets the exit code.

Progress goes to stderr, results to stdout, so that `--json` can be piped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from getpass import getuser
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.business_day import STOCKHOLM, Days, parse_day
from fortstripe_dagster.failures import DONE, FAILED, HELD, Failure, from_foreign
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

Command = TypeVar("Command", bound=Callable[..., Any])


class _Day(click.ParamType[date]):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        return value if isinstance(value, date) else parse_day(value, f"--{param.name if param else 'day'}")


def _range(command: Command) -> Command:
    command = click.option("--to", "last", type=_Day(), required=True, help="Last local day, included.")(command)
    return click.option("--from", "first", type=_Day(), required=True, help="First local day.")(command)


def _json(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Machine-readable result on stdout.")(command)


def say(line: str) -> None:
    """Progress for a person."""
    click.echo(line, err=True)


def _company() -> tuple[Settings, Warehouse]:
    """The settings of a company whose Fortnox can be reached, and its warehouse."""
    settings = settings_module.load()
    settings.require_fortnox()
    return settings, Warehouse(settings.warehouse_path, say=say)


def show(report: Any, as_json: bool) -> None:
    """The result: a table for a person, or JSON."""
    click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2, default=str) if as_json else report.text())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fortstripe_dagster")
def cli() -> None:
    """Stripe in, correct books in Fortnox out, with proof."""


@cli.command()
@click.option("--seed", default=1, show_default=True, help="Another merchant for another seed.")
@click.option("--payments", default=300, show_default=True, help="Successful payments in the month, at least.")
def demo(seed: int, payments: int) -> int:
    """Book a merchant's month from the sandbox's Stripe into the sandbox's Fortnox and prove it."""
    from fortstripe_dagster.operations.demo import run_demo

    return run_demo(seed, payments, say, click.echo)


@cli.command()
@click.option("--seed", default=1, show_default=True)
@click.option("--payments", default=300, show_default=True)
@click.option("--port", default=8471, show_default=True, help="Stripe's; Fortnox and the rates take the next two.")
def sandbox(seed: int, payments: int, port: int) -> int:
    """Run the stand-ins of Stripe and Fortnox until Ctrl-C."""
    from fortstripe_dagster.operations.demo import run_sandbox

    return run_sandbox(seed, payments, port, click.echo)


@cli.command()
@_range
@_json
def sync(first: date, last: date, as_json: bool) -> int:
    """Extract, book, deliver and prove a range of days."""
    from fortstripe_dagster.operations.pipeline import sync as run

    report = run(settings_module.load(), Days(first, last), say)
    if as_json:
        show(report, True)
    else:
        click.echo(report.delivered.text())
        click.echo(report.proof.text())
        for alert in report.alerts:
            click.echo(f"alert: {alert.entry_id} of {alert.day}: {alert.text}")
    return report.exit_code


@cli.command()
@_range
@_json
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the plan as a page.")
@click.option("--replan-from", "since", type=_Day(), help="What Fortnox has from this day on follows today's rules.")
@click.option("--reason", help="Why, for the treatment history; required with --replan-from.")
@click.option("--who", default=getuser, show_default="your user name", help="Who asks for it.")
def plan(
    first: date, last: date, as_json: bool, html: Path | None, since: date | None, reason: str | None, who: str
) -> int:
    """Show what would be written to Fortnox. Writes nothing there; --replan-from is recorded, and corrections shown."""
    from fortstripe_dagster import delivery
    from fortstripe_dagster.delivery import plan_page
    from fortstripe_dagster.operations.pipeline import replan

    settings, warehouse = _company()
    if since is not None:
        if not reason:
            raise click.UsageError("--replan-from needs a --reason: it goes into the treatment history.")
        replan(settings, warehouse, since, reason, who, say)
    found = delivery.plan(settings, warehouse, Days(first, last), progress=say)
    page = plan_page.write(found, html or plan_page.path_for(settings.home, found))
    show(found, as_json)
    say(f"The plan as a page: {page}")
    return HELD if found.held or found.waiting or found.awaiting else DONE


@cli.command("backfill-plan")
@_range
@_json
def backfill_plan(first: date, last: date, as_json: bool) -> int:
    """Predict requests, time and held documents of a delivery. Writes nothing."""
    from fortstripe_dagster import delivery

    settings, warehouse = _company()
    expected = delivery.forecast(settings, warehouse, Days(first, last), progress=say)
    show(expected, as_json)
    return expected.exit_code


@cli.command()
@click.argument("documents", nargs=-1)
@_range
@click.option("--all", "everything", is_flag=True, help="All documents that await approval.")
@click.option("--who", default=getuser, show_default="your user name", help="Who approves.")
def approve(documents: tuple[str, ...], first: date, last: date, everything: bool, who: str) -> int:
    """Approve documents of the plan, as it stands now, by id or --all."""
    from fortstripe_dagster import delivery

    settings, warehouse = _company()
    if not documents and not everything:
        raise click.UsageError("name documents, or approve --all that await it.")
    new = delivery.approve_planned(
        settings, warehouse, Days(first, last), who, documents, everything=everything, progress=say
    )
    click.echo(f"{new} documents approved by {who}; `fortstripe apply` writes them.")
    return DONE


@cli.command()
@_range
@_json
def apply(first: date, last: date, as_json: bool) -> int:
    """Write what the plan holds (and a person approved, where that is asked for) to Fortnox."""
    from fortstripe_dagster import delivery

    settings, warehouse = _company()
    report = delivery.deliver(settings, warehouse, Days(first, last), progress=say)
    show(report, as_json)
    return report.exit_code


@cli.command()
@click.argument("document")
@click.option("--reason", required=True, help="Why; it stands in Fortnox and in the treatment history.")
@click.option("--who", default=getuser, show_default="your user name", help="Who orders it.")
@click.option("--redo", is_flag=True, help="Let the entries of a document that was undone be delivered again.")
@_json
def undo(document: str, reason: str, who: str, redo: bool, as_json: bool) -> int:
    """Take DOCUMENT (its id) back in Fortnox by a reversing one. Nothing is deleted."""
    from fortstripe_dagster import delivery

    settings, warehouse = _company()
    report = delivery.undo(settings, warehouse, document, reason, who, redo=redo, progress=say)
    show(report, as_json)
    if redo and not as_json:
        click.echo(f"`fortstripe apply --from {report.days.first} --to {report.days.last}` delivers it again.")
    return report.exit_code


@cli.command()
@_range
@_json
def prove(first: date, last: date, as_json: bool) -> int:
    """Prove Stripe = ledger = Fortnox for a range of days, and write the certificate."""
    from fortstripe_dagster import proof

    settings, warehouse = _company()
    report = proof.prove(settings, warehouse, Days(first, last), say)
    show(report, as_json)
    return report.exit_code


@cli.command()
@_range
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@click.option("--company", help="The company's name in it; default: as in Fortnox.")
@_json
def sie(first: date, last: date, output: Path | None, company: str | None, as_json: bool) -> int:
    """Write the ledger's vouchers as a SIE 4I file, for any bookkeeping program."""
    from fortstripe_dagster.proof.sie import write_sie

    settings = settings_module.load()
    path = output or settings.home / "sie" / f"{first}_{last}.si"
    report = write_sie(settings, Warehouse(settings.warehouse_path, say=say), Days(first, last), path, company)
    show(report, as_json)
    return report.exit_code


@cli.command()
@_range
@click.option("--csv", "files", type=click.Path(path_type=Path, file_okay=False), help="A folder for the lists.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="The page to write.")
@click.option("--fortnox", "compare", is_flag=True, help="Compare with the VAT codes of Fortnox's accounts.")
@_json
def vat(first: date, last: date, files: Path | None, page: Path | None, compare: bool, as_json: bool) -> int:
    """Say what the VAT return, the One Stop Shop and the EC sales list of a period will be."""
    from fortstripe_dagster.proof.vat_report import vat_report

    settings = settings_module.load()
    if compare:
        settings.require_fortnox()
    warehouse = Warehouse(settings.warehouse_path, say=say)
    report = vat_report(settings, warehouse, Days(first, last), say, files=files, page=page, compare=compare)
    show(report, as_json)
    return report.exit_code


@cli.command()
@click.argument("name")
@click.option("--lang", "language", type=click.Choice(["en", "sv"]), default="en", show_default=True)
@_json
def explain(name: str, language: Literal["en", "sv"], as_json: bool) -> int:
    """Say what stands behind NAME: voucher (S 12), invoice number, account and day (1686@2026-03-14) or Stripe id."""
    from fortstripe_dagster.proof.explain import explain as find

    show(find(Warehouse(settings_module.load().warehouse_path, say=say), name, language), as_json)
    return DONE


@cli.command("as-of")
@click.argument("moment", type=click.DateTime(("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d")))
@click.option("--choices", help="Digest of a choice set (ledger.choice_sets); default: the one of that moment.")
@click.option("--schema", default="ledger_past", show_default=True, help="Where in the warehouse it is built.")
def as_of(moment: datetime, choices: str | None, schema: str) -> int:
    """Build the ledger as it was at MOMENT (Stockholm time) beside the one in use."""
    from fortstripe_dagster import ledger
    from fortstripe_dagster.extract.replay import replay

    warehouse = Warehouse(settings_module.load().warehouse_path, say=say)
    built = ledger.as_of(warehouse, moment.replace(tzinfo=STOCKHOLM), replay, choices=choices, schema=schema)
    click.echo(f"{schema}: {sum(built.entries.values())} entries, {built.lines} lines, {len(built.held)} held")
    return DONE


@cli.command()
def adopt() -> int:
    """Rebuild a lost or old journal from the references of our documents in Fortnox."""
    from fortstripe_dagster import delivery

    settings, warehouse = _company()
    report = delivery.adopt(settings, warehouse, progress=say)
    click.echo(report.text())
    return HELD if report.unplaced else DONE


def main() -> None:
    """Run a command; every failure is one line on stderr and an exit code."""
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


if __name__ == "__main__":
    main()
