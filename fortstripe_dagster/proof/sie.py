"""The ledger as a SIE 4I file: vouchers that any Swedish bookkeeping program can read, without an API.

The other direction, reading what Fortnox exports, is `fortnox.sie`. What a 4I file may hold is fixed by the standard
(SIE 4B, 2008): no balances, CP437, amounts with a point, a checksum over labels and fields.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import duckdb

from fortstripe_dagster.business_day import Days, today
from fortstripe_dagster.failures import DONE, HELD, Failure
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse, has_table

ENCODING = "cp437"
COST_CENTRE, PROJECT = "1", "6"
"""The standard's numbers of these two dimensions."""
DIMENSION_NAMES = {COST_CENTRE: "Kostnadsställe", PROJECT: "Projekt"}

# Signs that a person would write differently where CP437 lacks them, and the one that escapes a quote in SIE. All
# others lose their marks, or become "?".
_PLAIN = str.maketrans({"–": "-", "—": "-", "’": "'", "‘": "'", "”": '"', "“": '"', "…": "...", "€": "EUR", "\\": "/"})


@dataclass(frozen=True)
class Row:
    """A row of a voucher: kronor, debit positive. `objects` are (dimension, object) pairs."""

    account: str
    amount: Decimal
    text: str = ""
    objects: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Voucher:
    """A voucher (verifikation); its rows add up to nought."""

    series: str
    number: int
    day: date
    text: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class SieReport:
    """What was written, and which entries were left out because they wait for a person."""

    path: Path
    days: Days
    vouchers: int
    rows: int
    debit: Decimal
    held: tuple[tuple[str, date, str], ...]

    @property
    def exit_code(self) -> int:
        return HELD if self.held else DONE

    def text(self) -> str:
        """The report for a terminal."""
        lines = [
            f"{self.path}: {self.vouchers} vouchers with {self.rows} rows of {self.days}, debit = credit = "
            f"{self.debit} kronor."
        ]
        lines += [f"  left out, held: {entry} of {day}: {reason}" for entry, day, reason in self.held]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """The report for machines; amounts are text."""
        return {
            "path": str(self.path),
            "days": [self.days.first.isoformat(), self.days.last.isoformat()],
            "vouchers": self.vouchers,
            "rows": self.rows,
            "debit": str(self.debit),
            "held": [{"entry_id": entry, "day": day.isoformat(), "reason": reason} for entry, day, reason in self.held],
        }


def write_sie(
    settings: Settings,
    warehouse: Warehouse,
    days: Days,
    path: Path,
    company: str | None = None,
    *,
    generated: date | None = None,
) -> SieReport:
    """Write the ledger's entries of these days as a SIE 4I file, one voucher each; held ones are left out and named.

    `company` is the name in the file; default: as Fortnox's books say it. `generated` is the day that the file says it
    was made on; default: today. Raises Failure when there is nothing to write
    or nobody knows the company's name.
    """
    with warehouse.writer() as connection:
        if not has_table(connection, "ledger.lines"):
            raise Failure("The ledger has not been built.", "run `fortstripe sync` for these days first.")
        vouchers, held = _vouchers(connection, settings.voucher_series, days), _held(connection, days)
        in_fortnox = has_table(connection, "proof.fortnox_years")
        names = _account_names(connection, in_fortnox)
        known = _company(connection) if in_fortnox else ("", "")
    if not vouchers and not held:
        raise Failure(f"The ledger has no entries for {days}.", "run `fortstripe sync` for these days first.")
    name, organisation_number = company or known[0], known[1] if company in (None, known[0]) else ""
    if not name:
        raise Failure("A SIE file must name the company.", "give --company NAME, or prove once against Fortnox.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(name, organisation_number, names, vouchers, generated or today()))
    rows = [row for voucher in vouchers for row in voucher.rows]
    debit = sum((row.amount for row in rows if row.amount > 0), Decimal("0.00"))
    return SieReport(path, days, len(vouchers), len(rows), debit, held)


def encode(
    company: str,
    organisation_number: str,
    account_names: dict[str, str],
    vouchers: Sequence[Voucher],
    generated: date,
) -> bytes:
    """The bytes of a SIE 4I file. Raises Failure for a voucher that does not balance."""
    head: list[tuple[str | tuple[str, ...], ...]] = [
        ("#PROGRAM", "fortstripe", version("fortstripe_dagster")),
        ("#FORMAT", "PC8"),
        ("#GEN", f"{generated:%Y%m%d}"),
        ("#SIETYP", "4"),
        *([("#ORGNR", organisation_number)] if organisation_number else []),
        ("#FNAMN", company),
        ("#VALUTA", "SEK"),
    ]
    used = sorted({row.account for voucher in vouchers for row in voucher.rows})
    head += [("#KONTO", account, account_names.get(account, f"Konto {account}")) for account in used]
    objects = sorted({pair for voucher in vouchers for row in voucher.rows for pair in row.objects})
    head += [("#DIM", dimension, DIMENSION_NAMES[dimension]) for dimension in sorted({pair[0] for pair in objects})]
    head += [("#OBJEKT", dimension, code, code) for dimension, code in objects]
    text, checksum = [_line("#FLAGGA", "0"), _line("#KSUMMA")], 0
    for fields in (*head, *_of(vouchers)):
        text.append(_line(*fields))
        checksum = zlib.crc32(_summed(fields), checksum)
    return "".join(f"{line}\r\n" for line in (*text, _line("#KSUMMA", str(checksum)))).encode(ENCODING)


def _of(vouchers: Iterable[Voucher]) -> Iterator[tuple[str | tuple[str, ...], ...]]:
    for voucher in vouchers:
        if total := sum((row.amount for row in voucher.rows), Decimal(0)):
            raise Failure(
                f"Voucher {voucher.series} {voucher.number} ({voucher.text}) is {total} kronor off.",
                "this is a fault in the ledger: report it with that text; no file was written.",
            )
        yield "#VER", voucher.series, str(voucher.number), f"{voucher.day:%Y%m%d}", voucher.text
        yield ("{",)
        for row in voucher.rows:
            objects = tuple(part for pair in row.objects for part in pair)
            yield "#TRANS", row.account, objects, f"{row.amount:.2f}", f"{voucher.day:%Y%m%d}", row.text
        yield ("}",)


def _line(*fields: str | tuple[str, ...]) -> str:
    label, *rest = fields
    return " ".join([str(label), *(_field(field) for field in rest)])


def _field(field: str | tuple[str, ...]) -> str:
    if isinstance(field, tuple):
        return "{" + " ".join(map(_field, field)) + "}"
    plain = representable(field)
    if plain and not set(plain) & set(' \t"{}'):
        return plain
    return '"' + plain.replace('"', '\\"') + '"'


def _summed(fields: tuple[str | tuple[str, ...], ...]) -> bytes:
    """What the checksum covers: labels and the contents of fields, no separators, quotes or braces."""
    if fields[0] in ("{", "}"):
        return b""
    parts = [field if isinstance(field, str) else "".join(field) for field in fields]
    return "".join(map(representable, parts)).encode(ENCODING)


def representable(text: str) -> str:
    """The text as CP437 can say it: no control characters, the nearest letter where there is one."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    said = unicodedata.normalize("NFC", text).translate(_PLAIN)
    return "".join(_nearest(character) for character in said)


def _nearest(character: str) -> str:
    if unicodedata.category(character) == "Cc" or character.isspace():
        return " "
    for candidate in (character, unicodedata.normalize("NFKD", character)):
        plain = "".join(c for c in candidate if not unicodedata.combining(c)) if candidate != character else candidate
        try:
            plain.encode(ENCODING)
        except UnicodeEncodeError:
            continue
        return plain
    return "?"


def _vouchers(connection: duckdb.DuckDBPyConnection, series: str, days: Days) -> list[Voucher]:
    rows = connection.execute(
        "SELECT e.entry_id, e.event_day, coalesce(e.text, e.kind), l.account, l.debit - l.credit,"
        " l.cost_center, l.project"
        " FROM ledger.entries e JOIN ledger.lines l USING (entry_id)"
        " WHERE e.event_day BETWEEN ? AND ? AND e.held IS NULL ORDER BY e.event_day, e.entry_id, l.line_no",
        [days.first, days.last],
    ).fetchall()
    by_entry: dict[str, tuple[date, str, list[Row]]] = {}
    for entry_id, day, text, account, amount, cost_centre, project in rows:
        pairs = tuple((dim, code) for dim, code in ((COST_CENTRE, cost_centre), (PROJECT, project)) if code)
        by_entry.setdefault(entry_id, (day, text, []))[2].append(Row(account, amount, entry_id, pairs))
    return [
        Voucher(series, number, day, text, tuple(lines))
        for number, (day, text, lines) in enumerate(by_entry.values(), start=1)
    ]


def _held(connection: duckdb.DuckDBPyConnection, days: Days) -> tuple[tuple[str, date, str], ...]:
    rows = connection.execute(
        "SELECT entry_id, event_day, held FROM ledger.entries"
        " WHERE held IS NOT NULL AND event_day BETWEEN ? AND ? ORDER BY event_day, entry_id",
        [days.first, days.last],
    ).fetchall()
    return tuple((entry_id, day, reason) for entry_id, day, reason in rows)


def _company(connection: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """Name and organisation number in Fortnox's newest financial year that was read."""
    row = connection.execute(
        "SELECT company, organisation_number FROM proof.fortnox_years ORDER BY first_day DESC LIMIT 1"
    ).fetchone()
    return (row[0], row[1]) if row else ("", "")


def _account_names(connection: duckdb.DuckDBPyConnection, in_fortnox: bool) -> dict[str, str]:
    """Fortnox's own names where its books were read; else what part the account plays."""
    names = {
        number: role.replace("_", " ")
        for role, number in connection.execute("SELECT role, number FROM ledger.account_map ORDER BY role").fetchall()
    }
    if in_fortnox:
        names |= dict(
            connection.execute("SELECT account, name FROM proof.fortnox_accounts ORDER BY year_id").fetchall()
        )
    return names
