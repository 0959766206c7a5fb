"""fortstripe.toml and the environment become one typed, immutable `Settings`. Nothing else reads either.

What belongs here: every choice a company makes, its default, and what it means. Secrets and addresses come from the
environment alone; each setting can also be set there as FORTSTRIPE_<NAME> (nested with two underscores). A choice on
which accountants differ has no default: the load fails and names it.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.settings import companies
from fortstripe_dagster.settings.accounts import Accounts
from fortstripe_dagster.settings.alerts import Alerts
from fortstripe_dagster.settings.dimensions import Conditions, Rule, refuse_unreachable
from fortstripe_dagster.settings.environment import Environment
from fortstripe_dagster.settings.exchange_rates import ExchangeRates
from fortstripe_dagster.settings.gift_cards import GiftCards
from fortstripe_dagster.settings.group import Group
from fortstripe_dagster.settings.limits import FortnoxLimits, StripeLimits
from fortstripe_dagster.settings.periods import LockedPeriod
from fortstripe_dagster.settings.stock import Stock
from fortstripe_dagster.settings.vat import Oss, Vat, VatClass
from fortstripe_dagster.settings.vat_rates import VatRate, refuse_doubtful

STRIPE_API_VERSION = "2026-10-28.endive"


DisputeLost = Literal["credit", "loss_keep_vat"]
CustomerField = Literal[
    "name", "email", "phone", "address1", "address2", "zip_code", "city", "country", "organisation_number",
    "vat_number", "vat_type", "type",
]  # fmt: skip


class DefaultSupply(Group):
    """What is sold where neither Stripe's taxes nor the product's metadata say it."""

    kind: Literal["goods", "e-service", "other"] = Field(description="Decides the VAT treatment abroad.")
    vat_rate: Literal[25, 12, 6, 0] = Field(description="Swedish VAT rate (moms), per cent.")
    vat_class: VatClass | None = Field(
        default=None, description="Wins over vat_rate: a rate that depends on the day, as that of food does."
    )


class Settings(Environment):
    """All a company has decided. Load it with `load()`."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="FORTSTRIPE_", env_nested_delimiter="__", case_sensitive=False
    )

    start_date: date = Field(description="First local day that this project books. Earlier days are never touched.")
    sales: Literal["auto", "invoice", "daily_voucher"] = Field(
        default="auto",
        description="How sales reach Fortnox: an invoice for each payment, one voucher a day, or `auto`: invoices for "
        "businesses, Stripe invoices and EU reverse charge, vouchers for the rest.",
    )
    invoice_when: Literal["finalized", "paid"] = Field(
        default="finalized", description="When a Stripe invoice becomes a sale."
    )
    invoice_issuer: Literal["stripe", "fortnox"] = Field(
        description="Who issues the legal invoice. Under `stripe` the one in Fortnox carries Stripe's number."
    )
    processing_fee_vat: Literal["exempt", "reverse_charge"] = Field(
        description="VAT on Stripe's payment fees. Practice is split: ask the accountant."
    )
    software_fee_vat: Literal["exempt", "reverse_charge"] = Field(
        default="reverse_charge", description="VAT on Billing, Tax, Radar, Sigma, Connect and Terminal fees."
    )
    accounting_method: Literal["accrual", "cash"] = Field(
        default="accrual",
        description="`cash` (kontantmetoden): sale and VAT on the day of payment; what is unpaid at the end of the "
        "financial year stands in `ledger.unpaid`, for a person to book.",
    )
    dispute_lost: DisputeLost | dict[str, DisputeLost] = Field(
        description="A lost dispute credits the sale and its VAT, or is a bad debt whose VAT stays. A table decides by "
        "Stripe's reason, with `default` for the others; a reason without a choice is held."
    )
    connect: Literal["agent", "principal"] | None = Field(
        default=None,
        description="Stripe Connect: sellers' money is held for them (`agent`), or the company buys and sells what "
        "they deliver (`principal`). Undecided, transfers and commissions are held.",
    )
    commission_vat_rate: Literal[25, 12, 6, 0] | None = Field(
        default=None, description="Swedish VAT rate of the company's commission from sellers (application fees)."
    )
    bank_leg: Literal["book", "leave_to_bank_feed"] = Field(
        description="Whether a payout's arrival is booked on the bank account; leave it if a bank feed does."
    )
    mode: Literal["live", "shadow"] = Field(
        default="live",
        description="`shadow`: Fortnox is read and nothing is written to it; what would be booked is compared with "
        "what people booked.",
    )
    opening: Literal["propose", "in_books"] = Field(
        default="propose",
        description="What stood open at Stripe when the books begin (its balance, payouts on their way, disputes): "
        "proposed as vouchers that a person approves, or `in_books`: Fortnox holds it already.",
    )
    approval: Literal["auto", "manual"] = Field(
        default="auto", description="`manual`: nothing is written before a person runs `fortstripe approve`."
    )
    closed_until: date | None = Field(
        default=None, description="Days up to this one are closed as by Fortnox's own lock (låst period)."
    )
    vat_filed_until: date | None = Field(
        default=None, description="The VAT return is filed up to this day: nothing that changes it is dated so early."
    )
    locked_period: LockedPeriod = LockedPeriod()
    attachments: Literal["vouchers", "all", "off"] = Field(
        default="vouchers",
        description="Which documents get a specification attached as a file: daily vouchers, or all vouchers and "
        "invoices, or none.",
    )
    stripe_pdfs: Literal["off", "invoices"] = Field(
        default="off",
        description="`invoices`: the PDF that Stripe issued (of an invoice or credit note) is fetched from Stripe and "
        "attached to the invoice in Fortnox.",
    )
    files: Literal["inbox", "archive"] = Field(
        default="inbox", description="Where in Fortnox files are uploaded before they are attached."
    )
    voucher_series: str = Field(default="S", pattern=r"^[A-ZÅÄÖ][A-ZÅÄÖ0-9]{0,9}$", description="Our own series.")
    customer_numbers: Literal["stripe", "fortnox"] = Field(
        default="stripe", description="Customer numbers made from the Stripe id, or the next of Fortnox's own."
    )
    oss_packaging: Literal["voucher", "invoice"] = Field(
        default="voucher",
        description="How One Stop Shop sales reach Fortnox, whatever `sales` says; `invoice` follows it and needs each "
        "foreign VAT rate registered in Fortnox.",
    )
    failed_payment_comments: Literal["off", "customer"] = Field(
        default="off", description="Whether failed payments are noted among the customer's comments in Fortnox."
    )
    credit_settlement: Literal["payment", "hold"] = Field(
        default="payment",
        description="How credit invoices are settled in Fortnox: by a negative payment, void invoices against their "
        "credits; or `hold`: by a person.",
    )
    credit_invoices: Literal["new", "linked"] = Field(
        default="new",
        description="How an invoice is credited in Fortnox: by a new one with negative quantities that quotes it, or, "
        "the first time and in full, by Fortnox's own credit, which links the two (one request more).",
    )
    customer_fields_owned_by_fortnox: tuple[CustomerField, ...] = Field(
        default=(),
        description="Fields of a customer that people keep in Fortnox; a change in Stripe leaves them alone.",
    )
    guests: Literal["per_email", "collective"] = Field(
        default="per_email",
        description="Buyers without a customer in Stripe: one customer for each e-mail address, or one for all of a "
        "VAT treatment. Without an address, and business numbers, it is always the latter.",
    )
    difference_limit: Decimal = Field(
        default=Decimal("0.05"), ge=0, description="Kronor that Fortnox's VAT may differ from ours on one document."
    )
    default_supply: DefaultSupply = Field(description="What is sold, where nothing more exact is known.")
    rates_source: Literal["riksbank", "ecb"] = Field(
        default="riksbank",
        description="Who publishes the official exchange rates; a change counts for days not fetched yet.",
    )
    exchange_rates: ExchangeRates = Field(
        default={},
        description="Kronor for one unit of a currency that neither publishes, by the day from which the rate holds.",
    )
    deferral: Literal["voucher", "off"] = Field(
        default="off",
        description="`voucher`: income of a service period that reaches beyond the month of its invoice is deferred "
        "(periodiserad) by day and released at the end of each month.",
    )
    deferral_before_start: Literal["deferred", "income"] | None = Field(
        default=None,
        description="Invoices from before start_date whose service period reaches past it, in the earlier books: "
        "`deferred` (what is left is proposed as an opening balance and released here), or `income` at once. "
        "Undecided, such invoices are held.",
    )
    deferral_from_amount: Decimal = Field(
        default=Decimal(0), ge=0, description="Kronor without VAT from which an invoice line is deferred."
    )
    deferral_from_days: int = Field(
        default=0, ge=0, description="Length of a service period from which it is deferred."
    )
    tips: Literal["staff", "company"] | None = Field(
        default=None,
        description="Tips (dricks) are the staff's, a debt without VAT, or the company's income. Undecided, sales with "
        "tips are held.",
    )
    poll_minutes: int = Field(
        default=10, ge=1, description="How often Stripe is asked whether something changed, where the sensor is on."
    )
    realtime: bool = Field(
        default=False,
        description="Deliver customers and invoices of the open day as well; all else follows when the day is over.",
    )
    rules: tuple[Rule, ...] = Field(
        default=(),
        description="Account, cost centre, project, article or VAT of what is sold; the first that fits wins.",
    )
    vat_rates: tuple[VatRate, ...] = Field(
        default=(),
        description="Reduced VAT rates of other EU countries, for sales that Stripe Tax does not charge.",
    )
    oss: Oss = Oss()
    gift_cards: GiftCards = GiftCards()
    vat: Vat = Vat()
    stock: Stock = Stock()
    accounts: Accounts
    stripe: StripeLimits = StripeLimits()
    alerts: Alerts = Alerts()
    fortnox: FortnoxLimits = FortnoxLimits()

    @field_validator("voucher_series")
    @classmethod
    def _own_series(cls, value: str) -> str:
        if value in {"A", "B", "C"}:
            raise ValueError("is one of Fortnox's own series; choose another, e.g. S")
        return value

    @field_validator("rules")
    @classmethod
    def _reachable(cls, value: tuple[Rule, ...]) -> tuple[Rule, ...]:
        refuse_unreachable(value)
        return value

    @field_validator("vat_rates")
    @classmethod
    def _certain(cls, value: tuple[VatRate, ...], info: ValidationInfo) -> tuple[VatRate, ...]:
        refuse_doubtful(value, [rule.name for rule in info.data.get("rules", ())])
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())

    @property
    def warehouse_path(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def journal_path(self) -> Path:
        return self.home / "journal.sqlite"

    @property
    def fortnox_home(self) -> Path:
        """What all that write to the same Fortnox company share: the pace, the customers, who has which series."""
        shared = self.home.parent / "fortnox" / quote(self.fortnox_tenant_id or "unknown", safe="")
        return shared if self.company else self.home

    @property
    def fortnox_tokens_path(self) -> Path:
        """The file with a person's login to Fortnox."""
        return self.fortnox.token_file or self.home / "fortnox-tokens.json"

    def require_live(self, what: str) -> None:
        """Raise in shadow mode, where `what` (a sentence) makes no sense."""
        if self.mode == "shadow":
            raise ConfigurationError(
                f'{what} mode is "shadow": nothing is written to Fortnox.', 'set mode = "live" in fortstripe.toml.'
            )

    @property
    def customer_list_path(self) -> Path:
        """The file with the copy of Fortnox's customer list, one for all that write to the same Fortnox company."""
        return self.fortnox_home / "customers.duckdb" if self.company else self.warehouse_path

    def require_stripe(self) -> None:
        """Raise unless a Stripe key is set."""
        if not self.stripe_api_key.get_secret_value():
            raise ConfigurationError(
                f"{companies.variable_of(self.company, 'STRIPE_API_KEY')} is not set.",
                "create a restricted key with read access and put it in the environment.",
            )

    def require_fortnox(self) -> None:
        """Raise unless the Fortnox client and tenant are set."""
        missing = [
            companies.variable_of(self.company, name) if name in companies.OWN else name
            for name, value in {
                "FORTNOX_CLIENT_ID": self.fortnox_client_id.get_secret_value(),
                "FORTNOX_CLIENT_SECRET": self.fortnox_client_secret.get_secret_value(),
                "FORTNOX_TENANT_ID": self.fortnox_tenant_id,
            }.items()
            if not value
        ]
        if missing:
            raise ConfigurationError(
                f"{', '.join(missing)} not set.",
                "put the integration's id and secret in the environment; `fortstripe connect` tells the tenant.",
            )


def config_path() -> Path:
    """Where fortstripe.toml is looked for."""
    return _FILE.get() or Path(os.environ.get("FORTSTRIPE_CONFIG", "fortstripe.toml"))


def load(company: str = "", **overrides: Any) -> Settings:
    """Read fortstripe.toml and the environment; of several companies the one that is named, here or there.

    Raises ConfigurationError with one line that names every setting that is missing, unknown or wrong.
    """
    variables = [str(field.validation_alias) for field in Settings.model_fields.values() if field.validation_alias]
    if not companies.several():
        return _read({"FORTSTRIPE_COMPANY": "", **companies.common_values(variables), **overrides})
    one = companies.chosen(company)
    before = _FILE.set(one.path)
    try:
        settings = _read({**companies.own_values(one, variables), **overrides})
        companies.refuse_home(one, tomllib.loads(one.path.read_text(encoding="utf-8")))
        return settings
    finally:
        _FILE.reset(before)


_FILE: ContextVar[Path | None] = ContextVar("_FILE", default=None)
"""The company file that is being read, in this thread: several are read in one process."""


def _read(overrides: dict[str, Any]) -> Settings:
    path = config_path()
    if "FORTSTRIPE_CONFIG" in os.environ and not path.is_file():
        raise ConfigurationError(
            f"FORTSTRIPE_CONFIG names {path}, which is not a file.",
            "correct the path, or copy fortstripe.example.toml there.",
        )
    try:
        return Settings(**overrides)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}.", "correct that line.") from error
    except ValidationError as error:
        raise _explained(error, path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read: {type(error).__name__}.", "make it a UTF-8 file that this user may read."
        ) from error


def load_if_configured() -> Settings | None:
    """The settings, or None when nobody has made a fortstripe.toml yet. A file with a mistake raises, as in `load`."""
    return load() if "FORTSTRIPE_CONFIG" in os.environ or config_path().is_file() else None


def _explained(error: ValidationError, path: Path) -> ConfigurationError:
    """All findings of a validation in one line, without the values (they may be secrets)."""
    missing, wrong = [], []
    for item in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in item["loc"])
        if item["type"] == "missing":
            missing.append(name)
        elif item["type"] == "extra_forbidden":
            wrong.append(f"{name} is not a setting" + _did_you_mean(item["loc"]))
        else:
            reason = item["msg"].removeprefix("Value error, ")
            wrong.append(f"{name} {reason[:1].lower()}{reason[1:]}")
    parts = ([f"missing: {', '.join(missing)}"] if missing else []) + wrong
    where = str(path) if path.is_file() else f"{path} (not found)"
    return ConfigurationError(
        f"The configuration in {where} cannot be used: {'; '.join(parts)}.",
        "each setting is explained in fortstripe.example.toml.",
    )


def _did_you_mean(location: tuple[int | str, ...]) -> str:
    groups: dict[int | str, type[BaseModel]] = {"accounts": Accounts, "rules": Rule, "when": Conditions}
    model = next((groups[part] for part in reversed(location[:-1]) if part in groups), Settings)
    near = difflib.get_close_matches(str(location[-1]), model.model_fields, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
