"""Complete Stripe objects of the pinned version: the merchant's own account and its bank account."""

from __future__ import annotations

from fortstripe_dagster.sandbox.stripe.shapes import StripeObject, listing


def account(*, id: str, name: str, country: str, currency: str, created: int) -> StripeObject:
    """The merchant's own account."""
    none_due: StripeObject = {"alternatives": [], "current_deadline": None, "currently_due": [],
                              "disabled_reason": None, "errors": [], "eventually_due": [], "past_due": [],
                              "pending_verification": []}  # fmt: skip
    descriptors = dict.fromkeys(("statement_descriptor_prefix_kana", "statement_descriptor_prefix_kanji"))
    return {
        "id": id,
        "object": "account",
        "business_profile": {"annual_revenue": None, "estimated_worker_count": None, "mcc": "5734", "name": name,
                             "minority_owned_business_designation": None, "product_description": None,
                             "support_address": None, "support_email": None, "support_phone": None,
                             "support_url": None, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "klarna_payments": "active", "swish_payments": "active",
                         "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": country,
        "created": created,
        "default_currency": currency,
        "details_submitted": True,
        "email": "ekonomi@example.com",
        "external_accounts": listing(f"/v1/accounts/{id}/external_accounts", []),
        "future_requirements": none_due,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": none_due,
        "settings": {
            "bacs_debit_payments": {"display_name": None, "service_user_number": None},
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
            "card_payments": {"decline_on": {"avs_failure": False, "cvc_failure": True},
                              "statement_descriptor_prefix": None} | descriptors,
            "dashboard": {"display_name": name, "timezone": "Europe/Stockholm"},
            "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": "offer"},
            "payments": {"statement_descriptor": name.upper()[:22], "statement_descriptor_kana": None,
                         "statement_descriptor_kanji": None} | descriptors,
            "payouts": {"debit_negative_balances": True, "schedule": {"delay_days": 2, "interval": "daily"},
                        "statement_descriptor": None},
            "sepa_debit_payments": {},
        },
        "tos_acceptance": {"date": created, "ip": None, "user_agent": None},
        "type": "standard",
    }  # fmt: skip


def bank_account(*, id: str, account: str, currency: str) -> StripeObject:
    """Where payouts go."""
    return {
        "id": id,
        "object": "bank_account",
        "account": account,
        "account_holder_name": None,
        "account_holder_type": None,
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "SANDBANKEN",
        "country": "SE",
        "currency": currency,
        "default_for_currency": True,
        "fingerprint": None,
        "future_requirements": None,
        "last4": "3000",
        "metadata": {},
        "requirements": None,
        "routing_number": None,
        "status": "new",
    }
