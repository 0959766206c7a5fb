"""How a specification or a PDF of Stripe gets into Fortnox: the file is uploaded, then tied to its voucher or invoice.

An upload is found again by its name, which no other file has; a tie by the file's id. Until it is tied, a file stands
in no books: one that was uploaded twice because its answer was lost is litter in the inbox, nothing worse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fortstripe_dagster import fortnox
from fortstripe_dagster.delivery.documents import papers
from fortstripe_dagster.delivery.documents.documents import Document
from fortstripe_dagster.delivery.journal.journal import Request
from fortstripe_dagster.fortnox import Fortnox, FortnoxError, Refused, path
from fortstripe_dagster.settings import Settings

_FOLDERS = {"voucher": "inbox_v", "invoice": "inbox_kf"}
"""Fortnox's own folders for the files of vouchers and of customers' invoices, in the inbox and in the archive."""

TIES = "/api/fileattachments/attachments-v1"
"""Where files are tied to invoices, by the invoice's number; `F` is what Fortnox calls an invoice there."""
_INVOICE = "F"

NO_FILES = frozenset({2000663, 2001101, 2001103})
"""Codes by which Fortnox says that scope or licence is missing."""

REMEDY = (
    "give the integration the scopes inbox, archive and connectfile and the company the licence, then sync these days "
    'again; or set attachments and stripe_pdfs to "off". The documents themselves are booked.'
)


def upload(document: Document, settings: Settings) -> Request:
    """The upload. Its body for the journal names the file; the bytes are sent by `send`."""
    assert document.file is not None
    return Request(
        "POST",
        path(settings.files),
        {"name": document.content["name"], "sha256": hashlib.sha256(document.file).hexdigest()},
        {"path": _folder(document)},
    )


def connect(file_id: str, voucher: str, series: str, first_day: str) -> Request:
    """The tie between file and voucher. Without the year's first day the file lands on another year's voucher."""
    body = fortnox.VoucherFileConnection(file_id=file_id, voucher_number=voucher, voucher_series=series).body()
    return Request("POST", path("voucherfileconnections"), body, {"financialyeardate": first_day})


def connect_invoice(file_id: str, invoice: str) -> Request:
    """The tie between file and invoice; never sent along, should a person send the invoice to the customer."""
    tie = {"entityId": int(invoice), "entityType": _INVOICE, "fileId": file_id, "includeOnSend": False}
    return Request("POST", TIES, [tie])


def send(client: Fortnox, document: Document, wanted: Request) -> Any:
    """Upload the file, which goes as a form and not as JSON. Raises FortnoxError."""
    if document.file is None:
        raise LookupError(f"{document.document_id} is to be uploaded without its file")
    kind = papers.PDF if papers.of_stripe(document) else "text/csv"
    return client.upload(wanted.path, document.content["name"], document.file, wanted.params, kind)


def number_of(answer: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """The file's id in the answer to either step. Raises LookupError where it has none."""
    if not isinstance(answer, Mapping):
        return str(answer[0]["fileId"])
    if "fileId" in answer:  # the official schema says one, the words beside it a list
        return str(answer["fileId"])
    return str(answer["File"]["Id"] if "File" in answer else answer["VoucherFileConnection"]["FileId"])


def look_up_upload(client: Fortnox, document: Document, settings: Settings) -> dict[str, Any] | None:
    """The uploaded file, if its folder lists it."""
    store = settings.files
    for item in _listed(client, path(store), path(store, _folder(document)), _folder(document)):
        if item.get("Name") == document.content["name"]:
            return {"File": item}
    return None


def look_up_tie(client: Fortnox, file_id: str) -> dict[str, Any] | None:
    """The file's tie to its voucher, if there is one."""
    try:
        answer: dict[str, Any] = client.get(path("voucherfileconnections", file_id))
    except Refused as error:
        if error.status in (400, 404):  # which of them an unknown file is, Fortnox's pages do not say
            return None
        raise
    return answer


def look_up_invoice_tie(client: Fortnox, file_id: str, invoice: str) -> Mapping[str, Any] | None:
    """The file's tie to an invoice, if there is one."""
    return next((tie for tie in invoice_ties(client, invoice) if str(tie.get("fileId")) == file_id), None)


def invoice_ties(client: Fortnox, invoice: str) -> Sequence[Mapping[str, Any]]:
    """What is tied to an invoice."""
    answer = client.get(TIES, {"entityid": int(invoice), "entitytype": _INVOICE})
    return [answer] if isinstance(answer, Mapping) and answer else list(answer)


def is_missing_permission(error: FortnoxError) -> bool:
    """Whether no file at all can be sent, for want of scope, licence or the service itself."""
    return error.status in (403, 404, 405) or (isinstance(error, Refused) and error.code in NO_FILES)


def _folder(document: Document) -> str:
    return next(folder for target, folder in _FOLDERS.items() if target in document.content)


def _listed(client: Fortnox, root: str, folder: str, name: str) -> Iterator[Mapping[str, Any]]:
    """The files of the root, and of our folder (its name) where the root only names it."""
    top = client.get(root).get("Folder") or {}
    yield from top.get("Files") or ()
    if any(name in (item.get("Id"), item.get("Name")) for item in top.get("Folders") or ()):
        try:
            yield from (client.get(folder).get("Folder") or {}).get("Files") or ()
        except Refused as error:
            if error.status != 404:
                raise
