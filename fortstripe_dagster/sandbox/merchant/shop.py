"""A Swedish web shop that also sells subscriptions: its wares, its customers, its agenda, and how it sells.

An agenda lets everything happen in order of time, so that every object has the history that Stripe would show. What
happens when is planned elsewhere: ordinary life in `merchant`, particular cases in `cases`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Protocol

from fortstripe_dagster.sandbox.merchant import people
from fortstripe_dagster.sandbox.merchant.people import Person
from fortstripe_dagster.sandbox.stripe.account import STOCKHOLM
from fortstripe_dagster.sandbox.stripe.builder.catalog import address
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject
from fortstripe_dagster.sandbox.stripe.world import World


def local(day: date, clock: time) -> datetime:
    """A moment by the clock on the wall in Stockholm, in UTC."""
    return datetime.combine(day, clock, STOCKHOLM).astimezone(UTC)


@dataclass(frozen=True)
class Ware:
    """Something for sale; prices include VAT, in öre and cents. `vat_rate` is Sweden's, in percent."""

    name: str
    type: str
    vat_rate: int
    sek: int
    eur: int


MUG = Ware("Keramikmugg", "good", 25, 21875, 1990)
SHELF = Ware("Hyllsystem", "good", 25, 349950, 31500)
COURSE = Ware("Nätkurs", "service", 25, 49900, 4500)
LICENCE = Ware("Licens", "service", 25, 125000, 11250)
CABIN = Ware("Natt i stugan", "service", 12, 112000, 10100)
BOOK = Ware("Bok", "good", 6, 19900, 1800)
CARE = Ware("Vårdsamtal", "service", 0, 85000, 7700)

ASSORTMENT = {MUG: 30, SHELF: 8, COURSE: 24, LICENCE: 12, CABIN: 8, BOOK: 12, CARE: 6}
"""Ware -> how often it is bought."""

BUYERS: dict[Callable[[Random, int], Person], int] = {
    people.swedish_person: 62,
    people.swedish_company: 14,
    people.eu_person: 9,
    people.eu_company: 8,
    people.outsider: 7,
}
"""Kind of customer -> share of the customers."""

MONTHLY = {"sek": 24900, "eur": 2240}
YEARLY = {"sek": 249000, "eur": 22400}
SWEDISH_METHODS = ("card",) * 7 + ("swish", "swish", "klarna")


class Happening(Protocol):
    """Something that can be on an agenda; every method of World is, once the rest of its arguments are given."""

    def __call__(self, *, at: datetime) -> object: ...


class Shop:
    """A shop on Stripe from `opened` on: it sells now (`buy`, `subscribe`) or later (`plan`)."""

    def __init__(self, seed: int, *, opened: datetime, customers: int, settle_euros_in: str) -> None:
        self.random = Random(seed)
        self.world = World(seed=seed, now=opened)
        self.settle_euros_in = settle_euros_in
        self.people = [self._somebody(number) for number in range(customers)]
        self._customers: dict[Person, StripeObject] = {}
        self._agenda: list[tuple[datetime, int, Happening]] = []
        self._numbers = count(1001)
        self._stock()

    def _somebody(self, number: int) -> Person:
        kinds = list(BUYERS)
        kind = kinds[number] if number < len(kinds) else self.random.choices(kinds, list(BUYERS.values()))[0]
        return kind(self.random, number)

    def _stock(self) -> None:
        world = self.world
        self.products = {
            ware: world.product(name=ware.name, type=ware.type, vat_rate=str(ware.vat_rate)) for ware in ASSORTMENT
        }
        for ware, product in self.products.items():
            world.price(product=product, unit_amount=ware.sek, tax_behavior="inclusive")
        self.exclusive = {rate: world.tax_rate(percentage=rate) for rate in (25, 12, 6, 0)}
        self.inclusive = {rate: world.tax_rate(percentage=rate, inclusive=True) for rate in (25, 12, 6)}
        world.archive(world.tax_rate(percentage=24, display_name="Gammal moms"), at=world.now)
        world.archive(world.price(product=self.products[MUG], unit_amount=19900), at=world.now)
        self.plan_product = world.product(name="Nordljus Plus", type="service", vat_rate="25")
        self.prices = {
            (interval, currency): world.price(
                product=self.plan_product, unit_amount=amounts[currency], currency=currency, recurring=interval
            )
            for interval, amounts in (("month", MONTHLY), ("year", YEARLY))
            for currency in ("sek", "eur")
        }

    def plan(self, at: datetime, happens: Happening) -> None:
        """Put something on the agenda; it is called with its moment as `at`."""
        heapq.heappush(self._agenda, (at, next(self._numbers), happens))

    def run(self, *, until: datetime) -> World:
        """Let everything planned happen in order of time up to `until`, where the clock then stands."""
        while self._agenda and self._agenda[0][0] <= until:
            at, _, happens = heapq.heappop(self._agenda)
            happens(at=at)
        self.world.at(until)
        return self.world

    def someone(self, kind: Callable[[Random, int], Person]) -> Person:
        """A new customer of a kind, not one of the pool."""
        return kind(self.random, next(self._numbers))

    def customer(self, person: Person, at: datetime) -> StripeObject:
        """The person's customer object, made at the first need."""
        if person not in self._customers:
            self._customers[person] = self.world.customer(
                at=at,
                name=person.name,
                email=person.email,
                country=person.country,
                line1=person.line1,
                city=person.city,
                postal_code=person.postal_code,
                vat_number=person.vat_number,
                tax_exempt="reverse" if person.is_eu_business else "none",
                currency=self.currency(person),
                metadata=person.metadata,
            )
        return self._customers[person]

    def currency(self, person: Person) -> str:
        """What a customer pays in."""
        return "sek" if person.country in ("SE", "NO") else "eur"

    def settles_in(self, currency: str) -> str:
        """The balance that a payment in `currency` lands on."""
        return self.settle_euros_in if currency == "eur" else "sek"

    def buy(
        self,
        at: datetime,
        *,
        person: Person | None = None,
        ware: Ware | None = None,
        quantity: int | None = None,
        method: str | None = None,
        guest: bool = False,
        declined_first: bool = False,
    ) -> StripeObject:
        """One order paid at once, chosen at random where nothing is said; returns its charge.

        Private customers in the EU pay prices with VAT, businesses in other EU countries and everybody outside the EU
        without. `declined_first`: the bank says no a minute before it says yes, to the same payment intent.
        """
        person = person or self.random.choice(self.people)
        ware = ware or self.random.choices(list(ASSORTMENT), list(ASSORTMENT.values()))[0]
        quantity = quantity or self.random.choice((1, 1, 1, 2, 3))
        currency = self.currency(person)
        order = f"Order {next(self._numbers)}"
        sale: StripeObject = {
            "amount": quantity * self._unit_price(person, ware, currency),
            "currency": currency,
            "description": f"{order}: {quantity} × {ware.name}",
            "metadata": {"order": order, "product": self.products[ware]["id"], "vat_rate": str(ware.vat_rate)},
        }
        if ware.type == "good":
            sale["ship_to"] = address(
                country=person.country, line1=person.line1, city=person.city, postal_code=person.postal_code
            )
        if guest:
            sale |= {"name": person.name, "email": person.email, "country": person.country}
        else:
            sale["customer"] = self.customer(person, at - timedelta(minutes=2))
        if method is None:
            method = self.random.choice(SWEDISH_METHODS) if person.country == "SE" else "card"
        settled: StripeObject = {"settle_in": self.settles_in(currency)}
        if declined_first:
            declined = self.world.failed_payment(at=at - timedelta(minutes=1), **sale)
            return self.world.retry_payment(declined, at=at, method=method, **settled)
        return self.world.one_off_payment(at=at, method=method, **sale, **settled)

    def line(
        self,
        ware: Ware,
        unit_amount: int,
        *,
        currency: str = "sek",
        inclusive: bool = False,
        rate: int | None = None,
        quantity: int = 1,
    ) -> Line:
        """An invoice row for a ware, at a price of its own; `rate` is the ware's unless another is given."""
        price = self.world.price(product=self.products[ware], unit_amount=unit_amount, currency=currency)
        price["active"] = False  # a price made for one invoice never shows in lists
        percent = ware.vat_rate if rate is None else rate
        tax_rate = (self.inclusive if inclusive else self.exclusive)[percent]
        return Line(description=ware.name, unit_amount=unit_amount, quantity=quantity, tax_rate=tax_rate, price=price)

    def _unit_price(self, person: Person, ware: Ware, currency: str) -> int:
        with_vat = ware.sek if currency == "sek" else ware.eur
        taxed = person.country in people.EU_PLACES or person.country == "SE"
        if taxed and not person.is_eu_business:
            return with_vat
        return (with_vat * 200 + 100 + ware.vat_rate) // (2 * (100 + ware.vat_rate))

    def subscribe(self, at: datetime, *, person: Person | None = None, interval: str | None = None) -> StripeObject:
        """A new subscription with its first invoice paid; it renews by itself for as long as the agenda runs."""
        person = person or self.random.choice(self.people)
        interval = interval or self.random.choice(("month", "month", "month", "year"))
        currency = self.currency(person)
        inside = person.country in people.EU_PLACES or person.country == "SE"
        subscription = self.world.subscription(
            at=at,
            customer=self.customer(person, at - timedelta(minutes=2)),
            price=self.prices[interval, currency],
            quantity=self.random.choice((1, 1, 2, 5)),
            tax_rate=self._subscription_rate(person, interval) if inside else self.exclusive[0],
            automatic_tax=interval == "year",
            settle_in=self.settles_in(currency),
        )
        self._plan_renewal(subscription)
        return subscription

    def _subscription_rate(self, person: Person, interval: str) -> StripeObject:
        return (self.inclusive if interval == "year" and person.vat_number is None else self.exclusive)[25]

    def _plan_renewal(self, subscription: StripeObject) -> None:
        ends = datetime.fromtimestamp(subscription["items"]["data"][0]["current_period_end"], UTC)
        self.plan(ends, partial(self._renew, subscription))

    def _renew(self, subscription: StripeObject, at: datetime) -> None:
        if subscription["status"] != "active":
            return
        settle_in = self.settles_in(subscription["currency"])
        if self.random.randrange(20):
            self.world.renew_subscription(subscription, settle_in=settle_in)
        else:
            invoice = self.world.renew_subscription(subscription, pay=False)
            self.decline_then_pay(invoice, at + timedelta(hours=1))
        self._plan_renewal(subscription)

    def decline_then_pay(self, invoice: StripeObject, at: datetime) -> None:
        """The bank declines an invoice's payment, and agrees three days later."""
        self.plan(at, partial(self.world.invoice_payment_failed, invoice))
        settle_in = self.settles_in(invoice["currency"])
        self.plan(at + timedelta(days=3), partial(self.world.pay_invoice, invoice, settle_in=settle_in))
