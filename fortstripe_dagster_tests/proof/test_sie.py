"""The ledger as SIE 4I: what another program reads from it is what the ledger says, to the öre."""

from __future__ import annotations

import re
import zlib
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.fortnox import sie as reader
from fortstripe_dagster.proof import sie
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.proof.company import Company

FORBIDDEN_IN_4I = ("#BKOD", "#OMFATTN", "#IB", "#UB", "#OIB", "#OUB", "#RES", "#PSALDO", "#PBUDGET")
DAY = date(2026, 3, 14)


def written(company: Company, path: Path, days: Days = MARCH) -> tuple[sie.SieReport, bytes]:
    report = sie.write_sie(company.settings, company.warehouse, days, path, "Åkes Ägg & Öl AB")
    return report, path.read_bytes()


def by_hand(data: bytes) -> tuple[dict[str, Decimal], int]:
    """Sums by account and the number of vouchers, read with regular expressions alone: a second opinion."""
    text = data.decode("cp437")
    sums: dict[str, Decimal] = {}
    for account, amount in re.findall(r"^#TRANS (\d{4}) \{[^}]*\} (-?\d+\.\d\d) ", text, re.M):
        sums[account] = sums.get(account, Decimal(0)) + Decimal(amount)
    return sums, len(re.findall(r"^#VER ", text, re.M))


def test_another_reader_finds_the_ledger_in_it(company: Company, tmp_path: Path) -> None:
    report, data = written(company, tmp_path / "books" / "march.si")
    read = reader.parse(data)
    assert read.checksum_verified
    assert (read.program, read.company) == ("fortstripe", "Åkes Ägg & Öl AB")
    said: dict[str, Decimal] = {}
    for voucher in read.vouchers:
        for row in voucher.transactions:
            said[str(row.account)] = said.get(str(row.account), Decimal(0)) + row.amount
    wanted = dict(
        company.sql(
            "SELECT account, sum(debit - credit) FROM ledger.lines l JOIN ledger.entries e USING (entry_id)"
            " WHERE e.held IS NULL AND e.event_day BETWEEN '2026-03-01' AND '2026-03-31' GROUP BY account"
        )
    )
    assert said == wanted
    assert by_hand(data) == (wanted, report.vouchers)
    assert report.exit_code == 0
    assert [voucher.number for voucher in read.vouchers] == list(range(1, report.vouchers + 1))


def test_it_holds_nothing_that_the_standard_forbids(company: Company, tmp_path: Path) -> None:
    text = written(company, tmp_path / "march.si")[1].decode("cp437")
    labels = re.findall(r"^(#\w+)", text, re.M)
    assert not set(labels) & set(FORBIDDEN_IN_4I)
    assert labels[:2] == ["#FLAGGA", "#KSUMMA"]
    assert labels[-1] == "#KSUMMA"
    assert {"#FORMAT", "#GEN", "#SIETYP", "#FNAMN"} <= set(labels)
    accounts = set(re.findall(r"^#KONTO (\d{4})", text, re.M))
    assert set(re.findall(r"^#TRANS (\d{4})", text, re.M)) == accounts


def test_a_changed_amount_breaks_the_checksum(company: Company, tmp_path: Path) -> None:
    data = written(company, tmp_path / "march.si")[1]
    changed = data.replace(b"218.75", b"219.75")
    assert changed != data
    with pytest.raises(reader.SieError, match="checksum|balance"):
        reader.parse(changed)


def test_held_entries_are_left_out_and_named(company: Company, tmp_path: Path) -> None:
    company.sql(
        "UPDATE ledger.entries SET held = 'no account' WHERE entry_id LIKE 'ch_%:sale' AND event_day = '2026-03-02'"
    )
    report, data = written(company, tmp_path / "march.si")
    assert report.exit_code == 3
    assert [day for _, day, _ in report.held] == [date(2026, 3, 2)]
    assert report.held[0][0] not in data.decode("cp437")


def test_days_without_entries_are_refused(company: Company, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no entries"):
        written(company, tmp_path / "june.si", Days(date(2026, 6, 1), date(2026, 6, 30)))


def test_a_voucher_that_does_not_balance_is_never_written() -> None:
    voucher = sie.Voucher("S", 1, DAY, "fel", (sie.Row("1686", Decimal("1.00")), sie.Row("3001", Decimal("-0.99"))))
    with pytest.raises(Failure, match="0.01 kronor off"):
        sie.encode("AB", "", {}, [voucher], DAY)


def test_dimensions_are_declared_and_carried() -> None:
    shop = ((sie.COST_CENTRE, "BUTIK"), (sie.PROJECT, "P 1"))
    voucher = sie.Voucher(
        "S", 1, DAY, "såld", (sie.Row("1686", Decimal(5)), sie.Row("3001", Decimal(-5), objects=shop))
    )
    read = reader.parse(sie.encode("AB", "556677-8899", {"3001": "Försäljning"}, [voucher], DAY))
    assert read.dimensions == {"1": "Kostnadsställe", "6": "Projekt"}
    assert set(read.objects) == {("1", "BUTIK"), ("6", "P 1")}
    assert read.vouchers[0].transactions[1].objects == {"1": "BUTIK", "6": "P 1"}
    assert read.organisation_number == "556677-8899"
    assert read.accounts == {1686: "Konto 1686", 3001: "Försäljning"}


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_of_stripes_becomes_a_lawful_line(company: str, text: str) -> None:
    voucher = sie.Voucher(
        "S", 1, DAY, text, (sie.Row("1686", Decimal("0.10"), text), sie.Row("3001", Decimal("-0.10")))
    )
    data = sie.encode(company or "x", "", {}, [voucher], DAY)
    read = reader.parse(data)
    assert read.checksum_verified
    assert read.vouchers[0].text == sie.representable(text)
    assert read.company == sie.representable(company or "x")


def test_the_checksum_is_that_of_the_standard() -> None:
    """Over labels and fields of all lines between the two #KSUMMA, without separators, quotes and braces."""
    voucher = sie.Voucher("S", 1, DAY, 'a "b"', (sie.Row("1686", Decimal(1)), sie.Row("3001", Decimal(-1))))
    data = sie.encode("AB", "", {}, [voucher], DAY)
    program = f"#PROGRAMfortstripe{version('fortstripe_dagster')}"
    summed = (
        f"{program}#FORMATPC8#GEN20260314#SIETYP4#FNAMNAB#VALUTASEK#KONTO1686Konto 1686#KONTO3001Konto 3001"
        '#VERS120260314a "b"#TRANS16861.0020260314#TRANS3001-1.0020260314'
    )
    assert data.rstrip().endswith(f"#KSUMMA {zlib.crc32(summed.encode('cp437'))}".encode())
