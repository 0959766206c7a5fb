"""Fortnox's several ways of writing one value."""

from __future__ import annotations

from decimal import Decimal

import pytest

from fortstripe_dagster.fortnox.values import as_bool, as_decimal, as_int, as_reference


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (Decimal("218.75"), Decimal("218.75")),
        ("1", Decimal(1)),
        (" 2.50 ", Decimal("2.50")),
        (0, Decimal(0)),
        ("", None),
        (None, None),
        ("API_NORIGHT", None),
    ],
)
def test_amounts(written: object, meant: Decimal | None) -> None:
    assert as_decimal(written) == meant


@pytest.mark.parametrize("wrong", [1.5, True, "1,50", "NaN", "Infinity", [], "abc"])
def test_what_is_no_amount_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="not a"):
        as_decimal(wrong)


def test_whole_numbers() -> None:
    assert (as_int("12"), as_int(12), as_int(Decimal("12.00")), as_int("")) == (12, 12, 12, None)
    with pytest.raises(ValueError, match="whole"):
        as_int("1.5")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("false", False),
        ("true", True),
        (True, True),
        (False, False),
        ("", False),
        (None, False),
        (1, True),
        ("0", False),
    ],
)
def test_truth(written: object, meant: bool) -> None:
    assert as_bool(written) is meant


def test_what_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        as_bool("API_NORIGHT")


@pytest.mark.parametrize(
    ("written", "meant"), [("0", None), (0, None), ("", None), (None, None), ("17", "17"), (17, "17")]
)
def test_references(written: object, meant: str | None) -> None:
    assert as_reference(written) == meant
