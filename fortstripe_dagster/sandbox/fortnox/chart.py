"""The chart of accounts a new company starts with, its predefined accounts, and the VAT codes on both.

The chart is a short Swedish one of our own (numbers as in BAS, texts shortened); a real company's has many more rows.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal

Setting = Literal["ALLOWED", "MANDATORY", "NOTALLOWED"]

VAT_BOXES: dict[str, str] = {
    "MP1": "05", "MP2": "05", "MP3": "05",
    "U1": "10", "U2": "11", "U3": "12",
    "IVEU": "20", "ITEU": "21", "ITGLOB": "22",
    "UTU1": "30", "UTU2": "31", "UTU3": "32",
    "VTEU": "35", "E": "36", "FTEU": "39", "OTTU": "40", "OMSS": "41", "MF": "42",
    "I": "48", "R1": "49",
}  # fmt: skip
"""VAT code of an account -> box of the Swedish VAT return. An account without a code is in no box."""

PREDEFINED_ACCOUNTS: dict[str, int] = {
    "BG": 1930, "PG": 1920, "CASH": 1910, "CASHBYCARD": 1580, "AG": 1930,
    "SUPDEBT": 2440, "CUSTCLAIM": 1510,
    "SALES_25_SE": 3001, "SALES_12_SE": 3002, "SALES_6_SE": 3003, "SALES_0_SE": 3004,
    "SALES_25_SE2": 3001, "SALES_12_SE2": 3002, "SALES_6_SE2": 3003, "SALES_0_SE2": 3004,
    "SALESCONSTR2": 3231,
    "SALESEUREV": 3108, "SALESEUREV2": 3308, "SALESEUVAT": 3106, "SALESEUVAT2": 3001,
    "SALESEXPORT": 3105, "SALESEXPORT2": 3305,
    "ADMFEE": 3540, "FREIGHT": 3520, "CASHDISCOUNTOUT": 3730, "ROUNDOFF": 3740,
    "OUTVAT_MP1": 2611, "OUTVAT_MP2": 2621, "OUTVAT_MP3": 2631, "INVAT": 2641,
    "SERVICE_DEB": 2645, "SERVICE_CRE": 2614, "ACCRINCOME": 2970,
    "CURRENCYWIN": 3960, "CURRENCYLOSS": 7960,
}  # fmt: skip
"""Name of a predefined account -> account. The suffix 2 stands for services."""


@dataclass
class Account:
    """One account of one financial year. `opening` is its balance brought forward (debit positive), if entered."""

    number: int
    description: str
    vat_code: str = ""
    active: bool = True
    opening: Decimal = Decimal(0)
    cost_center_settings: Setting = "ALLOWED"
    project_settings: Setting = "ALLOWED"
    transaction_information_settings: Setting = "ALLOWED"
    cost_center: str = ""
    project: str = ""
    transaction_information: str = ""
    sru: int = 0


@cache
def _rows() -> list[tuple[int, str, str]]:
    text = files(__package__).joinpath("chart.csv").read_text("utf-8")
    return [(int(row["number"]), row["description"], row["vat_code"]) for row in csv.DictReader(text.splitlines())]


def standard_chart() -> dict[int, Account]:
    """A fresh copy of the standard chart: account number -> account."""
    return {number: Account(number, description, vat_code) for number, description, vat_code in _rows()}
