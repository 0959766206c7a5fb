"""Which account plays which part in the vouchers about Stripe, each with its evidence. Rules of thumb over BAS numbers
and of what stands against what; certain is only what a person confirms.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fortstripe_dagster.fortnox.sie import Sie, SieVoucher
from fortstripe_dagster.proof.going_live.recognise import LIQUID, NAME, RECEIVABLES, Recognised, label

SALES = range(3000, 3700)
FEES = range(4000, 7000)
OUTPUT_VAT = {"25": (2610, 2611), "12": (2620, 2621), "6": (2630, 2631)}
"""Output VAT on sales in Sweden (utgående moms), by rate: the group account and the one for domestic sales."""
REVERSE_CHARGE = {2614, 2615, 2645}
CLAIMS = frozenset(range(1520, 2000))
"""Where a claim on Stripe may stand; receivables are the customers'."""
_EXAMPLES = 3
_CURRENCY = re.compile(r"\b(EUR|USD|GBP|NOK|DKK|CHF)\b")


@dataclass(frozen=True)
class Finding:
    """An account for a setting: `vouchers` of the `of` vouchers that have such an account use it, for `amount` kronor.

    `examples` are vouchers; `why` says what speaks for it.
    """

    setting: str
    account: str
    name: str
    vouchers: int
    of: int
    amount: Decimal
    examples: tuple[str, ...]
    why: str


class _Uses:
    """How often and for how much accounts were used in one part, and where."""

    def __init__(self) -> None:
        self._seen: dict[int, list[tuple[SieVoucher, Decimal]]] = defaultdict(list)

    def add(self, account: int, voucher: SieVoucher, amount: Decimal) -> None:
        self._seen[account].append((voucher, amount))

    def of(self, account: int) -> list[tuple[SieVoucher, Decimal]]:
        return self._seen.get(account, [])

    def accounts(self) -> list[int]:
        """Most used first."""
        return sorted(self._seen, key=lambda each: (-self.count(each), each))

    def count(self, account: int) -> int:
        return len({id(voucher) for voucher, _ in self.of(account)})

    def total(self) -> int:
        return len({id(voucher) for uses in self._seen.values() for voucher, _ in uses})

    def findings(self, setting: str, names: dict[int, str], why: str, least: float = 0.05) -> list[Finding]:
        """Each account that plays the part in a noticeable share of the vouchers."""
        return [
            Finding(
                setting, str(account), names.get(account, ""), self.count(account), self.total(),
                sum((amount for _, amount in self.of(account)), Decimal(0)),
                tuple(dict.fromkeys(label(voucher) for voucher, _ in self.of(account)))[:_EXAMPLES], why,
            )
            for account in self.accounts()
            if self.count(account) >= least * self.total()
        ]  # fmt: skip


def find(ledgers: Sequence[Sie], recognised: Recognised) -> tuple[Finding, ...]:
    """Accounts for bank, clearing, transit, receivables, fees, sales and output VAT; of each the likeliest first."""
    names = {number: name for ledger in ledgers for number, name in ledger.accounts.items()}
    banks = _banks(recognised, names)
    bank = set(banks.accounts()[:1])
    clearing, transit = _claims(recognised, names, bank)
    own = {*clearing.accounts()[:1], *transit.accounts()[:1], *bank}
    rest = recognised.vouchers
    receivables = _where(rest, lambda account, amount: account in RECEIVABLES and amount < 0 and account not in own)
    fees = _where(rest, lambda account, amount: account in FEES and amount > 0)
    found = [
        *banks.findings("accounts.bank", names, "payouts arrive here"),
        *_by_currency("accounts.clearing", clearing.findings("", names, "payouts are taken from it")),
        *_by_currency("accounts.transit", transit.findings("", names, "payouts stand here until they arrive")),
        *receivables.findings("accounts.receivable", names, "payments are set off here"),
        *fees.findings("accounts.processing_fee", names, "debited together with Stripe's payments or payouts"),
    ]
    for part, why in (
        (rest, "in vouchers about Stripe"),
        (_all(ledgers), "in all vouchers: none about Stripe has any"),
    ):
        if sold := _sales(part, names, why):
            return (*found, *sold)
    return tuple(found)


def claims(recognised: Recognised) -> list[int]:
    """Accounts of class 15-18 that most vouchers about Stripe use: what else stands there is about Stripe too."""
    uses = _where(recognised.vouchers, lambda account, amount: account in CLAIMS and account not in LIQUID)
    return [account for account in uses.accounts() if uses.count(account) * 2 >= len(recognised.vouchers)]


def fees_are_reverse_charged(recognised: Recognised) -> tuple[int, int]:
    """Of the vouchers about Stripe that have a fee, how many book VAT on it both ways (omvänd betalningsskyldighet)."""
    having = [
        each for each in recognised.vouchers if any(r.account in FEES and r.amount > 0 for r in each.transactions)
    ]
    both = [each for each in having if len({r.account for r in each.transactions} & REVERSE_CHARGE) >= 2]
    return len(both), len(having)


def _banks(recognised: Recognised, names: dict[int, str]) -> _Uses:
    """Where payouts arrive; without known payouts, the liquid accounts debited that are not named after Stripe."""
    uses = _Uses()
    for booked in recognised.payouts:
        uses.add(booked.account, booked.voucher, booked.payout.amount)
    if recognised.payouts:
        return uses
    return _where(
        recognised.vouchers,
        lambda account, amount: account in LIQUID and amount > 0 and not NAME.search(names.get(account, "")),
    )


def _claims(recognised: Recognised, names: dict[int, str], bank: set[int]) -> tuple[_Uses, _Uses]:
    """The claim on Stripe and, where payouts pass through an account of their own, that one.

    What is credited when the bank is debited is the claim, unless it is itself debited by payouts' amounts against
    another claim: then it holds payouts on their way.
    """
    arrivals = {id(each.voucher): each for each in recognised.payouts}
    against = _Uses()
    for voucher in recognised.vouchers:
        reaches_bank = id(voucher) in arrivals or any(r.account in bank and r.amount > 0 for r in voucher.transactions)
        for row in voucher.transactions:
            if reaches_bank and row.amount < 0 and row.account in CLAIMS and row.account not in bank:
                against.add(row.account, voucher, -row.amount)
    named = _where(
        recognised.vouchers,
        lambda account, amount: account in CLAIMS and account not in bank and bool(NAME.search(names.get(account, ""))),
    )
    likeliest = (against.accounts() or named.accounts())[:1]
    if not likeliest:
        return _Uses(), _Uses()
    passing, claims = _filled_by_payouts(recognised, likeliest[0])
    if passing.total() * 2 >= max(against.total(), 1) and claims.accounts():
        return claims, passing
    return (against if against.accounts() else named), _Uses()


def _filled_by_payouts(recognised: Recognised, account: int) -> tuple[_Uses, _Uses]:
    """Vouchers that debit `account` by what it is credited elsewhere, and the claims that they credit."""
    credited = {-r.amount for each in recognised.vouchers for r in each.transactions if r.account == account}
    passing, claims = _Uses(), _Uses()
    for voucher in recognised.vouchers:
        debits = [
            r.amount for r in voucher.transactions if r.account == account and r.amount in credited and r.amount > 0
        ]
        others = [r for r in voucher.transactions if r.account in CLAIMS and r.account != account and r.amount < 0]
        if debits and others:
            passing.add(account, voucher, sum(debits, Decimal(0)))
            for row in others:
                claims.add(row.account, voucher, -row.amount)
    return passing, claims


def _sales(vouchers: Iterable[SieVoucher], names: dict[int, str], why: str) -> list[Finding]:
    """Sales and VAT accounts by rate: a row of output VAT is that of the sales row of which it is the right share."""
    sales: dict[str, _Uses] = defaultdict(_Uses)
    vat: dict[str, _Uses] = defaultdict(_Uses)
    for voucher in vouchers:
        sold = [row for row in voucher.transactions if row.account in SALES]
        for rate, accounts in OUTPUT_VAT.items():
            for row in voucher.transactions:
                if row.account not in accounts:
                    continue
                fitting = [
                    r for r in sold if abs(r.amount * int(rate) / 100 - row.amount) < 1 and r.amount * row.amount > 0
                ]
                if fitting:
                    sales[rate].add(fitting[0].account, voucher, -fitting[0].amount)
                    vat[rate].add(row.account, voucher, -row.amount)
    return [
        finding
        for rate in OUTPUT_VAT
        for uses, setting in ((sales[rate], f"accounts.sales.{rate}"), (vat[rate], f"accounts.output_vat.{rate}"))
        for finding in uses.findings(setting, names, why)
    ]


def _where(vouchers: Iterable[SieVoucher], wanted: Callable[[int, Decimal], bool]) -> _Uses:
    uses = _Uses()
    for voucher in vouchers:
        for row in voucher.transactions:
            if wanted(row.account, row.amount):
                uses.add(row.account, voucher, abs(row.amount))
    return uses


def _by_currency(setting: str, findings: Iterable[Finding]) -> list[Finding]:
    """The same findings for the currency that the account's name tells; kronor where it tells none."""
    found = []
    for each in findings:
        told = _CURRENCY.search(each.name.upper())
        found.append(
            Finding(
                f"{setting}.{told[1] if told else 'SEK'}", each.account, each.name, each.vouchers, each.of, each.amount,
                each.examples, each.why,
            )
        )  # fmt: skip
    return found


def _all(ledgers: Sequence[Sie]) -> list[SieVoucher]:
    return [voucher for ledger in ledgers for voucher in ledger.vouchers]
