"""Commands that plan, approve, write and take back what goes to Fortnox."""

from __future__ import annotations

from datetime import date
from getpass import getuser
from pathlib import Path

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.cli.group import Day, cli, company, days_option, json_option, say, show
from fortstripe_dagster.failures import DONE, HELD
from fortstripe_dagster.warehouse import Warehouse


@cli.command()
@days_option
@json_option
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
@days_option
@json_option
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Where to write the plan as a page.")
@click.option("--replan-from", "since", type=Day(), help="What Fortnox has from this day on follows today's rules.")
@click.option("--reason", help="Why, for the treatment history; required with --replan-from.")
@click.option("--who", default=getuser, show_default="your user name", help="Who asks for it.")
def plan(
    first: date, last: date, as_json: bool, html: Path | None, since: date | None, reason: str | None, who: str
) -> int:
    """Show what would be written to Fortnox. Writes nothing there; --replan-from is recorded, and corrections shown."""
    from fortstripe_dagster import delivery
    from fortstripe_dagster.delivery.planning import plan_page
    from fortstripe_dagster.operations.pipeline import replan

    settings, warehouse = company()
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
@days_option
@json_option
def backfill_plan(first: date, last: date, as_json: bool) -> int:
    """Predict requests, time and held documents of a delivery. Writes nothing."""
    from fortstripe_dagster import delivery

    settings, warehouse = company()
    expected = delivery.forecast(settings, warehouse, Days(first, last), progress=say)
    show(expected, as_json)
    return expected.exit_code


@cli.command()
@click.argument("documents", nargs=-1)
@days_option
@click.option("--all", "everything", is_flag=True, help="All documents that await approval.")
@click.option("--who", default=getuser, show_default="your user name", help="Who approves.")
def approve(documents: tuple[str, ...], first: date, last: date, everything: bool, who: str) -> int:
    """Approve documents of the plan, as it stands now, by id or --all."""
    from fortstripe_dagster import delivery

    settings, warehouse = company()
    if not documents and not everything:
        raise click.UsageError("name documents, or approve --all that await it.")
    new = delivery.approve_planned(
        settings, warehouse, Days(first, last), who, documents, everything=everything, progress=say
    )
    click.echo(f"{new} documents approved by {who}; `fortstripe apply` writes them.")
    return DONE


@cli.command()
@days_option
@json_option
def apply(first: date, last: date, as_json: bool) -> int:
    """Write what the plan holds (and a person approved, where that is asked for) to Fortnox."""
    from fortstripe_dagster import delivery

    settings, warehouse = company()
    report = delivery.deliver(settings, warehouse, Days(first, last), progress=say)
    show(report, as_json)
    return report.exit_code


@cli.command()
@click.argument("document")
@click.option("--reason", required=True, help="Why; it stands in Fortnox and in the treatment history.")
@click.option("--who", default=getuser, show_default="your user name", help="Who orders it.")
@click.option("--redo", is_flag=True, help="Let the entries of a document that was undone be delivered again.")
@json_option
def undo(document: str, reason: str, who: str, redo: bool, as_json: bool) -> int:
    """Take DOCUMENT (its id) back in Fortnox by a reversing one. Nothing is deleted."""
    from fortstripe_dagster import delivery

    settings, warehouse = company()
    report = delivery.undo(settings, warehouse, document, reason, who, redo=redo, progress=say)
    show(report, as_json)
    if redo and not as_json:
        click.echo(f"`fortstripe apply --from {report.days.first} --to {report.days.last}` delivers it again.")
    return report.exit_code


@cli.command()
@click.option("--document", help="The id of one document, which a person booked by hand.")
@click.option("--voucher", help="The voucher that says it, e.g. A123.")
@click.option("--reason", help="Why it was booked by hand, for the treatment history.")
@click.option("--who", default=getuser, show_default="your user name", help="Who says so.")
def adopt(document: str | None, voucher: str | None, reason: str | None, who: str) -> int:
    """Rebuild a lost or old journal from the references of our documents in Fortnox.

    With --document, --voucher and --reason: count one voucher that a person made as that document of ours.
    """
    from fortstripe_dagster import delivery

    settings, warehouse = company()
    if document or voucher or reason:
        if not (document and voucher and reason):
            raise click.UsageError("--document, --voucher and --reason go together.")
        click.echo(delivery.adopt_by_hand(settings, warehouse, document, voucher, reason, who))
        return DONE
    report = delivery.adopt(settings, warehouse, progress=say)
    click.echo(report.text())
    return HELD if report.unplaced else DONE


@cli.command()
@click.argument("document", required=False)
@click.option("--from", "first", type=Day(), help="First local day; documents go by their day.")
@click.option("--to", "last", type=Day(), help="Last local day, included.")
@json_option
def history(document: str | None, first: date | None, last: date | None, as_json: bool) -> int:
    """Print the treatment history (behandlingshistorik): who did what to which document, when and why.

    DOCUMENT is an id, or a voucher such as "S 12"; what amends it is told with it.
    """
    from fortstripe_dagster import delivery

    if (first is None) != (last is None):
        raise click.UsageError("--from and --to go together.")
    settings = settings_module.load()
    days = Days(first, last) if first and last else None
    warehouse = Warehouse(settings.warehouse_path, say=say)
    show(delivery.treatment_history(settings, warehouse, days, document), as_json)
    return DONE
