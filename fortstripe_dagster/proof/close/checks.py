"""The checks on the cover: every equation of the proof, every total that must be an account's, and what is missing.

A check has one of four outcomes, the worst of which is the month's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.proof.close.lists import Listing
from fortstripe_dagster.proof.drift import drift
from fortstripe_dagster.proof.equations import EQUATIONS
from fortstripe_dagster.proof.report import Equation, equations_of
from fortstripe_dagster.proof.trial_balance import trial_balance_from
from fortstripe_dagster.proof.vat_return import VatReturn
from fortstripe_dagster.proof.vat_tie import VatTie

Outcome = Literal["ok", "explained", "waits", "alarm"]
ORDER: tuple[Outcome, ...] = ("ok", "explained", "waits", "alarm")
NOUGHT = Decimal("0.00")
OVER = ("won", "lost", "warning_closed")
COUNTED = frozenset({"nothing_held", "nothing_changed", "every_day_read"})
SEVERITIES: dict[str, Outcome] = {"alarm": "alarm", "waits": "waits", "info": "explained"}
"""What a finding of each severity makes of its check, the worst first."""


@dataclass(frozen=True)
class Check:
    """One line of the cover. The sides are None where there is nothing to compare; `remark` is a word or a number."""

    section: str
    name: str
    about: str
    left: Decimal | None
    right: Decimal | None
    outcome: Outcome
    remark: str = ""

    @property
    def counts(self) -> bool:
        """Whether the sides count things instead of adding up money."""
        kind, _, equation = self.name.partition(":")
        return kind in COUNTED or kind == "equation" and EQUATIONS[equation].counts

    @property
    def difference(self) -> Decimal | None:
        return None if self.left is None or self.right is None else self.left - self.right


def worst(checks: Sequence[Check]) -> Outcome:
    """The outcome of all of them together."""
    return max((check.outcome for check in checks), key=ORDER.index, default="ok")


def checks_of(
    connection: duckdb.DuckDBPyConnection,
    days: Days,
    lists: Mapping[str, Listing],
    vat: VatReturn,
    tie: VatTie | None,
) -> tuple[Check, ...]:
    """All checks of the month, in the order of the pack's sections."""
    found = [
        *_suspense(connection, days),
        *_equations(equations_of(connection, days)),
        *_stripe_control(lists["stripe_control"]),
        *_vat(vat, tie),
        *_disputes(lists["disputes"]),
        *_tax_invoices(lists["tax_invoices"]),
        *_counted(connection, days, lists),
        *_ties(lists),
    ]
    return tuple(sorted(found, key=lambda check: check.section))


SECTIONS = {"1": "01", "2": "01", "3a": "02", "3b": "02", "4a": "01", "4b": "01", "5": "04", "7": "02"}
"""Where an equation belongs in the pack; the others concern the whole of it."""


def _equations(equations: Sequence[Equation]) -> Iterator[Check]:
    """Each row of the proof on the month's last day; of the many accounts of equation 6 those that do not agree."""
    for each in equations:
        if each.equation == "6" and each.status == "ok":
            continue
        about = " ".join(part for part in (each.balance_type, each.currency, each.account) if part)
        yield Check(
            SECTIONS.get(each.equation, "13"),
            f"equation:{each.equation}",
            about,
            each.left_side,
            each.right_side,
            each.status,
            "" if each.first_bad_day is None else f"{each.first_bad_day} –",
        )
    agreeing = sum(each.equation == "6" and each.status == "ok" for each in equations)
    yield Check("13", "accounts_agree", str(agreeing), None, None, "ok")


def _suspense(connection: duckdb.DuckDBPyConnection, days: Days) -> Iterator[Check]:
    """What Fortnox has on the account for unknown movements: a person clears it there, not in the ledger."""
    row = connection.execute("SELECT number FROM ledger.account_map WHERE role = 'suspense'").fetchone()
    account = row[0] if row else ""
    balance = sum(
        (each.closing for each in trial_balance_from(connection, days.last) if each.account == account), NOUGHT
    )
    yield Check("00", "suspense_empty", f"Fortnox {account}", balance, NOUGHT, "waits" if balance else "ok")


def _stripe_control(listing: Listing) -> Iterator[Check]:
    """Stripe's report if it made one, else its balance; a report that was not made is said."""
    for row in listing.rows:
        values = dict(zip(listing.columns, row, strict=True))
        about = " ".join((values["evidence"], values["balance_type"], values["currency"])).strip()
        if values["ours"] is None:
            yield Check("01", "stripe_control", about, None, None, "explained", values["remark"])
            continue
        apart = values["difference"] - values["explained"]
        outcome: Outcome = "alarm" if apart else "explained" if values["difference"] else "ok"
        yield Check("01", "stripe_control", about, values["ours"], values["stripes"], outcome, values["remark"])
    if not listing.rows:
        yield Check("01", "stripe_control", "", None, None, "waits", "not_read")


def _vat(vat: VatReturn, tie: VatTie | None) -> Iterator[Check]:
    severities = {finding.severity for finding in vat.findings}
    yield Check("03", "vat_findings", "", None, None, _outcome(severities), str(len(vat.findings) or ""))
    if tie is None:
        yield Check("03", "vat_fortnox", "", None, None, "waits", "not_read")
        return
    named = {finding.box: finding.severity for finding in tie.findings}
    for row in tie.rows:
        if row.difference:
            yield Check("03", "vat_fortnox", row.box, row.ledger, row.fortnox, _outcome({named.get(row.box, "alarm")}))
    yield Check("03", "boxes_agree", str(sum(not row.difference for row in tie.rows)), None, None, "ok")
    loose = [finding for finding in tie.findings if finding.severity == "alarm"]
    if loose:
        yield Check("03", "vat_fortnox", "", None, None, "alarm", "; ".join(finding.text for finding in loose))


def _outcome(severities: Set[str]) -> Outcome:
    for severity, outcome in SEVERITIES.items():
        if severity in severities:
            return outcome
    return "ok"


def _tax_invoices(listing: Listing) -> Iterator[Check]:
    for row in listing.rows:
        values = dict(zip(listing.columns, row, strict=True))
        if values["invoiced"] is None:
            remark = "no_amount" if values["name"] else "not_attached"
            yield Check("07", "tax_invoice", values["currency"], values["fees"], None, "waits", remark)
        else:
            outcome: Outcome = "ok" if not values["difference"] else "alarm"
            yield Check(
                "07", "tax_invoice", values["currency"], values["fees"], values["invoiced"], outcome, values["name"]
            )


def _counted(connection: duckdb.DuckDBPyConnection, days: Days, lists: Mapping[str, Listing]) -> Iterator[Check]:
    """What should be none: held entries, standing changes in Fortnox, and days that were never read."""
    yield _none("11", "nothing_held", len(lists["held"].rows), "waits")
    standing = [each for each in drift(connection) if each.day <= days.last and each.severity != "info"]
    alarms = [each for each in standing if each.severity == "alarm"]
    yield _none("11", "nothing_changed", len(standing), "alarm" if alarms else "waits")
    row = connection.execute(
        "SELECT count(*) FROM ledger.covered_days WHERE day BETWEEN ? AND ?", [days.first, days.last]
    ).fetchone()
    assert row is not None
    yield _none("13", "every_day_read", len(list(days)) - row[0], "alarm")


def _none(section: str, name: str, count: int, otherwise: Outcome) -> Check:
    return Check(section, name, "", Decimal(count), Decimal(0), otherwise if count else "ok")


def _ties(lists: Mapping[str, Listing]) -> Iterator[Check]:
    """Each total that is not what the ledger says, and how many are."""
    ties = [(listing.heading.section, tie) for listing in lists.values() for tie in listing.ties]
    for section, tie in ties:
        if tie.difference:
            about = f"{tie.name}:{tie.column}:{' '.join(tie.accounts)}"
            yield Check(section, f"tie:{tie.measure}", about, tie.total, tie.ledger, "alarm")
    yield Check("00", "totals_agree", str(sum(not tie.difference for _, tie in ties)), None, None, "ok")


def _disputes(listing: Listing) -> Iterator[Check]:
    """A dispute that is over leaves nothing behind."""
    rows = [dict(zip(listing.columns, row, strict=True)) for row in listing.rows]
    over = sum((row["closing"] for row in rows if row["status"] in OVER), Decimal("0.00"))
    left = [row["stripe"] for row in rows if row["status"] in OVER and row["closing"]]
    yield Check("06", "disputes_over", "SEK", over, Decimal(0), "waits" if left else "ok", ", ".join(left))
