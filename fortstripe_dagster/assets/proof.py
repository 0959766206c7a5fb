"""The asset that proves Stripe = ledger = Fortnox, with a check for each of its equations; and what drifted there."""

from collections.abc import Sequence

import dagster as dg

from fortstripe_dagster.assets.company import Company, explained
from fortstripe_dagster.assets.delivery import DOCUMENTS, PROOF
from fortstripe_dagster.assets.metadata import markdown_table, of_table, plot
from fortstripe_dagster.assets.partitions import BACKFILL_POLICY, days_of
from fortstripe_dagster.assets.place import Place
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.proof import EQUATIONS, Equation, ProofReport, prove
from fortstripe_dagster.proof.drift import drift

TIE_OUT = PROOF
ALARMS = """
    SELECT day, count(*) FILTER (status = 'alarm') FROM proof.tie_out WHERE day BETWEEN ? AND ? GROUP BY 1 ORDER BY 1
"""
DRIFT = dg.AssetKey(["proof", "drift"])


def proof_assets(place: Place) -> list[dg.AssetsDefinition]:
    """The nightly tie-out with its checks, and what it found changed in Fortnox."""

    @dg.asset(
        key=place.key(TIE_OUT),
        deps=[place.key(dg.AssetKey(["fortnox", name])) for name in DOCUMENTS],
        group_name=place.group("proof"),
        kinds={"fortnox", "duckdb"},
        owners=["team:finance"],
        partitions_def=place.days,
        backfill_policy=BACKFILL_POLICY,
        pool=place.pool,
        description="Stripe = ledger = Fortnox for every day and currency; each difference is named.",
        check_specs=[
            dg.AssetCheckSpec(name=_check_name(key), asset=place.key(TIE_OUT), description=str(title))
            for key, title in EQUATIONS.items()
        ],
    )
    def tie_out(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        days: Days = days_of(context)
        with explained():
            settings = company.settings()
            warehouse = company.warehouse(settings, context.log.info)
            report = prove(settings, warehouse, days, context.log.info)
            context.log.info(report.text())
            with warehouse.writer() as connection:
                table = of_table(connection, "proof.tie_out")
                alarms = connection.execute(ALARMS, [days.first, days.last]).fetchall()
            warehouse.publish()
        plot(context, place.key(TIE_OUT), "alarms of the day", alarms)
        return dg.MaterializeResult(
            metadata={
                **table,
                "documents in Fortnox": markdown_table(["kind", "documents"], sorted(report.documents.items())),
                "tie-out": dg.MetadataValue.md("\n\n".join(report.lines())),
                "equations": _equations(report.equations),
                "trial balance": markdown_table(
                    ["account", "name", "opening", "debit", "credit", "closing"],
                    [(x.account, x.name, x.opening, x.debit, x.credit, x.closing) for x in report.trial_balance],
                ),
                "certificate": dg.MetadataValue.path(str(report.certificate_path)),
            },
            check_results=list(_checks(report)),
        )

    @dg.asset(
        key=place.key(DRIFT),
        deps=[place.key(TIE_OUT)],
        group_name=place.group("proof"),
        kinds={"fortnox", "duckdb"},
        owners=["team:finance"],
        partitions_def=place.days,
        backfill_policy=BACKFILL_POLICY,
        pool=place.pool,
        description="What people changed in Fortnox after delivery; nothing of it is ever written over.",
    )
    def changed_in_fortnox(context: dg.AssetExecutionContext, company: Company) -> dg.MaterializeResult:
        with explained(), company.connection(context.log.info) as connection:
            standing = drift(connection)
            return dg.MaterializeResult(
                metadata={
                    **of_table(connection, "proof.drift"),
                    "standing": len(standing),
                    "alarms": sum(each.severity == "alarm" for each in standing),
                    "changes": markdown_table(
                        ["day", "kind", "severity", "who", "what happened"],
                        [(each.day, each.kind, each.severity, each.who, each.text) for each in standing],
                    ),
                }
            )

    return [tie_out, changed_in_fortnox]


def _check_name(equation: str) -> str:
    return f"equation_{equation}"


def _equations(equations: Sequence[Equation]) -> dg.MetadataValue[str]:
    names = ["equation", "currency", "account", "left", "right", "difference", "status"]
    rows = [
        (f"{x.equation} {x.title}", x.currency, x.account, x.left_side, x.right_side, x.difference, x.status)
        for x in equations
    ]
    return markdown_table(names, rows)


def _checks(report: ProofReport) -> Sequence[dg.AssetCheckResult]:
    results = []
    for key in EQUATIONS:
        rows = [equation for equation in report.equations if equation.equation == key]
        items = [(x.kind, x.id, x.amount, x.currency, x.text, x.remedy) for x in report.items if x.equation == key]
        results.append(
            dg.AssetCheckResult(
                check_name=_check_name(key),
                passed=all(row.status != "alarm" for row in rows),
                severity=dg.AssetCheckSeverity.ERROR,
                metadata={
                    "sides": _equations(rows),
                    "items": markdown_table(["kind", "id", "amount", "currency", "what", "remedy"], items),
                },
            )
        )
    return results
