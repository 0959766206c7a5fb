"""Which transfer or application fee something taken back belongs to, where only its balance transaction is known.

A reversal can be asked for through its transfer alone, and the balance transaction names the reversal alone; expanded,
its source names the transfer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from fortstripe_dagster.extract.client import StripeApi
from fortstripe_dagster.failures import StripeFailure

PARENT = {"transfer_reversal": ("transfers", "transfer"), "fee_refund": ("application_fees", "fee")}
"""Type of the source -> the stream of its parent, and the field that names it."""


def parents_of(api: StripeApi, balance_transactions: Sequence[str]) -> dict[str, list[str]]:
    """The objects to fetch, by stream, so that what these balance transactions took back is known.

    Raises StripeFailure if a source names no parent.
    """
    found: dict[str, list[str]] = {}
    for id in balance_transactions:
        reading = f"the source of balance transaction {id}"
        body = api.get(
            f"/v1/balance_transactions/{quote(id, safe='')}",
            {"expand": ["source"]},
            reading=reading,
            permission="rak_balance_transaction_source_read",
        )
        source = json.loads(body).get("source")
        kind = source.get("object") if isinstance(source, dict) else None
        stream, field = PARENT.get(str(kind), ("", ""))
        parent = source.get(field) if stream and isinstance(source, dict) else None
        if not isinstance(parent, str):
            raise StripeFailure(
                f"Stripe does not say what {reading} belongs to.",
                'report this line; until then add "transfers" and "application_fees" to stripe.switched_off.',
            )
        found.setdefault(stream, []).append(parent)
    return {stream: list(dict.fromkeys(ids)) for stream, ids in found.items()}
