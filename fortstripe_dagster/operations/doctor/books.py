"""How people booked Stripe until now, learnt from Fortnox's own books, beside what the configuration says."""

from __future__ import annotations

from collections.abc import Iterator

from fortstripe_dagster.operations.doctor.facts import Facts
from fortstripe_dagster.operations.doctor.findings import Finding, Severity, ok
from fortstripe_dagster.proof.going_live import Proposal
from fortstripe_dagster.proof.going_live.recognise import label

COMPARED = ("accounts.clearing.", "accounts.transit.", "accounts.bank")
"""Settings that must name the account already in use: another one would split what Stripe owes over two."""
_NAMED = 5


def habits(facts: Facts, learnt: Proposal) -> Iterator[Finding]:
    """Accounts that the books use otherwise, a balance that Stripe does not know, and payouts booked by hand."""
    found = [*_accounts(facts, learnt), *_openings(facts, learnt), *_doubles(facts, learnt)]
    yield from found or [ok("books", f"{learnt.about_stripe} vouchers are about Stripe; nothing contradicts them.")]


def _accounts(facts: Facts, learnt: Proposal) -> Iterator[Finding]:
    chosen = {f"accounts.{role.replace(':', '.')}": number for role, number in facts.settings.accounts.roles().items()}
    for setting, finding in learnt.accounts.items():
        if setting.startswith(COMPARED) and chosen.get(setting, finding.account) != finding.account:
            yield Finding(
                setting, _severity(facts),
                f"the books use {finding.account} where {setting} is {chosen[setting]}: {finding.why}, "
                f"{finding.vouchers} vouchers, e.g. {', '.join(finding.examples)}.",
                f"set {setting} = {finding.account}, or move its balance with one voucher on the first day.",
            )  # fmt: skip


def _openings(facts: Facts, learnt: Proposal) -> Iterator[Finding]:
    for opening in learnt.differing:
        yield Finding(
            f"opening {opening.currency}", _severity(facts),
            f"when {learnt.start} begins the books hold {opening.books} kronor on {' + '.join(opening.accounts)}, "
            f"Stripe {opening.stripe} and {opening.on_its_way} on its way to the bank.",
            "find out what was booked too much or too little; `fortstripe learn` shows the vouchers.",
        )  # fmt: skip


def _doubles(facts: Facts, learnt: Proposal) -> Iterator[Finding]:
    doubles = learnt.doubles if facts.settings.bank_leg == "book" else ()
    if doubles:
        named = ", ".join(f"{each.payout.id} by {label(each.voucher)}" for each in doubles[:_NAMED])
        yield Finding(
            "payouts", "warning",
            f"{len(doubles)} payouts that fortstripe books are booked by people too: {named}"
            f"{' …' if len(doubles) > _NAMED else ''}.",
            'stop booking them by hand and reverse those, or set bank_leg = "leave_to_bank_feed".',
        )  # fmt: skip


def _severity(facts: Facts) -> Severity:
    """A warning before anything was delivered; afterwards the choice was made."""
    return "info" if facts.pins else "warning"
