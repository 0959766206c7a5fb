"""fortstripe.toml and the environment: one line that names all that is wrong, and no secret in it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel

from fortstripe_dagster import settings
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.settings.accounts import Accounts
from fortstripe_dagster.settings.alerts import Alerts
from fortstripe_dagster.settings.dimensions import Conditions, Rule
from fortstripe_dagster.settings.limits import FortnoxLimits, StripeLimits

ROOT = Path(__file__).parents[1]
DECIDED = """
start_date = 2026-03-01
invoice_issuer = "stripe"
processing_fee_vat = "exempt"
dispute_lost = "credit"
bank_leg = "book"
[default_supply]
kind = "e-service"
vat_rate = 25
[accounts.clearing]
sek = 1686
"""


def write(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "company.toml"
    path.write_text(text)
    monkeypatch.setenv("FORTSTRIPE_CONFIG", str(path))


def test_the_example_file_is_complete_and_shows_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    example = ROOT / "fortstripe.example.toml"
    monkeypatch.setenv("FORTSTRIPE_CONFIG", str(example))
    assert settings.load().accounts.clearing == {"SEK": "1686"}
    text = example.read_text()
    groups: list[type[BaseModel]] = [Accounts, Alerts, StripeLimits, FortnoxLimits, Conditions, Rule]
    from_environment = {name for name, field in settings.Settings.model_fields.items() if field.validation_alias} | {
        "home"
    }
    names = [name for name in settings.Settings.model_fields if name not in from_environment]
    names += [name for group in groups for name in group.model_fields]
    assert [name for name in names if name not in text] == []


def test_what_accountants_differ_on_has_no_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("", monkeypatch, tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        settings.load()
    for name in (
        "start_date",
        "invoice_issuer",
        "processing_fee_vat",
        "dispute_lost",
        "bank_leg",
        "default_supply",
        "accounts",
    ):
        assert name in caught.value.what


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('salse = "auto"', r"salse is not a setting \(did you mean sales\?\)"),
        ('sales = "weekly"', "sales input should be 'auto', 'invoice' or 'daily_voucher'"),
        ('voucher_series = "A"', "voucher_series is one of Fortnox's own series"),
        ("[accounts]\nbnak = 1930", r"accounts.bnak is not a setting \(did you mean bank\?\)"),
        ("[accounts]\nbank = 19300", "accounts.bank"),
    ],
)
def test_a_wrong_line_is_named(line: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plain, groups = DECIDED.split("[default_supply]")
    text = f"{DECIDED}{line}\n" if line.startswith("[") else f"{plain}{line}\n[default_supply]{groups}"
    write(text, monkeypatch, tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        settings.load()


def test_the_environment_wins_over_the_file_and_secrets_never_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(DECIDED, monkeypatch, tmp_path)
    monkeypatch.setenv("FORTSTRIPE_SALES", "invoice")
    monkeypatch.setenv("FORTSTRIPE_FORTNOX__IN_FLIGHT", "2")
    monkeypatch.setenv("STRIPE_API_KEY", "rk_live_planted")
    loaded = settings.load()
    assert (loaded.sales, loaded.fortnox.in_flight, loaded.difference_limit) == ("invoice", 2, Decimal("0.05"))
    assert "planted" not in repr(loaded) + loaded.model_dump_json()


def test_a_path_that_is_no_file_and_a_file_that_is_no_toml(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FORTSTRIPE_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml, which is not a file"):
        settings.load()
    write("start_date = = 1", monkeypatch, tmp_path)
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        settings.load()


def test_missing_secrets_are_asked_for_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(DECIDED, monkeypatch, tmp_path)
    loaded = settings.load()
    with pytest.raises(ConfigurationError, match="STRIPE_API_KEY is not set"):
        loaded.require_stripe()
    with pytest.raises(ConfigurationError, match="FORTNOX_CLIENT_ID, FORTNOX_CLIENT_SECRET, FORTNOX_TENANT_ID not set"):
        loaded.require_fortnox()
