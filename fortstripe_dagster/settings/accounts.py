"""Which account of the company's own chart plays which part."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from fortstripe_dagster.settings.group import Group

Account = Annotated[str, BeforeValidator(lambda value: str(value)), Field(pattern=r"^[1-9]\d{3}$")]
"""A four-digit account number of the company's chart; quoted or not in the file."""

Rate = Literal["25", "12", "6", "0"]


class Accounts(Group):
    """The company's own accounts. Defaults are BAS numbers; `clearing` must be chosen."""

    clearing: dict[str, Account] = Field(
        description="Claim on Stripe, one account for each settlement currency: the one already in use, "
        "else 1686 (BAS 2026) or 1580 (before)."
    )
    transit: dict[str, Account] = Field(
        default={"SEK": "1689"}, description="Payouts on their way to the bank, per settlement currency. No VAT code."
    )
    bank: Account = Field(default="1930", description="Where payouts arrive.")
    receivable: Account = Field(default="1510", description="Customer receivables (Fortnox's sub-ledger).")
    voucher_receivable: Account = Field(
        default="1511", description="Receivables of sales that go as vouchers, so that 1510 equals the sub-ledger."
    )
    disputed: Account = "1516"
    advances: Account = "2420"
    customer_debt: Account = Field(default="2899", description="Debts to customers, e.g. a refund that failed.")
    suspense: Account = Field(default="2999", description="Unknown movements wait here (OBS-konto).")
    rounding: Account = "3740"
    gift_cards: Account = Field(default="2421", description="Multi-purpose gift cards (presentkort) not yet redeemed.")
    tips_staff: Account = Field(default="2829", description="Tips (dricks) owed to the staff.")
    tips_company: Account = Field(default="3990", description="Tips that the company keeps. No VAT code.")
    deferred_revenue: Account = Field(default="2970", description="Income of coming periods (förutbetalda intäkter).")
    deferral_transfer: Account = Field(
        default="3099", description="Takes income out of the month of its invoice and back in later. No VAT code."
    )
    exchange_gain: Account = "3960"
    exchange_loss: Account = "7960"
    bad_debt: Account = "6351"
    processing_fee: Account = Field(default="6570", description="Fees on payments when they are VAT exempt.")
    processing_fee_reverse_charge: Account = Field(
        default="6571", description="Fees on payments under reverse charge: same VAT code as 4535 (box 21)."
    )
    software_fee: Account = Field(default="6540", description="Billing, Tax, Radar, Sigma … when exempt.")
    software_fee_reverse_charge: Account = Field(
        default="6571", description="Billing, Tax, Radar, Sigma … under reverse charge: same VAT code as 4535."
    )
    reverse_charge_output_vat: Account = "2614"
    reverse_charge_input_vat: Account = "2645"
    sales: dict[Rate, Account] = Field(
        default={"25": "3001", "12": "3002", "6": "3003", "0": "3004"}, description="Sales in Sweden by VAT rate."
    )
    output_vat: dict[Rate, Account] = Field(
        default={"25": "2611", "12": "2621", "6": "2631"}, description="Output VAT (utgående moms) by rate."
    )
    eu_business_services: Account = Field(default="3308", description="VAT box 39.")
    eu_business_goods: Account = Field(default="3108", description="VAT box 35.")
    eu_consumer_goods: Account = Field(default="3106", description="Goods to EU consumers with Swedish VAT.")
    export_services: Account = Field(default="3305", description="VAT box 40.")
    export_goods: Account = Field(default="3105", description="VAT box 36.")

    @field_validator("clearing", "transit", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return {str(k).upper(): v for k, v in value.items()} if isinstance(value, dict) else value

    def numbers(self) -> dict[str, str]:
        """Every mapped account number and the setting that names it."""
        found: dict[str, str] = {}
        for name, value in self.model_dump().items():
            pairs = value.items() if isinstance(value, dict) else [(None, value)]
            for key, number in pairs:
                found.setdefault(number, f"accounts.{name}" + (f".{key}" if key else ""))
        return found
