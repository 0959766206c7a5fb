"""Complete Stripe objects of the pinned version, Checkout: sessions and what was bought in them."""

from __future__ import annotations

from typing import Any

from fortstripe_dagster.sandbox.stripe.shapes import StripeObject, filled


def session(**known: Any) -> StripeObject:
    """A customer's visit to Stripe's payment page; `line_items` only when expanded, so not here."""
    template: StripeObject = {
        "id": None,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": None,
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": None,
        "client_reference_id": None,
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": None,
        "currency": None,
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {"after_submit": None, "shipping_address": None, "submit": None,
                        "terms_of_service_acceptance": None},
        "customer": None,
        "customer_account": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": None,
        "discounts": [],
        "expires_at": None,
        "invoice": None,
        "livemode": False,
        "locale": None,
        "metadata": {},
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": "https://example.com/tack",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
        "wallet_options": None,
    }  # fmt: skip
    return filled(template, known)


def item(**known: Any) -> StripeObject:
    """One row of what was bought; its taxes hold whole tax rates and its price is a whole price."""
    template: StripeObject = {
        "id": None,
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": None,
        "amount_tax": 0,
        "amount_total": None,
        "currency": None,
        "description": None,
        "discounts": [],
        "metadata": {},
        "price": None,
        "quantity": 1,
        "taxes": [],
    }
    return filled(template, known)
