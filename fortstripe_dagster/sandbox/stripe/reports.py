"""Stripe's reports: asked for by POST, ready after a while, read as a CSV in major units. Live accounts only."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

from fortstripe_dagster.sandbox.stripe import errors
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.errors import StripeRefusal
from fortstripe_dagster.sandbox.stripe.query import Query, integer
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject, listing

PERMISSION = "rak_report_runs_and_report_types_read"
PAYOUTS = frozenset({"payout", "payout_reversal"})
WHOLE = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
"""Currencies without a minor unit."""

Row = dict[str, str]


def _major(amount: int, currency: str) -> str:
    return str(amount) if currency in WHOLE else str(Decimal(amount).scaleb(-2))


def _itemized(moved: list[StripeObject], before: list[StripeObject]) -> Iterator[Row]:
    for each in moved:
        if each["reporting_category"] not in PAYOUTS:
            yield {
                "balance_transaction_id": each["id"],
                "created_utc": f"{datetime.fromtimestamp(each['created'], UTC):%Y-%m-%d %H:%M:%S}",
                "currency": each["currency"],
                "gross": _major(each["amount"], each["currency"]),
                "fee": _major(each["fee"], each["currency"]),
                "net": _major(each["net"], each["currency"]),
                "reporting_category": each["reporting_category"],
            }


def _summary(moved: list[StripeObject], before: list[StripeObject]) -> Iterator[Row]:
    for currency in sorted({each["currency"] for each in [*moved, *before]}):
        opening = sum(each["net"] for each in before if each["currency"] == currency)
        mine = [each for each in moved if each["currency"] == currency]
        paid_out = sum(each["net"] for each in mine if each["reporting_category"] in PAYOUTS)
        activity = sum(each["net"] for each in mine) - paid_out
        for category, amount in (
            ("starting_balance", opening),
            ("activity", activity),
            ("payouts", paid_out),
            ("ending_balance", opening + activity + paid_out),
        ):
            text = category.replace("_", " ").capitalize()
            yield {"category": category, "description": text, "net_amount": _major(amount, currency),
                   "currency": currency}  # fmt: skip


TYPES: dict[str, tuple[tuple[str, ...], Callable[[list[StripeObject], list[StripeObject]], Iterator[Row]]]] = {
    "balance_change_from_activity.itemized.3": (
        ("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net", "reporting_category"),
        _itemized,
    ),
    "balance.summary.1": (("category", "description", "net_amount", "currency"), _summary),
}
"""Report type -> (columns, rows from what moved in the interval and what moved before it)."""


class Reports:
    """The report runs of one account and their files."""

    def __init__(self, world: Account, *, polls: int = 1) -> None:
        """`polls`: how often a run is asked for before it is ready."""
        self._world = world
        self._polls = polls
        self._runs: dict[str, StripeObject] = {}
        self._left: dict[str, int] = {}
        self._files: dict[str, str] = {}

    def types(self) -> StripeObject:
        """The list of report types."""
        return listing("/v1/reporting/report_types", [self.type(name) for name in TYPES])

    def type(self, name: str) -> StripeObject:
        """One report type and the stretch for which it has data."""
        if name not in TYPES:
            raise errors.missing("report type", name)
        now = int(self._world.now.timestamp())
        return {
            "id": name,
            "object": "reporting.report_type",
            "data_available_end": now - now % 43_200,  # prepared twice a day
            "data_available_start": self._world.account["created"],
            "default_columns": list(TYPES[name][0]),
            "livemode": True,
            "name": name.split(".")[0].replace("_", " ").capitalize(),
            "updated": now,
            "version": 1,
        }

    def run(self, form: Query) -> StripeObject:
        """Start a report run."""
        if not self._world.livemode:
            raise StripeRefusal(400, "This report type can only be run in live mode.", param="report_type")
        name = str(form.get("report_type"))
        available = self.type(name)
        asked = form.get("parameters", {})
        start, end = (integer(f"parameters[{key}]", asked.get(key)) for key in ("interval_start", "interval_end"))
        if not available["data_available_start"] <= start < end <= available["data_available_end"]:
            raise StripeRefusal(400, "The interval is not available for this report.", param="parameters")
        id = self._world.new_id("frr")
        made = {
            "id": id,
            "object": "reporting.report_run",
            "created": int(self._world.now.timestamp()),
            "error": None,
            "livemode": True,
            "parameters": {"interval_end": end, "interval_start": start},
            "report_type": name,
            "result": None,
            "status": "pending",
            "succeeded_at": None,
        }
        self._runs[id], self._left[id] = made, self._polls
        return made

    def read(self, id: str) -> StripeObject:
        """A report run, ready once it was asked for often enough."""
        if id not in self._runs:
            raise errors.missing("report run", id)
        made = self._runs[id]
        self._left[id] -= 1
        if made["status"] == "pending" and self._left[id] < 0:
            made.update(status="succeeded", succeeded_at=made["created"], result=self._file(made))
        return made

    def file(self, id: str) -> str:
        """The CSV of a file."""
        if id not in self._files:
            raise errors.missing("file", id)
        return self._files[id]

    def _file(self, run: StripeObject) -> StripeObject:
        start, end = run["parameters"]["interval_start"], run["parameters"]["interval_end"]
        counted = [each for each in self._world.all("balance_transaction") if each["balance_type"] == "payments"]
        before = [each for each in counted if each["created"] < start]
        moved = [each for each in counted if start <= each["created"] < end]
        columns, rows = TYPES[run["report_type"]]
        text = StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows(moved, before))
        id = self._world.new_id("file")
        self._files[id] = text.getvalue()
        return {
            "id": id,
            "object": "file",
            "created": run["created"],
            "expires_at": None,
            "filename": f"{run['id']}.csv",
            "purpose": "finance_report_run",
            "size": len(text.getvalue()),
            "title": None,
            "type": "csv",
            "url": f"https://files.stripe.com/v1/files/{id}/contents",
        }
