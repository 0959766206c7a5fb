"""What was learnt from the books, for people, for machines, and as a fragment of fortstripe.toml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fortstripe_dagster.failures import DONE, HELD
from fortstripe_dagster.proof.going_live.openings import Opening
from fortstripe_dagster.proof.going_live.recognise import Booked, label
from fortstripe_dagster.proof.going_live.roles import Finding

BAS_2026 = date(2026, 1, 1)
"""From then on BAS has 1686 for claims on payment services; before, 1580 was usual."""
_SHOWN = 20


@dataclass(frozen=True)
class Proposal:
    """How Stripe was booked until now. `findings` name the likeliest account of each setting first.

    `booked` are Stripe's payouts that the books hold already; `reverse_charged` are, of the vouchers with fees, those
    with VAT both ways, and all of them.
    """

    company: str
    years: tuple[tuple[date, date], ...]
    start: date | None
    vouchers: int
    about_stripe: int
    findings: tuple[Finding, ...]
    reverse_charged: tuple[int, int]
    known_payouts: int
    booked: tuple[Booked, ...]
    openings: tuple[Opening, ...]

    @property
    def accounts(self) -> dict[str, Finding]:
        """The likeliest account of each setting."""
        found: dict[str, Finding] = {}
        for finding in self.findings:
            found.setdefault(finding.setting, finding)
        return found

    @property
    def doubles(self) -> tuple[Booked, ...]:
        """Payouts that fortstripe would book and somebody has booked: they arrive on or after the first day."""
        return tuple(each for each in self.booked if self.start is not None and each.payout.arrival >= self.start)

    @property
    def differing(self) -> tuple[Opening, ...]:
        """Balances on which the books and Stripe do not agree."""
        return tuple(each for each in self.openings if each.difference)

    @property
    def exit_code(self) -> int:
        """0, or 3 if something needs a person before going live."""
        return HELD if self.doubles or self.differing else DONE

    def text(self) -> str:
        """The proposal for a terminal."""
        read = ", ".join(f"{first}…{last}" for first, last in self.years)
        lines = [f"{self.company}, {read}: {self.about_stripe} of {self.vouchers} vouchers are about Stripe."]
        if not self.about_stripe:
            lines.append("No voucher names Stripe, uses an account of that name or books one of its payouts.")
        for setting in self.accounts:
            for place, finding in enumerate(each for each in self.findings if each.setting == setting):
                lead = f"  {setting:26}" if not place else f"  {'  or':26}"
                lines.append(f"{lead} {finding.account} {finding.name}: {_evidence(finding)}")
        if self.reverse_charged[1]:
            lines.append(f"  {_fee_vat(self.reverse_charged)}")
        lines += [_opening(each, self.start) for each in self.openings]
        lines += self._payouts()
        return "\n".join([*lines, "", "For fortstripe.toml, after the bookkeeper has looked at it:", "", self.toml()])

    def toml(self) -> str:
        """A fragment of fortstripe.toml with the evidence as comments."""
        lines = []
        if self.start:
            lines.append(f"start_date = {self.start}")
        if self.openings and not self.differing and any(each.difference is not None for each in self.openings):
            lines.append('opening = "in_books"  # they hold what Stripe held')
        if self.doubles:
            lines.append('mode = "shadow"  # until it is settled who books the payouts that are booked by hand today')
        single = {name: each for name, each in self.accounts.items() if name.count(".") == 1}
        tables = sorted({name.rsplit(".", 1)[0] for name in self.accounts} - {"accounts"})
        if single:
            lines += ["", "[accounts]"]
            lines += [_setting(name.split(".")[1], each) for name, each in single.items()]
        if "accounts.clearing" not in tables:
            number = 1686 if (self.start or BAS_2026) >= BAS_2026 else 1580
            lines += ["", "[accounts.clearing]  # none is in use: payouts are booked without a claim on Stripe"]
            lines += [f"SEK = {number}  # BAS's own; open it in Fortnox first"]
        for table in tables:
            lines += ["", f"[{table}]"]
            lines += [
                _setting(name.rsplit(".", 1)[1], each)
                for name, each in self.accounts.items()
                if name.startswith(f"{table}.")
            ]
        return "\n".join(lines).strip()

    def as_json(self) -> dict[str, Any]:
        """The proposal for machines; amounts and days as text."""
        return {
            "company": self.company,
            "years": [[str(first), str(last)] for first, last in self.years],
            "start_date": str(self.start) if self.start else None,
            "vouchers": self.vouchers,
            "about_stripe": self.about_stripe,
            "accounts": [
                {
                    "setting": each.setting, "account": each.account, "name": each.name, "vouchers": each.vouchers,
                    "of": each.of, "amount": str(each.amount), "examples": list(each.examples), "why": each.why,
                }
                for each in self.findings
            ],
            "fees_reverse_charged": list(self.reverse_charged),
            "openings": [
                {
                    "currency": each.currency, "accounts": list(each.accounts), "books": _text(each.books),
                    "stripe": _text(each.stripe), "on_its_way": _text(each.on_its_way),
                    "difference": _text(each.difference),
                }
                for each in self.openings
            ],
            "payouts_booked_by_hand": [
                {
                    "payout": each.payout.id, "amount": str(each.payout.amount), "arrival": str(each.payout.arrival),
                    "voucher": label(each.voucher), "day": str(each.voucher.date), "double": each in self.doubles,
                }
                for each in self.booked
            ],
            "toml": self.toml(),
            "exit_code": self.exit_code,
        }  # fmt: skip

    def _payouts(self) -> Sequence[str]:
        if not self.known_payouts:
            return ["No payouts are known yet: `fortstripe sync` some days, and learn again."]
        lines = [f"{len(self.booked)} of {self.known_payouts} known payouts are booked by hand."]
        for each in self.doubles[:_SHOWN]:
            lines.append(
                f"  {each.payout.id}, {each.payout.amount}, due {each.payout.arrival}: voucher {label(each.voucher)}"
                f" of {each.voucher.date} books it, and fortstripe would again. Let one of the two do it:"
                ' stop booking by hand, or set bank_leg = "leave_to_bank_feed".'
            )
        if len(self.doubles) > _SHOWN:
            lines.append(f"  … and {len(self.doubles) - _SHOWN} more (--json shows all)")
        return lines


def _evidence(finding: Finding) -> str:
    share = f"{finding.vouchers} of {finding.of} vouchers"
    return f"{share}, {finding.amount:.2f} kronor, e.g. {', '.join(finding.examples)} ({finding.why})"


def _setting(name: str, finding: Finding) -> str:
    return f"{name} = {finding.account}  # {finding.name or 'no name'}: {_evidence(finding)}".replace("\n", " ")


def _fee_vat(counts: tuple[int, int]) -> str:
    both, having = counts
    choice = "reverse_charge" if both * 2 > having else "exempt"
    return (
        f"{both} of {having} vouchers with fees book VAT on them both ways: as if processing_fee_vat were"
        f' "{choice}". Practice is split: ask the accountant.'
    )


def _opening(opening: Opening, start: date | None) -> str:
    accounts = " + ".join(opening.accounts)
    if opening.books is None:
        return f"What {accounts} held when {start} began is in none of these files: add the year that holds that day."
    books = f"{opening.currency}: the books hold {opening.books:.2f} kronor on {accounts} when {start} begins"
    if opening.stripe is None:
        return f"{books}; what Stripe held is known after `fortstripe sync --from {start} --to {start}`."
    moving = f" and {opening.on_its_way:.2f} on its way to the bank" if opening.on_its_way else ""
    verdict = (
        "they agree"
        if not opening.difference
        else f"the books hold {abs(opening.difference):.2f} {'more' if opening.difference > 0 else 'less'}:"
        " find out why before going live"
    )
    return f"{books}; Stripe held {opening.stripe:.2f}{moving}: {verdict}."


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
