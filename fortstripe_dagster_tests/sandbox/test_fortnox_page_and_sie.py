"""The books read from outside: the page for people, and the SIE file for everything else."""

from decimal import Decimal

import requests

from fortstripe_dagster_tests.sandbox.fortnox_api import Api, ledger, row

D = Decimal


def sie(api: Api, kind: int = 4, **query: object) -> list[str]:
    answer = api.send("GET", f"sie/{kind}", None, **({"financialyear": 2} | query))
    assert answer.status_code == 200, answer.text
    return answer.content.decode("cp437").split("\r\n")


def page(api: Api) -> str:
    answer = requests.get(api.url, timeout=5)
    assert answer.status_code == 200
    return answer.text


def test_the_page_shows_what_arrived(api: Api) -> None:
    invoice = api.booked(row(175), CustomerNumber=api.customer(Name="Åsa & Co"), ExternalInvoiceReference1="in_1RkVd8")
    api.pay(invoice["DocumentNumber"], "218.75", WriteOffs=[{"AccountNumber": 3740, "Amount": "0.25"}])
    api.voucher(Comments="fortstripe:fees:1")
    text = page(api)
    for expected in ("Åsa &amp; Co", "in_1RkVd8", "219.00", "Kundfordringar", "fortstripe:fees:1", "B 1", "C 1", "S 1"):
        assert expected in text, expected
    assert "NO" not in text.split("debit equals credit")[0][-60:]


def test_the_page_escapes_every_text(api: Api) -> None:
    api.books.customers.create({"Name": "<script>alert(1)</script>", "CustomerNumber": "<b>"})
    text = page(api)
    assert "<script>" not in text and "&lt;script&gt;" in text and "&lt;b&gt;" in text


def test_the_page_of_empty_books_says_so(api: Api) -> None:
    assert "Nothing has been posted yet." in page(api)


def test_the_sie_file_holds_the_ledger(api: Api) -> None:
    api.booked(row(175), CustomerNumber=api.customer(Name="Åsa"), InvoiceDate="2026-03-02")
    api.voucher(TransactionDate="2026-03-03")
    lines = sie(api)
    assert lines[:3] == ["#FLAGGA 0", "#FORMAT PC8", "#SIETYP 4"]
    for line in (
        '#FNAMN "Nordljus Handel AB"',
        "#ORGNR 556677-8899",
        "#RAR 0 20260101 20261231",
        "#RAR -1 20250101 20251231",
        '#KONTO 1510 "Kundfordringar"',
        "#UB 0 1510 219 0",
        "#IB 0 1510 0 0",
        "#RES 0 3001 -175 0",
        '#VER B 1 20260302 "Kundfaktura 1, Åsa" 20260314',
        '#TRANS 2611 {} -43.75 "" "" 0',
        "#PSALDO 0 202603 2611 {} -43.75 0",
    ):
        assert line in lines, line
    totals: dict[int, D] = {}
    for line in lines:
        if line.startswith("#TRANS"):
            _, account, _, amount, *_ = line.split()
            totals[int(account)] = totals.get(int(account), D(0)) + D(amount)
    assert totals == ledger(api)


def test_every_voucher_in_the_file_balances_within_its_braces(api: Api) -> None:
    api.voucher()
    lines = sie(api)
    start = lines.index("{")
    block = lines[start + 1 : lines.index("}")]
    assert sum(D(line.split()[3]) for line in block) == 0 and len(block) == 2


def test_dimensions_and_texts_are_exported(api: Api) -> None:
    api.post("costcenters", {"CostCenter": {"Code": "WEBB", "Description": "Webbutiken"}})
    body = {
        "Voucher": {
            "Description": "Avgift",
            "TransactionDate": "2026-03-14",
            "VoucherSeries": "S",
            "VoucherRows": [
                {"Account": 6570, "Debit": 1, "CostCenter": "WEBB", "TransactionInformation": "ch_1 – köp"},
                {"Account": 1686, "Credit": 1},
            ],
        }
    }
    api.post("vouchers", body, financialyear=2)
    lines = sie(api)
    assert '#OBJEKT 1 "WEBB" "Webbutiken"' in lines
    assert '#TRANS 6570 {1 "WEBB"} 1 "" "ch_1 ? köp" 0' in lines  # CP437 has no en dash


def test_other_types_and_days_hold_less(api: Api) -> None:
    api.voucher(TransactionDate="2026-03-01")
    api.voucher(TransactionDate="2026-03-02")
    assert sum(line.startswith("#VER") for line in sie(api, fromdate="2026-03-02", todate="2026-03-31")) == 1
    assert not any(line.startswith("#VER") for line in sie(api, 3))
    assert not any(line.startswith("#PSALDO") for line in sie(api, 1))
    assert api.send("GET", "sie/5").status_code == 404


def test_openings_are_what_was_entered_and_carried(api: Api) -> None:
    api.put("accounts/1686", {"Account": {"BalanceBroughtForward": "1000.50"}}, financialyear=1)
    api.put("accounts/2999", {"Account": {"BalanceBroughtForward": "-1000.50"}}, financialyear=1)
    api.voucher((1686, 100, 0), (3001, 0, 100))
    assert "#IB 0 1686 1000.5 0" in sie(api) and "#UB 0 1686 1100.5 0" in sie(api)
    assert api.books.general_ledger()[1686] == D("1100.50")
    (next_year,) = [line for line in api.books.trial_balance(3) if line.account == 1686]
    assert (next_year.opening, next_year.closing) == (D("1100.50"), D("1100.50"))
