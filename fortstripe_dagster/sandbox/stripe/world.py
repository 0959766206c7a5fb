"""The world a Stripe stand-in serves: one account and everything that can happen on it, as a table of contents."""

from __future__ import annotations

from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.builder import (
    balance,
    catalog,
    checkout,
    connect,
    credit_notes,
    customer_balance,
    invoice_payments,
    invoices,
    payments,
    reversals,
    subscriptions,
)


class World(Account):
    """A Stripe account to build by hand: each method makes an object with all its consequences and returns it.

    Every method takes aware datetimes, amounts in minor units and keywords; signatures and rules stand where the method
    is written. Objects are live, so `world.refund(charge, at=…)` also changes the `charge` in hand.
    """

    customer = catalog.customer
    add_tax_id = catalog.add_tax_id
    update_customer = catalog.update_customer
    delete_customer = catalog.delete_customer
    product = catalog.product
    price = catalog.price
    tax_rate = catalog.tax_rate
    coupon = catalog.coupon
    archive = catalog.archive
    give_credit = customer_balance.give_credit

    one_off_payment = payments.one_off_payment
    failed_payment = payments.failed_payment
    retry_payment = payments.retry_payment
    capture = payments.capture
    pending_payment_succeeded = payments.pending_payment_succeeded
    pending_payment_failed = payments.pending_payment_failed

    checkout_session = checkout.checkout_session

    invoice = invoices.invoice
    finalize_invoice = invoices.finalize_invoice
    void_invoice = invoices.void_invoice
    mark_uncollectible = invoices.mark_uncollectible
    pay_invoice = invoice_payments.pay_invoice
    pay_invoices = invoice_payments.pay_invoices
    pay_invoice_off_stripe = invoice_payments.pay_invoice_off_stripe
    invoice_payment_failed = invoice_payments.invoice_payment_failed
    invoice_charge = credit_notes.invoice_charge
    credit_note = credit_notes.credit_note
    void_credit_note = credit_notes.void_credit_note
    subscription = subscriptions.subscription
    renew_subscription = subscriptions.renew_subscription
    cancel_subscription = subscriptions.cancel_subscription

    refund = reversals.refund
    refund_failed = reversals.refund_failed
    dispute_opened = reversals.dispute_opened
    dispute_won = reversals.dispute_won
    dispute_lost = reversals.dispute_lost
    inquiry_opened = reversals.inquiry_opened
    inquiry_closed = reversals.inquiry_closed

    payout = balance.payout
    payout_reconciled = balance.payout_reconciled
    payout_paid = balance.payout_paid
    payout_failed = balance.payout_failed
    payout_canceled = balance.payout_canceled
    topup = balance.topup
    stripe_fee = balance.stripe_fee
    adjustment = balance.adjustment
    balance_transaction = balance.balance_transaction

    transfer = connect.transfer
    reverse_transfer = connect.reverse_transfer
    application_fee = connect.application_fee
    refund_application_fee = connect.refund_application_fee
