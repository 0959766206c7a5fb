"""The assets of schema `ledger`, made together by one rebuild, and the checks that stop delivery."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial

import dagster as dg

from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.extract import BALANCES, RATES
from fortstripe_dagster.assets.metadata import daily_chart, markdown_table, of_table, plot, shown
from fortstripe_dagster.assets.partitions import BACKFILL_POLICY, days_of
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.delivery.journal import late_changes
from fortstripe_dagster.delivery.journal.choice_sets import sealed_under_others
from fortstripe_dagster.ledger import RULE_VERSION, Remark, build, choices_of, touched
from fortstripe_dagster.ledger import checks as ledger_checks

TABLES = {
    "parties": "Who bought: name, address, VAT number, frozen at the sale.",
    "sales": "The unit of sale: a Stripe invoice, or a payment without one, with its VAT treatment.",
    "sale_rows": "What was sold, with VAT rate and sales account; rows add up to the sale to the öre.",
    "credits": "What takes a sale back: refunds, credit notes, voids, lost disputes.",
    "entries": "One row for each bookkeeping entry: day, kind, Stripe id, why it is held.",
    "lines": "Debit and credit of each entry. Clearing lines come from balance transactions alone.",
}
FIGURES = {
    "parties": (
        "buyers",
        """
        SELECT p.region, p.buyer, count(*) AS sales
        FROM ledger.parties p JOIN ledger.sales s USING (sale_id)
        WHERE s.event_day BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY 1, 2
        """,
    ),
    "sale_rows": (
        "VAT by treatment and rate (SEK)",
        """
        SELECT r.treatment, r.vat_rate, (sum(r.net_ore) * 0.01)::DECIMAL(18, 2) AS net,
               (sum(r.vat_ore) * 0.01)::DECIMAL(18, 2) AS vat, (sum(r.gross_ore) * 0.01)::DECIMAL(18, 2) AS gross
        FROM ledger.sale_rows r JOIN ledger.sales s USING (sale_id)
        WHERE s.event_day BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY 1, 2
        """,
    ),
    "credits": (
        "credits by kind (SEK)",
        """
        SELECT kind, count(*) AS credits, (sum(gross_ore) * 0.01)::DECIMAL(18, 2) AS gross
        FROM ledger.credits WHERE event_day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1
        """,
    ),
    "entries": (
        "entries by kind",
        """
        SELECT kind, count(*) AS entries
        FROM ledger.entries WHERE event_day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1
        """,
    ),
    "lines": (
        "accounts (SEK)",
        """
        SELECT account, sum(debit) AS debit, sum(credit) AS credit, sum(debit - credit) AS movement
        FROM ledger.lines WHERE event_day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1
        """,
    ),
}
"""What each table's page shows of the days: a title and a query over the first and last day."""
SALES_BY_DAY = """
    SELECT event_day, (sum(gross_ore) * 0.01)::DECIMAL(18, 2)
    FROM ledger.sales WHERE event_day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1
"""
DATA_VERSION = "dagster/data_version"
"""The tag by which Dagster compares what an asset was made of with what there is now."""
ENTRIES = dg.AssetKey(["ledger", "entries"])
LINES = dg.AssetKey(["ledger", "lines"])
SALES = dg.AssetKey(["ledger", "sales"])


def ledger_assets(place: Place) -> dg.AssetsDefinition:
    """Schema `ledger` as one multi-asset: a rebuild fills every table in one transaction."""

    @dg.multi_asset(
        name="ledger",
        group_name=place.group("ledger"),
        specs=[
            dg.AssetSpec(
                key=place.key(dg.AssetKey(["ledger", table])),
                deps=[place.key(RATES), place.key(BALANCES)],
                description=description,
                kinds={"duckdb", "sql"},
                owners=["team:finance"],
                code_version=RULE_VERSION,
                partitions_def=place.days,
            )
            for table, description in TABLES.items()
        ],
        partitions_def=place.days,
        backfill_policy=BACKFILL_POLICY,
        can_subset=True,
        pool=place.pool,
    )
    def ledger(context: dg.AssetExecutionContext, company: Company) -> Iterator[dg.MaterializeResult]:
        days = days_of(context)
        window = [days.first, days.last]
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            sealed = sealed_under_others(settings, choices_of(settings).digest)
            report = build(settings, warehouse, context.log.info, days=days, sealed=sealed)
            changed = touched.hand_on(warehouse, partial(late_changes.keep, settings.journal_path))
            late = {day: content for day, content in changed.items() if day not in days}
            with warehouse.writer() as connection:
                metadata = {table: of_table(connection, f"ledger.{table}") for table in TABLES}
                for table, (title, query) in FIGURES.items():
                    metadata[table][title] = shown(connection, query, window)
                sales = connection.execute(SALES_BY_DAY, window).fetchall()
        metadata["sales"]["sales by day (SEK, VAT included)"] = daily_chart(sales)
        if (key := place.key(SALES)) in context.selected_asset_keys:
            plot(context, key, "sales of the day (SEK)", sales)
        metadata["entries"]["held"] = _remarks(report.held)
        metadata["entries"]["alerts"] = _remarks(report.alerts_of(days))
        report_late_changes(context, place, late)
        for key in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=key, metadata=metadata[key.path[-1]])

    return ledger


def report_late_changes(
    context: dg.AssetExecutionContext | dg.OpExecutionContext, place: Place, late: Mapping[date, str]
) -> None:
    """Give closed days that this rebuild changed another data version: what was made of them shows as stale."""
    for day, content in late.items():
        context.log.info(
            f"{day} has changed since it was delivered; the next nightly run includes it, if the sensor does not before"
        )
        for table in TABLES:
            context.log_event(
                dg.AssetMaterialization(
                    place.key(dg.AssetKey(["ledger", table])),
                    description="A rebuild changed this day after it was delivered.",
                    partition=day.isoformat(),
                    tags={DATA_VERSION: content},
                )
            )


def _remarks(remarks: Sequence[Remark]) -> dg.MetadataValue:
    return markdown_table(["entry", "day", "what to look at"], [(x.entry_id, x.day, x.text) for x in remarks])


def ledger_asset_checks(place: Place) -> Sequence[dg.AssetChecksDefinition]:
    """Checks that must hold before anything is written to Fortnox."""

    def check(name: str, asset: dg.AssetKey, run: ledger_checks.Check) -> dg.AssetChecksDefinition:
        @dg.asset_check(name=name, asset=place.key(asset), blocking=True, description=run.__doc__)
        def blocking(context: dg.AssetCheckExecutionContext, company: Company) -> dg.AssetCheckResult:
            with explained(), company.connection(context.log.info) as connection:
                found = run(connection)
            return dg.AssetCheckResult(
                passed=not found,
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={"found": markdown_table(["what", "detail"], found)},
            )

        return blocking

    return [
        check("balanced", LINES, ledger_checks.unbalanced),
        check("complete", ENTRIES, ledger_checks.incomplete),
        check("no_unknown_types", ENTRIES, ledger_checks.unknown_types),
    ]
