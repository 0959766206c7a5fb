"""Ways to reach a person: Slack, e-mail, any webhook. Each sends one message or raises NotSent, without its address.

The address of a Slack or other webhook is a secret: whoever has it can post there. It never stands in an error.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import partial

import requests

from fortstripe_dagster.alerts.message import Message
from fortstripe_dagster.failures import Failure
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.settings.reachable import Reachable

TIMEOUT = 20.0
SIGNATURE = "Fortstripe-Signature"
"""Header of a webhook: sha256=… of the body under ALERT_WEBHOOK_SECRET."""
SLACK_LONGEST = 38_000
"""Slack cuts a text off at 40,000 characters."""

Channel = Callable[[Message], None]


class NotSent(Failure):
    """A channel did not take the message; it is tried again with the next run."""


def channels(settings: Settings | Reachable) -> dict[str, Channel]:
    """The channels that the company has chosen, by name."""
    found: dict[str, Channel] = {}
    if slack_url := settings.alert_slack_url.get_secret_value():
        found["slack"] = partial(slack, slack_url)
    if settings.alerts.email_to:
        found["email"] = partial(email, settings)
    if url := settings.alert_webhook_url.get_secret_value():
        found["webhook"] = partial(webhook, url, settings.alert_webhook_secret.get_secret_value())
    return found


def slack(url: str, message: Message) -> None:
    """Post to Slack's incoming webhook. Raises NotSent."""
    lines = [f"*{escaped(message.subject)}*", *(f"• {escaped(line)}" for line in message.lines)]
    body = json.dumps({"text": "\n".join(lines)[:SLACK_LONGEST]}).encode()
    _post("Slack", "ALERT_SLACK_URL", url, body, {})


def webhook(url: str, secret: str, message: Message) -> None:
    """Post the message as JSON, signed if there is a secret. Raises NotSent."""
    body = json.dumps(message.as_json(), ensure_ascii=False).encode()
    signed = {SIGNATURE: "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()} if secret else {}
    _post("The webhook", "ALERT_WEBHOOK_URL", url, body, signed)


def email(settings: Settings | Reachable, message: Message) -> None:
    """Send an e-mail to all receivers. Raises NotSent."""
    chosen, password = settings.alerts, settings.alert_smtp_password.get_secret_value()
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = message.subject, chosen.email_from, ", ".join(chosen.email_to)
    mail.set_content(message.text + "\n")
    try:
        with _mail_server(settings) as server:
            if chosen.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if chosen.smtp_user:
                server.login(chosen.smtp_user, password)
            refused = server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(
            f"The mail server {chosen.smtp_host}:{chosen.smtp_port} did not take the message ({_why(error)}).",
            "check the settings smtp_… in [alerts] and ALERT_SMTP_PASSWORD.",
        ) from None
    if refused:
        raise NotSent(
            f"The mail server refused {', '.join(sorted(refused))}.", "correct that address in alerts.email_to."
        )


def escaped(text: str) -> str:
    """Slack reads these three signs as markup; a customer may have them in the name."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mail_server(settings: Settings | Reachable) -> smtplib.SMTP:
    chosen = settings.alerts
    if chosen.smtp_security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(chosen.smtp_host, chosen.smtp_port, timeout=TIMEOUT, context=context)
    return smtplib.SMTP(chosen.smtp_host, chosen.smtp_port, timeout=TIMEOUT)


def _post(who: str, variable: str, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    try:
        answer = requests.post(
            url,
            data=body,
            headers={"Content-Type": "application/json", **headers},
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except (requests.RequestException, ValueError) as error:
        # The library's own text quotes the address.
        raise NotSent(f"{who} cannot be reached ({type(error).__name__}).", f"check {variable}.") from None
    if not 200 <= answer.status_code < 300:
        raise NotSent(f"{who} did not take the message (HTTP {answer.status_code}).", f"check {variable}.")


def _why(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} {error.smtp_code}"
    return type(error).__name__
