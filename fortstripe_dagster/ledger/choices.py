"""A choice set: everything besides Stripe's facts that decides what is booked, and how the SQL files get to see it.

That is the version of the rules, the rule data (`data/*.csv`), the accounts, the policies and the company's own rules.
A choice set has a digest, by which entries name the one they were made under, and a text from which it can be had
again: the books of last year are rebuilt with last year's choices.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from fortstripe_dagster.ledger import reference_data
from fortstripe_dagster.ledger.rules import load_rules
from fortstripe_dagster.money import to_minor
from fortstripe_dagster.settings import Settings, vat_rates
from fortstripe_dagster.settings.dimensions import Rule

RULE_VERSION = "2026-11"
"""Version of the booking rules in this folder; it goes up with the first change of what is booked after a release.

`rule_versions` records which rules that are.
"""


@dataclass(frozen=True)
class Choices:
    """One choice set. `accounts` are numbers by role, `data` the text of each file of rule data."""

    rule_version: str
    accounts: Mapping[str, str | None]
    policy: Mapping[str, str | None]
    rules: Sequence[Mapping[str, Any]]
    data: Mapping[str, str]

    @cached_property
    def text(self) -> str:
        """The choice set as JSON, the same for equal choices."""
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @cached_property
    def digest(self) -> str:
        """The short name of the choice set."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def choices_of(settings: Settings, rule_version: str = RULE_VERSION) -> Choices:
    """The choice set that the configuration makes today."""
    policy: dict[str, str | None] = {
        "start_date": settings.start_date.isoformat(),
        "invoice_when": "paid" if settings.accounting_method == "cash" else settings.invoice_when,
        "accounting_method": settings.accounting_method,
        "connect": settings.connect,
        "commission_vat_rate": None if settings.commission_vat_rate is None else str(settings.commission_vat_rate),
        **_by_reason(settings.dispute_lost),
        "processing_fee_vat": settings.processing_fee_vat,
        "software_fee_vat": settings.software_fee_vat,
        "bank_leg": settings.bank_leg,
        "default_supply": settings.default_supply.kind,
        "default_vat_rate": str(settings.default_supply.vat_rate),
        "default_vat_class": settings.default_supply.vat_class or "",
        **settings.oss.choices(),
        **settings.vat.choices(),
        **settings.gift_cards.choices(),
        **vat_rates.choices(settings.vat_rates),
        "deferral": settings.deferral,
        "deferral_before_start": settings.deferral_before_start,
        "deferral_from_ore": str(to_minor(settings.deferral_from_amount)),
        "deferral_from_days": str(settings.deferral_from_days),
        "tips": settings.tips or "undecided",
    }
    return Choices(
        rule_version,
        settings.accounts.roles(),
        policy,
        [rule.model_dump(mode="json") for rule in settings.rules],
        {file.name: file.read_text(encoding="utf-8") for file in reference_data.sources()},
    )


def parse(text: str) -> Choices:
    """The choice set behind a text."""
    return Choices(**json.loads(text))


def load(connection: duckdb.DuckDBPyConnection, choices: Choices, today: date) -> None:
    """Make the tables through which the SQL files see the choices, in schema `ledger` of the current database."""
    policy = {
        **choices.policy,
        "rule_version": choices.rule_version,
        "choices": choices.digest,
        "today": today.isoformat(),
    }
    for table, columns, rows in (
        ("account_map", "role VARCHAR PRIMARY KEY, number VARCHAR", choices.accounts),
        ("policy", "name VARCHAR PRIMARY KEY, value VARCHAR", policy),
    ):
        connection.execute(f"CREATE OR REPLACE TABLE ledger.{table} ({columns})")
        connection.execute(
            f"INSERT INTO ledger.{table} SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
            [list(rows), list(rows.values())],
        )
    load_rules(connection, [Rule.model_validate(rule) for rule in choices.rules])
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in choices.data]
        for file in files:
            file.write_text(choices.data[file.name], encoding="utf-8")
        reference_data.load(connection, files)


def _by_reason(choice: str | Mapping[str, str]) -> dict[str, str]:
    """`dispute_lost` as policies: one for each reason of Stripe's, `dispute_lost:default` for all others."""
    table = {"default": choice} if isinstance(choice, str) else choice
    return {f"dispute_lost:{reason}": decided for reason, decided in table.items()}
