"""Fetching the PDF of an invoice from Stripe: its link is read anew, and followed to Stripe's own hosts alone.

A link is data of an answer: nothing but a PDF of bounded size is taken, no other host is asked, and the key goes to the
API alone. What cannot be had says why, as a reason and a remedy; the books do not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from fortstripe_dagster.delivery.documents import papers
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.settings import STRIPE_API_VERSION, Settings

TIMEOUT_SECONDS = (5.0, 30.0)
MOST_BYTES = 10 * 1024 * 1024
_PIECE = 64 * 1024
_MOST_REDIRECTS = 3
_STRIPE = "stripe.com"
_LINKS = ("invoice_pdf", "pdf")
"""Where an invoice and a credit note name their PDF."""
_AGAIN = "sync its day again, or attach it by hand; the invoice itself is booked."


class NoPaper(Exception):
    """The PDF cannot be had. `lasting`: another one would not come either; `outage`: Stripe itself does not answer."""

    def __init__(self, reason: str, remedy: str = _AGAIN, *, lasting: bool = False, outage: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.lasting = lasting
        self.outage = outage


def fetch(document: Document, settings: Settings) -> bytes:
    """The PDF that the document is to attach. Raises NoPaper."""
    record = papers.of_stripe(document)
    assert record is not None
    issued = _issued(record, settings)
    link = next((issued[name] for name in _LINKS if issued.get(name)), None)
    if link is None:
        raise NoPaper(f"Stripe has no PDF of {document.content['paper']}.", lasting=True)
    try:
        return _followed(str(link), settings)
    except requests.RequestException as error:
        raise NoPaper(f"Stripe's PDF could not be fetched: {type(error).__name__}.", outage=True) from None


def _issued(record: str, settings: Settings) -> Mapping[str, Any]:
    """The invoice or credit note as it is at Stripe now."""
    key = settings.stripe_api_key.get_secret_value()
    if not key:
        raise NoPaper("Stripe's PDFs are to be attached, and there is no key to fetch them with.",
                      'set STRIPE_API_KEY, or stripe_pdfs = "off".', outage=True)  # fmt: skip
    try:
        answer = requests.get(
            settings.stripe_api_base.rstrip("/") + record,
            headers={"Stripe-Version": STRIPE_API_VERSION},
            auth=partial(_with_key, key),
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        found = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, ValueError) as error:
        raise NoPaper(f"Stripe could not be asked for the PDF: {type(error).__name__}.", outage=True) from None
    if isinstance(found, dict):
        return found
    allowed = answer.status_code not in (401, 403)
    raise NoPaper(
        f"Stripe answers {answer.status_code} for {record}.",
        _AGAIN if allowed else 'let the Stripe key read invoices and credit notes, or set stripe_pdfs = "off".',
        outage=not allowed or answer.status_code >= 500,
    )


def _with_key(key: str, request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The request with the key, as `auth` so that no entry in a netrc file can take its place."""
    request.headers["Authorization"] = f"Bearer {key}"
    return request


def _followed(link: str, settings: Settings) -> bytes:
    """What is behind the link, through redirects that stay with Stripe."""
    for _ in range(_MOST_REDIRECTS + 1):
        if not _is_stripes(link, settings):
            raise NoPaper(f"The PDF's link leads to {urlsplit(link).hostname}, which is not Stripe's.", lasting=True)
        with requests.get(
            link, headers={"Accept": papers.PDF}, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
        ) as answer:
            if answer.is_redirect:
                link = urljoin(link, answer.headers["Location"])
                continue
            return _pdf(answer)
    raise NoPaper("The PDF's link leads on and on.")


def _pdf(answer: requests.Response) -> bytes:
    if answer.status_code != 200:
        raise NoPaper(f"The PDF's link answers {answer.status_code}.", outage=answer.status_code >= 500)
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != papers.PDF:
        raise NoPaper(f"The PDF's link leads to {kind or 'something unnamed'} instead of a PDF.")
    content = bytearray()
    for piece in answer.iter_content(_PIECE):
        content += piece
        if len(content) > MOST_BYTES:
            raise NoPaper(f"Stripe's PDF is larger than {MOST_BYTES // 1024 // 1024} MB.", lasting=True)
    if not content.startswith(b"%PDF-"):
        raise NoPaper("What the PDF's link leads to is no PDF.")
    return bytes(content)


def _is_stripes(link: str, settings: Settings) -> bool:
    """Whether a link stays with Stripe, or with what the company named in Stripe's place."""
    asked, api = urlsplit(link), urlsplit(settings.stripe_api_base)
    host = asked.hostname or ""
    if asked.scheme == "https" and (host == _STRIPE or host.endswith(f".{_STRIPE}")) and not asked.username:
        return asked.port in (None, 443)
    return (asked.scheme, asked.netloc) == (api.scheme, api.netloc)
