"""What the company looks like in Fortnox, read once for each run, and which documents it would refuse.

Nothing is written in a locked period, in a missing financial year or on an account that is missing or inactive: such a
document is held with the reason and the remedy before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from fortstripe_dagster.delivery.customers.customers import Listed
from fortstripe_dagster.delivery.documents.documents import Document, Held, held
from fortstripe_dagster.delivery.documents.stock import Keeping
from fortstripe_dagster.delivery.sending import stocking
from fortstripe_dagster.fortnox import Fortnox, Refused, path
from fortstripe_dagster.fortnox.values import as_bool, as_int
from fortstripe_dagster.settings import Settings

_WITHOUT_INVOICES = (
    'set accounting_method = "cash" and sales = "daily_voucher", or change the method in Fortnox. A sale to a business '
    "in another EU country has to be an invoice for the EC sales list: enter it in Fortnox by hand."
)
_DIMENSIONS = {"cost centre": "cost_center", "project": "project"}


@dataclass(frozen=True)
class Account:
    """An account of one financial year."""

    active: bool
    demands: str | None
    """The dimension without which Fortnox takes no row on it."""
    vat_code: str | None = None
    """Decides the box of the VAT return in which Fortnox counts what is posted on it."""


@dataclass(frozen=True)
class Year:
    """A financial year: Fortnox's id, its days, its accounts and our voucher series in it (None: it is not there)."""

    id: int
    first: date
    last: date
    accounting_method: str
    accounts: Mapping[str, Account]
    series_manual: bool | None
    next_voucher: int


@dataclass(frozen=True)
class Company:
    """A snapshot of the company. `customers` and `articles` are read only where a document needs them.

    `customers` are as they were when first needed (None: not yet); whom we made since, the journal knows.
    """

    tenant_id: str
    name: str
    locked_until: date | None
    years: tuple[Year, ...]
    modes: Mapping[str, str]
    """Account by mode of payment."""
    customers: tuple[Listed, ...] | None = None
    articles: frozenset[str] = frozenset()
    stock: Keeping | None = None

    def year(self, day: date) -> Year | None:
        """The financial year of a day."""
        return next((year for year in self.years if year.first <= day <= year.last), None)

    def mode_for(self, account: str) -> str | None:
        """A mode of payment that pays to this account."""
        return next((code for code, number in sorted(self.modes.items()) if number == account), None)


@dataclass(frozen=True)
class Needs:
    """What a run needs to know besides the company itself."""

    customers: bool = False
    articles: frozenset[str] = frozenset()
    stocked: frozenset[str] = frozenset()
    """Articles that may have to be moved in stock."""


def read_company(fortnox: Fortnox, days: Iterable[date], settings: Settings) -> Company:
    """Read the snapshot for documents of these days: about ten requests, none of them for each document.

    Where days are closed, the first open day's financial year is read, too: documents may be moved there.

    Raises FortnoxError when Fortnox cannot be read.
    """
    information = fortnox.get("/3/companyinformation")["CompanyInformation"]
    lock = fortnox.get("/3/settings/lockedperiod").get("LockedPeriod") or {}
    modes = fortnox.pages("/3/modesofpayments", "ModesOfPayments")
    locked_until = date.fromisoformat(lock["EndDate"]) if lock.get("EndDate") else None
    closed = {locked_until, settings.closed_until, settings.vat_filed_until} - {None}
    wanted = sorted(days)
    wanted += [day + timedelta(days=1) for day in closed if day is not None and wanted and day >= wanted[0]]
    return Company(
        tenant_id=str(information["DatabaseNumber"]),
        name=str(information.get("CompanyName") or ""),
        locked_until=locked_until,
        years=tuple(_year(fortnox, item, settings.voucher_series) for item in _years(fortnox, wanted)),
        modes={str(item["Code"]): str(item.get("AccountNumber") or "") for item in modes},
    )


def with_needs(
    company: Company, fortnox: Fortnox, needs: Needs, customer_list: Callable[[], tuple[Listed, ...]]
) -> Company:
    """The snapshot with the customer list, the articles and the stock that a draft needs."""
    customers = company.customers
    if needs.customers and customers is None:
        customers = customer_list()
    return replace(
        company,
        customers=customers,
        articles=frozenset(number for number in needs.articles if _exists(fortnox, path("articles", number))),
        stock=stocking.keeping(fortnox, needs.stocked, company.stock) if needs.stocked else company.stock,
    )


def refusals(documents: Collection[Document], company: Company) -> list[Held]:
    """The documents that Fortnox would not take as the company stands, each with the first reason found."""
    found = (_refusal(document, company) for document in documents)
    return [refusal for refusal in found if refusal is not None]


def _refusal(document: Document, company: Company) -> Held | None:
    if not document.posts:
        return None  # customers, articles and the like stand in no period
    day, year = document.booked_on, company.year(document.booked_on)
    if year is None:
        return held(
            document,
            f"Fortnox has no financial year for {day}.",
            "add the financial year in Fortnox and sync these days again.",
        )
    if document.kind == "voucher" and year.series_manual is False:
        return held(
            document,
            "Our voucher series does not take vouchers from outside.",
            "tick the series as manual (manuell) in Fortnox, or choose another voucher_series.",
        )
    if document.kind != "voucher" and year.accounting_method == "CASH":
        return held(
            document,
            "The company keeps its books by the cash method, in which Fortnox books no invoices.",
            _WITHOUT_INVOICES,
        )
    for number in sorted(accounts_of(document)):
        account = year.accounts.get(number)
        if account is None or not account.active:
            state = "does not exist" if account is None else "is not active"
            return held(
                document,
                f"Account {number} {state} in Fortnox's financial year {year.first}…{year.last}.",
                f"add or activate account {number} in Fortnox, or choose another in fortstripe.toml.",
            )
        if account.demands and not _carries(document, number, account.demands):
            return held(
                document,
                f"Account {number} demands a {account.demands}, which not all its rows have.",
                f"give it by a rule in fortstripe.toml, or make the {account.demands} optional on account {number} in "
                "Fortnox.",
            )
    return None


def accounts_of(document: Document) -> set[str]:
    """The accounts that a document posts on, as far as we say it."""
    if document.kind == "voucher":
        return {row["account"] for row in document.content["rows"]}
    return set(document.lines)


def _carries(document: Document, number: str, dimension: str) -> bool:
    """Whether every row on an account has a dimension; accounts that Fortnox books by itself have none."""
    rows = [row for row in document.content.get("rows", ()) if row["account"] == number]
    return bool(rows) and all(row.get(_DIMENSIONS[dimension]) for row in rows)


def _years(fortnox: Fortnox, days: Iterable[date]) -> list[dict[str, object]]:
    """The financial years that the days touch, asked by date."""
    found: dict[str, dict[str, object]] = {}
    asked: list[tuple[str, str]] = []
    for day in days:
        if any(first <= day.isoformat() <= last for first, last in asked):
            continue
        for item in fortnox.pages("/3/financialyears", "FinancialYears", {"date": day.isoformat()}):
            first, last = str(item["FromDate"]), str(item["ToDate"])
            if first <= day.isoformat() <= last:
                found[str(item["Id"])] = item
                asked.append((first, last))
        if not any(first <= day.isoformat() <= last for first, last in asked):
            asked.append((day.isoformat(), day.isoformat()))
    return list(found.values())


def _year(fortnox: Fortnox, item: Mapping[str, object], series: str) -> Year:
    number = int(str(item["Id"]))
    ours = _optional(fortnox, path("voucherseries", series), {"financialyear": number}).get("VoucherSeries")
    return Year(
        id=number,
        first=date.fromisoformat(str(item["FromDate"])),
        last=date.fromisoformat(str(item["ToDate"])),
        accounting_method=str(item.get("AccountingMethod") or item.get("accountingMethod") or "ACCRUAL"),
        accounts={
            str(account["Number"]): Account(
                as_bool(account.get("Active", True)), _demands(account), str(account.get("VATCode") or "") or None
            )
            for account in fortnox.pages("/3/accounts", "Accounts", {"financialyear": number})
        },
        series_manual=as_bool(ours.get("Manual")) if ours else None,
        next_voucher=(as_int(ours.get("NextVoucherNumber")) or 1) if ours else 1,
    )


def _demands(account: Mapping[str, object]) -> str | None:
    settings = {"CostCenterSettings": "cost centre", "ProjectSettings": "project"}
    return next((name for setting, name in settings.items() if account.get(setting) == "MANDATORY"), None)


def _exists(fortnox: Fortnox, record: str) -> bool:
    return bool(_optional(fortnox, record, {}))


def _optional(fortnox: Fortnox, record: str, params: Mapping[str, str | int]) -> dict[str, dict[str, object]]:
    """A record, or nothing where Fortnox has none."""
    try:
        answer: dict[str, dict[str, object]] = fortnox.get(record, params)
    except Refused as error:
        if error.status == 404:
            return {}
        raise
    return answer
