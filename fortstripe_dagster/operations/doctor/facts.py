"""What is known of a company when the checks begin. Whatever could not be read is a `Refusal` that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fortstripe_dagster.delivery.planning.preflight import Company
from fortstripe_dagster.proof.going_live import Proposal
from fortstripe_dagster.settings import Settings


@dataclass(frozen=True)
class Refusal:
    """A part of the facts that could not be read. `permission` is what the key lacks, where that is the reason."""

    what: str
    remedy: str
    permission: str | None = None


@dataclass(frozen=True)
class StripeFacts:
    """What the key may read: for each list None where it answered. `mode` is live or test, from Stripe's own answer."""

    lists: Mapping[str, Refusal | None]
    account: str | None = None
    mode: str | None = None


@dataclass(frozen=True)
class OpenInvoice:
    """An invoice of ours that Fortnox counts as overdue."""

    number: str
    reference: str


@dataclass(frozen=True)
class FortnoxFacts:
    """The company in Fortnox. `scopes` says for each scope None where its endpoint answered.

    `predefined` are accounts that Fortnox posts to by itself, by their names; `roundings` are what it rounded the
    latest invoices by (kronor), `stock_module` whether it is active, None where Fortnox does not tell. `books` is what
    they say of how people booked Stripe.
    """

    scopes: Mapping[str, Refusal | None]
    company: Company | Refusal
    predefined: Mapping[str, str] | Refusal
    currencies: frozenset[str] | Refusal
    overdue: tuple[OpenInvoice, ...] | Refusal
    roundings: tuple[Decimal, ...] | Refusal
    stock_module: bool | None
    books: Proposal | Refusal


@dataclass(frozen=True)
class Facts:
    """All that the checks look at."""

    settings: Settings
    today: date
    pins: Mapping[str, str]
    """What the journal is tied to: Stripe account and mode, Fortnox company. Empty before the first delivery."""
    stripe: StripeFacts | Refusal
    fortnox: FortnoxFacts | Refusal
