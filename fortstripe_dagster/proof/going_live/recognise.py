"""Which vouchers of the books are about Stripe: by their words, by an account of Stripe's, or by a payout's amount."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from fortstripe_dagster.fortnox.sie import Sie, SieVoucher

NAME = re.compile(r"\bstripe", re.IGNORECASE)
LIQUID = range(1900, 2000)
"""Cash and bank (kassa och bank), BAS class 19."""
NEAR = timedelta(days=7)
"""How far from its arrival a payout's booking may be dated: weekends, and a bookkeeper who dates by the bank's day."""


@dataclass(frozen=True)
class Payout:
    """A payout of Stripe's in units of its currency, with its local day and the day on which it reaches the bank."""

    id: str
    amount: Decimal
    currency: str
    created: date
    arrival: date


@dataclass(frozen=True)
class Booked:
    """A payout and the row of the books that booked its arrival."""

    payout: Payout
    voucher: SieVoucher
    account: int


@dataclass(frozen=True)
class Recognised:
    """The vouchers about Stripe in order of their days, and the payouts among them that were booked by hand."""

    vouchers: tuple[SieVoucher, ...]
    payouts: tuple[Booked, ...]


def recognise(
    ledgers: Sequence[Sie], payouts: Iterable[Payout], accounts: Collection[int] = (), *, leave_out: str = ""
) -> Recognised:
    """The vouchers that name Stripe, post to one of `accounts` or one named after it, or book a payout's arrival.

    Vouchers of the series `leave_out` are not people's.
    """
    own = {*accounts} | {number for ledger in ledgers for number, name in ledger.accounts.items() if NAME.search(name)}
    vouchers = [each for ledger in ledgers for each in ledger.vouchers if each.series != leave_out]
    booked = _arrivals(vouchers, payouts)
    arrived = {id(each.voucher) for each in booked}
    found = [each for each in vouchers if id(each) in arrived or _is_named(each) or _touches(each, own)]
    return Recognised(tuple(sorted(found, key=lambda each: (each.date, each.series, each.number or 0))), booked)


def label(voucher: SieVoucher) -> str:
    """A voucher as people name it: series and number."""
    return f"{voucher.series} {voucher.number if voucher.number is not None else '(no number)'}"


def _is_named(voucher: SieVoucher) -> bool:
    return bool(NAME.search(voucher.text) or any(NAME.search(row.text) for row in voucher.transactions))


def _touches(voucher: SieVoucher, accounts: Collection[int]) -> bool:
    return any(row.account in accounts for row in voucher.transactions)


def _arrivals(vouchers: Sequence[SieVoucher], payouts: Iterable[Payout]) -> tuple[Booked, ...]:
    """For each payout in kronor the bank row of its amount nearest to its arrival; a row stands for one payout."""
    rows: dict[Decimal, list[tuple[SieVoucher, int, int]]] = defaultdict(list)
    for voucher in vouchers:
        for place, row in enumerate(voucher.transactions):
            if row.account in LIQUID and row.amount > 0:
                rows[row.amount].append((voucher, place, row.account))
    taken: set[tuple[int, int]] = set()
    found = []
    for payout in sorted(payouts, key=lambda each: (each.arrival, each.id)):
        if payout.currency != "SEK":
            continue  # the books hold kronor at a rate that only the bookkeeper knows
        near = [
            (abs(voucher.date - payout.arrival), not _is_named(voucher), id(voucher), place, voucher, account)
            for voucher, place, account in rows.get(payout.amount, ())
            if abs(voucher.date - payout.arrival) <= NEAR and (id(voucher), place) not in taken
        ]
        if near:
            *_, key, place, voucher, account = min(near, key=lambda each: each[:4])
            taken.add((key, place))
            found.append(Booked(payout, voucher, account))
    return tuple(found)
