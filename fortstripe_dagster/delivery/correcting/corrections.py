"""The smallest lawful correction of an entry that an invoice, credit invoice or payment says and the ledger changed.

A wrong account or dimension is reposted (omföring) by a voucher; it touches neither receivable, money nor VAT. Where
amount or VAT was wrong, the invoice is credited and made anew; each names the other. What is left waits for a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from fortstripe_dagster.delivery.correcting.reversals import Sent, reversal, reversal_id
from fortstripe_dagster.delivery.documents import vouchers
from fortstripe_dagster.delivery.documents.documents import REVERSAL, Document, Entry, Held, Line, Part
from fortstripe_dagster.delivery.documents.exact_json import amount
from fortstripe_dagster.delivery.journal.history import Sealed
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.accounts import Accounts

_OF_VAT = (
    "output_vat", "reverse_charge", "oss_", "eu_", "export_", "domestic_reverse_charge",
)  # fmt: skip
"""Beginnings of the parts of accounts that decide a box of the VAT return by themselves."""


def correct(
    difference: tuple[Line, ...],
    group: Sequence[Sealed],
    entry: Entry | None,
    anew: Callable[[Entry], Document | None],
    before: Sequence[Sealed],
    sent: Sent,
    settings: Settings,
) -> list[Document] | Held:
    """The documents that bring what is sealed in `group` (one entry, one day) to what the ledger says now.

    `anew` makes the document of an entry as if it had never been sent; without an entry the ledger took it back.
    `before` is what said the entry so far, on whatever day: the last of it is what a new document replaces.
    """
    met = meets(difference, group, entry, anew, settings.accounts)
    if met is not None:
        return [met]
    invoiced = [sealed for sealed in group if sealed.kind != "voucher" and not sealed.document_id.endswith(REVERSAL)]
    newest = invoiced[-1]
    original, number = sent.documents.get(newest.document_id), sent.number_of(newest.document_id)
    if original is None or newest.document_id not in sent.finished or number is None:
        return _person(newest, difference, "finish or cancel it in Fortnox first, then sync its day again.")
    taken_back = reversal_id(original) in {sealed.document_id for sealed in group}
    because = sent.because(newest.day)
    if not taken_back and _only_accounts(difference, settings.accounts):
        reposted = 1 + sum(sealed.kind == "voucher" for sealed in group)
        return [_reposting(original, number, reposted, newest.entry_id, difference, because, settings)]
    if original.kind == "payment" and not taken_back:
        credit = sent.documents.get(original.content["target"])
        if credit is not None and credit.kind == "credit_invoice" and _waits(difference, settings.accounts):
            return [_from_advances(original, credit, newest.entry_id, difference, because, settings.accounts)]
        return _person(
            newest,
            difference,
            f"take it back with `fortstripe undo {newest.document_id}`, and deliver it anew (--redo).",
        )
    if entry is not None and entry.held:
        return _person(newest, difference, entry.held)
    documents = [] if taken_back else [reversal(original, number, because, settings.accounts)]
    new = anew(entry) if entry is not None else None
    if new is not None:
        last = before[-1]
        replaced = sent.number_of(last.document_id) or number
        documents.append(_numbered(new, 1 + len(before), last, replaced, because))
    elif entry is not None:
        return _person(newest, difference, "credit it in Fortnox and book what is right by hand.")
    return documents


def meets(
    difference: tuple[Line, ...],
    group: Sequence[Sealed],
    entry: Entry | None,
    anew: Callable[[Entry], Document | None],
    accounts: Accounts,
) -> Document | None:
    """The payment from 2420 of money that waited there, where its invoice or credit is not of a later day any more."""
    if entry is None or entry.held or not _waits(difference, accounts):
        return None
    if all(line.account != accounts.receivable for line in entry.lines):
        return None
    payment = anew(replace(entry, lines=difference))
    if payment is None:
        return None
    before = sum(sealed.kind == "payment" for sealed in group)
    return replace(payment, document_id=f"{payment.document_id}:{before + 1}") if before else payment


def on_another_day(new: Document, before: Sequence[Sealed], sent: Sent) -> Document | Held:
    """The document of an entry that was sent `before` with another day: one more, after that was taken back."""
    count = 1 + len(before)
    if new.kind == "payment":
        return replace(new, document_id=f"{new.document_id}:{count}")
    newest = before[-1]
    number = sent.number_of(newest.document_id)
    if number is None:
        return _person(newest, (), "finish or cancel it in Fortnox first, then sync its day again.")
    return _numbered(new, count, newest, number, sent.because(newest.day))


def _only_accounts(difference: Sequence[Line], accounts: Accounts) -> bool:
    """Whether accounts or dimensions alone changed: each VAT rate's sum stays, no money, receivable, VAT moves."""
    parts = accounts.roles()
    fixed = {accounts.receivable, accounts.voucher_receivable, *accounts.clearing.values(), *accounts.transit.values()}
    fixed |= {number for part, number in parts.items() if part.startswith(_OF_VAT)}
    sums: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    for line in difference:
        sums[line.vat_rate] += line.amount
    return not any(sums.values()) and not any(_moves(difference, account) for account in fixed)


def _moves(difference: Sequence[Line], account: str) -> bool:
    """Whether the amount on an account changes; a dimension alone may."""
    return sum((line.amount for line in difference if line.account == account), Decimal(0)) != 0


def _reposting(
    original: Document, number: str, count: int, entry_id: str, difference: tuple[Line, ...], because: str,
    settings: Settings,
) -> Document:  # fmt: skip
    return Document(
        document_id=f"voucher:{original.day}:{original.document_id}:repost{'' if count == 1 else count}",
        kind="voucher",
        day=original.day,
        description=vouchers.short(f"Omföring av nr {number} {original.booked_on}: {because}"),
        parts=(Part(entry_id, difference),),
        content={"rows": vouchers.rows(difference, settings), "reposts": original.document_id, "because": because},
        rule_version=original.rule_version,
    )


def _waits(difference: Sequence[Line], accounts: Accounts) -> bool:
    """Whether a repayment only waits for a credit note that came later, on the account of advances."""
    moved = {line.account for line in difference if _moves(difference, line.account)}
    return moved == {accounts.receivable, accounts.advances}


def advance_id(payment_id: str) -> str:
    """The id of what moves a repayment to the account of advances until its credit note comes."""
    return f"{payment_id}:advance"


def _from_advances(
    original: Document, credit: Document, entry_id: str, difference: tuple[Line, ...], because: str, accounts: Accounts
) -> Document:
    """The payment that settles what took the credit back: the money waits on 2420 for the note that came instead."""
    value = sum((line.amount for line in difference if line.account == accounts.advances), Decimal(0))
    back = reversal_id(credit)
    return Document(
        document_id=advance_id(original.document_id),
        kind="payment",
        day=original.day,
        description=vouchers.short(f"Förskott tills kreditnotan kom: {because}"),
        parts=(Part(entry_id, difference),),
        depends_on=(back,),
        content={
            "target": back,
            "target_gross": -amount(credit.content["gross"]),
            "account": accounts.advances,
            "amount": value,
            "write_offs": [],
            "receivable": value,
            "supplements": original.document_id,
            "because": because,
        },
        rule_version=original.rule_version,
    )


def _numbered(new: Document, count: int, original: Sealed, number: str, because: str) -> Document:
    """The document as the `count`th of its kind for this entry, which waits until `original` is taken back."""
    text = f"Ersätter {number}: {because}"
    content = {**new.content}
    if "reference1" in content:
        content["reference1"] = f"{content['reference1']}:{count}"
        content["note"] = "\n".join(filter(None, (content.get("note"), text)))
    return replace(
        new,
        document_id=f"{new.document_id}:{count}",
        depends_on=(*new.depends_on, reversal_id(original)),
        content={**content, "replaces": original.document_id, "because": because},
    )


def _person(sealed: Sealed, difference: tuple[Line, ...], remedy: str) -> Held:
    amounts = ", ".join(f"{line.account} {line.amount:+.2f}" for line in difference)
    return Held(
        f"correction:{sealed.document_id}",
        sealed.kind,
        sealed.day,
        (sealed.entry_id,),
        f"{sealed.document_id} is in Fortnox, and the ledger has changed since: {amounts}.",
        f"{remedy} Or book the difference by hand and name the voucher: `fortstripe adopt --document"
        f" correction:{sealed.document_id} --voucher A123`.",
        Document("", "voucher", sealed.day, "", (Part(sealed.entry_id, difference),)).content_hash,
        difference,
    )
