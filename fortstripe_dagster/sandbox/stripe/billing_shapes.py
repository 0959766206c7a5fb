"""Complete Stripe objects of the pinned version, billing side: invoices, credit notes, subscriptions.

Each function returns an object with every field that Stripe returns by default; the caller fills in what it knows. The
payments side is in `shapes`, customers and products in `catalog_shapes`. No rule lives here.
"""

from __future__ import annotations

from typing import Any

from fortstripe_dagster.sandbox.stripe.catalog_shapes import plan
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject, filled, listing

SELF_ISSUED = {"type": "self"}
NO_AUTOMATIC_TAX = {"disabled_reason": None, "enabled": False, "liability": None}


def invoice(**known: Any) -> StripeObject:
    """A bill; since basil payments hang on invoice_payment objects and tax on `total_taxes`."""
    template: StripeObject = {
        "id": None,
        "object": "invoice",
        "account_country": None,
        "account_name": None,
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": NO_AUTOMATIC_TAX | {"provider": None, "status": None},
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": None,
        "currency": None,
        "custom_fields": None,
        "customer": None,
        "customer_account": None,
        "customer_address": None,
        "customer_email": None,
        "customer_name": None,
        "customer_phone": None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": SELF_ISSUED,
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": None,
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": None,
        "period_start": None,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None,
                               "voided_at": None},
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }  # fmt: skip
    return filled(template, known)


def line_item(**known: Any) -> StripeObject:
    """A row of an invoice; since basil with `parent`, `pricing` and `taxes[]`."""
    template: StripeObject = {
        "id": None,
        "object": "line_item",
        "amount": None,
        "currency": None,
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": None,
        "period": None,
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "subscription": None,
        "subtotal": None,
        "taxes": [],
    }
    return filled(template, known)


def tax_amount(*, amount: int, taxable: int, rate: str | None, inclusive: bool, reason: str) -> StripeObject:
    """One tax on a line, an invoice or a credit note."""
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": rate} if rate else None,
        "taxability_reason": reason,
        "taxable_amount": taxable,
        "type": "tax_rate_details",
    }


def invoice_payment(**known: Any) -> StripeObject:
    """The link between an invoice and what pays it."""
    template: StripeObject = {
        "id": None,
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": None,
        "created": None,
        "currency": None,
        "invoice": None,
        "is_default": True,
        "livemode": False,
        "payment": None,
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }
    return filled(template, known)


def credit_note(**known: Any) -> StripeObject:
    """A correction of a finalised invoice."""
    template: StripeObject = {
        "id": None,
        "object": "credit_note",
        "amount": None,
        "amount_shipping": 0,
        "created": None,
        "currency": None,
        "customer": None,
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": None,
        "invoice": None,
        "lines": None,
        "livemode": False,
        "memo": None,
        "metadata": {},
        "number": None,
        "out_of_band_amount": None,
        "pdf": None,
        "post_payment_amount": 0,
        "pre_payment_amount": 0,
        "pretax_credit_amounts": [],
        "reason": None,
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": None,
        "subtotal_excluding_tax": None,
        "total": None,
        "total_excluding_tax": None,
        "total_taxes": [],
        "type": None,
        "voided_at": None,
    }
    return filled(template, known)


def credit_note_line(**known: Any) -> StripeObject:
    """A row of a credit note; `amount` without exclusive tax and discounts."""
    template: StripeObject = {
        "id": None,
        "object": "credit_note_line_item",
        "amount": None,
        "description": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": [],
        "unit_amount": None,
        "unit_amount_decimal": None,
    }
    row = filled({"invoice_line_item": None, "type": "invoice_line_item"} | template, known)
    return row if row["invoice_line_item"] else {key: row[key] for key in row if key != "invoice_line_item"}


def subscription(**known: Any) -> StripeObject:
    """An agreement that makes invoices; since basil its periods stand on the items."""
    template: StripeObject = {
        "id": None,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": NO_AUTOMATIC_TAX,
        "billing_cycle_anchor": None,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": None,
        "currency": None,
        "customer": None,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "custom_fields": None, "description": None, "footer": None,
                             "issuer": SELF_ISSUED},
        "items": None,
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {"payment_method_options": None, "payment_method_types": None,
                             "save_default_payment_method": "off"},
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": None,
        "status": "active",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
    }  # fmt: skip
    return filled(template, known)


def subscription_item(
    *,
    id: str,
    subscription: str,
    price: StripeObject,
    quantity: int,
    tax_rates: list[StripeObject],
    start: int,
    end: int,
) -> StripeObject:
    """One price of a subscription and its current period."""
    return {
        "id": id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": start,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": plan(price),
        "price": price,
        "quantity": quantity,
        "subscription": subscription,
        "tax_rates": tax_rates,
    }


def items(subscription: str, item: StripeObject) -> StripeObject:
    """A subscription's inline list of items."""
    return listing(f"/v1/subscription_items?subscription={subscription}", [item])
