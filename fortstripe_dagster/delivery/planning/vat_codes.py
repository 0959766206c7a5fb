"""Does Fortnox's VAT report count each line where the ledger does? Fortnox goes by the VAT code of the account.

An account whose code is of another box than its lines would falsify the VAT return without anybody seeing it: its
documents are held. A missing code is only told, since the return then lacks the amount, and codes of the company's own
are nobody's business here. Which box an account is in follows from its part in the settings (`vat_boxes.csv`), else
from the VAT treatment of what is sold on it.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files

from fortstripe_dagster.delivery.documents.documents import Document, Held, held
from fortstripe_dagster.delivery.planning.preflight import Company
from fortstripe_dagster.fortnox import vat_box
from fortstripe_dagster.settings.accounts import Accounts

NONE = "none"
"""The account must be in no box."""


def check(
    documents: Collection[Document], company: Company, accounts: Accounts, boxes: Mapping[str, str]
) -> tuple[list[Held], list[str]]:
    """The documents with an account whose VAT code contradicts, and a finding for each account that lacks its code.

    `boxes` gives the box of each VAT treatment; "" is none.
    """
    by_part = boxes_by_account(accounts)
    stopped: list[Held] = []
    findings: set[str] = set()
    for document in documents:
        year = company.year(document.booked_on)
        if year is None or not document.posts or not any(account.vat_code for account in year.accounts.values()):
            continue  # a Fortnox that tells no codes at all tells nothing about one account
        for number, wanted in sorted(_wanted(document, by_part, boxes)):
            code = (year.accounts[number].vat_code if number in year.accounts else None) or ""
            actual = vat_box(code) if code else None
            if not code and wanted != NONE:
                findings.add(
                    f"Account {number} has no VAT code in Fortnox's financial year {year.first}…{year.last}: box "
                    f"{wanted} of Fortnox's VAT report will lack what is booked on it."
                )
            if actual is not None and actual != wanted:
                stopped.append(_held(document, number, code, actual, wanted))
                break
    return stopped, sorted(findings)


def _wanted(document: Document, by_part: Mapping[str, str], boxes: Mapping[str, str]) -> set[tuple[str, str]]:
    """Each account of a document that has a box, or must have none."""
    found: set[tuple[str, str]] = set()
    for part in document.parts:
        for line in part.lines:
            box = by_part.get(line.account)
            if box is None and line.treatment is not None and line.treatment in boxes:
                box = boxes[line.treatment] or NONE
            if box is not None:
                found.add((line.account, box))
    return found


def boxes_by_account(accounts: Accounts) -> dict[str, str]:
    """The box by account number. An account that plays parts of several boxes is judged by none."""
    found: dict[str, set[str]] = {}
    for role, number in accounts.roles().items():
        box = _boxes_of_parts().get(role) or _boxes_of_parts().get(role.partition(":")[0])
        if box is not None:
            found.setdefault(number, set()).add(box)
    return {number: boxes.pop() for number, boxes in found.items() if len(boxes) == 1}


def _held(document: Document, number: str, code: str, actual: str, wanted: str) -> Held:
    right = "no box" if wanted == NONE else f"box {wanted}"
    return held(
        document,
        f"Account {number} has VAT code {code} in Fortnox, which is box {actual}; what is booked belongs in {right}.",
        f"correct the VAT code of account {number} in Fortnox, or choose another account in fortstripe.toml.",
    )


@cache
def _boxes_of_parts() -> dict[str, str]:
    text = files(__package__).joinpath("vat_boxes.csv").read_text(encoding="utf-8")
    return {row["role"]: row["box"] for row in csv.DictReader(text.splitlines())}
