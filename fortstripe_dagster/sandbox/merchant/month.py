"""A merchant's life on Stripe, deterministic: the same seed gives the same objects, ids and amounts.

Here are the ordinary days and the payouts; the cases that a month must hold are in `cases`, the shop itself in
`shop`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from random import Random

from fortstripe_dagster.sandbox.banking_days import is_banking_day, next_banking_day
from fortstripe_dagster.sandbox.merchant.cases import CASES, Case
from fortstripe_dagster.sandbox.merchant.rare_cases import RARE_CASES
from fortstripe_dagster.sandbox.merchant.shop import Shop, local
from fortstripe_dagster.sandbox.stripe.account import STOCKHOLM, total_net
from fortstripe_dagster.sandbox.stripe.builder.balance import payable, settles_on
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.world import World

FULL_MONTH = 100
"""Payments from which a month holds every case."""

PAYOUT_TIME = time(6, 0)
FAILING_PAYOUT = 6
"""Which payout of a life the bank sends back."""

BEFORE = timedelta(days=35)
"""How long a merchant with rare cases was in business before the first month."""


@dataclass(frozen=True, kw_only=True)
class Merchant:
    """What happens to a Swedish web shop in `months` months from `first`; at least `payments` payments succeed.

    From 100 payments on the first month holds every case of `cases`, a smaller one a few, chosen by the seed.
    `rare` adds the cases of `rare_cases`, some of which begin before the first month. `euro_balance` settles euros on a
    balance of their own, with payouts of their own, instead of converting them.
    """

    seed: int = 1
    payments: int = 300
    months: int = 1
    first: date = date(2026, 3, 1)
    rare: bool = False
    euro_balance: bool = False

    def world(self) -> World:
        """Live it; the clock ends when the last day's money has reached the bank.

        Raises ValueError if `first` is no first of a month.
        """
        if self.first.day != 1:
            raise ValueError(f"A merchant's life begins on the first of a month, not on {self.first}.")
        days = list(_days(self.first, self.months))
        opened = local(self.first, time(0)) - (BEFORE if self.rare else timedelta(0))
        shop = Shop(
            self.seed,
            opened=opened,
            customers=max(self.payments // 3, 8),
            settle_euros_in="eur" if self.euro_balance else "sek",
        )
        self._plan_sales(shop, days)
        for case in self._cases(shop.random):
            case(shop, self.first)
        last_payout = settles_on(local(days[-1], time(23, 59))).date()
        end = local(next_banking_day(last_payout), time(12)) + timedelta(days=1)
        _Payouts(shop, end).plan(opened.astimezone(STOCKHOLM).date(), last_payout)
        return shop.run(until=end)

    def _cases(self, random: Random) -> list[Case]:
        known = CASES + RARE_CASES if self.rare else CASES
        if self.payments >= FULL_MONTH:
            return list(known)
        return random.sample(known, max(self.payments // 4, 3))

    def _plan_sales(self, shop: Shop, days: list[date]) -> None:
        subscriptions = self.payments // 6
        first_month = [day for day in days if (day.year, day.month) == (self.first.year, self.first.month)]
        for _ in range(subscriptions):
            shop.plan(_opening_hour(shop.random, first_month), shop.subscribe)
        for _ in range(self.payments - subscriptions):
            shop.plan(_opening_hour(shop.random, days), partial(_sell, shop))


def _sell(shop: Shop, at: datetime) -> None:
    """An ordinary order; some are by guests, some need two tries, some come back."""
    luck = shop.random.randrange(100)
    charge = shop.buy(at, guest=luck < 15, declined_first=luck >= 95)
    regret = shop.random.randrange(100)
    if regret < 6:
        part = charge["amount"] // 3 if regret < 3 else charge["amount"]
        days = timedelta(days=shop.random.randint(1, 9))
        shop.plan(at + days, partial(shop.world.refund, charge, amount=part))


def _days(first: date, months: int) -> Iterator[date]:
    end = first
    for _ in range(months):
        end = (end.replace(day=28) + timedelta(days=4)).replace(day=1)
    while first < end:
        yield first
        first += timedelta(days=1)


def _opening_hour(random: Random, days: list[date]) -> datetime:
    return local(random.choice(days), time(random.randint(6, 22), random.randrange(60), random.randrange(60)))


class _Payouts:
    """Daily automatic payouts, each in the bank on the next banking day, one of which comes back."""

    def __init__(self, shop: Shop, end: datetime) -> None:
        self._shop = shop
        self._end = end
        self._made = 0

    def plan(self, first: date, last: date) -> None:
        """Pay out on every banking day from `first` to `last`."""
        day = first
        while day <= last:
            if is_banking_day(day):
                self._shop.plan(local(day, PAYOUT_TIME), self._pay_out)
            day += timedelta(days=1)

    def _pay_out(self, at: datetime) -> None:
        world = self._shop.world
        for currency in sorted({world.currency, self._shop.settle_euros_in}):
            if total_net(payable(world, currency, at)) > 0:
                payout = world.payout(at=at, currency=currency)
                self._made += 1
                self._arrive(payout, fails=self._made == FAILING_PAYOUT)

    def _arrive(self, payout: StripeObject, *, fails: bool) -> None:
        arrives = datetime.fromtimestamp(payout["arrival_date"], UTC) + timedelta(hours=6)
        self._shop.plan(arrives, partial(self._shop.world.payout_paid, payout))
        if fails:
            bounces = local(next_banking_day(arrives.date()), time(10))
            self._shop.plan(bounces, partial(self._shop.world.payout_failed, payout))


def tiny(seed: int = 1) -> World:
    """Twenty SEK card payments at 25 %, one full refund, and the payout that takes them all, paid."""
    world = World(seed=seed)
    random = Random(seed)
    monday = date(2026, 3, 2)
    charges = []
    for number in range(20):
        at = local(monday + timedelta(days=number // 7), time(9 + number % 7, random.randrange(60)))
        name = random.choice(("Anna Berg", "Erik Lund", "Sara Ek", "Olle Falk"))
        charges.append(
            world.one_off_payment(
                at=at,
                amount=random.choice((21875, 12500, 49900, 99900, 125000)),
                name=name,
                email=f"{name.split()[0].lower()}@example.com",
                description=f"Order {1001 + number}",
            )
        )
    world.refund(charges[3], at=local(date(2026, 3, 5), time(11, 20)))
    paid = world.payout(at=local(date(2026, 3, 9), time(1, 0)))
    world.payout_paid(paid)
    return world
