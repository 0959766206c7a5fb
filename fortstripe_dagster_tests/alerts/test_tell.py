"""Alerts reach Slack, a mailbox and any webhook, each once, again when they change, and once more when solved."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fortstripe_dagster.alerts import Alert, Told, tell
from fortstripe_dagster.alerts.channels import SIGNATURE
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse
from fortstripe_dagster_tests.alerts.receivers import Mailbox, Posted, http_receiver, mail_server
from fortstripe_dagster_tests.conftest import CHOICES

NOW = datetime(2026, 3, 9, 4, 0, tzinfo=UTC)
HELD = Alert("document", "held:invoice:1", "3 invoices held: <b>Åsa & Co</b>\nforged line", "register for OSS.", True)
NEWS = Alert("payment_failure", "2026-03-08", "1 payment failed.", "remind them.", lasts=False)


def settings(home: Path, **chosen: Any) -> Settings:
    return Settings(**{**CHOICES, "home": home, "FORTNOX_TENANT_ID": "123", **chosen})


def told(chosen: Settings, alerts: Sequence[Alert], now: datetime = NOW, **more: Any) -> Told:
    return tell(chosen, Warehouse(chosen.warehouse_path), alerts, now, **more)


def texts(posted: Posted) -> list[str]:
    return [json.loads(body)["text"] for body in posted.bodies]


def test_each_thing_is_told_once_again_when_it_changes_or_lasts_and_when_it_is_over(tmp_path: Path) -> None:
    with http_receiver() as posted:
        chosen = settings(tmp_path, ALERT_SLACK_URL=posted.url)
        assert told(chosen, [HELD, NEWS]).sent == {"slack": 2}
        assert told(chosen, [HELD, NEWS], NOW + timedelta(days=6)).sent == {"slack": 0}
        assert len(posted.bodies) == 1
        assert told(chosen, [HELD, NEWS], NOW + timedelta(days=7)).sent == {"slack": 1}
        changed = replace(HELD, text="4 invoices held")
        assert told(chosen, [changed, NEWS], NOW + timedelta(days=7, hours=1)).sent == {"slack": 1}
        # What was not looked at is not taken for solved; news that has passed is no solved problem.
        assert told(chosen, [], NOW + timedelta(days=8), not_looked_at=("document",)).sent == {"slack": 0}
        assert told(chosen, [], NOW + timedelta(days=8)).sent == {"slack": 1}
        assert "Solved: 4 invoices held" in texts(posted)[-1] and "payment failed" not in texts(posted)[-1]
        assert told(chosen, [], NOW + timedelta(days=9)).sent == {"slack": 0}
        assert told(chosen, [HELD], NOW + timedelta(days=9)).sent == {"slack": 1}


def test_a_kind_that_is_left_out_from_now_on_is_not_called_solved(tmp_path: Path) -> None:
    with http_receiver() as posted:
        assert told(settings(tmp_path, ALERT_SLACK_URL=posted.url), [HELD]).sent == {"slack": 1}
        quiet = settings(tmp_path, ALERT_SLACK_URL=posted.url, alerts={"leave_out": ["document"]})
        assert told(quiet, []).sent == {"slack": 0}
        assert len(posted.bodies) == 1


def test_slack_reads_no_markup_and_no_forged_line_from_texts_of_others(tmp_path: Path) -> None:
    with http_receiver() as posted:
        told(settings(tmp_path, ALERT_SLACK_URL=posted.url), [HELD])
    (text,) = texts(posted)
    assert "&lt;b&gt;Åsa &amp; Co&lt;/b&gt; forged line Do: register for OSS." in text
    assert len(text.splitlines()) == 2 and text.startswith("*fortstripe, Fortnox 123: 1 new, 1 urgent*")


def test_an_e_mail_says_what_is_the_matter_and_what_to_do(tmp_path: Path) -> None:
    with mail_server() as box:
        chosen = mailing(tmp_path, box)
        assert told(chosen, [HELD, NEWS]).sent == {"email": 2}
        (mail,) = box.mails
        assert box.receivers == [["eva@example.com", "ekonomi@example.com"]]
        assert mail["Subject"] == "fortstripe, Fortnox 123: 2 new, 1 urgent"
        assert "URGENT: 3 invoices held: <b>Åsa & Co</b> forged line Do: register for OSS." in mail.get_content()
        box.refused = {"eva@example.com", "ekonomi@example.com"}
        failed = told(chosen, [replace(NEWS, text="2 payments failed.")]).failed
        assert len(failed) == 1 and "did not take the message" in str(failed[0])


def mailing(home: Path, box: Mailbox) -> Settings:
    to = ("eva@example.com", "ekonomi@example.com")
    server = {"smtp_host": "127.0.0.1", "smtp_port": box.port, "smtp_security": "none"}
    return settings(home, alerts={"email_to": to, **server})


def test_a_webhook_gets_the_whole_object_signed(tmp_path: Path) -> None:
    with http_receiver() as posted:
        chosen = settings(tmp_path, ALERT_WEBHOOK_URL=posted.url, ALERT_WEBHOOK_SECRET="shared")
        told(chosen, [HELD])
    (body,), (headers,) = posted.bodies, posted.headers
    assert headers[SIGNATURE.lower()] == "sha256=" + hmac.new(b"shared", body, hashlib.sha256).hexdigest()
    assert json.loads(body)["alerts"] == [HELD.as_json()]
    assert json.loads(body)["company"] == "Fortnox 123"


def test_a_channel_that_fails_hears_it_later_and_holds_nobody_up(tmp_path: Path) -> None:
    with http_receiver() as slack, http_receiver() as other:
        chosen = settings(tmp_path, ALERT_SLACK_URL=slack.url, ALERT_WEBHOOK_URL=other.url)
        slack.status = 404
        first = told(chosen, [HELD])
        assert first.sent == {"webhook": 1}
        assert str(first.failed[0]).startswith("Slack did not take the message (HTTP 404).")
        slack.status = 200
        second = told(chosen, [HELD])
        assert second.sent == {"slack": 1, "webhook": 0} and not second.failed


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/planted-secret", "nowhere planted-secret"])
def test_an_address_that_is_a_secret_stands_in_no_error(tmp_path: Path, url: str) -> None:
    (failure,) = told(settings(tmp_path, ALERT_SLACK_URL=url), [HELD]).failed
    assert "planted" not in f"{failure}{failure.__context__ if not failure.__suppress_context__ else ''}"
    assert "ALERT_SLACK_URL" in failure.remedy


def test_without_a_channel_nothing_is_sent_and_that_is_said(tmp_path: Path) -> None:
    assert told(settings(tmp_path), [HELD]).text() == "no channel is configured"
