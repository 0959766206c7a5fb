"""The assets that write to Fortnox: the plan, then the documents themselves, made together by one delivery."""

from collections.abc import Iterator

import dagster as dg

from fortstripe_dagster import delivery
from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.ledger import TABLES
from fortstripe_dagster.assets.metadata import daily_chart, markdown_table, of_table, plot
from fortstripe_dagster.assets.partitions import BACKFILL_POLICY, days_of
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.delivery.planning import plan_page
from fortstripe_dagster.delivery.planning.effects import effect
from fortstripe_dagster.delivery.planning.time_left import duration

PLAN = dg.AssetKey(["delivery", "plan"])
PROOF = dg.AssetKey(["proof", "tie_out"])
"""Where what was delivered is proven: each asset in Fortnox links to it."""
FORECAST = dg.AssetKey(["delivery", "forecast"])
DOCUMENTS = {
    "customers": ("customer", "Customers, matched before they are created."),
    "invoices": ("invoice", "Invoices, bookkept, one for each sale that is delivered as an invoice."),
    "payments": ("payment", "Invoice payments onto the clearing account, bookkept."),
    "credit_invoices": ("credit_invoice", "Credit invoices for refunds, voids and lost disputes, bookkept."),
    "vouchers": ("voucher", "Vouchers of our own series: fees, disputes, payouts, and sales that are no invoices."),
}


def delivery_assets(place: Place) -> list[dg.AssetsDefinition]:
    """The plan and what it makes of Fortnox."""
    return [_forecast(place), _plan(place), _fortnox(place)]


def _plan(place: Place) -> dg.AssetsDefinition:
    @dg.asset(
        key=place.key(PLAN),
        deps=[place.key(dg.AssetKey(["ledger", table])) for table in TABLES],
        group_name=place.group("delivery"),
        kinds={"duckdb", "fortnox"},
        owners=["team:finance"],
        partitions_def=place.days,
        backfill_policy=BACKFILL_POLICY,
        pool=place.pool,
        description="What the ledger holds and Fortnox lacks, document by document. Nothing is written here.",
    )
    def plan(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            found = delivery.plan(settings, warehouse, days_of(context), progress=context.log.info)
            page = plan_page.write(found, plan_page.path_for(settings.home, found))
        does = effect((*found.to_send, *found.awaiting), found.boxes)
        held = [(held.document_id, held.reason, held.remedy) for held in (*found.held, *found.waiting)]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": len(found.to_send),
                "to send": markdown_table(["kind", "documents"], sorted(found.counts().items())),
                "held": markdown_table(["document", "reason", "remedy"], held),
                "VAT boxes": markdown_table(["box", "change"], list(does.boxes.items())),
                "page": dg.MetadataValue.path(page),
                "awaiting approval": len(found.awaiting),
            }
        )

    return plan


def _forecast(place: Place) -> dg.AssetsDefinition:
    @dg.asset(
        key=place.key(FORECAST),
        deps=[place.key(dg.AssetKey(["ledger", table])) for table in TABLES],
        group_name=place.group("delivery"),
        kinds={"duckdb", "fortnox"},
        owners=["team:finance"],
        partitions_def=place.days,
        backfill_policy=BACKFILL_POLICY,
        pool=place.pool,
        description="What a backfill would cost: requests, time and what would be held. Nothing is written: materialize"
        " it for those days after the ledger and before the rest.",
    )
    def forecast(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            expected = delivery.forecast(settings, warehouse, days_of(context), progress=context.log.info)
        held = [(item.day, item.document_id, item.reason, item.remedy) for item in expected.held]
        return dg.MaterializeResult(
            metadata={
                "requests": expected.total_requests,
                "documents": sum(expected.documents.values()),
                "would be held": len(held),
                "seconds": round(expected.seconds),
                "time": duration(expected.seconds),
                "by kind": markdown_table(
                    ["kind", "documents", "requests"],
                    [(kind, expected.documents.get(kind, ""), count) for kind, count in expected.requests.items()],
                ),
                "held": markdown_table(["day", "document", "reason", "remedy"], held),
            }
        )

    return forecast


def _fortnox(place: Place) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="fortnox",
        group_name=place.group("fortnox"),
        specs=[
            dg.AssetSpec(
                key=place.key(dg.AssetKey(["fortnox", name])),
                deps=[place.key(PLAN)],
                description=description,
                kinds={"fortnox"},
                owners=["team:finance"],
                partitions_def=place.days,
            )
            for name, (_, description) in DOCUMENTS.items()
        ],
        partitions_def=place.days,
        backfill_policy=BACKFILL_POLICY,
        can_subset=True,
        pool=place.pool,
    )
    def fortnox(context: dg.AssetExecutionContext, company: Company) -> Iterator[dg.MaterializeResult]:
        days = days_of(context)
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            report = delivery.deliver(settings, warehouse, days, run_id=context.run.run_id, progress=context.log.info)
            context.log.info(report.text())
            with warehouse.writer() as connection:
                mirror = of_table(connection, "delivery.documents")
                window = [days.first, days.last]
                counts = dict(
                    connection.execute(
                        "SELECT kind, count(*) FILTER (status = 'done') FROM delivery.documents "
                        "WHERE day BETWEEN ? AND ? GROUP BY 1",
                        window,
                    ).fetchall()
                )
                by_day = connection.execute(
                    "SELECT d.kind, d.day, sum(l.debit) FROM delivery.documents d JOIN delivery.document_lines l "
                    "USING (document_id) WHERE d.status = 'done' AND d.day BETWEEN ? AND ? GROUP BY 1, 2 ORDER BY 1, 2",
                    window,
                ).fetchall()
        held = [(item.document_id, item.kind, item.reason, item.remedy) for item in (*report.held, *report.in_doubt)]
        for key in context.selected_asset_keys:
            kind, _ = DOCUMENTS[key.path[-1]]
            debits = [row[1:] for row in by_day if row[0] == kind]
            plot(context, key, "debit of the day (SEK)", debits)
            written = {step: count for step, count in report.written.items() if step.split(".")[0] == kind}
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    **mirror,
                    "dagster/row_count": counts.get(kind, 0),
                    "debit by day (SEK)": daily_chart(debits),
                    "written now": markdown_table(["step", "requests"], sorted(written.items())),
                    "held": markdown_table(["document", "kind", "reason", "remedy"], [x for x in held if x[1] == kind]),
                    "requests": report.total_requests,
                    "proof": dg.MetadataValue.asset(place.key(PROOF)),
                },
            )

    return fortnox
