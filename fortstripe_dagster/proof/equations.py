"""The equations of the proof by name: what stands on each side, in English and Swedish.

How each is computed stands in sql/equation_….sql, what a difference is called in sql/found_….sql.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Title:
    """An equation for people: its heading in both languages, and what its two sides are."""

    english: str
    swedish: str
    left: str
    right: str
    counts: bool = False
    """The sides count things instead of adding up money."""

    def __str__(self) -> str:
        return f"{self.english}: {self.left} = {self.right}."


EQUATIONS: dict[str, Title] = {
    "1": Title("Stripe = ledger", "Stripe = bokföringsunderlag", "Stripe transactions", "ledger clearing"),
    "2": Title("Ledger = Fortnox, clearing", "Underlag = Fortnox, avräkning", "ledger clearing", "Fortnox clearing"),
    "3a": Title("Payouts on their way", "Utbetalningar på väg", "Stripe payouts", "ledger transit"),
    "3b": Title("Ledger = Fortnox, transit", "Underlag = Fortnox, på väg", "ledger transit", "Fortnox transit"),
    "4a": Title("The whole claim on Stripe", "Hela fordran på Stripe", "Stripe", "clearing + transit + reserves"),
    "4b": Title("Stripe's own balance", "Stripes eget saldo", "Stripe's balance", "opening + transactions"),
    "5": Title("Receivables = sub-ledger", "Kundfordringar = reskontra", "Fortnox account", "open invoices"),
    "6": Title("VAT and other accounts", "Moms och övriga konton", "ledger", "Fortnox, our documents"),
    "7": Title("Payout = its transactions", "Utbetalning = dess poster", "payouts", "their transactions"),
    "8": Title("Each payment has its invoice", "Varje betalning har sin faktura", "payments", "with one invoice", True),
    "9": Title("Each entry in one document", "Varje post i ett dokument", "entries", "in one document", True),
    "10": Title("Each invoice adds up", "Varje faktura går ihop", "invoice totals", "paid, credited and open"),
}
