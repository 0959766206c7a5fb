"""Complete Stripe objects of the pinned version, catalogue side: customers, products, prices, tax rates, coupons.

Each function returns an object with every field that Stripe returns by default; the caller fills in what it knows. No
rule lives here.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fortstripe_dagster.sandbox.stripe.shapes import StripeObject, filled


def customer(**known: Any) -> StripeObject:
    """Somebody who pays; `tax_ids` only when expanded, so not here."""
    template: StripeObject = {
        "id": None,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": None,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": None,
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None,
                             "rendering_options": None},
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }  # fmt: skip
    return filled(template, known)


def tax_id(*, id: str, customer: str, kind: str, value: str, country: str, status: str, created: int) -> StripeObject:
    """A customer's tax number and whether it was verified."""
    return {
        "id": id,
        "object": "tax_id",
        "country": country,
        "created": created,
        "customer": customer,
        "customer_account": None,
        "livemode": False,
        "owner": {"customer": customer, "customer_account": None, "type": "customer"},
        "type": kind,
        "value": value,
        "verification": {"status": status, "verified_address": None, "verified_name": None},
    }


def customer_balance_transaction(**known: Any) -> StripeObject:
    """A change of the credit that a customer has with the merchant; negative is credit."""
    template: StripeObject = {
        "id": None,
        "object": "customer_balance_transaction",
        "amount": None,
        "checkout_session": None,
        "created": None,
        "credit_note": None,
        "currency": None,
        "customer": None,
        "customer_account": None,
        "description": None,
        "ending_balance": None,
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "type": None,
    }
    return filled(template, known)


def product(**known: Any) -> StripeObject:
    """What is sold."""
    template: StripeObject = {
        "id": None,
        "object": "product",
        "active": True,
        "created": None,
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": None,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": None,
        "url": None,
    }
    return filled(template, known)


def price(**known: Any) -> StripeObject:
    """What a product costs, once or each period."""
    template: StripeObject = {
        "id": None,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": None,
        "currency": None,
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": None,
        "recurring": None,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": None,
        "unit_amount_decimal": None,
    }
    return filled(template, known)


def recurring(interval: str) -> StripeObject:
    """A price's period: every month, every year."""
    return {"interval": interval, "interval_count": 1, "meter": None, "trial_period_days": None,
            "usage_type": "licensed"}  # fmt: skip


def plan(price: StripeObject) -> StripeObject:
    """The legacy twin of a recurring price, still returned on subscription items."""
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": price["recurring"]["interval"],
        "interval_count": price["recurring"]["interval_count"],
        "livemode": price["livemode"],
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def tax_rate(**known: Any) -> StripeObject:
    """A percentage that invoices use."""
    template: StripeObject = {
        "id": None,
        "object": "tax_rate",
        "active": True,
        "country": None,
        "created": None,
        "description": None,
        "display_name": "Moms",
        "effective_percentage": None,
        "flat_amount": None,
        "inclusive": False,
        "jurisdiction": None,
        "jurisdiction_level": "country",
        "livemode": False,
        "metadata": {},
        "percentage": None,
        "rate_type": "percentage",
        "state": None,
        "tax_type": "vat",
    }
    return filled(template, known)


def discount(*, id: str, coupon: StripeObject, customer: str, invoice: str, start: int) -> StripeObject:
    """A coupon applied to one invoice (clover and later: the coupon stands under `source`)."""
    return {
        "id": id,
        "object": "discount",
        "checkout_session": None,
        "customer": customer,
        "customer_account": None,
        "end": None,
        "invoice": invoice,
        "invoice_item": None,
        "promotion_code": None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": start,
        "subscription": None,
        "subscription_item": None,
    }


def coupon(
    *,
    id: str,
    name: str,
    created: int,
    percent_off: Decimal | None,
    amount_off: int | None = None,
    metadata: dict[str, str] | None = None,
) -> StripeObject:
    """A reduction by a percentage or by an amount in öre, once."""
    return {
        "id": id,
        "object": "coupon",
        "amount_off": amount_off,
        "created": created,
        "currency": "sek" if amount_off is not None else None,
        "duration": "once",
        "duration_in_months": None,
        "livemode": False,
        "max_redemptions": None,
        "metadata": metadata or {},
        "name": name,
        "percent_off": percent_off,
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    }
