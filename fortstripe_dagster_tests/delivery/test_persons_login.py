"""Delivery by a person's login: tokens that work once each, kept in a file that its owner alone may read."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from fortstripe_dagster import delivery
from fortstripe_dagster.delivery.sending.connection import persons_login
from fortstripe_dagster.failures import DeliveryStopped
from fortstripe_dagster.fortnox import authorization_url
from fortstripe_dagster_tests.conftest import MARCH
from fortstripe_dagster_tests.delivery.house import House, house

BACK = "http://localhost:8474/callback"


def a_person_consents(home: House) -> None:
    """What `fortstripe connect` does: the consent's code becomes the first tokens."""
    url = authorization_url(
        home.settings.fortnox_auth_base, client_id="sandbox", redirect_uri=BACK, state="s", service_account=False,
        scopes="bookkeeping companyinformation customer invoice payment article settings inbox connectfile".split(),
    )  # fmt: skip
    answer = requests.get(url, allow_redirects=False, timeout=10)
    persons_login(home.settings).accept_code(parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0], BACK)


def run(home: House) -> delivery.DeliveryReport:
    home.write_ledger()
    return delivery.deliver(home.settings, home.warehouse, MARCH, progress=home.said.append)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_persons_login_delivers_and_renews_itself(tmp_path: Path, elsewhere: bool) -> None:
    file = tmp_path / "secure" / "tokens.json" if elsewhere else None
    login = {"auth": "refresh_token", "token_file": file, "requests_per_5_seconds": 5000}
    secrets: dict[str, Any] = {"FORTNOX_CLIENT_ID": "sandbox", "FORTNOX_CLIENT_SECRET": "sandbox-secret"}
    with house(tmp_path / "home", fortnox=login, **secrets) as home:
        home.fee("txn_1:fee", 300)
        with pytest.raises(DeliveryStopped, match="connect the company first"):
            run(home)
        a_person_consents(home)
        assert run(home).exit_code == 0
        kept = file or home.settings.home / "fortnox-tokens.json"
        assert home.settings.fortnox_tokens_path == kept and stat.S_IMODE(kept.stat().st_mode) == 0o600
        before = kept.read_text()
        home.gateway.tokens.expire_all()
        home.fee("txn_2:fee", 200)
        assert run(home).exit_code == 0 and kept.read_text() != before, "the token that works once was renewed"
        assert home.accounts()["6570"] == "5.00"


def test_the_login_of_another_company_writes_nothing(tmp_path: Path) -> None:
    login = {"auth": "refresh_token", "requests_per_5_seconds": 5000}
    secrets: dict[str, Any] = {
        "FORTNOX_CLIENT_ID": "sandbox",
        "FORTNOX_CLIENT_SECRET": "sandbox-secret",
        "FORTNOX_TENANT_ID": "7",
    }
    with house(tmp_path, fortnox=login, **secrets) as home:
        home.fee("txn_1:fee", 300)
        a_person_consents(home)
        with pytest.raises(DeliveryStopped, match="FORTNOX_TENANT_ID says 7"):
            run(home)
        assert home.writes() == []
