"""The assets of schema `stripe`: one for each stream, then what they refer to, exchange rates and the balance."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.metadata import (
    Metadata,
    amounts_by_currency,
    daily_chart,
    markdown_table,
    new_by_day,
    of_table,
    plot,
    shown,
)
from fortstripe_dagster.assets.partitions import BACKFILL_POLICY, days_of
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.extract import LISTED, STREAMS, ControlTotal, Extraction, control_totals

REFERENCES = dg.AssetKey(["stripe", "references"])
RATES = dg.AssetKey(["stripe", "official_rates"])
CONTROL_TOTALS = "control_totals"
BALANCES = dg.AssetKey(["stripe", "balances"])


def extract_assets(place: Place) -> list[dg.AssetsDefinition]:
    """Every asset that reads from outside into the warehouse."""
    streams = [_stream_asset(name, place) for name in LISTED]
    return [*streams, _references(place), _official_rates(place), _balances(place)]


def _common(place: Place) -> dict[str, Any]:
    """What every asset that reads from outside has in common."""
    return {
        "group_name": place.group("stripe"),
        "owners": ["team:data"],
        "partitions_def": place.days,
        "backfill_policy": BACKFILL_POLICY,
        "pool": place.pool,
    }


def _open(context: dg.AssetExecutionContext, company: Company) -> Extraction:
    settings = company.settings()
    return Extraction(
        settings, company.warehouse(settings, context.log.info), progress=context.log.info, run_id=context.run.run_id
    )


def _shown(context: dg.AssetExecutionContext, company: Company, name: str, key: dg.AssetKey) -> Metadata:
    """The typed table of a stream: schema, count, and what its days add up to."""
    table, days = f"stripe.{name}", days_of(context)
    with company.connection(context.log.info) as connection:
        metadata = of_table(connection, table)
        new = new_by_day(connection, table, days)
        totals = amounts_by_currency(connection, table, days)
    metadata["new by day"] = daily_chart(new)
    plot(context, key, "new on the day", new)
    return metadata if totals is None else metadata | {"totals of the days": totals}


def _stream_asset(name: str, place: Place) -> dg.AssetsDefinition:
    stream = STREAMS[name]

    @dg.asset(
        key=place.key(dg.AssetKey(["stripe", name])),
        # Events come first: they name the objects that changed since they were last read.
        deps=[] if name == "events" else [place.key(dg.AssetKey(["stripe", "events"]))],
        kinds={"stripe", "duckdb"},
        description=f"Stripe's {stream.path} of the days, raw and typed ({', '.join(stream.tables)}).",
        **_common(place),
    )
    def stream_asset(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            with _open(context, company) as extraction:
                report = extraction.extract_stream(name, days_of(context))
            metadata = {
                **_shown(context, company, stream.tables[0], place.key(dg.AssetKey(["stripe", name]))),
                "objects read": report.rows,
                "new or changed": report.changed,
                "requests": report.requests,
            }
        return dg.MaterializeResult(metadata=metadata)

    return stream_asset


def _references(place: Place) -> dg.AssetsDefinition:
    @dg.asset(
        key=place.key(REFERENCES),
        deps=[place.key(dg.AssetKey(["stripe", name])) for name in LISTED],
        kinds={"stripe", "duckdb"},
        description="Objects that the days' transactions refer to, by id, and those that may still change.",
        **_common(place),
    )
    def references(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained(), _open(context, company) as extraction:
            reports = extraction.complete_references()
        rows = [(report.stream, report.rows, report.changed, report.requests) for report in reports]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(report.rows for report in reports),
                "fetched": markdown_table(["stream", "objects", "new or changed", "requests"], rows),
            }
        )

    return references


def _official_rates(place: Place) -> dg.AssetsDefinition:
    @dg.asset(
        key=place.key(RATES),
        deps=[place.key(REFERENCES)],
        kinds={"riksbank", "duckdb"},
        description="Official exchange rates of the currencies that occur; they alone set a VAT base.",
        **_common(place),
    )
    def official_rates(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            with _open(context, company) as extraction:
                report = extraction.extract_rates()
            with company.connection(context.log.info) as connection:
                metadata = of_table(connection, "stripe.official_rates")
                metadata["latest"] = shown(
                    connection,
                    "SELECT currency, max(day) AS day, max_by(sek_per_unit, day) AS sek_per_unit "
                    "FROM stripe.official_rates GROUP BY 1 ORDER BY 1",
                )
            metadata["requests"] = report.requests
        return dg.MaterializeResult(metadata=metadata)

    return official_rates


def _control_totals(totals: Sequence[ControlTotal], lost: Sequence[tuple[str, int, int]]) -> dg.AssetCheckResult:
    """Whether the ledger may be made of what was read."""
    compared = [(x.evidence, x.from_day, x.to_day, x.currency or "", control_totals.said(x)) for x in totals]
    return dg.AssetCheckResult(
        check_name=CONTROL_TOTALS,
        passed=not lost and not any(total.difference for total in totals),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "compared": markdown_table(["evidence", "from", "to", "currency", "found"], compared),
            "not once in their table": markdown_table(["stream", "objects", "rows"], lost),
        },
    )


def _balances(place: Place) -> dg.AssetsDefinition:
    @dg.asset(
        key=place.key(BALANCES),
        deps=[place.key(REFERENCES)],
        kinds={"stripe", "duckdb"},
        description="Stripe's own balance beside opening balance + sum of net: the control total of the extraction.",
        check_specs=[
            dg.AssetCheckSpec(
                CONTROL_TOTALS,
                asset=place.key(BALANCES),
                blocking=True,
                description="What was read adds up to what Stripe says, and each object stands in its table once.",
            )
        ],
        **_common(place),
    )
    def balances(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained():
            with _open(context, company) as extraction:
                lines = extraction.read_balance(days_of(context))
                report = extraction.report()
            with company.connection(context.log.info) as connection:
                metadata = of_table(connection, "stripe.balances")
                lost = control_totals.counts(connection)
        rows = [(x.balance_type, x.currency, x.stripe, x.opening, x.since_start_net, x.difference) for x in lines]
        names = ["balance", "currency", "Stripe", "opening", "net since start", "difference (minor units)"]
        metadata["control total"] = markdown_table(names, rows)
        if report.month:
            metadata["requests in 30 days"] = str(report.month)
        return dg.MaterializeResult(metadata=metadata, check_results=[_control_totals(report.control_totals, lost)])

    return balances
