"""SIE files as Fortnox and others write them, and files that cannot be trusted."""

from __future__ import annotations

import time
import zlib
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fortstripe_dagster.fortnox import sie

D = Decimal

FILE = """\
#FLAGGA 0
#FORMAT PC8
#SIETYP 4
#PROGRAM "Fortnox" 3.57.11
#GEN 20260401
#FNR 503072
#FNAMN "Åkes \\"Bästa\\" Ägg AB"
#ADRESS "Åke" "Gatan 7" "123 45 Lund" ""
#RAR 0 20260101 20261231
#RAR -1 20250501 20251231
#ORGNR 556677-8899
#OMFATTN 20261231
#KPTYP EUBAS97
#VALUTA SEK

#DIM 1 "Kostnadsställe"
#OBJEKT 1 "BUTIK" "Butiken"
#OBJEKT 6 P1 "Projekt ett"
#KONTO 1686 "Fordran Stripe"
#SRU 1686 7261
#KONTO 3001 "Försäljning"
#KONTO 2611 "Utgående moms"
#IB 0 1686 1000.00
#IB -1 1686 0
#UB 0 1686 1218.75
#UB -1 1686 1000.00 0
#RES 0 3001 -175.00
#OIB 0 1686 {1 "BUTIK"} 5.00
#PSALDO 0 202603 3001 {} -175.00
#VER S 1 20260314 "Stripe försäljning 2026-03-14 SEK, 1 köp" 20260315
{
#TRANS 1686 {} 218.75 "" "" 0
#TRANS 3001 {1 "BUTIK" "6" "P1"} -175.00 20260314 "ch_1 {x}" 1.5 "ÅE"
\t#TRANS\t2611\t{}\t-43.75
}
#VER A 7 20260320 "" 20260320
{
#TRANS 1686 {} 10.00
#BTRANS 3001 {} -9.00
#RTRANS 3001 {} -10
#TRANS 3001 {} -10
}
#VER "" "" 20260321
{
}
"""


def encoded(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("cp437")


def test_a_file_as_fortnox_writes_it() -> None:
    read = sie.parse(encoded(FILE))
    assert (read.program, read.generated) == ("Fortnox", date(2026, 4, 1))
    assert (read.company, read.organisation_number, read.currency) == ('Åkes "Bästa" Ägg AB', "556677-8899", "SEK")
    assert read.years == {
        0: sie.FinancialYear(date(2026, 1, 1), date(2026, 12, 31)),
        -1: sie.FinancialYear(date(2025, 5, 1), date(2025, 12, 31)),
    }
    assert read.accounts == {1686: "Fordran Stripe", 3001: "Försäljning", 2611: "Utgående moms"}
    assert read.dimensions == {"1": "Kostnadsställe"}
    assert read.objects == {("1", "BUTIK"): "Butiken", ("6", "P1"): "Projekt ett"}
    assert read.opening == {(0, 1686): D("1000.00"), (-1, 1686): D(0)}
    assert read.closing == {(0, 1686): D("1218.75"), (-1, 1686): D("1000.00")}
    assert read.results == {(0, 3001): D("-175.00")}
    assert read.checksum_verified is False

    sale, changed, empty = read.vouchers
    assert (sale.series, sale.number, sale.date) == ("S", 1, date(2026, 3, 14))
    assert sale.text == "Stripe försäljning 2026-03-14 SEK, 1 köp"
    assert (
        sale.line == FILE.split("\n").index('#VER S 1 20260314 "Stripe försäljning 2026-03-14 SEK, 1 köp" 20260315') + 1
    )
    assert sale.transactions == (
        sie.SieTransaction(1686, D("218.75"), quantity=D(0)),
        sie.SieTransaction(3001, D("-175.00"), date(2026, 3, 14), "ch_1 {x}", D("1.5"), {"1": "BUTIK", "6": "P1"}),
        sie.SieTransaction(2611, D("-43.75")),
    )
    assert [row.amount for row in changed.transactions] == [D("10.00"), D(-10)]
    assert [row.amount for row in changed.added] == [D(-10)]
    assert [row.amount for row in changed.removed] == [D("-9.00")]
    assert (empty.series, empty.number, empty.transactions) == ("", None, ())


def test_unix_lines_and_the_end_mark_of_dos_are_read_alike() -> None:
    assert sie.parse(FILE.encode("cp437") + b"\x1a") == sie.parse(encoded(FILE))


def test_a_missing_currency_is_kronor_and_an_empty_organisation_number_is_none() -> None:
    read = sie.parse(b"#FLAGGA 0\n#ORGNR\n#FNAMN X\n")
    assert (read.currency, read.organisation_number, read.company) == ("SEK", "", "X")


@given(
    st.lists(
        st.tuples(
            st.text(st.sampled_from('abcåäöÅÄÖ é"{}#\\0 '), max_size=20),
            st.lists(st.decimals("-99999", "99999", places=2), min_size=1, max_size=5),
        ),
        max_size=5,
    )
)
def test_texts_and_amounts_come_back_as_they_were(vouchers: list[tuple[str, list[Decimal]]]) -> None:
    lines = ["#FLAGGA 0"]
    for number, (text, amounts) in enumerate(vouchers, start=1):
        quoted = text.replace('"', '\\"')
        lines += [f'#VER S {number} 20260314 "{quoted}"', "{"]
        lines += [f'#TRANS 1930 {{}} {amount} "" "{quoted}"' for amount in (*amounts, -sum(amounts, D(0)))]
        lines += ["}"]
    # A text that ends in a backslash cannot be told from one that ends in a quote: the standard has no escape for it.
    if any(text.endswith("\\") or '\\"' in text for text, _ in vouchers):
        return
    read = sie.parse("\n".join(lines).encode("cp437"))
    assert [(v.number, v.text) for v in read.vouchers] == [(n, text) for n, (text, _) in enumerate(vouchers, start=1)]
    assert [[t.amount for t in v.transactions][:-1] for v in read.vouchers] == [amounts for _, amounts in vouchers]
    assert all(t.text == v.text for v in read.vouchers for t in v.transactions)


# --- checksum ---------------------------------------------------------------------------------------------------------

SUMMED = """\
#FLAGGA 0
#KSUMMA
#FNAMN "Å \\"b\\" AB"
#VER A 1 20260314 "x {y}"
{
#TRANS 1930 {1 "K 1"} 1.00
#TRANS 3001 {} -1.00
}
"""
SUM = zlib.crc32('#FNAMNÅ "b" AB#VERA120260314x {y}#TRANS19301K 11.00#TRANS3001-1.00'.encode("cp437"))
"""What the standard adds up here, written out by hand."""


def test_a_right_checksum_is_verified() -> None:
    assert sie.parse(encoded(f"{SUMMED}#KSUMMA {SUM}\n")).checksum_verified is True


@pytest.mark.parametrize("written", [f"#KSUMMA {SUM + 1}", "#KSUMMA", "#KSUMMA x"])
def test_a_wrong_checksum_is_refused(written: str) -> None:
    with pytest.raises(sie.SieError, match=r"line 9: the checksum is .* the file was changed"):
        sie.parse(encoded(f"{SUMMED}{written}\n"))


def test_a_changed_amount_does_not_pass_the_checksum() -> None:
    changed = SUMMED.replace("1.00", "2.00")
    with pytest.raises(sie.SieError, match="the file was changed"):
        sie.parse(encoded(f"{changed}#KSUMMA {SUM}\n"))


def test_a_checksum_that_never_comes_means_the_file_was_cut() -> None:
    with pytest.raises(sie.SieError, match="it was cut"):
        sie.parse(encoded(SUMMED))


# --- files that cannot be trusted -------------------------------------------------------------------------------------


def within(*rows: str) -> str:
    return "\n".join(["#FLAGGA 0", "#VER S 1 20260314", "{", *rows, "}"])


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty"),
        ("\n \n", 1, "empty"),
        ("<html><body>Log in</body></html>", 1, "neither a label"),
        ('{"ErrorInformation":{"Message":"nej"}}', 1, "where none can be"),
        ("#FLAGGA 0\n#FORMAT UTF-8", 2, "PC8"),
        ("#FLAGGA 0\n#RAR 0 20260101", 2, "field 3 of #RAR is ''"),
        ("#FLAGGA 0\n#RAR x 20260101 20261231", 2, "financial year"),
        ("#FLAGGA 0\n#RAR 0 20260101 20260231", 2, "no day"),
        ("#FLAGGA 0\n#KONTO X1 Kassa", 2, "account number"),
        ("#FLAGGA 0\n#IB 0 1930 1,50", 2, "an amount"),
        ("#FLAGGA 0\n#IB 0 1930 +1.50", 2, "an amount"),
        ("#FLAGGA 0\n#IB 0 1930 1.50\n#IB 0 1930 1.50", 3, "second time"),
        ("#FLAGGA 0\n#TRANS 1930 {} 1.00", 2, "outside a voucher"),
        ("#FLAGGA 0\n}", 2, "neither a label"),
        ('#FLAGGA 0\n#FNAMN "Utan slut', 2, "cannot be read"),
        ("#FLAGGA 0\n#VER S x 20260314", 2, "voucher number"),
        ("#FLAGGA 0\n#VER S 1", 2, "YYYYMMDD"),
        ("#FLAGGA 0\n#VER S 1 20260314\n{\n#TRANS 1930 {} 0", 4, "ends within the voucher of line 2"),
        ("#FLAGGA 0\n#VER S 1 20260314\n#TRANS 1930 {} 0", 3, "not ended"),
        ("#FLAGGA 0\n#VER S 1 20260314\n{\n#VER S 2 20260314", 4, "not ended"),
        (
            within("#TRANS 1930 {} 1.00", "#TRANS 3001 {} -0.99"),
            2,
            "voucher S 1 does not balance: its rows sum to 0.01",
        ),
        (within("#TRANS 1930 1.00"), 4, "in braces"),
        (within("#TRANS 1930 {1} 1.00"), 4, "in braces"),
        (within("#TRANS 1930 {1 A 1.00"), 4, "does not end"),
        (within("#TRANS 1930 {} {}"), 4, "object list where a value should be"),
        (within("#TRANS 1930 {} 1.00}"), 4, "where none can be"),
        (within("#TRANS 1930 {}"), 4, "field 3 of #TRANS is ''"),
        (within("1930 1.00"), 4, "within the voucher"),
    ],
)
def test_the_line_at_fault_is_named(text: str, line: int, words: str) -> None:
    with pytest.raises(sie.SieError) as error:
        sie.parse(encoded(text))
    assert error.value.line == line
    assert str(error.value).startswith(f"SIE file, line {line}: ") and words in str(error.value)


def test_utf_8_is_not_guessed_at() -> None:
    """The file is CP437 by definition: another character set gives other letters, never a crash or another amount."""
    read = sie.parse('#FLAGGA 0\n#FNAMN "Åke"\n#IB 0 1930 12.50'.encode())
    assert read.company == "├àke"
    assert read.opening == {(0, 1930): D("12.50")}


def test_a_large_file_is_read_in_reasonable_time() -> None:
    rows = "#TRANS 1686 {} 218.75\n#TRANS 3001 {} -175.00\n#TRANS 2611 {} -43.75\n"
    vouchers = [f'#VER S {number} 20260314 "Stripe" 20260315\n{{\n{rows}}}\n' for number in range(1, 5001)]
    begun = time.process_time()
    assert len(sie.parse(encoded("#FLAGGA 0\n" + "".join(vouchers))).vouchers) == 5000
    assert time.process_time() - begun < 5
