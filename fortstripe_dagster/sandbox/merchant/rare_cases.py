"""Cases beyond a plain month: corrections, parts, oddities, and business from before the first month."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial

from fortstripe_dagster.sandbox.merchant import people
from fortstripe_dagster.sandbox.merchant.cases import Case, on
from fortstripe_dagster.sandbox.merchant.shop import COURSE, LICENCE, SHELF, Shop
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject


def _company_invoice(shop: Shop, at: datetime, amount: int = 80000, *, sent: bool = False) -> StripeObject:
    lines = [shop.line(LICENCE, amount)]
    customer = shop.customer(shop.someone(people.swedish_company), at)
    method = "send_invoice" if sent else "charge_automatically"
    return shop.world.invoice(at=at, customer=customer, lines=lines, collection_method=method)


def before_the_first_month(shop: Shop, month: date) -> None:
    """A sale of the month before, refunded in this one; and a subscription of the month before that renews."""

    def sell(at: datetime) -> None:
        charge = shop.buy(at, person=shop.someone(people.swedish_person), ware=SHELF, quantity=1)
        shop.plan(on(month, 6, 9), partial(shop.world.refund, charge, amount=100000))

    shop.plan(on(month, 1, 9) - timedelta(days=20), sell)
    shop.plan(on(month, 1, 9) - timedelta(days=18), partial(shop.subscribe, interval="month"))
    shop.plan(on(month, 1, 21) - timedelta(days=1), shop.buy)


def credit_note_with_refund(shop: Shop, month: date) -> None:
    """A paid invoice credited by half, with the refund."""

    def bill(at: datetime) -> None:
        invoice = _company_invoice(shop, at)
        shop.world.pay_invoice(invoice, at=at)
        row = shop.world.lines[invoice["id"]][0]
        shop.plan(on(month, 14, 9), partial(shop.world.credit_note, invoice, lines=[(row, 40000)]))

    shop.plan(on(month, 7, 9), bill)


def credit_note_before_payment(shop: Shop, month: date) -> None:
    """An open invoice credited by a quarter, the rest paid."""

    def bill(at: datetime) -> None:
        invoice = _company_invoice(shop, at, sent=True)
        row = shop.world.lines[invoice["id"]][0]
        shop.plan(on(month, 10, 9), partial(shop.world.credit_note, invoice, lines=[(row, 20000)]))
        shop.plan(on(month, 12, 9), partial(shop.world.pay_invoice, invoice))

    shop.plan(on(month, 8, 9), bill)


def credit_balance_used(shop: Shop, month: date) -> None:
    """A credit note to the customer's balance, which the next invoice uses."""

    def bill(at: datetime) -> None:
        invoice = _company_invoice(shop, at)
        shop.world.pay_invoice(invoice, at=at)
        customer = shop.world.get("customer", invoice["customer"])
        row = shop.world.lines[invoice["id"]][0]
        shop.plan(on(month, 11, 9), partial(shop.world.credit_note, invoice, lines=[(row, 8000)], to="balance"))
        shop.plan(on(month, 16, 9), partial(bill_again, customer))

    def bill_again(customer: StripeObject, at: datetime) -> None:
        lines = [shop.line(COURSE, 39920)]
        shop.world.pay_invoice(shop.world.invoice(at=at, customer=customer, lines=lines), at=at)

    shop.plan(on(month, 9, 9), bill)


def paid_off_stripe(shop: Shop, month: date) -> None:
    """An invoice paid straight to the bank."""

    def bill(at: datetime) -> None:
        invoice = _company_invoice(shop, at, sent=True)
        shop.plan(on(month, 19, 9), partial(shop.world.pay_invoice_off_stripe, invoice))

    shop.plan(on(month, 9, 10), bill)


def paid_in_parts_and_too_much(shop: Shop, month: date) -> None:
    """One invoice by two payments, another overpaid."""

    def bill(at: datetime) -> None:
        parted, over = (_company_invoice(shop, at, sent=True) for _ in range(2))
        shop.plan(on(month, 12, 10), partial(shop.world.pay_invoice, parted, amount=30000))
        shop.plan(on(month, 13, 10), partial(shop.world.pay_invoice, parted))
        shop.plan(on(month, 13, 11), partial(shop.world.pay_invoice, over, amount=101000))

    shop.plan(on(month, 10, 10), bill)


def several_invoices_by_one_charge(shop: Shop, month: date) -> None:
    """Two invoices, one charge, one fee."""

    def bill(at: datetime) -> None:
        customer = shop.customer(shop.someone(people.swedish_company), at)
        invoices = [
            shop.world.invoice(
                at=at, customer=customer, collection_method="send_invoice",
                lines=[shop.line(COURSE, amount)],
            )
            for amount in (39920, 40001)
        ]  # fmt: skip
        shop.plan(on(month, 18, 11), partial(shop.world.pay_invoices, invoices))

    shop.plan(on(month, 11, 10), bill)


def voided_and_given_up(shop: Shop, month: date) -> None:
    """An invoice voided, another marked uncollectible."""

    def bill(at: datetime) -> None:
        wrong, bad = (_company_invoice(shop, at, sent=True) for _ in range(2))
        shop.plan(on(month, 13, 9), partial(shop.world.void_invoice, wrong))
        shop.plan(on(month, 25, 9), partial(shop.world.mark_uncollectible, bad))

    shop.plan(on(month, 12, 11), bill)


def partial_capture(shop: Shop, month: date) -> None:
    """Reserved on one day, captured in part the day after."""

    def reserve(at: datetime) -> None:
        charge = shop.world.one_off_payment(at=at, amount=60000, name="Nils Dahl", capture=False)
        shop.plan(at + timedelta(days=1), partial(shop.world.capture, charge, amount=45000))

    shop.plan(on(month, 17, 15), reserve)


def pending_payment_failed(shop: Shop, month: date) -> None:
    """A bank debit that bounced after its money was on the balance."""

    def debit(at: datetime) -> None:
        charge = shop.world.one_off_payment(
            at=at, amount=9000, currency="eur", country="DE", method="sepa_debit", status="pending",
            settle_in=shop.settles_in("eur"),
        )  # fmt: skip
        shop.plan(at + timedelta(days=4), partial(shop.world.pending_payment_failed, charge))

    shop.plan(on(month, 16, 15), debit)


def refund_failed(shop: Shop, month: date) -> None:
    """The customer's card was gone when the refund came."""

    def sell(at: datetime) -> None:
        charge = shop.buy(at, person=shop.someone(people.swedish_person), ware=COURSE, quantity=1, method="card")
        refund = shop.world.refund(charge, at=at + timedelta(minutes=5))
        shop.plan(at + timedelta(days=6), partial(shop.world.refund_failed, refund))

    shop.plan(on(month, 15, 12), sell)


def euro_dispute(shop: Shop, month: date) -> None:
    """A euro charge disputed and won at two rates."""

    def sell(at: datetime) -> None:
        charge = shop.buy(at, person=shop.someone(people.eu_person), ware=SHELF, quantity=1)
        shop.plan(on(month, 13, 14), partial(dispute, charge))

    def dispute(charge: StripeObject, at: datetime) -> None:
        made = shop.world.dispute_opened(charge, at=at)
        shop.plan(on(month, 26, 9), partial(shop.world.dispute_won, made))

    shop.plan(on(month, 6, 14), sell)


def customers_change(shop: Shop, month: date) -> None:
    """One moves after being invoiced, one deletes the account after paying."""

    def bill(at: datetime) -> None:
        invoice = _company_invoice(shop, at)
        shop.world.pay_invoice(invoice, at=at)
        mover = shop.world.get("customer", invoice["customer"])
        shop.plan(on(month, 20, 9), partial(shop.world.update_customer, mover, name="Nya Namnet AB"))
        leaver = shop.world.get("customer", shop.buy(at, person=shop.someone(people.swedish_person))["customer"])
        shop.plan(on(month, 21, 9), partial(shop.world.delete_customer, leaver))

    shop.plan(on(month, 14, 10), bill)


def strange_movements(shop: Shop, month: date) -> None:
    """A reserve held and released, tax on Stripe's fees, and a type that nobody has heard of."""
    for day, type, amount in (
        (12, "reserve_hold", -50000),
        (22, "reserve_release", 50000),
        (23, "tax_fee", -313),
        (24, "quantum_leap", 4200),
    ):
        moved = partial(shop.world.balance_transaction, type=type, amount=amount, description=type)
        shop.plan(on(month, day, 5), moved)


RARE_CASES: tuple[Case, ...] = (
    before_the_first_month,
    credit_note_with_refund,
    credit_note_before_payment,
    credit_balance_used,
    paid_off_stripe,
    paid_in_parts_and_too_much,
    several_invoices_by_one_charge,
    voided_and_given_up,
    partial_capture,
    pending_payment_failed,
    refund_failed,
    euro_dispute,
    customers_change,
    strange_movements,
)
"""What a month may hold besides."""
