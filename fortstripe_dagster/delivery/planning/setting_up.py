"""What a company needs once: our voucher series, a mode of payment for each clearing account, articles, currencies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.documents.invoicing import ARTICLES
from fortstripe_dagster.delivery.planning.preflight import Company
from fortstripe_dagster.settings import Settings


def articles(documents: Sequence[Document], settings: Settings) -> list[Document]:
    """The articles that these documents have on their rows: those for EU sales, and those that rules name.

    An article of a rule that Fortnox lacks is made from the first row that has it, as a service without stock.
    """
    goods = settings.accounts.eu_business_goods
    services = settings.accounts.eu_business_services
    known = {
        ARTICLES["35"]: ("Vara till företag i annat EU-land (Stripe)", "STOCK", goods),
        ARTICLES["39"]: ("Tjänst till företag i annat EU-land (Stripe)", "SERVICE", services),
    }
    found: dict[str, Document] = {}
    for document in documents:
        for name in document.depends_on:
            if name.startswith("article:"):
                number = name.removeprefix("article:")
                if number in known:
                    text, kind, account = known[number]
                    content = {"number": number, "description": text, "type": kind, "account": account}
                else:
                    row = next(each for each in document.content["rows"] if each["article"] == number)
                    text = row["description"]
                    content = {
                        "number": number,
                        "description": text,
                        "type": "SERVICE",
                        "sales_account": row["account"],
                    }
                found.setdefault(
                    name, Document(name, "article", document.day, text, content=content, books={"number": number})
                )
    return list(found.values())


def prepare(documents: Sequence[Document], company: Company, settings: Settings) -> list[Document]:
    """The documents with what the company lacks for them; vouchers depend on their series from then on."""
    prepared: dict[str, Document] = {}
    result: list[Document] = []
    for document in documents:
        year = company.year(document.day)
        if document.kind == "voucher" and year is not None and year.series_manual is None:
            series = _series(document.day, settings.voucher_series, year.id)
            prepared.setdefault(series.document_id, series)
            document = replace(document, depends_on=(*document.depends_on, series.document_id))
        if document.kind == "payment" and (mode := _mode(document, company, settings)):
            prepared.setdefault(mode.document_id, mode)
        result.append(document)
    return [*prepared.values(), *result]


def _mode(payment: Document, company: Company, settings: Settings) -> Document | None:
    return _mode_for(payment.content["account"], payment.day, company, settings)


def lacking(company: Company, settings: Settings, currencies: Collection[str], day: date) -> list[Document]:
    """What the company lacks and may be made before any delivery: dated `day`, `currencies` are those registered."""
    found = [_series(day, settings.voucher_series, year.id) for year in company.years if year.series_manual is None]
    for currency, account in sorted(settings.accounts.clearing.items()):
        mode = _mode_for(account, day, company, settings) if settings.sales != "daily_voucher" else None
        found += [mode] if mode is not None else []
        if currency not in currencies:
            found.append(_currency(currency, day))
    return found


def _series(day: date, code: str, year: int) -> Document:
    return Document(
        f"voucher_series:{code}:{year}", "voucher_series", day, f"Verifikationsserie {code}",
        content={"code": code, "description": "Stripe", "year": year}, books={"code": code, "year": year},
    )  # fmt: skip


def _currency(code: str, day: date) -> Document:
    return Document(
        f"currency:{code}", "currency", day, f"Valuta {code}",
        content={"code": code, "description": code}, books={"code": code},
    )  # fmt: skip


def _mode_for(account: str, day: date, company: Company, settings: Settings) -> Document | None:
    """A mode of payment for a clearing account, unless one pays to it; none where both our codes are taken."""
    currency = next((c for c, number in settings.accounts.clearing.items() if number == account), None)
    if currency is None or company.mode_for(account) is not None:
        return None
    codes = ["STRIPE", "STRIPESEK"] if currency == "SEK" else [f"STRIPE{currency}"]
    code = next((code for code in codes if code not in company.modes), None)
    if code is None:
        return None
    return Document(
        f"mode_of_payment:{code}", "mode_of_payment", day, f"Betalsätt {code}",
        content={"code": code, "description": f"Stripe {currency}", "account": account},
        books={"code": code, "account": account},
    )  # fmt: skip
