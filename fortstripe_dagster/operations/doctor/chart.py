"""The chart of accounts, year by year: are our accounts there, in the right VAT box, and those that Fortnox picks?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fortstripe_dagster.delivery.planning.preflight import Company, Year
from fortstripe_dagster.delivery.planning.vat_codes import NONE, boxes_by_account
from fortstripe_dagster.fortnox import vat_box
from fortstripe_dagster.operations.doctor.facts import Facts
from fortstripe_dagster.operations.doctor.findings import Finding, ok
from fortstripe_dagster.settings import Settings

PREDEFINED = {
    "receivable": "CUSTCLAIM",
    "output_vat:25": "OUTVAT_MP1",
    "output_vat:12": "OUTVAT_MP2",
    "output_vat:6": "OUTVAT_MP3",
    "rounding": "ROUNDOFF",
}
"""Accounts that Fortnox posts to by itself when it books an invoice, by the part that we expect them to play."""


def needed(settings: Settings) -> frozenset[str]:
    """The parts without whose account no ordinary day can be booked; the others are needed when their case occurs."""
    rate = str(settings.default_supply.vat_rate)
    fee = "processing_fee" if settings.processing_fee_vat == "exempt" else "processing_fee_reverse_charge"
    parts = {"suspense", fee, f"sales:{rate}"}
    parts |= {f"{part}:{currency}" for part in ("clearing", "transit") for currency in settings.accounts.clearing}
    parts |= {"bank"} if settings.bank_leg == "book" else set()
    parts |= {f"output_vat:{rate}"} if rate != "0" else set()
    parts |= {"receivable"} if settings.sales != "daily_voucher" else set()
    parts |= {"voucher_receivable"} if settings.sales != "invoice" else set()
    if "reverse_charge" in (settings.processing_fee_vat, settings.software_fee_vat):
        parts |= {"reverse_charge_output_vat", "reverse_charge_input_vat"}
    return frozenset(parts)


def accounts(facts: Facts, company: Company) -> Iterator[Finding]:
    """Accounts of ours that a financial year lacks or has made inactive."""
    roles = facts.settings.accounts.roles()
    urgent = {roles[part] for part in needed(facts.settings) if part in roles}
    names = facts.settings.accounts.numbers()
    for year in company.years:
        for severity, numbers in (("error", urgent), ("warning", set(names) - urgent)):
            lacking = sorted(number for number in numbers if not _active(year, number))
            if not lacking:
                continue
            listed = ", ".join(f"{number} ({names[number]})" for number in lacking)
            yield Finding(
                f"{year.first}", "error" if severity == "error" else "warning",
                f"the financial year {year.first}…{year.last} lacks {listed}, or has them inactive."
                + ("" if severity == "error" else " What falls on them is held when it occurs."),
                "add or activate them in Fortnox (Register, Konton), or choose other accounts in fortstripe.toml.",
            )  # fmt: skip
        if all(_active(year, number) for number in names):
            yield ok(f"{year.first}", f"all {len(names)} accounts are active in {year.first}…{year.last}.")


def vat_codes(facts: Facts, company: Company) -> Iterator[Finding]:
    """Accounts whose VAT code puts what we book on them into another box of the VAT return, or into none."""
    for year in company.years:
        wrong, missing = [], []
        for number, wanted in sorted(boxes_by_account(facts.settings.accounts).items()):
            account = year.accounts.get(number)
            if account is None or not account.active:
                continue
            actual = vat_box(account.vat_code) if account.vat_code else None
            if account.vat_code is None and wanted != NONE:
                missing.append(f"{number} (box {wanted})")
            elif actual is not None and actual != wanted:
                right = "no code" if wanted == NONE else f"a code of box {wanted}"
                wrong.append(f"{number} has {account.vat_code} (box {actual}) and needs {right}")
        if wrong:
            yield Finding(
                f"{year.first} wrong", "error",
                f"in {year.first}…{year.last}: {'; '.join(wrong)}. What falls on these accounts is held.",
                "correct the VAT codes (momskod) of these accounts in Fortnox.",
            )  # fmt: skip
        if missing:
            yield Finding(
                f"{year.first} missing", "warning",
                f"in {year.first}…{year.last} these have no VAT code: {', '.join(missing)}."
                " Fortnox's VAT report will lack what is booked on them.",
                "give the accounts their VAT code (momskod) in Fortnox.",
            )  # fmt: skip
        if not wrong and not missing:
            yield ok(f"{year.first}", f"the VAT codes agree in {year.first}…{year.last}.")


def own_accounts(facts: Facts, predefined: Mapping[str, str]) -> Iterator[Finding]:
    """Accounts that Fortnox chooses when it books an invoice, where the ledger expects another one."""
    if facts.settings.sales == "daily_voucher":
        yield ok("predefined", "Fortnox chooses none: sales go as vouchers.")
        return
    roles = facts.settings.accounts.roles()
    differing = 0
    for part, name in PREDEFINED.items():
        number, ours = predefined.get(name), roles.get(part)
        if number and ours and number != ours:
            differing += 1
            yield Finding(
                name, "error",
                f"Fortnox books {part} of an invoice on {number} ({name}), the ledger on {ours}: they will differ.",
                f"choose {ours} for {name} in Fortnox (Inställningar, Bokföring, Förvalda konton), or {number} as "
                f"accounts.{part.replace(':', '.')} in fortstripe.toml.",
            )  # fmt: skip
    if not differing:
        yield ok("predefined", "those that Fortnox chooses for invoices are the ledger's.")


def _active(year: Year, number: str) -> bool:
    account = year.accounts.get(number)
    return account is not None and account.active
