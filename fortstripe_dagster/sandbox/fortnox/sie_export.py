"""SIE export as Fortnox writes it: CP437, CRLF, voucher rows with an empty date and text and a zero quantity.

Type 1 holds closing balances, 2 adds balances by month, 3 adds those by dimension (none are kept here), 4 adds the
vouchers.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from fortstripe_dagster.sandbox.fortnox.books import Books
from fortstripe_dagster.sandbox.fortnox.company import FinancialYear
from fortstripe_dagster.sandbox.fortnox.ledger import Voucher

_FIRST_RESULT_ACCOUNT = 3000


def sie_file(books: Books, year: FinancialYear, sie_type: int, first: date, last: date) -> bytes:
    """The SIE file of a financial year, with vouchers dated `first` to `last`; characters CP437 lacks become "?"."""
    lines = [*_identification(books, year, sie_type, last), "", *_chart(books, year), "", *_balances(books, year)]
    if sie_type >= 2:
        lines += ["", *_monthly(books, year)]
    if sie_type == 4:
        lines += [line for v in books.vouchers(year.id) if first <= v.day <= last for line in _voucher(v)]
    return ("\r\n".join(lines) + "\r\n").encode("cp437", "replace")


def _identification(books: Books, year: FinancialYear, sie_type: int, last: date) -> Iterator[str]:
    company = books.company
    yield "#FLAGGA 0"
    yield "#FORMAT PC8"
    yield f"#SIETYP {sie_type}"
    yield '#PROGRAM "Fortnox" 3.57.11'
    yield f"#GEN {books.clock():%Y%m%d}"
    yield f"#FNR {company.tenant_id}"
    yield f"#FNAMN {_quoted(company.name)}"
    yield f'#ADRESS "" {_quoted(company.address)} {_quoted(f"{company.zip_code} {company.city}")} ""'
    yield f"#RAR 0 {year.from_date:%Y%m%d} {year.to_date:%Y%m%d}"
    before = _year_before(books, year)
    if before is not None:
        yield f"#RAR -1 {before.from_date:%Y%m%d} {before.to_date:%Y%m%d}"
    yield f"#ORGNR {company.organisation_number}"
    yield f"#OMFATTN {last:%Y%m%d}"
    yield "#KPTYP EUBAS97"


def _chart(books: Books, year: FinancialYear) -> Iterator[str]:
    for account in sorted(books.ledger.accounts[year.id].values(), key=lambda each: each.number):
        yield f"#KONTO {account.number} {_quoted(account.description)}"
        if account.sru:
            yield f"#SRU {account.number} {account.sru}"
    yield ""
    yield '#DIM 1 "Kostnadsställe"'
    yield '#DIM 6 "Projekt"'
    for dimension, register in ((1, books.cost_centers), (6, books.projects)):
        for record in register.records.values():
            yield f"#OBJEKT {dimension} {_quoted(record.key)} {_quoted(record['Description'])}"


def _balances(books: Books, year: FinancialYear) -> Iterator[str]:
    """Opening and closing balances of the balance sheet, results of the rest; the year before as far as it is there."""
    before = _year_before(books, year)
    for offset, each in ((0, year), (-1, before)):
        for line in books.trial_balance(each.id) if each is not None else []:
            if line.account < _FIRST_RESULT_ACCOUNT:
                yield f"#IB {offset} {line.account} {_amount(line.opening)} 0"
                yield f"#UB {offset} {line.account} {_amount(line.closing)} 0"
            else:
                yield f"#RES {offset} {line.account} {_amount(line.closing)} 0"


def _monthly(books: Books, year: FinancialYear) -> Iterator[str]:
    months: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for voucher in books.vouchers(year.id):
        for row in voucher.rows:
            months[row.account, f"{voucher.day:%Y%m}"] += row.amount
    for (account, month), amount in sorted(months.items()):
        yield f"#PSALDO 0 {month} {account} {{}} {_amount(amount)} 0"


def _voucher(voucher: Voucher) -> Iterator[str]:
    series = _quoted(voucher.series) if " " in voucher.series else voucher.series
    text = _quoted(voucher.description)
    yield f"#VER {series} {voucher.number} {voucher.day:%Y%m%d} {text} {voucher.posted_at:%Y%m%d}"
    yield "{"
    for row in voucher.rows:
        objects = [("1", row.cost_center or voucher.cost_center), ("6", row.project or voucher.project)]
        marks = " ".join(f"{dimension} {_quoted(code)}" for dimension, code in objects if code)
        text = row.transaction_information or row.description
        quantity = _amount(row.quantity) if row.quantity else "0"
        yield f'#TRANS {row.account} {{{marks}}} {_amount(row.amount)} "" {_quoted(text)} {quantity}'
    yield "}"


def _year_before(books: Books, year: FinancialYear) -> FinancialYear | None:
    earlier = [each for each in books.ledger.years.values() if each.to_date < year.from_date]
    return max(earlier, key=lambda each: each.to_date, default=None)


def _quoted(text: str) -> str:
    """A text field; line breaks, which a field cannot hold, become spaces."""
    escaped = " ".join(text.splitlines()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _amount(amount: Decimal) -> str:
    """An amount without trailing zeros, as Fortnox writes it."""
    return f"{amount + 0:.2f}".rstrip("0").rstrip(".")
