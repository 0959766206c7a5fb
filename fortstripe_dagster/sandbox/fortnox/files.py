"""Files: what is uploaded to the inbox, and which voucher each file is attached to."""

import uuid
from dataclasses import dataclass

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal, not_found

FOLDERS = ("inbox_a", "inbox_d", "inbox_s", "inbox_v", "inbox_b", "inbox_l", "inbox_kf", "inbox_o", "inbox_of")


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file. Fortnox has a second id for the archive, which is not the one to connect it by."""

    id: str
    archive_id: str
    name: str
    folder: str
    content: bytes


@dataclass(frozen=True)
class Connection:
    """A file attached to a voucher."""

    file_id: str
    year: int
    series: str
    number: int


@dataclass(frozen=True)
class Attachment:
    """A file attached to something other than a voucher: `F` is an invoice."""

    id: str
    file_id: str
    entity_type: str
    entity_id: int
    include_on_send: bool


class Files:
    """All files by id, their connections to vouchers by file id, and what is attached to invoices."""

    def __init__(self) -> None:
        self.all: dict[str, StoredFile] = {}
        self.connections: dict[str, Connection] = {}
        self.attachments: list[Attachment] = []

    def get(self, file_id: str) -> StoredFile:
        """The file, or a 404."""
        if file_id not in self.all:
            raise not_found()
        return self.all[file_id]

    def store(self, name: str, folder: str, content: bytes) -> StoredFile:
        """Keeps an uploaded file in one of the inbox's folders."""
        if folder not in FOLDERS:
            raise Refusal(refusals.INVALID_VALUE, f"path: {folder}")
        if not name or not content:
            raise Refusal(refusals.WRONG_BODY)
        file = StoredFile(str(uuid.uuid4()), str(uuid.uuid4()), name, folder, content)
        self.all[file.id] = file
        return file

    def connect(self, file_id: str, year: int, series: str, number: int) -> Connection:
        """Attaches a file to a voucher; a file belongs to one voucher only."""
        if file_id not in self.all:
            raise Refusal(refusals.INVALID_VALUE, f"FileId: {file_id}")
        if file_id in self.connections:
            raise Refusal(refusals.IN_USE, file_id)
        self.connections[file_id] = Connection(file_id, year, series, number)
        return self.connections[file_id]

    def attach(self, file_id: str, entity_type: str, entity_id: int, include_on_send: bool) -> Attachment:
        """Attaches a file to an invoice; the same one twice is two attachments."""
        self.get(file_id)
        self.attachments.append(Attachment(str(uuid.uuid4()), file_id, entity_type, entity_id, include_on_send))
        return self.attachments[-1]

    def delete(self, file_id: str) -> None:
        """Removes a file that is not attached to a voucher."""
        self.get(file_id)
        if file_id in self.connections:
            raise Refusal(refusals.IN_USE, file_id)
        del self.all[file_id]

    def disconnect(self, file_id: str) -> None:
        """Detaches a file from its voucher."""
        if file_id not in self.connections:
            raise not_found()
        del self.connections[file_id]
