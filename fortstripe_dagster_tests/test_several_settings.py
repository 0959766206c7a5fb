"""Several companies: each has its own data directory and secrets, and takes none of another's by mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from fortstripe_dagster import settings
from fortstripe_dagster.cli import cli
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster_tests.test_settings import DECIDED


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two companies, alpha and beta."""
    folder = tmp_path / "companies"
    folder.mkdir()
    for name in ("alpha", "beta"):
        (folder / f"{name}.toml").write_text(DECIDED)
    monkeypatch.setenv("FORTSTRIPE_COMPANIES", str(folder))
    monkeypatch.setenv("FORTSTRIPE_HOME", str(tmp_path / "home"))
    return folder


def test_each_has_its_own_data_and_its_own_key(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "beta.toml").write_text(DECIDED.replace("2026-03-01", "2026-05-01"))
    monkeypatch.setenv("STRIPE_API_KEY", "rk_live_of_nobody")
    monkeypatch.setenv("FORTNOX_TENANT_ID", "999")
    monkeypatch.setenv("FORTNOX_CLIENT_ID", "one for all")
    monkeypatch.setenv("BETA_FORTNOX_CLIENT_ID", "its own")
    monkeypatch.setenv("ALPHA_STRIPE_API_KEY", "rk_live_alpha")
    alpha, beta = settings.load("alpha"), settings.load("beta")
    assert (alpha.home, beta.home) == (tmp_path / "home/alpha", tmp_path / "home/beta")
    assert [str(one.start_date) for one in (alpha, beta)] == ["2026-03-01", "2026-05-01"]
    assert alpha.stripe_api_key.get_secret_value() == "rk_live_alpha"
    assert beta.stripe_api_key.get_secret_value() == "" and beta.fortnox_tenant_id == ""
    assert [one.fortnox_client_id.get_secret_value() for one in (alpha, beta)] == ["one for all", "its own"]
    with pytest.raises(ConfigurationError, match="^BETA_STRIPE_API_KEY is not set"):
        beta.require_stripe()
    with pytest.raises(ConfigurationError, match="^FORTNOX_CLIENT_SECRET, BETA_FORTNOX_TENANT_ID not set"):
        beta.require_fortnox()


def test_secrets_stand_in_a_folder_for_each(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("alpha", "beta"):
        (tmp_path / "secrets" / name).mkdir(parents=True)
        (tmp_path / "secrets" / name / "STRIPE_API_KEY").write_text(f"rk_live_{name}\n")
    monkeypatch.setenv("FORTSTRIPE_SECRETS", str(tmp_path / "secrets"))
    monkeypatch.setenv("BETA_STRIPE_API_KEY", "rk_live_newer")
    keys = [settings.load(name).stripe_api_key.get_secret_value() for name in ("alpha", "beta")]
    assert keys == ["rk_live_alpha", "rk_live_newer"]


def test_one_company_may_have_its_secrets_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fortstripe.toml").write_text(DECIDED)
    (tmp_path / "STRIPE_API_KEY").write_text("rk_live_file\n")
    (tmp_path / "FORTNOX_TENANT_ID").write_text("1\n")
    monkeypatch.setenv("FORTSTRIPE_SECRETS", str(tmp_path))
    monkeypatch.setenv("FORTNOX_TENANT_ID", "2")
    loaded = settings.load()
    assert (loaded.stripe_api_key.get_secret_value(), loaded.fortnox_tenant_id) == ("rk_live_file", "2")
    assert (loaded.company, loaded.home, loaded.fortnox_home) == ("", Path(".fortstripe"), Path(".fortstripe"))


def test_a_command_must_name_its_company(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"2 companies, and none is named.*--company NAME"):
        settings.load()
    monkeypatch.setenv("FORTSTRIPE_COMPANY", "beta")
    assert settings.load().company == "beta"
    monkeypatch.setenv("FORTSTRIPE_COMPANY", "betta")
    with pytest.raises(ConfigurationError, match=r"no company betta in .*did you mean beta\?"):
        settings.load()


def test_the_folder_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTSTRIPE_COMPANIES", "elsewhere")
    with pytest.raises(ConfigurationError, match="elsewhere, which is not a folder"):
        settings.load("alpha")


@pytest.mark.parametrize("name", ["Alpha", "8bit", "a-b", "å", "dagster", "fortnox", "x" * 41])
def test_a_file_name_that_cannot_be_a_companys_is_refused(folder: Path, name: str) -> None:
    (folder / f"{name}.toml").write_text(DECIDED)
    (made_up,) = {one.name for one in settings.companies.company_files()} - {"alpha", "beta"}
    with pytest.raises(ConfigurationError, match=f"{name}.toml cannot be the name of a company"):
        settings.load(made_up)
    assert settings.load("alpha").company == "alpha"


def test_a_company_does_not_choose_where_it_lives(folder: Path) -> None:
    (folder / "alpha.toml").write_text('home = "/srv/beta"\n' + DECIDED)
    with pytest.raises(ConfigurationError, match=r"alpha.toml sets home.*remove that line"):
        settings.load("alpha")


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "alpha.toml").write_bytes(b"name = '\xff\xfe'")
    with pytest.raises(ConfigurationError, match=r"alpha.toml cannot be read: UnicodeDecodeError"):
        settings.load("alpha")
    assert settings.load("beta").company == "beta"


def test_the_command_line_names_the_company(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTSTRIPE_COMPANY", "")
    run = CliRunner().invoke(cli, ["--company", "beta", "plan", "--from", "2026-03-01", "--to", "2026-03-02"])
    assert isinstance(run.exception, ConfigurationError)
    assert "BETA_FORTNOX_TENANT_ID" in str(run.exception)


def test_one_company_has_none_to_choose(tmp_path: Path) -> None:
    (tmp_path / "fortstripe.toml").write_text(DECIDED)
    run = CliRunner().invoke(cli, ["--company", "beta", "prove", "--from", "2026-03-01", "--to", "2026-03-02"])
    assert "Company beta cannot be chosen" in str(run.exception)
