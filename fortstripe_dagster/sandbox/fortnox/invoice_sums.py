"""How Fortnox adds an invoice up: row totals, VAT for each rate, rounding to whole kronor, and the voucher it becomes.

Pure arithmetic on Decimal. Row prices, quantities and totals have two decimals, rounded half up (away from zero), so
that a credit invoice is the exact mirror of its original.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from fortstripe_dagster.sandbox.fortnox.company import VatRate
from fortstripe_dagster.sandbox.fortnox.ledger import VoucherRow, signed_row

ZERO = Decimal(0)
HUNDRED = Decimal(100)


def round2(amount: Decimal) -> Decimal:
    """Two decimals, half up."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass
class InvoiceRow:
    """A row of an invoice. `price` and `total` are gross when the invoice has VATIncluded, net otherwise."""

    row_id: int
    account: int
    vat: VatRate
    quantity: Decimal = ZERO
    price: Decimal = ZERO
    discount: Decimal = ZERO
    discount_type: Literal["AMOUNT", "PERCENT"] = "PERCENT"
    description: str = ""
    article_number: str = ""
    unit: str = ""
    cost_center: str = ""
    project: str = ""
    sent: dict[str, Any] = field(default_factory=dict)
    """The fields the client sent, so that a later change can be laid over them."""

    @property
    def total(self) -> Decimal:
        """Price times quantity less the discount."""
        amount = self.price * self.quantity
        if self.discount_type == "PERCENT":
            return round2(amount * (1 - self.discount / HUNDRED))
        return round2(amount - self.discount.copy_sign(self.quantity))


@dataclass(frozen=True)
class Charge:
    """An amount on a sales account with its VAT rate: a row, the freight or the administration fee."""

    account: int
    amount: Decimal
    vat: VatRate
    cost_center: str = ""
    project: str = ""


@dataclass(frozen=True)
class Sums:
    """An invoice added up, in its own currency; `lines` are credits (account, amount, cost centre, project)."""

    net: Decimal
    total_vat: Decimal
    round_off: Decimal
    lines: tuple[tuple[int, Decimal, str, str], ...]

    @property
    def total(self) -> Decimal:
        """What the customer has to pay."""
        return self.net + self.total_vat + self.round_off


def excluding_vat(amount: Decimal, vat: VatRate, vat_included: bool) -> Decimal:
    """The net of an amount that is gross when `vat_included`."""
    return round2(amount * HUNDRED / (HUNDRED + vat.percent)) if vat_included else amount


def vat_of(amount: Decimal, vat: VatRate, vat_included: bool) -> Decimal:
    """The VAT in a gross amount, or on top of a net one."""
    return round2(amount * vat.percent / ((HUNDRED + vat.percent) if vat_included else HUNDRED))


def add_up(
    charges: Sequence[Charge], *, vat_included: bool, rounding: Literal["invoice", "row"], to_krona: bool
) -> Sums:
    """Adds the charges up; VAT is rounded once for each rate, or for each row when `rounding` says so."""
    lines: list[tuple[int, Decimal, str, str]] = []
    net = total_vat = ZERO
    groups: dict[VatRate, list[Charge]] = defaultdict(list)
    for charge in charges:
        groups[charge.vat].append(charge)
    for vat, group in groups.items():
        amount = sum((charge.amount for charge in group), ZERO)
        if rounding == "row":
            group_vat = sum((vat_of(charge.amount, vat, vat_included) for charge in group), ZERO)
        else:
            group_vat = vat_of(amount, vat, vat_included)
        group_net = amount - group_vat if vat_included else amount
        lines += _sales_lines(group, vat, vat_included, group_net)
        if vat.account is not None:
            lines.append((vat.account, group_vat, "", ""))
        net += group_net
        total_vat += group_vat
    exact = net + total_vat
    round_off = exact.quantize(Decimal(1), ROUND_HALF_UP) - exact if to_krona else ZERO
    return Sums(net, total_vat, round_off, tuple(line for line in lines if line[1]))


def _sales_lines(
    group: list[Charge], vat: VatRate, vat_included: bool, group_net: Decimal
) -> list[tuple[int, Decimal, str, str]]:
    """The group's net by account and dimension; what rounding leaves over goes to the largest of them."""
    shares: dict[tuple[int, str, str], Decimal] = defaultdict(lambda: ZERO)
    for charge in group:
        key = (charge.account, charge.cost_center, charge.project)
        shares[key] += excluding_vat(charge.amount, vat, vat_included)
    largest = max(shares, key=lambda key: abs(shares[key]))
    shares[largest] += group_net - sum(shares.values(), ZERO)
    return [(account, amount, center, project) for (account, center, project), amount in shares.items()]


def voucher_rows(sums: Sums, *, claim: int, round_off: int, factor: Decimal) -> list[VoucherRow]:
    """The voucher of an invoice: its total in debit on `claim`, sales and VAT in credit, roundings on `round_off`.

    `factor` is kronor for one unit of the invoice's currency.
    """
    total = round2(sums.total * factor)
    credits = [(account, round2(amount * factor), center, project) for account, amount, center, project in sums.lines]
    rest = total - sum((amount for _, amount, _, _ in credits), ZERO)
    rows = [signed_row(claim, total)]
    rows += [signed_row(a, -amount, cost_center=c, project=p) for a, amount, c, p in credits if amount]
    if rest:
        rows.append(signed_row(round_off, -rest))
    return rows
