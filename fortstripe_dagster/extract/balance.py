"""The account's identity, and Stripe's balance beside the transactions that must explain it.

The balance endpoint knows only now, so it is read before and after listing what is new; if both readings agree,
nothing moved in between and the sum of all net amounts must lead from the opening balance to it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

import duckdb

from fortstripe_dagster.failures import ConfigurationError, StripeFailure

PAYMENTS = "payments"

_NET = """
    SELECT currency, balance_type, sum(net)::BIGINT FROM stripe.balance_transactions WHERE day >= ? GROUP BY ALL
"""

_NEWEST = """
    SELECT net FROM stripe.balance_transactions
    WHERE currency = ? AND balance_type = ? AND created >= ? ORDER BY created DESC, id DESC
"""
READ_LATE = timedelta(minutes=10)
"""How long a transaction may take to count in Stripe's balance."""


@dataclass(frozen=True)
class Account:
    """Whose Stripe account it is, live or test."""

    id: str
    livemode: bool
    country: str | None = None
    default_currency: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Amounts:
    """One balance in minor units."""

    available: int = 0
    pending: int = 0
    reserved: int = 0

    @property
    def total(self) -> int:
        """What the sum of net amounts leads to; the reserve is a part of it held for connected accounts."""
        return self.available + self.pending


Balances = dict[tuple[str, str], Amounts]
"""Amounts by (currency, balance_type)."""


@dataclass(frozen=True)
class BalanceLine:
    """Stripe's balance of one currency and kind, and how the transactions explain it; minor units."""

    currency: str
    balance_type: str
    stripe: int
    opening: int
    since_start_net: int
    newer: int = 0
    """Net of transactions that were listed and are newer than the reading, where they explain it."""

    @property
    def difference(self) -> int:
        """What the transactions do not explain; 0 when the books can be trusted to be complete."""
        return self.stripe - self.opening - self.since_start_net + self.newer


def parse_account(account: bytes, balance: bytes) -> Account:
    """Who answered. The account does not say whether it is live; the balance does."""
    who, mode = _object(account, "account"), _object(balance, "balance")
    if not isinstance(mode.get("livemode"), bool) or not who.get("id"):
        raise StripeFailure(
            "Stripe does not tell the account's id, or whether it is live.", "check STRIPE_API_BASE and the key."
        )
    currency = who.get("default_currency")
    dashboard = (who.get("settings") or {}).get("dashboard") or {}
    name = dashboard.get("display_name") or (who.get("business_profile") or {}).get("name") or who.get("email")
    return Account(who["id"], mode["livemode"], who.get("country"), currency.upper() if currency else None, name)


def parse_balances(body: bytes) -> Balances:
    """A reading of the balance endpoint by (currency, balance_type), as balance transactions name the type."""
    answer = _object(body, "balance")
    found: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    kinds = {
        PAYMENTS: answer,
        "issuing": answer.get("issuing") or {},
        "refund_and_dispute_prefunding": answer.get("refund_and_dispute_prefunding") or {},
    }
    for kind, amounts in kinds.items():
        for field, part in (("available", "available"), ("pending", "pending"), ("connect_reserved", "reserved")):
            for entry in amounts.get(field) or []:
                found[entry["currency"].upper(), kind][part] += int(entry["amount"])
    return {key: Amounts(**parts) for key, parts in found.items()}


def checked(connection: duckdb.DuckDBPyConnection, run_id: str) -> Account | None:
    """The account, if this run has already made sure that it is the right one."""
    row = connection.execute(
        "SELECT id, livemode, country, default_currency, name FROM stripe.account WHERE checked_by = ?", [run_id]
    ).fetchone()
    return Account(*row) if row else None


def of_key(connection: duckdb.DuckDBPyConnection, key: str) -> Account | None:
    """The account, if any run has made sure that it is this key's."""
    row = connection.execute(
        "SELECT id, livemode, country, default_currency, name FROM stripe.account WHERE checked_key = ?", [_digest(key)]
    ).fetchone()
    return Account(*row) if row else None


def pin(connection: duckdb.DuckDBPyConnection, account: Account, run_id: str, key: str) -> None:
    """Remember the account, or refuse another one than the warehouse was begun with: live and test never mix."""
    row = connection.execute("SELECT id, livemode FROM stripe.account").fetchone()
    if row and row != (account.id, account.livemode):
        raise ConfigurationError(
            f"This warehouse belongs to the Stripe account {row[0]} ({_mode(row[1])}), but the key belongs to"
            f" {account.id} ({_mode(account.livemode)}).",
            "use the key of that account and mode, or another FORTSTRIPE_HOME for this one.",
        )
    connection.execute("DELETE FROM stripe.account")
    connection.execute(
        "INSERT INTO stripe.account VALUES (?, ?, ?, ?, ?, ?, ?)",
        [account.id, account.country, account.default_currency, account.livemode, account.name, run_id, _digest(key)],
    )


def record(connection: duckdb.DuckDBPyConnection, balances: Balances, at: datetime) -> None:
    """Keep a reading."""
    for (currency, kind), amounts in sorted(balances.items()):
        connection.execute(
            "INSERT INTO stripe.balances VALUES (?, ?, ?, ?, ?, ?)",
            [at, kind, currency, amounts.available, amounts.pending, amounts.reserved],
        )


def explain(
    connection: duckdb.DuckDBPyConnection, balances: Balances, start_date: date, at: datetime, *, settled: bool = True
) -> list[BalanceLine]:
    """Each balance beside opening + net since the start; the opening is told at the first reading and kept.

    A reading that was not `settled`, since money moved all the while, tells no opening: a later one will.
    """
    net = {(c, kind): total for c, kind, total in connection.execute(_NET, [start_date]).fetchall()}
    connection.execute("DELETE FROM stripe.opening_balances WHERE start_date <> ?", [start_date])
    opening: Mapping[tuple[str, str], int] = {
        (c, kind): amount
        for c, kind, amount in connection.execute(
            "SELECT currency, balance_type, opening FROM stripe.opening_balances"
        ).fetchall()
    }
    lines = []
    for key in sorted(balances.keys() | {key for key in net if key[1] == PAYMENTS}):
        stripe, moved = balances.get(key, Amounts()).total, net.get(key, 0)
        if key not in opening and settled:
            connection.execute(
                "INSERT INTO stripe.opening_balances VALUES (?, ?, ?, ?, ?, ?)",
                [key[0], key[1], moved, stripe - moved, start_date, at],
            )
        line = BalanceLine(key[0], key[1], stripe, opening.get(key, stripe - moved), moved)
        lines.append(replace(line, newer=_newer(connection, line, at)))
    return lines


def _newer(connection: duckdb.DuckDBPyConnection, line: BalanceLine, at: datetime) -> int:
    """The net of the newest transactions that, left out, makes a reading of `at` right; 0 if there are none such."""
    if not line.difference:
        return 0
    rows = connection.execute(_NEWEST, [line.currency, line.balance_type, at - READ_LATE]).fetchall()
    left_out = accumulate(net for (net,) in rows)
    return next((net for net in left_out if net == -line.difference), 0)


def _object(body: bytes, kind: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise StripeFailure(f"Stripe's {kind} is cut off or not JSON.", "run the same command again.") from error
    if not isinstance(answer, dict) or answer.get("object") != kind:
        raise StripeFailure(f"Stripe's answer is not a {kind}.", "check STRIPE_API_BASE.")
    return answer


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _mode(livemode: bool) -> str:
    return "live" if livemode else "test"
