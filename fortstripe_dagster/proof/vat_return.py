"""The VAT return before the VAT return: the boxes of the Swedish return (momsdeklaration), the One Stop Shop's return
and the EC sales list (periodisk sammanställning) of any period, from the ledger alone.

Each figure is a sum of rows of proof.vat_lines, which name the entry, its account and the Stripe objects. Which line is
in which box is data: `vat_rules.csv`, `vat_boxes.csv` and the treatments of the ledger. What Fortnox makes of the same
period is `vat_tie`, the page and the files are `vat_page`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from importlib.resources import files
from typing import Any, Literal

import duckdb

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import DONE, FAILED, HELD, Failure
from fortstripe_dagster.proof.speech import ENGLISH
from fortstripe_dagster.warehouse import has_table

Severity = Literal["alarm", "waits", "info"]
OUTPUT_VAT = ("10", "11", "12", "30", "31", "32")
INPUT_VAT, NET = "48", "49"
ONE_STOP_SHOP = "OSS"
UNKNOWN = "?"
GOODS, SERVICES = "35", "39"
CENT = Decimal("0.01")


@dataclass(frozen=True)
class VatBox:
    """A box of the return. `amount` is kronor with öre, `declared` whole kronor as the return wants them (the öre are
    left out, SFL 22:1); `waiting` is what held entries would add."""

    box: str
    english: str
    swedish: str
    amount: Decimal
    declared: int
    lines: int
    waiting: Decimal


@dataclass(frozen=True)
class OssRow:
    """One country and rate of the One Stop Shop: kronor as booked, and euro at the ECB's rate of `rate_day`.

    `corrects` names the quarter of the sales that credits take back; None: supplies of the period itself. The euro are
    None where a rate is not known.
    """

    country: str
    vat_rate: Decimal
    supply: Literal["goods", "services"]
    corrects: str | None
    rate_day: date
    base: Decimal
    vat: Decimal
    base_eur: Decimal | None
    vat_eur: Decimal | None


@dataclass(frozen=True)
class EcSalesRow:
    """One buyer in the EC sales list of a month: whole kronor, öre left out. Goods are box 35, services box 39."""

    period: str
    vat_number: str
    customer: str
    goods: int
    services: int


@dataclass(frozen=True)
class VatFinding:
    """Something about the return that a person must know or do."""

    kind: str
    id: str
    box: str
    amount: Decimal
    severity: Severity
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class VatLine:
    """A row of proof.vat_lines: one line of an entry in one box."""

    day: date
    box: str
    part: str
    entry_id: str
    line_no: int
    kind: str
    account: str
    amount: Decimal
    vat_rate: Decimal | None
    treatment: str | None
    tax_place: str | None
    sale_id: str | None
    credit_id: str | None
    charge: str | None
    balance_transaction: str | None
    source: str | None
    customer: str | None
    vat_number: str | None
    computed: bool
    held: str | None


@dataclass(frozen=True)
class VatReturn:
    """All that is declared of one period, and what should be looked at first."""

    days: Days
    boxes: tuple[VatBox, ...]
    oss: tuple[OssRow, ...]
    ec_sales: tuple[EcSalesRow, ...]
    findings: tuple[VatFinding, ...]

    def box(self, number: str) -> VatBox:
        """One box, by its number."""
        return next(each for each in self.boxes if each.box == number)

    @property
    def exit_code(self) -> int:
        """0 ready, 1 something is wrong, 3 something waits for a person."""
        severities = {finding.severity for finding in self.findings}
        return FAILED if "alarm" in severities else HELD if "waits" in severities else DONE

    def text(self) -> str:
        """The return for a terminal: boxes with anything in them, then the two other returns and the findings."""
        lines = [f"VAT return (momsdeklaration) {self.days}, whole kronor (and öre as booked)"]
        for each in self.boxes:
            if each.lines or each.box == NET:
                lines.append(
                    f"  {each.box}  {each.declared:>14,}  {ENGLISH.money(each.amount):>18}  {each.swedish}".replace(
                        ",", " "
                    )
                )
        if self.oss:
            lines += ["", "One Stop Shop, EUR (kronor as booked)"]
            for row in self.oss:
                corrects = f" corrects {row.corrects}" if row.corrects else ""
                euro = f"{_euro(row.base_eur):>14} {_euro(row.vat_eur):>12}"
                kronor = f"({ENGLISH.money(row.base)}, VAT {ENGLISH.money(row.vat)})"
                lines.append(f"  {row.country} {row.vat_rate:>5} % {row.supply:<8} {euro} {kronor}{corrects}")
        if self.ec_sales:
            lines += ["", "EC sales list (periodisk sammanställning), kronor: goods, services"]
            lines += [
                f"  {row.period}  {row.vat_number:<16} {row.goods:>12} {row.services:>12}  {row.customer}"
                for row in self.ec_sales
            ]
        for finding in self.findings:
            lines += ["", f"{finding.severity.upper()} {finding.kind}: {finding.text}"]
            lines += [f"    {finding.remedy}"] if finding.remedy else []
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The return for machines; amounts are text, whole kronor numbers."""
        parts = {
            name: [asdict(row) for row in getattr(self, name)] for name in ("boxes", "oss", "ec_sales", "findings")
        }
        return {"first_day": str(self.days.first), "last_day": str(self.days.last), **parts}


def vat_return(connection: duckdb.DuckDBPyConnection, days: Days) -> VatReturn:
    """Compute the returns of the days, and keep their lines in proof.vat_lines. Raises Failure without a ledger."""
    _refuse_without_ledger(connection)
    _fill(connection, days)
    boxes = _boxes(connection)
    oss, unknown_rates = _oss(connection)
    findings = (*_found(connection, days, boxes), *unknown_rates)
    order = {"alarm": 0, "waits": 1, "info": 2}
    return VatReturn(
        days, boxes, oss, _ec_sales(connection, days), tuple(sorted(findings, key=lambda each: order[each.severity]))
    )


def vat_lines(connection: duckdb.DuckDBPyConnection, days: Days, box: str | None = None) -> tuple[VatLine, ...]:
    """What stands behind the figures of a computed return: every line, or those of one box, by day and entry."""
    columns = ", ".join(each.name for each in fields(VatLine))
    rows = connection.execute(
        f"SELECT {columns} FROM proof.vat_lines WHERE day BETWEEN ? AND ? AND box = coalesce(?, box) "
        "ORDER BY box, day, entry_id, line_no, part",
        [days.first, days.last, box],
    ).fetchall()
    return tuple(VatLine(*row) for row in rows)


def declared(amount: Decimal) -> int:
    """Whole kronor as the return wants them: the öre are left out, whatever the sign."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_DOWN))


def sql(name: str) -> str:
    """The text of a file of sql/."""
    return files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def load_table(connection: duckdb.DuckDBPyConnection, name: str, empty: Iterable[str] = ()) -> None:
    """A data file of this folder as a temporary table of texts; blanks are NULL, but in the columns `empty` not."""
    with files(__package__).joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = list(rows[0])
    texts = [[row[each] if row[each] or each in empty else None for row in rows] for each in columns]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT"
        f" {', '.join(f'unnest(?::VARCHAR[]) AS {each}' for each in columns)}",
        texts,
    )


def _refuse_without_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    if not has_table(connection, "ledger.lines"):
        raise Failure("There is no ledger to make a VAT return of.", "run fortstripe sync of those days first.")


def _fill(connection: duckdb.DuckDBPyConnection, days: Days) -> None:
    connection.execute(f"SET VARIABLE vat_first = DATE '{days.first}'")
    connection.execute(f"SET VARIABLE vat_last = DATE '{days.last}'")
    load_table(connection, "vat_boxes")
    load_table(connection, "vat_rules", empty=("box",))
    connection.execute("ALTER TABLE vat_rules ALTER rate TYPE DECIMAL(5, 2)")
    connection.execute(sql("vat_lines"))


def _boxes(connection: duckdb.DuckDBPyConnection) -> tuple[VatBox, ...]:
    rows = connection.execute(
        """
        SELECT b.box, b.en, b.sv, coalesce(sum(l.amount) FILTER (l.held IS NULL), 0),
               count(l.amount) FILTER (l.held IS NULL), coalesce(sum(l.amount) FILTER (l.held IS NOT NULL), 0)
        FROM vat_boxes b
        LEFT JOIN proof.vat_lines l
          ON l.box = b.box AND l.day BETWEEN getvariable('vat_first') AND getvariable('vat_last')
        WHERE b.box <> 'OSS'
        GROUP BY ALL ORDER BY b.box
        """
    ).fetchall()
    boxes = [VatBox(box, en, sv, amount, declared(amount), lines, held) for box, en, sv, amount, lines, held in rows]
    by_number = {each.box: each for each in boxes}
    signs = {**dict.fromkeys(OUTPUT_VAT, 1), INPUT_VAT: -1}
    net = VatBox(
        NET,
        by_number[NET].english,
        by_number[NET].swedish,
        sum((sign * by_number[box].amount for box, sign in signs.items()), Decimal("0.00")),
        sum(sign * by_number[box].declared for box, sign in signs.items()),
        0,
        sum((sign * by_number[box].waiting for box, sign in signs.items()), Decimal("0.00")),
    )
    return tuple(net if each.box == NET else each for each in boxes)


def _oss(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[OssRow, ...], list[VatFinding]]:
    """The rows of the One Stop Shop, and findings about days whose rate is not known yet."""
    rows = connection.execute(sql("vat_oss")).fetchall()
    days = {(currency, row[4]) for row in rows for currency in ("EUR", row[5])}
    rates = {pair: _rate(connection, *pair) for pair in days}
    sums: dict[tuple[str, Decimal, Literal["goods", "services"], str | None, date], list[list[Decimal | None]]] = {}
    for country, percent, supply, corrects, day, currency, base, vat, base_own, vat_own in rows:
        parts = sums.setdefault((country, percent, supply, corrects, day), [[], [], [], []])
        own, euro = rates[currency, day], rates["EUR", day]
        in_euro = None if own is None or euro is None else own / euro / 10**6
        parts[0].append(base or Decimal(0))
        parts[1].append(vat or Decimal(0))
        parts[2].append(None if in_euro is None else (base_own or 0) * in_euro)
        parts[3].append(None if in_euro is None else (vat_own or 0) * in_euro)
    unknown = sorted({pair for pair, rate in rates.items() if rate is None}, key=str)
    findings = [
        VatFinding(
            "no exchange rate",
            f"{currency} {day}",
            ONE_STOP_SHOP,
            Decimal(0),
            "waits",
            f"the rate of {currency} on {day}, by which the One Stop Shop is declared, is not known",
            f"sync once {day} has passed: the rate is published that day",
        )
        for currency, day in unknown
    ]
    found = []
    for key, (kronor, kronor_vat, euro_base, euro_vat) in sums.items():
        found.append(
            OssRow(*key, _sum(kronor) or Decimal(0), _sum(kronor_vat) or Decimal(0), _sum(euro_base), _sum(euro_vat))
        )
    return tuple(found), findings


def _rate(connection: duckdb.DuckDBPyConnection, currency: str, day: date) -> Decimal | None:
    row = connection.execute(
        "SELECT sek_per_unit FROM ledger.exchange_rates WHERE currency = ? AND (day = ? OR currency = 'SEK')",
        [currency, day],
    ).fetchone()
    return Decimal(row[0]) if row else None


def _ec_sales(connection: duckdb.DuckDBPyConnection, days: Days) -> tuple[EcSalesRow, ...]:
    """By buyer and month: goods are declared by month; services may be by quarter, then three months are added up."""
    rows = connection.execute(
        """
        SELECT strftime(day, '%Y-%m'), vat_number, max_by(customer, day),
               coalesce(sum(amount) FILTER (box = '35'), 0), coalesce(sum(amount) FILTER (box = '39'), 0)
        FROM proof.vat_lines
        WHERE day BETWEEN ? AND ? AND held IS NULL AND box IN ('35', '39') AND vat_number IS NOT NULL
        GROUP BY 1, 2 ORDER BY 1, 2
        """,
        [days.first, days.last],
    ).fetchall()
    return tuple(
        EcSalesRow(month, vat, name, declared(goods), declared(work)) for month, vat, name, goods, work in rows
    )


def _found(connection: duckdb.DuckDBPyConnection, days: Days, boxes: tuple[VatBox, ...]) -> Iterable[VatFinding]:
    texts = {each.box: each.swedish for each in boxes}
    rows = connection.execute(sql("vat_findings")).fetchall()
    for kind, id_, box, amount, severity, text, remedy in rows:
        about = f" ({texts[box]})" if box in texts else ""
        yield VatFinding(kind, id_, box, amount, severity, text + about, remedy)


def _sum(parts: Sequence[Decimal | None]) -> Decimal | None:
    """The sum to the cent or öre; None where a part is not known."""
    known = [part for part in parts if part is not None]
    complete = len(known) == len(parts)
    return sum(known, Decimal(0)).quantize(CENT, rounding=ROUND_HALF_UP) if complete else None


def _euro(amount: Decimal | None) -> str:
    return "rate unknown" if amount is None else ENGLISH.money(amount, "EUR")
