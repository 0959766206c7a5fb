"""Which account of the company's own chart plays which part."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from fortstripe_dagster.settings.group import Group

Account = Annotated[str, BeforeValidator(lambda value: str(value)), Field(pattern=r"^[1-9]\d{3}$")]
"""A four-digit account number of the company's chart; quoted or not in the file."""

Rate = Literal["25", "12", "6", "0"]

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
ForeignRate = Annotated[str, BeforeValidator(lambda value: str(value)), Field(pattern=r"^\d{1,2}(\.\d{1,2})?$")]
"""A VAT rate of another country, per cent without needless zeros: 19, "25.5"."""


class OssAccounts(Group):
    """Accounts of one country and rate under the One Stop Shop; their VAT code is that country's, not a Swedish box."""

    sales: Account = Field(description="Sales, net.")
    vat: Account = Field(description="Output VAT owed to the country.")
    goods: Account | None = Field(default=None, description="Sales of goods, where they are kept apart.")


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
    disputed: Account = Field(default="1516", description="What customers dispute (tvistiga fordringar).")
    advances: Account = Field(default="2420", description="Paid before its sale (förskott från kunder).")
    customer_debt: Account = Field(default="2899", description="Debts to customers, e.g. a refund that failed.")
    customer_credit: Account = Field(
        default="2899", description="Customers' credit balances at Stripe: overpayments, credit notes to the balance."
    )
    suspense: Account = Field(default="2999", description="Unknown movements wait here (OBS-konto).")
    reserve: Account = Field(default="1688", description="What Stripe holds in reserve. No VAT code.")
    connect_agent: Account = Field(default="2830", description="Sellers' money, where the company is their agent.")
    connect_principal: Account | None = Field(
        default=None, description="What sellers are paid, where the company buys from them; unset, that is held."
    )
    paid_outside_stripe: Account | None = Field(
        default=None,
        description="Where invoices are paid that Stripe only marks as paid; unset, a person registers the payment.",
    )
    granted_credit: Account | None = Field(
        default=None, description="What a credit balance given by hand in Stripe is charged to; unset, it is held."
    )
    issuing: Account | None = Field(default=None, description="Purchases by Stripe's cards; unset: suspense.")
    climate: Account | None = Field(default=None, description="Stripe Climate; unset: suspense.")
    platform_fee: Account | None = Field(
        default=None,
        description="What a platform takes of own payments (Connect application fees); unset: suspense.",
    )
    financing: Account | None = Field(default=None, description="Stripe Capital and advances; unset: suspense.")
    rounding: Account = Field(default="3740", description="Rounding to whole kronor (öresutjämning).")
    gift_cards: Account = Field(default="2421", description="Multi-purpose gift cards (presentkort) not yet redeemed.")
    tips_staff: Account = Field(default="2829", description="Tips (dricks) owed to the staff.")
    tips_company: Account = Field(default="3990", description="Tips that the company keeps. No VAT code.")
    deferred_revenue: Account = Field(default="2970", description="Income of coming periods (förutbetalda intäkter).")
    deferral_transfer: Account = Field(
        default="3099", description="Takes income out of the month of its invoice and back in later. No VAT code."
    )
    exchange_gain: Account = Field(default="3960", description="Exchange gains on claims (valutakursvinster).")
    exchange_loss: Account = Field(default="7960", description="Exchange losses on claims (valutakursförluster).")
    bad_debt: Account = Field(default="6351", description="Confirmed losses on customers (konstaterade förluster).")
    processing_fee: Account = Field(default="6570", description="Fees on payments when they are VAT exempt.")
    processing_fee_reverse_charge: Account = Field(
        default="6571", description="Fees on payments under reverse charge: same VAT code as 4535 (box 21)."
    )
    software_fee: Account = Field(default="6540", description="Billing, Tax, Radar, Sigma … when exempt.")
    software_fee_reverse_charge: Account = Field(
        default="6571", description="Billing, Tax, Radar, Sigma … under reverse charge: same VAT code as 4535."
    )
    reverse_charge_output_vat: Account = Field(
        default="2614", description="Output VAT on Stripe's fees under reverse charge (box 30)."
    )
    reverse_charge_input_vat: Account = Field(
        default="2645", description="Input VAT on Stripe's fees under reverse charge (box 48)."
    )
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

    domestic_reverse_charge: Account = Field(default="3231", description="VAT box 41.")
    oss: dict[Country, dict[ForeignRate, OssAccounts]] = Field(
        default={}, description="One Stop Shop: accounts by country and rate; what has none is held."
    )

    @field_validator("clearing", "transit", mode="before")
    @classmethod
    def _upper_case(cls, value: object) -> object:
        return {str(k).upper(): v for k, v in value.items()} if isinstance(value, dict) else value

    def roles(self) -> dict[str, str]:
        """Every part that an account plays, e.g. `sales:25` or `oss_vat:DE:19`, and its number, if it has one."""
        roles: dict[str, str | None] = {}
        for name, value in self.model_dump(exclude={"oss"}).items():
            pairs = value.items() if isinstance(value, dict) else [(None, value)]
            roles |= {name if key is None else f"{name}:{key}": number for key, number in pairs}
        for country, rates in self.oss.items():
            for rate, accounts in rates.items():
                place = f"{country}:{rate}"
                roles[f"oss_sales:{place}"] = accounts.sales
                roles[f"oss_goods:{place}"] = accounts.goods or accounts.sales
                roles[f"oss_vat:{place}"] = accounts.vat
        return {role: number for role, number in roles.items() if number is not None}

    def numbers(self) -> dict[str, str]:
        """Every mapped account number and the setting that names it."""
        found: dict[str, str] = {}
        for role, number in self.roles().items():
            found.setdefault(number, "accounts." + _setting(role))
        return found


def _setting(role: str) -> str:
    name, *place = role.split(":")
    kind = name.removeprefix("oss_")
    return ".".join([name, *place] if kind == name else ["oss", *place, kind])
