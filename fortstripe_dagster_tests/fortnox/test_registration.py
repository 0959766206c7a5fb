"""Organisation and VAT numbers: made into Fortnox's form, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fortstripe_dagster.fortnox import organisation_number, vat_number


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("556677-8899", "556677-8899"),
        ("5566778899", "556677-8899"),
        (" 165566778899 ", "556677-8899"),
        ("19811218-9876", "811218-9876"),
        ("811218+9876", "811218-9876"),
        ("5566778890", None),
        ("123456789", None),
        ("SE556677889901", None),
        ("٥٥٦٦٧٧٨٨٩٩", None),
        ("", None),
    ],
)
def test_organisation_numbers(written: str, meant: str | None) -> None:
    assert organisation_number(written) == meant


@given(st.text("0123456789", min_size=9, max_size=9))
def test_one_check_digit_of_ten_is_right(nine: str) -> None:
    assert sum(organisation_number(nine + str(last)) is not None for last in range(10)) == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("SE556677889901", "SE556677889901"),
        ("SE 556677-8899 01", "SE556677889901"),
        ("556677-8899", "SE556677889901"),
        ("SE5566778899", None),
        ("SE556677889001", None),
        ("SE556677889902", None),
        ("de 123 456 789", "DE123456789"),
        ("DE12345678", None),
        ("ATU12345678", "ATU12345678"),
        ("GR123456789", "EL123456789"),
        ("NL123456789B01", "NL123456789B01"),
        ("ESX1234567X", "ESX1234567X"),
        ("IE1234567FA", "IE1234567FA"),
        ("FRXX123456789", "FRXX123456789"),
        ("XI123456789", "XI123456789"),
        ("GB123456789", None),
        ("US12-3456789", None),
        ("", None),
    ],
)
def test_vat_numbers(written: str, meant: str | None) -> None:
    assert vat_number(written) == meant


@given(st.text(max_size=20))
def test_what_comes_out_is_taken_as_it_is(text: str) -> None:
    for made in (organisation_number(text), vat_number(text)):
        assert made is None or made in (organisation_number(made), vat_number(made))
