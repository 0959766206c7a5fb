"""Complete Stripe objects of the pinned version, payments side: what moves money, and events.

Each function returns an object with every field that Stripe returns by default, most of them null; the caller fills in
what it knows. The others are in `billing_shapes`, `catalog_shapes` and `account_shapes`. No rule lives here.
"""

from __future__ import annotations

from typing import Any

API_VERSION = "2026-10-28.endive"

StripeObject = dict[str, Any]

INLINE = 10
"""Rows of a list that an object shows itself; the rest is paged for."""

NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}

EVIDENCE_FIELDS = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
).split()


def filled(template: StripeObject, known: dict[str, Any]) -> StripeObject:
    """`template` with the `known` fields set. Raises TypeError for a field that the object does not have."""
    if unknown := known.keys() - template.keys():
        raise TypeError(f"A {template['object']} has no field {', '.join(sorted(unknown))}")
    return template | known


def listing(url: str, data: list[StripeObject], *, has_more: bool = False) -> StripeObject:
    """Stripe's envelope around a list."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def balance_transaction(**known: Any) -> StripeObject:
    """A movement on a Stripe balance; net = amount - fee, in minor units of the settlement currency."""
    template: StripeObject = {
        "id": None,
        "object": "balance_transaction",
        "amount": None,
        "available_on": None,
        "balance_type": "payments",
        "created": None,
        "currency": None,
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": None,
        "reporting_category": None,
        "source": None,
        "status": "pending",
        "type": None,
    }
    return filled(template, known)


def fee_detail(amount: int, currency: str, description: str, kind: str = "stripe_fee") -> StripeObject:
    """One part of a balance transaction's fee."""
    return {"amount": amount, "application": None, "currency": currency, "description": description, "type": kind}


def charge(**known: Any) -> StripeObject:
    """A payment attempt; since basil without `invoice`, and without `refunds` unless expanded."""
    template: StripeObject = {
        "id": None,
        "object": "charge",
        "amount": None,
        "amount_captured": 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {"address": NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": None,
        "captured": False,
        "created": None,
        "currency": None,
        "customer": None,
        "description": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": None,
        "paid": False,
        "payment_intent": None,
        "payment_method": None,
        "payment_method_details": None,
        "radar_options": {},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": None,
        "transfer_data": None,
        "transfer_group": None,
    }
    return filled(template, known)


def card_details(*, brand: str, country: str, last4: str, amount: int) -> StripeObject:
    """`payment_method_details` of a card payment."""
    return {
        "card": {
            "amount_authorized": amount,
            "authorization_code": None,
            "brand": brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": country,
            "exp_month": 8,
            "exp_year": 2029,
            "extended_authorization": {"status": "disabled"},
            "fingerprint": f"fp{brand}{country}{last4}",
            "funding": "debit",
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "last4": last4,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": brand,
            "network_token": {"used": False},
            "network_transaction_id": None,
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": None,
            "transaction_link_id": None,
            "wallet": None,
        },
        "type": "card",
    }


def method_details(method: str, country: str) -> StripeObject:
    """`payment_method_details` of a payment that is not by card. KeyError for a method the sandbox does not know."""
    known: dict[str, StripeObject] = {
        "card_present": {"brand": "visa", "country": country, "exp_month": 8, "exp_year": 2029, "funding": "debit",
                         "incremental_authorization_supported": False, "last4": "4242", "network": "visa",
                         "overcapture_supported": False, "read_method": "contactless_emv"},
        "klarna": {"payer_details": {"address": {"country": country}}, "payment_method_category": "pay_later",
                   "preferred_locale": "sv-SE"},
        "swish": {"fingerprint": None, "payment_reference": None, "verified_phone_last4": None},
        "sepa_debit": {"bank_code": "37040044", "branch_code": None, "country": country,
                       "expected_debit_date": None, "fingerprint": None, "last4": "3000", "mandate": None},
    }  # fmt: skip
    return {method: known[method], "type": method}


def outcome(*, approved: bool, decline_code: str | None = None) -> StripeObject:
    """What the card network said."""
    return {
        "advice_code": None if approved else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None if approved else "51",
        "network_status": "approved_by_network" if approved else "declined_by_network",
        "reason": decline_code,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "Payment complete." if approved else "The bank returned the decline code.",
        "type": "authorized" if approved else "issuer_declined",
    }


def payment_intent(**known: Any) -> StripeObject:
    """What a customer meant to pay; since basil without `invoice`."""
    template: StripeObject = {
        "id": None,
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": None,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": None,
        "currency": None,
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
    }
    return filled(template, known)


def refund(**known: Any) -> StripeObject:
    """Money given back on a charge, in minor units of the charge's currency."""
    template: StripeObject = {
        "id": None,
        "object": "refund",
        "amount": None,
        "balance_transaction": None,
        "charge": None,
        "created": None,
        "currency": None,
        "customer": None,
        "customer_account": None,
        "destination_details": None,
        "failure_balance_transaction": None,
        "failure_reason": None,
        "metadata": {},
        "payment_intent": None,
        "payment_method": None,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    return filled(template, known)


def dispute(**known: Any) -> StripeObject:
    """A customer's bank takes a charge back, or asks about it."""
    template: StripeObject = {
        "id": None,
        "object": "dispute",
        "amount": None,
        "balance_transactions": [],
        "charge": None,
        "created": None,
        "currency": None,
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(EVIDENCE_FIELDS) | {"enhanced_evidence": {}},
        "evidence_details": {"due_by": None, "enhanced_eligibility": {}, "has_evidence": False, "past_due": False,
                             "submission_count": 0, "submission_method": "not_submitted"},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "network_reason_code": None,
        "payment_intent": None,
        "payment_method_details": None,
        "reason": "fraudulent",
        "status": "needs_response",
    }  # fmt: skip
    return filled(template, known)


def payout(**known: Any) -> StripeObject:
    """A transfer from a Stripe balance to the bank (or, negative, from it)."""
    template: StripeObject = {
        "id": None,
        "object": "payout",
        "amount": None,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": None,
        "automatic": True,
        "balance_transaction": None,
        "created": None,
        "currency": None,
        "description": "STRIPE PAYOUT",
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "in_transit",
        "trace_id": {"status": "pending", "value": None},
        "type": "bank_account",
    }
    return filled(template, known)


def topup(**known: Any) -> StripeObject:
    """Money from the bank to a Stripe balance."""
    template: StripeObject = {
        "id": None,
        "object": "topup",
        "amount": None,
        "balance_transaction": None,
        "created": None,
        "currency": None,
        "description": "Top-up",
        "expected_availability_date": None,
        "failure_code": None,
        "failure_message": None,
        "initiated_by": "user",
        "livemode": False,
        "metadata": {},
        "payment_method": None,
        "source": None,
        "statement_descriptor": None,
        "status": "succeeded",
        "transfer_group": None,
    }
    return filled(template, known)


def event(**known: Any) -> StripeObject:
    """A change, with the object as it was then."""
    template: StripeObject = {
        "id": None,
        "object": "event",
        "api_version": API_VERSION,
        "created": None,
        "data": {"object": {}},
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": None,
    }
    return filled(template, known)
