"""One object of each served type as bytes with gaps, taken from the stateful stand-in so that both have one shape.

Stripe indents its answers; so do these, which makes a charge 4.3 KB and a balance transaction 0.6 KB, as in reality.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import simplejson

from fortstripe_dagster.sandbox.stripe.world import World

STEM = "3QFast0K"
"""What every id has between its prefix and its key."""

PREFIXES = {"balance_transactions": "txn", "charges": "ch", "disputes": "du", "payouts": "po", "refunds": "re"}
"""Collection -> prefix of its ids: what the fast mode has objects of."""

INDENT = 2
WALLET = {"dynamic_last4": "4242", "apple_pay": {}, "type": "apple_pay"}
THREE_D_SECURE = {
    "authentication_flow": "frictionless", "electronic_commerce_indicator": "05", "exemption_indicator": None,
    "exemption_indicator_applied": False, "result": "authenticated", "result_reason": None,
    "transaction_id": "8ac7a4a1-8f1c-4b3e-9b1e-<key>", "version": "2.2.0",
}  # fmt: skip
METADATA = {
    "order": "<key>", "vat_rate": "25", "cart": "cart_<key>", "channel": "web", "campaign": "spring-2026",
    "delivery": "parcel locker", "locale": "sv-SE", "site": "https://shop.example.com/order/<key>",
    "terms_accepted": "2026-01-01", "gift": "no", "source": "newsletter", "warehouse": "Umeå", "checkout": "cs_<key>",
    "basket": "1 x Bok, 2 x Mugg, 1 x Hylla, 1 x Presentpapper, 1 x Kort",
    "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_3 like Mac OS X)",
}  # fmt: skip
_NUMBER = re.compile(r'"<(\w+)>"')
_TEXT = re.compile(r"<(key)>")


def templates() -> dict[str, bytes]:
    """For each collection the template of its objects, to be filled by `%` with key, created, amount, fee and net.

    They refer to each other by equal keys: the charge of a balance transaction is the one with its key.
    """
    return {path: _gapped(thing) for path, thing in _samples().items()}


def _samples() -> dict[str, dict[str, Any]]:
    """A sale with what may follow it, with gaps where objects differ."""
    world = World(now=datetime(2026, 3, 1, tzinfo=UTC))
    at = world.now
    charge = world.one_off_payment(
        at=at,
        amount=12_500,
        name="Kund <key>",
        email="kund-<key>@example.com",
        description="Order <key>",
        metadata=METADATA,
        ship_to=world.customer(line1="Storgatan 1", city="Umeå", postal_code="903 26", at=at)["address"],
    )
    sale = world.get("balance_transaction", charge["balance_transaction"])
    refund = world.refund(charge, at=at, amount=100)
    dispute = world.dispute_opened(charge, at=at, amount=100)
    world.dispute_lost(dispute, at=at + timedelta(days=40))
    payout = world.payout(at=at + timedelta(days=50), amount=100)
    world.payout_paid(payout, at=at + timedelta(days=53))

    def own(path: str) -> str:
        return f"{PREFIXES[path]}_{STEM}<key>"

    moved = {"created": "<created>", "amount": "<amount>"}
    charge["payment_method_details"]["card"] |= {"three_d_secure": THREE_D_SECURE, "wallet": WALLET}
    paid = charge | moved | {
        "id": own("charges"), "amount_captured": "<amount>", "amount_refunded": 0, "refunded": False,
        "disputed": False, "balance_transaction": own("balance_transactions"),
        "payment_intent": f"pi_{STEM}<key>", "payment_method": f"pm_{STEM}<key>",
        "receipt_url": "https://pay.stripe.com/receipts/payment/" + "CAcaFwoVYWNjdF8xUGdhZlRC" * 4 + "<key>",
    }  # fmt: skip
    return {
        "balance_transactions": sale | moved | {
            "id": own("balance_transactions"), "source": own("charges"), "fee": "<fee>", "net": "<net>",
            "available_on": "<created>", "status": "available",
            "fee_details": [sale["fee_details"][0] | {"amount": "<fee>"}],
        },
        "charges": paid,
        "disputes": dispute | moved | {
            "id": own("disputes"), "charge": own("charges"), "payment_intent": None, "balance_transactions": [],
        },
        "payouts": payout | moved | {
            "id": own("payouts"), "arrival_date": "<created>", "balance_transaction": None,
        },
        "refunds": refund | moved | {
            "id": own("refunds"), "charge": own("charges"), "payment_intent": None, "balance_transaction": None,
        },
    }  # fmt: skip


def _gapped(thing: dict[str, Any]) -> bytes:
    text = simplejson.dumps(thing, use_decimal=True, indent=INDENT).replace("%", "%%")
    return _TEXT.sub(r"%(\1)b", _NUMBER.sub(_number, text)).encode()


def _number(found: re.Match[str]) -> str:
    return found[0] if found[1] == "key" else f"%({found[1]})d"
