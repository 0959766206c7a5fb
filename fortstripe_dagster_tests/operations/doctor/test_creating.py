"""What the doctor makes: a first configuration that guesses nothing, and registers in Fortnox, once."""

from __future__ import annotations

import io
import json
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.operations.doctor import first_file
from fortstripe_dagster.sandbox.fortnox.company import Company, Currency, Series
from fortstripe_dagster_tests.companies import Running, running
from fortstripe_dagster_tests.conftest import Run
from fortstripe_dagster_tests.operations.environment import configure
from fortstripe_dagster_tests.operations.small_world import small_world

ANSWERS = {
    "start_date": "2026-03-01",
    "invoice_issuer": "stripe",
    "processing_fee_vat": "exempt",
    "dispute_lost": "credit",
    "bank_leg": "book",
    "default_supply.kind": "e-service",
    "default_supply.vat_rate": "25",
    "accounts.clearing.SEK": "1686",
}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A Fortnox company that has nothing of ours yet."""
    fresh = Company(
        series=(Series("A", "Redovisning", manual=True), Series("B", "Kundfakturor"), Series("C", "Inbetalningar")),
        modes_of_payment={"BG": ("Bankgiro", 1930)},
        currencies=(Currency("SEK", "Svenska kronor"),),
    )
    with running(small_world(), tmp_path / "home", company=fresh) as served:
        configure(served.settings, tmp_path, monkeypatch)
        yield served


def test_the_file_asks_for_exactly_what_a_load_demands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {choice.name for choice in first_file.required()} == set(ANSWERS)
    path = tmp_path / "fortstripe.toml"
    monkeypatch.setenv("FORTSTRIPE_CONFIG", str(path))
    first_file.write(path, ANSWERS)
    settings = settings_module.load()
    assert settings.start_date.isoformat() == "2026-03-01"
    assert settings.default_supply.vat_rate == 25
    assert settings.accounts.clearing == {"SEK": "1686"}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_choice_that_nobody_made_is_a_comment_and_the_load_asks_for_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fortstripe.toml"
    monkeypatch.setenv("FORTSTRIPE_CONFIG", str(path))
    first_file.write(path, {key: value for key, value in ANSWERS.items() if key != name})
    tomllib.loads(path.read_text())
    with pytest.raises(ConfigurationError, match="missing: " + name.replace("accounts.clearing.SEK", "accounts")):
        settings_module.load()


def test_every_choice_is_explained_with_its_options() -> None:
    text = first_file.text({})
    for choice in first_file.required():
        for option in choice.options:
            assert option in text
        assert choice.meaning.split(".")[0] in text.replace("\n# ", " ")
    assert tomllib.loads(text) == {}
    assert max(len(line) for line in text.splitlines()) <= 120


def test_an_answer_cannot_break_out_of_its_line() -> None:
    text = first_file.text({"bank_leg": 'book"\napproval = "auto'})
    assert tomllib.loads(text) == {"bank_leg": 'book"\napproval = "auto'}


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "fortstripe.toml"
    path.write_text("mine")
    with pytest.raises(ConfigurationError, match="exists already"):
        first_file.write(path, ANSWERS)
    assert path.read_text() == "mine"


def test_from_nothing_to_a_first_dry_run(
    bare: Running, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fortstripe.toml"
    path.unlink()
    monkeypatch.delenv("FORTSTRIPE_CONFIG")
    monkeypatch.setenv("FORTSTRIPE_FORTNOX__REQUESTS_PER_5_SECONDS", "5000")
    code, _, err = run("doctor")
    assert code == 2 and "doctor --create" in err
    code, _, err = run("doctor", "--create", "--set", "bank_leg=book")
    assert code == 2 and "missing: start_date, invoice_issuer, " in err and "7 choices in it are yours" in err
    path.unlink()
    arguments = [f"--set={name}={value}" for name, value in ANSWERS.items()]
    code, out, err = run("doctor", "--create", "--yes", "--json", *arguments)
    assert code == 0, out
    assert "Verifikationsserie S" in err and "Betalsätt STRIPE" in err
    checks = {check["name"]: check["findings"] for check in json.loads(out)["checks"]}
    assert [finding["severity"] for finding in checks["voucher_series"]] == ["ok", "ok"]
    assert [finding["severity"] for finding in checks["modes_of_payment"]] == ["ok"]


class Terminal(io.StringIO):
    """A person who types these lines."""

    def isatty(self) -> bool:
        return True


def test_a_person_at_a_terminal_is_asked_for_each_choice_until_it_is_one_of_the_options(
    bare: Running, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fortstripe.toml").unlink()
    monkeypatch.setenv("FORTSTRIPE_FORTNOX__REQUESTS_PER_5_SECONDS", "5000")
    answers = [value for name, value in ANSWERS.items() if name != "start_date"]
    typed = [*answers[:1], "perhaps", *answers[1:], "n"]
    monkeypatch.setattr(sys, "stdin", Terminal("\n".join([*typed, ""])))
    code, _, err = run("doctor", "--create", "--set", "start_date=2026-03-01")
    assert code == 0, err
    assert "'perhaps' is not one of" in err
    for choice in first_file.required():
        assert (choice.meaning.split(".")[0] in err) == (choice.name != "start_date")
    assert settings_module.load().processing_fee_vat == "exempt"
    assert bare.writes() == 0


def test_what_it_makes_is_journalled_made_once_and_used_by_the_delivery(bare: Running, run: Run) -> None:
    code, _, err = run("doctor", "--create", "--yes")
    assert code == 0, err
    written = bare.writes()
    assert written >= 2
    run("doctor", "--create", "--yes")
    assert bare.writes() == written
    assert bare.sync().exit_code == 0
    posts = [call.path for call in bare.fortnox.calls if call.method == "POST"]
    assert posts.count("/3/modesofpayments") == 1
    assert {"1686", "1510"}.isdisjoint(bare.general_ledger())


def test_of_several_companies_one_is_examined(bare: Running, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare.settings.home.parent / "companies").mkdir()
    Path(os.environ["FORTSTRIPE_CONFIG"]).rename(bare.settings.home.parent / "companies" / "alpha.toml")
    monkeypatch.delenv("FORTSTRIPE_CONFIG")
    monkeypatch.setenv("FORTSTRIPE_COMPANIES", str(bare.settings.home.parent / "companies"))
    for name in ("STRIPE_API_KEY", "FORTNOX_TENANT_ID"):
        monkeypatch.setenv(f"ALPHA_{name}", os.environ[name])
        monkeypatch.delenv(name)
    monkeypatch.setenv("FORTSTRIPE_COMPANY", "alpha")
    code, out, err = run("doctor")
    assert code == 0, err + out
    assert "Nordljus Handel AB" in out


def test_nothing_is_made_without_a_yes(bare: Running, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    run("doctor", "--create")
    assert bare.writes() == 0


def test_a_currency_of_a_clearing_account_is_registered(
    bare: Running, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORTSTRIPE_ACCOUNTS__CLEARING", '{"SEK": "1686", "EUR": "1687"}')
    assert "EUR" not in bare.books.currencies
    run("doctor", "--create", "--yes")
    assert "EUR" in bare.books.currencies
