"""`fortstripe learn`: from the company's books, and Stripe's facts where they are known, to a proposal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from fortstripe_dagster.business_day import today
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.fortnox import Fortnox, FortnoxError, path, sie
from fortstripe_dagster.money import to_decimal
from fortstripe_dagster.proof.going_live import openings, roles
from fortstripe_dagster.proof.going_live.openings import AtStripe
from fortstripe_dagster.proof.going_live.proposal import Proposal
from fortstripe_dagster.proof.going_live.recognise import Payout, recognise
from fortstripe_dagster.warehouse import Warehouse, has_table

__all__ = ["Proposal", "from_fortnox", "learn", "read_files", "read_payouts"]

YEARS = 2
"""Financial years of Fortnox's that are read: this one and the one before say how Stripe is booked today."""


def learn(
    ledgers: Sequence[sie.Sie],
    warehouse: Warehouse | None = None,
    start: date | None = None,
    *,
    leave_out: str = "",
) -> Proposal:
    """How Stripe was booked in these books, and what to write in fortstripe.toml.

    With a warehouse, payouts are found by their amounts and days, and the opening balance is compared with Stripe's.
    `start` is the first day that fortstripe is to book, `leave_out` its own voucher series. Raises Failure when there
    are no books.
    """
    if not ledgers:
        raise Failure("There are no books to learn from.", "name SIE files (type 4), or connect Fortnox.")
    payouts: list[Payout] = []
    at_stripe: list[AtStripe] | None = None
    if warehouse is not None and warehouse.path.is_file():
        with warehouse.writer() as connection:
            payouts = read_payouts(connection)
            at_stripe = _at_stripe(connection, start) if start else None
    claims = roles.claims(recognise(ledgers, payouts, leave_out=leave_out))
    recognised = recognise(ledgers, payouts, claims, leave_out=leave_out)
    findings = roles.find(ledgers, recognised)
    accounts: dict[str, tuple[str, ...]] = {}
    for part in ("accounts.clearing.", "accounts.transit."):
        for setting in dict.fromkeys(each.setting for each in findings if each.setting.startswith(part)):
            likeliest = next(each.account for each in findings if each.setting == setting)
            currency = setting.removeprefix(part)
            accounts[currency] = (*accounts.get(currency, ()), likeliest)
    years = [ledger.years[0] for ledger in ledgers if 0 in ledger.years]
    return Proposal(
        company=ledgers[-1].company,
        years=tuple((year.start, year.end) for year in years),
        start=start,
        vouchers=sum(len(ledger.vouchers) for ledger in ledgers),
        about_stripe=len(recognised.vouchers),
        findings=findings,
        reverse_charged=roles.fees_are_reverse_charged(recognised),
        known_payouts=len(payouts),
        booked=recognised.payouts,
        openings=openings.compare(ledgers, accounts, at_stripe, payouts, start) if start else (),
    )


def read_files(paths: Sequence[Path]) -> list[sie.Sie]:
    """The SIE files in order of their years. Raises ConfigurationError for a file that cannot be trusted or read."""
    found = []
    for each in paths:
        try:
            found.append(sie.parse(each.read_bytes()))
        except OSError as error:
            raise ConfigurationError(f"{each} cannot be read: {error.strerror}.", "name a SIE file.") from error
        except sie.SieError as error:
            raise ConfigurationError(
                f"{each} is no SIE file that can be trusted: {error}.", "export it anew as SIE 4."
            ) from error
    return _in_order(found)


def from_fortnox(client: Fortnox, progress: Callable[[str], None] = print) -> list[sie.Sie]:
    """The books of Fortnox's latest financial years. Raises Failure when they cannot be read."""
    try:
        listed = client.get(path("financialyears"))["FinancialYears"]
        begun = [year for year in listed if date.fromisoformat(year["FromDate"]) <= today()]
        newest = sorted(begun, key=lambda year: str(year["FromDate"]))[-YEARS:]
        found = []
        for year in newest:
            found.append(sie.parse(client.sie(4, int(year["Id"]))))
            progress(f"learn: read Fortnox's books of {year['FromDate']}…{year['ToDate']}")
    except (FortnoxError, sie.SieError) as error:
        raise Failure("Fortnox's books could not be read.", f"{error}") from error
    return _in_order(found)


def read_payouts(connection: duckdb.DuckDBPyConnection) -> list[Payout]:
    """Stripe's payouts that reached the bank, or will, from the warehouse."""
    if not has_table(connection, "stripe.payouts"):
        return []
    rows = connection.execute(
        "SELECT id, amount, currency, day, arrival_date FROM stripe.payouts"
        " WHERE status NOT IN ('failed', 'canceled') AND amount > 0 ORDER BY arrival_date, id"
    ).fetchall()
    return [Payout(row[0], to_decimal(row[1], row[2]), *row[2:]) for row in rows]


def _at_stripe(connection: duckdb.DuckDBPyConnection, start: date) -> list[AtStripe] | None:
    """Stripe's balances at the midnight of `start`; None while no sync has found them."""
    if not has_table(connection, "stripe.opening_balances"):
        return None
    rows = connection.execute(
        "SELECT o.currency, o.balance_type, o.opening, (SELECT max_by(r.sek_per_unit, r.day)"
        "   FROM stripe.official_rates r WHERE r.currency = o.currency AND r.day <= ?)"
        " FROM stripe.opening_balances o WHERE o.start_date = ? ORDER BY o.currency, o.balance_type",
        [start, start],
    ).fetchall()
    return [AtStripe(row[0], row[1], row[2], Decimal(row[3]) if row[3] is not None else None) for row in rows] or None


def _in_order(found: list[sie.Sie]) -> list[sie.Sie]:
    return sorted(found, key=lambda ledger: ledger.years[0].start if 0 in ledger.years else date.min)
