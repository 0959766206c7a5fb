"""The cases that a merchant's month must hold, however small or unlucky it is: each a function that plans one.

A case takes the shop and the first day of its month; days after the 28th are left to cases that know their month.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial

from fortstripe_dagster.sandbox.merchant import people
from fortstripe_dagster.sandbox.merchant.people import Person
from fortstripe_dagster.sandbox.merchant.shop import BOOK, CABIN, CARE, COURSE, LICENCE, MUG, SHELF, Shop, local
from fortstripe_dagster.sandbox.stripe.builder.tax import Line
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject

Case = Callable[[Shop, date], None]


def on(month: date, day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment of the month by the clock on the wall."""
    return local(month.replace(day=day), time(hour, minute))


def refund_in_three_parts(shop: Shop, month: date) -> None:
    """100.00 refunded as 33.33, 33.33 and 33.34: VAT parts must add up to the whole."""

    def sell(at: datetime) -> None:
        charge = shop.world.one_off_payment(
            at=at, amount=10000, name="Eva Strand", email="eva.strand@example.com", description="Keramikkurs"
        )
        for day, amount in ((6, 3333), (9, 3333), (12, 3334)):
            shop.plan(on(month, day), partial(shop.world.refund, charge, amount=amount))

    shop.plan(on(month, 3), sell)


def refund_in_two_parts(shop: Shop, month: date) -> None:
    """218.75 refunded as 50.00 and later 68.75, the rest kept."""

    def sell(at: datetime) -> None:
        charge = shop.buy(at, person=shop.someone(people.swedish_person), ware=MUG, quantity=1)
        shop.plan(on(month, 10, 9), partial(shop.world.refund, charge, amount=5000))
        shop.plan(on(month, 17, 16), partial(shop.world.refund, charge, amount=6875))

    shop.plan(on(month, 4, 15), sell)


def refund_on_the_same_day(shop: Shop, month: date) -> None:
    """Regretted within the hour; the fee stays with Stripe."""

    def sell(at: datetime) -> None:
        charge = shop.buy(at, person=shop.someone(people.swedish_person), ware=SHELF, quantity=1)
        shop.plan(at + timedelta(minutes=40), partial(shop.world.refund, charge))

    shop.plan(on(month, 5, 14), sell)


def refund_in_euros(shop: Shop, month: date) -> None:
    """A euro sale settled in kronor, refunded in two parts at two other rates."""

    def sell(at: datetime) -> None:
        charge = shop.buy(at, person=shop.someone(people.eu_person), ware=LICENCE, quantity=1)
        shop.plan(on(month, 11), partial(shop.world.refund, charge, amount=2500))
        shop.plan(on(month, 19), partial(shop.world.refund, charge))

    shop.plan(on(month, 3, 10), sell)


def dispute_won(shop: Shop, month: date) -> None:
    """The bank took the money back, and gave it again."""
    _dispute(shop, on(month, 4), on(month, 9, 8), "product_not_received", on(month, 20), shop.world.dispute_won)


def dispute_lost(shop: Shop, month: date) -> None:
    """The bank took the money back and kept it."""
    _dispute(shop, on(month, 5), on(month, 12, 8), "fraudulent", on(month, 24), shop.world.dispute_lost)


def dispute_still_open(shop: Shop, month: date) -> None:
    """Opened late in the month and not decided when it ends."""
    _dispute(shop, on(month, 16), on(month, 27, 8), "duplicate")


def _dispute(
    shop: Shop,
    sold_at: datetime,
    opened_at: datetime,
    reason: str,
    closed_at: datetime | None = None,
    close: Callable[..., StripeObject] | None = None,
) -> None:
    def sell(at: datetime) -> None:
        charge = shop.buy(at, person=shop.someone(people.swedish_person), ware=COURSE, quantity=1, method="card")
        shop.plan(opened_at, partial(open_dispute, charge))

    def open_dispute(charge: StripeObject, at: datetime) -> None:
        dispute = shop.world.dispute_opened(charge, at=at, reason=reason)
        if closed_at and close:
            shop.plan(closed_at, partial(close, dispute))

    shop.plan(sold_at, sell)


def standalone_fees(shop: Shop, month: date) -> None:
    """Fees on no transaction."""
    for day, amount, text in (
        (10, 1250, "Radar for Fraud Teams"),
        (24, 9900, "Billing - Usage Fee"),
        (28, 437, "Card"),
    ):
        shop.plan(on(month, day, 3), partial(shop.world.stripe_fee, amount=amount, description=text))


def top_up(shop: Shop, month: date) -> None:
    """The merchant puts money on the balance."""
    shop.plan(on(month, 9, 9), partial(shop.world.topup, amount=100000))


def adjustment(shop: Shop, month: date) -> None:
    """Stripe takes 15.00 and says little."""
    shop.plan(on(month, 11, 4), partial(shop.world.adjustment, amount=-1500, description="Balance correction"))


def long_invoice(shop: Shop, month: date) -> None:
    """Twelve rows, tax on top, sent to a Swedish company and paid nine days later."""
    wares = (COURSE, MUG, LICENCE)
    lines = [shop.line(wares[n % 3], 4995 + 1000 * n, quantity=1 + n % 3) for n in range(12)]
    _invoice(shop, on(month, 6, 10), shop.someone(people.swedish_company), lines, paid_at=on(month, 15, 13))


def invoice_with_every_rate(shop: Shop, month: date) -> None:
    """25, 12, 6 and 0 % on one invoice, the tax in the prices."""
    lines = [shop.line(ware, ware.sek, inclusive=ware.vat_rate > 0) for ware in (MUG, CABIN, BOOK, CARE)]
    _invoice(shop, on(month, 9, 11), shop.someone(people.swedish_person), lines, paid_at=on(month, 9, 11, 5))


def discounted_invoice(shop: Shop, month: date) -> None:
    """Ten percent off two rows whose discounts do not come out even."""
    lines = [shop.line(COURSE, 49995), shop.line(BOOK, 19933)]
    coupon = shop.world.coupon(percent_off=10, name="Vårrabatt")
    _invoice(
        shop, on(month, 13, 9), shop.someone(people.swedish_company), lines, paid_at=on(month, 13, 9, 5), coupon=coupon
    )


def unpaid_invoice(shop: Shop, month: date) -> None:
    """Finalised, sent, and not paid when the month ends."""
    lines = [shop.line(LICENCE, 100000)]
    _invoice(shop, on(month, 16, 10), shop.someone(people.swedish_company), lines, paid_at=None)


def eu_business_invoice(shop: Shop, month: date) -> None:
    """Reverse charge, in euros."""
    lines = [shop.line(LICENCE, 9000, quantity=3, currency="eur")]
    _invoice(shop, on(month, 12, 10), shop.someone(people.eu_company), lines, paid_at=on(month, 18, 10))


def export_invoice(shop: Shop, month: date) -> None:
    """To a customer outside the EU, without tax."""
    person = shop.someone(people.outsider)
    lines = [shop.line(COURSE, 39920, rate=0, currency=shop.currency(person))]
    _invoice(shop, on(month, 17, 10), person, lines, paid_at=on(month, 17, 10, 5))


def _invoice(
    shop: Shop,
    issued_at: datetime,
    person: Person,
    lines: list[Line],
    *,
    paid_at: datetime | None,
    coupon: StripeObject | None = None,
) -> None:
    """Invoice a customer and plan the payment; without one, or with days between, the invoice is sent."""
    currency = shop.currency(person)
    at_once = paid_at is not None and paid_at - issued_at < timedelta(days=1)

    def bill(at: datetime) -> None:
        invoice = shop.world.invoice(
            at=at,
            customer=shop.customer(person, at),
            lines=lines,
            currency=currency,
            coupon=coupon,
            collection_method="charge_automatically" if at_once else "send_invoice",
        )
        if paid_at:
            settle_in = shop.settles_in(currency)
            shop.plan(paid_at, partial(shop.world.pay_invoice, invoice, settle_in=settle_in))

    shop.plan(issued_at, bill)


def failed_invoice_payment(shop: Shop, month: date) -> None:
    """A subscription whose first payment the bank declines and grants three days later."""
    person = shop.someone(people.swedish_person)

    def start(at: datetime) -> None:
        subscription = shop.world.subscription(
            at=at, customer=shop.customer(person, at), price=shop.prices["month", "sek"], tax_rate=shop.exclusive[25],
            pay=False,
        )  # fmt: skip
        shop.decline_then_pay(shop.world.get("invoice", subscription["latest_invoice"]), at + timedelta(minutes=1))

    shop.plan(on(month, 18, 20), start)


def failed_payments(shop: Shop, month: date) -> None:
    """Declined for good, and declined before it went through."""
    declined = partial(
        shop.world.failed_payment, amount=49900, name="Ola Lind", email="ola@example.com", code="stolen_card"
    )
    shop.plan(on(month, 8, 19), declined)
    shop.plan(on(month, 14, 19), partial(shop.buy, declined_first=True))


def yearly_subscriptions(shop: Shop, month: date) -> None:
    """One annual plan for each kind of customer."""
    for day, kind in enumerate(
        (people.swedish_company, people.swedish_person, people.eu_company, people.eu_person), 19
    ):
        shop.plan(on(month, day, 9), partial(shop.subscribe, person=shop.someone(kind), interval="year"))


def guests(shop: Shop, month: date) -> None:
    """Customers without a customer object, in Sweden, the EU and outside."""
    for day, kind in enumerate((people.swedish_person, people.eu_person, people.outsider), 20):
        shop.plan(on(month, day, 13), partial(shop.buy, person=shop.someone(kind), guest=True))


def near_midnight(shop: Shop, month: date) -> None:
    """Half an hour before midnight and ten minutes after, where the UTC day is another than ours."""
    for day in (1, 10, 20, 28):
        for hour, minute in ((23, 30), (0, 10)):
            shop.plan(on(month, day, hour, minute), partial(shop.buy, person=shop.someone(people.swedish_person)))


def over_the_month_end(shop: Shop, month: date) -> None:
    """23:30 on the last day, and 00:30 on the first of the next month."""
    following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    for moment in (local(following - timedelta(days=1), time(23, 30)), local(following, time(0, 30))):
        shop.plan(moment, partial(shop.buy, person=shop.someone(people.swedish_person), ware=MUG, quantity=1))


def clock_change(shop: Shop, month: date) -> None:
    """Payments on both sides of the hour that the clocks skip or repeat, where the month has such a night."""
    if month.month not in (3, 10):
        return
    last = date(month.year, month.month, 31)
    sunday = last - timedelta(days=(last.weekday() + 1) % 7)
    for clock in (time(1, 30), time(3, 15), time(23, 30)):
        shop.plan(local(sunday, clock), partial(shop.buy, person=shop.someone(people.swedish_person)))


CASES: tuple[Case, ...] = (
    refund_in_three_parts,
    refund_in_two_parts,
    refund_on_the_same_day,
    refund_in_euros,
    dispute_won,
    dispute_lost,
    dispute_still_open,
    standalone_fees,
    top_up,
    adjustment,
    long_invoice,
    invoice_with_every_rate,
    discounted_invoice,
    unpaid_invoice,
    eu_business_invoice,
    export_invoice,
    failed_invoice_payment,
    failed_payments,
    yearly_subscriptions,
    guests,
    near_midnight,
    over_the_month_end,
    clock_change,
)
"""What every full month holds."""
