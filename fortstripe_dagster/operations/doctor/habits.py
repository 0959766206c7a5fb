"""What Fortnox does by itself and can surprise: rounding, reminders, stock."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from fortstripe_dagster.operations.doctor.facts import Facts, FortnoxFacts, OpenInvoice
from fortstripe_dagster.operations.doctor.findings import Finding, ok


def rounding(facts: Facts, roundings: tuple[Decimal, ...]) -> Iterator[Finding]:
    """Whether invoices are rounded to whole kronor (öresutjämning), seen on the latest ones: no setting says it."""
    if facts.settings.sales == "daily_voucher":
        yield ok("rounding", "of no account: sales go as vouchers.")
    elif any(roundings):
        yield Finding(
            "rounding", "warning",
            "Fortnox rounds invoices to whole kronor, so each has an öre difference on "
            f"{facts.settings.accounts.rounding} that Stripe's customer never sees.",
            "switch the rounding (öresavrundning) off in Fortnox (Inställningar, Fakturering).",
        )  # fmt: skip
    elif roundings:
        yield ok("rounding", "the latest invoices are not rounded to whole kronor.")
    else:
        yield Finding(
            "rounding", "info", "no recent invoice shows whether Fortnox rounds to whole kronor.",
            "see that the rounding (öresavrundning) is off in Fortnox (Inställningar, Fakturering).",
        )  # fmt: skip


def reminders(facts: Facts, overdue: tuple[OpenInvoice, ...]) -> Iterator[Finding]:
    """Invoices that Stripe collects and that a reminder from Fortnox would ask for a second time."""
    if facts.settings.sales == "daily_voucher":
        yield ok("reminders", "of no account: sales go as vouchers.")
    elif overdue:
        numbers = ", ".join(invoice.number for invoice in overdue[:5]) + (" …" if len(overdue) > 5 else "")
        yield Finding(
            "reminders", "warning",
            f"Fortnox counts invoices as overdue that Stripe collects: {numbers}. Its reminders (påminnelser) and "
            "interest would reach these customers.",
            "leave automatic reminders off in Fortnox (Inställningar, Fakturering, Påminnelser); "
            "Stripe reminds by itself.",
        )  # fmt: skip
    else:
        yield ok("reminders", "no invoice that Stripe collects is overdue in Fortnox.")


def stock(facts: Facts, fortnox: FortnoxFacts) -> Iterator[Finding]:
    """Whether the stock module (Lager) is switched on: an invoice with a stocked article then moves stock."""
    if fortnox.stock_module:
        yield Finding(
            "stock", "info", "the stock module is active: invoices with stocked articles move the stock.",
            "let rules name service articles, or articles without stock, unless Fortnox is to keep the stock.",
        )  # fmt: skip
    elif fortnox.stock_module is None:
        yield ok("stock", "Fortnox does not tell of a stock module, as without its licence.")
    else:
        yield ok("stock", "the stock module is not active.")
