"""Customers in Fortnox: match before create.

A party that the journal does not know is looked for in Fortnox's own list, by equality: our number, the organisation
number, e-mail together with name. Only what is not there is created. No look-up per customer.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fortstripe_dagster import fortnox
from fortstripe_dagster.delivery.documents.desired import Sale
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.settings import Settings

_GUEST, _COLLECTIVE = "guest-", "guests-"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True)
class Listed:
    """A customer as Fortnox lists it."""

    number: str
    name: str
    email: str
    organisation_number: str

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Listed:
        """From an item of the customer list."""
        text = {name: str(item.get(name) or "") for name in ("CustomerNumber", "Name", "Email", "OrganisationNumber")}
        return cls(text["CustomerNumber"], text["Name"], text["Email"], text["OrganisationNumber"])


@dataclass(frozen=True)
class Match:
    """A customer that is in Fortnox already; `doubles` are further ones that match as well."""

    number: str
    how: str
    doubles: tuple[str, ...] = ()
    document: Document | None = field(default=None, compare=False)
    """The customer as Stripe has it now: what changes later is measured by it."""


def customer_id(sale: Sale, settings: Settings) -> str:
    """The document id of the customer of a sale: the Stripe customer, a guest by e-mail, or a collective guest.

    The e-mail address itself stands in no id: ids are never erased.
    """
    return f"customer:{_key(sale, settings)}"


def document(sale: Sale, settings: Settings) -> Document:
    """The customer of a sale, to be created if it is not in Fortnox yet."""
    party, key = sale.party, _key(sale, settings)
    collective = key.startswith(_COLLECTIVE)
    personal = {} if collective else {
        "email": _email(party.email),
        "phone": party.phone,
        "address1": party.line1,
        "address2": party.line2,
        "zip_code": party.postal_code,
        "city": party.city,
        "country": party.country,
        "organisation_number": fortnox.organisation_number(party.organisation_number or ""),
        "vat_number": _vat_number(party.vat_number, sale.vat_type),
    }  # fmt: skip
    return Document(
        document_id=f"customer:{key}",
        kind="customer",
        day=sale.day,
        description="Stripe-kunder utan uppgifter" if collective else party.name,
        content={
            "number": key if settings.customer_numbers == "stripe" else None,
            "reference": key,
            "name": "Stripe-kunder utan uppgifter" if collective else party.name,
            "type": "COMPANY" if party.buyer == "business" else "PRIVATE",
            "vat_type": sale.vat_type,
            **personal,
        },
        books={"vat_type": sale.vat_type},
    )


def match(documents: Iterable[Document], listed: Sequence[Listed]) -> dict[str, Match]:
    """Which of these customers stand in Fortnox's list, by document id. The lowest number wins among doubles."""
    by_number = {customer.number: customer for customer in listed}
    by_organisation: dict[str, list[Listed]] = defaultdict(list)
    by_person: dict[tuple[str, str], list[Listed]] = defaultdict(list)
    for customer in sorted(listed, key=lambda each: (len(each.number), each.number)):
        if customer.organisation_number:
            by_organisation[_digits(customer.organisation_number)].append(customer)
        if customer.email:
            by_person[_folded(customer.email), _folded(customer.name)].append(customer)
    found: dict[str, Match] = {}
    documents = list(documents)
    for document in documents:
        content = document.content
        organisation = _digits(content.get("organisation_number") or "")
        same_person = by_person.get((_folded(content.get("email") or ""), _folded(content["name"])), [])
        if content["reference"] in by_number:
            found[document.document_id] = Match(content["reference"], "our number")
        elif organisation and by_organisation.get(organisation):
            found[document.document_id] = _match(by_organisation[organisation], "organisation number")
        elif content.get("email") and same_person:
            found[document.document_id] = _match(same_person, "e-mail and name")
    wanted = {document.document_id: document for document in documents}
    return {name: replace(match, document=wanted[name]) for name, match in found.items()}


def _match(customers: Sequence[Listed], how: str) -> Match:
    return Match(customers[0].number, how, tuple(customer.number for customer in customers[1:]))


def is_guest(document: Document) -> bool:
    """Whether a customer document stands for somebody without a customer in Stripe."""
    return str(document.content["reference"]).startswith((_GUEST, _COLLECTIVE))


def _key(sale: Sale, settings: Settings) -> str:
    party = sale.party
    if party.customer:
        return party.customer
    # A sale without VAT to a business needs the business itself: its VAT number stands on the customer.
    by_email = settings.guests == "per_email" or party.vat_number or party.organisation_number
    if party.email and by_email:
        return _GUEST + hashlib.sha256(_folded(party.email).encode()).hexdigest()[:12]
    return f"{_COLLECTIVE}{sale.treatment or 'unknown'}"


def _email(address: str | None) -> str | None:
    """The address, if Fortnox takes it: a payment need not wait for a better one."""
    bare = (address or "").strip()
    return bare if _EMAIL.fullmatch(bare) and fortnox.is_legal(bare) else None


def _vat_number(text: str | None, vat_type: str) -> str | None:
    """The VAT number, if it can be one. Without VAT a sale stands on its number, so that one is sent in any case."""
    lawful = fortnox.vat_number(text) if text else None
    return lawful or (text if vat_type == "EUREVERSEDVAT" else None)


def _digits(organisation_number: str) -> str:
    """The ten digits of a Swedish number in any spelling; another country's as it is, without separators."""
    bare = re.sub(r"[^0-9A-Za-z]", "", organisation_number)
    return bare[2:] if re.fullmatch(r"(16|19|20)\d{10}", bare) else bare


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
