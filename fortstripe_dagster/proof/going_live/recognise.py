"""Which vouchers of the books are about Stripe: by words, an account of its own, the amount of a payout or sale."""

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
"""How far from its day a payout or sale may be booked: weekends, and a bookkeeper who dates by the bank's day."""
RECEIVABLES = range(1500, 1520)
"""Customer receivables (kundfordringar)."""


@dataclass(frozen=True)
class Payout:
    """A payout of Stripe's in units of its currency, with its local day and the day on which it reaches the bank."""

    id: str
    amount: Decimal
    currency: str
    created: date
    arrival: date


@dataclass(frozen=True)
class Sold:
    """A sale in kronor, VAT included, on its local day."""

    id: str
    amount: Decimal
    day: date


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
    ledgers: Sequence[Sie],
    payouts: Iterable[Payout],
    accounts: Collection[int] = (),
    *,
    sales: Iterable[Sold] = (),
    leave_out: str = "",
) -> Recognised:
    """The vouchers that name Stripe, post to one of `accounts` or one named after it, or book a payout's arrival.

    Where those set off receivables, vouchers that made one of the amount of a sale count too: its invoice. Vouchers of
    the series `leave_out` are not people's.
    """
    own = {*accounts} | {number for ledger in ledgers for number, name in ledger.accounts.items() if NAME.search(name)}
    vouchers = [each for ledger in ledgers for each in ledger.vouchers if each.series != leave_out]
    # The books hold kronor at a rate that only the bookkeeper knows: foreign payouts have no amount to look for.
    in_kronor = {each.id: each for each in payouts if each.currency == "SEK"}
    arrivals = [(each.id, each.amount, each.arrival) for each in in_kronor.values()]
    rows = _nearest(vouchers, arrivals, LIQUID)
    booked = tuple(Booked(in_kronor[name], voucher, account) for name, voucher, account in rows)
    known = {id(each.voucher) for each in booked}
    found = [each for each in vouchers if id(each) in known or _is_named(each) or _touches(each, own)]
    if any(row.account in RECEIVABLES and row.amount < 0 for each in found for row in each.transactions):
        known = {id(each) for each in found}
        others = [each for each in vouchers if id(each) not in known]
        made = _nearest(others, [(each.id, each.amount, each.day) for each in sales], RECEIVABLES)
        found += [voucher for _, voucher, _ in made]
    return Recognised(tuple(sorted(found, key=lambda each: (each.date, each.series, each.number or 0))), booked)


def label(voucher: SieVoucher) -> str:
    """A voucher as people name it: series and number."""
    return f"{voucher.series} {voucher.number if voucher.number is not None else '(no number)'}"


def _is_named(voucher: SieVoucher) -> bool:
    return bool(NAME.search(voucher.text) or any(NAME.search(row.text) for row in voucher.transactions))


def _touches(voucher: SieVoucher, accounts: Collection[int]) -> bool:
    return any(row.account in accounts for row in voucher.transactions)


def _nearest(
    vouchers: Sequence[SieVoucher], wanted: Iterable[tuple[str, Decimal, date]], accounts: Collection[int]
) -> list[tuple[str, SieVoucher, int]]:
    """For each (id, amount, day) the row that debits one of the accounts by it nearest to that day.

    A row stands for one of them; of equally near ones that wins whose voucher names Stripe.
    """
    rows: dict[Decimal, list[tuple[int, SieVoucher, int]]] = defaultdict(list)
    count = 0
    for voucher in vouchers:
        for row in voucher.transactions:
            if row.account in accounts and row.amount > 0:
                rows[row.amount].append((count, voucher, row.account))
                count += 1
    taken: set[int] = set()
    found = []
    for name, amount, day in sorted(wanted, key=lambda each: (each[2], each[0])):
        near = [
            (abs(voucher.date - day), not _is_named(voucher), place, voucher, account)
            for place, voucher, account in rows.get(amount, ())
            if place not in taken and abs(voucher.date - day) <= NEAR
        ]
        if near:
            _, _, place, voucher, account = min(near, key=lambda each: each[:3])
            taken.add(place)
            found.append((name, voucher, account))
    return found
