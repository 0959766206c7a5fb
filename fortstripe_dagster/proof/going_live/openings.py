"""What the books hold of Stripe at the midnight where fortstripe begins, beside what Stripe itself held then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fortstripe_dagster.fortnox.sie import Sie
from fortstripe_dagster.money import to_decimal, to_ore
from fortstripe_dagster.proof.going_live.recognise import Payout


@dataclass(frozen=True)
class AtStripe:
    """Stripe's balance at that midnight: minor units of the currency, and the official rate of the day."""

    currency: str
    balance_type: str
    amount: int
    sek_per_unit: Decimal | None


@dataclass(frozen=True)
class Opening:
    """Kronor at that midnight; `stripe` and `on_its_way` are None where nobody knows them yet.

    `accounts` are those of the books for this currency: the claim, and payouts on their way.
    """

    currency: str
    accounts: tuple[str, ...]
    books: Decimal | None
    stripe: Decimal | None
    on_its_way: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """How much more the books hold than Stripe owed; None where one of them is not known."""
        if self.books is None or self.stripe is None:
            return None
        return self.books - self.stripe - (self.on_its_way or Decimal(0))


def balance_before(ledgers: Sequence[Sie], accounts: Collection[str], day: date) -> Decimal | None:
    """What the accounts held when `day` began; None if no ledger is of its year."""
    for ledger in ledgers:
        year = ledger.years.get(0)
        if year is not None and year.start <= day <= year.end:
            numbers = {int(account) for account in accounts}
            carried = sum((ledger.opening.get((0, number), Decimal(0)) for number in numbers), Decimal(0))
            moved = [
                row.amount
                for voucher in ledger.vouchers
                if voucher.date < day
                for row in voucher.transactions
                if row.account in numbers
            ]
            return carried + sum(moved, Decimal(0))
    return None


def compare(
    ledgers: Sequence[Sie],
    by_currency: dict[str, tuple[str, ...]],
    at_stripe: Sequence[AtStripe] | None,
    payouts: Sequence[Payout],
    start: date,
) -> tuple[Opening, ...]:
    """For each currency the books beside Stripe. A payout that left before `start` and arrives later is on its way."""
    found = []
    for currency, accounts in sorted(by_currency.items()):
        stripe = on_its_way = None
        if at_stripe is not None:
            own = [each for each in at_stripe if each.currency == currency]
            rate = next((each.sek_per_unit for each in own if each.sek_per_unit is not None), None)
            rate = Decimal(1) if currency == "SEK" else rate
            moving = [each for each in payouts if each.currency == currency and each.created < start <= each.arrival]
            if rate is not None or not own:
                stripe = sum(
                    (to_decimal(to_ore(each.amount, currency, rate or Decimal(0))) for each in own), Decimal(0)
                )
                on_its_way = sum((_kronor(each.amount, rate or Decimal(0)) for each in moving), Decimal(0))
        found.append(Opening(currency, accounts, balance_before(ledgers, accounts, start), stripe, on_its_way))
    return tuple(found)


def _kronor(amount: Decimal, rate: Decimal) -> Decimal:
    return (amount * rate).quantize(Decimal("0.01"))
