"""A platform's money: transfers to connected accounts, application fees, and what takes them back."""

from __future__ import annotations

from datetime import datetime

from fortstripe_dagster.sandbox.stripe import connect_shapes
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.builder.balance import balance_transaction
from fortstripe_dagster.sandbox.stripe.shapes import INLINE, StripeObject, listing

CONNECTED = "acct_1SandboxConnected0"


def transfer(
    world: Account, *, at: datetime, amount: int, currency: str = "sek", destination: str = CONNECTED
) -> StripeObject:
    """Send `amount` of the balance to a connected account."""
    made = world.add(
        connect_shapes.transfer(
            id=world.new_id("tr"), amount=amount, created=world.at(at), currency=currency, destination=destination
        )
    )
    moved = balance_transaction(
        world, at=at, type="transfer", amount=-amount, currency=currency, source=made["id"], description="Transfer"
    )
    made["balance_transaction"] = moved["id"]
    made["reversals"] = listing(f"/v1/transfers/{made['id']}/reversals", [])
    world.emit("transfer.created", made, at)
    return made


def reverse_transfer(
    world: Account, transfer: StripeObject, *, at: datetime, amount: int | None = None
) -> StripeObject:
    """Take `amount` (default: all that is left) of a transfer back. Raises ValueError for more than is left."""
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise ValueError(f"Transfer {transfer['id']} has {left} left to reverse, not {amount}.")
    made = world.add(
        connect_shapes.transfer_reversal(
            id=world.new_id("trr"),
            amount=amount,
            created=world.at(at),
            currency=transfer["currency"],
            transfer=transfer["id"],
        )
    )
    moved = balance_transaction(
        world, at=at, type="transfer_refund", amount=amount, currency=made["currency"], source=made["id"],
        reporting_category="transfer_reversal",
    )  # fmt: skip
    made["balance_transaction"] = moved["id"]
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"] = _newest(world, "transfer_reversal", "transfer", transfer["id"], "transfers", "reversals")
    world.emit("transfer.reversed", transfer, at)
    return made


def application_fee(
    world: Account, *, at: datetime, amount: int, currency: str = "sek", charge: str = "ch_of_connected_account"
) -> StripeObject:
    """Earn `amount` on a connected account's charge."""
    made = world.add(
        connect_shapes.application_fee(
            id=world.new_id("fee"),
            account=CONNECTED,
            amount=amount,
            application="ca_1SandboxApplication",
            charge=charge,
            created=world.at(at),
            currency=currency,
            fee_source={"charge": charge, "type": "charge"},
        )
    )
    moved = balance_transaction(
        world, at=at, type="application_fee", amount=amount, currency=currency, source=made["id"],
        reporting_category="platform_earning",
    )  # fmt: skip
    made["balance_transaction"] = moved["id"]
    made["refunds"] = listing(f"/v1/application_fees/{made['id']}/refunds", [])
    world.emit("application_fee.created", made, at)
    return made


def refund_application_fee(
    world: Account, fee: StripeObject, *, at: datetime, amount: int | None = None
) -> StripeObject:
    """Give `amount` (default: all that is left) of an application fee back. Raises ValueError for more than is left."""
    left = fee["amount"] - fee["amount_refunded"]
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise ValueError(f"Application fee {fee['id']} has {left} left to refund, not {amount}.")
    made = world.add(
        connect_shapes.fee_refund(
            id=world.new_id("fr"), amount=amount, created=world.at(at), currency=fee["currency"], fee=fee["id"]
        )
    )
    moved = balance_transaction(
        world, at=at, type="application_fee_refund", amount=-amount, currency=made["currency"], source=made["id"],
        reporting_category="platform_earning_refund",
    )  # fmt: skip
    made["balance_transaction"] = moved["id"]
    fee["amount_refunded"] += amount
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    fee["refunds"] = _newest(world, "fee_refund", "fee", fee["id"], "application_fees", "refunds")
    world.emit("application_fee.refunded", fee, at)
    return made


def _newest(world: Account, kind: str, field: str, parent: str, collection: str, name: str) -> StripeObject:
    """The list of ten that the parent shows itself."""
    rows = world.referring(kind, field, parent)[::-1]
    return listing(f"/v1/{collection}/{parent}/{name}", rows[:INLINE], has_more=len(rows) > INLINE)
