"""What can go wrong, said so that a person knows what to do.

Every failure that a user can meet carries three things: what happened, the remedy, and the exit code of the
command line. Code that catches somebody else's exception turns it into one of these at the rim, with `raise … from`.

    Failure                 exit 1: the run failed
    ├── ConfigurationError  exit 2: usage or configuration
    ├── WarehouseError      the DuckDB file cannot be used
    ├── StripeFailure       Stripe refused, or what it sent cannot be trusted
    ├── RatesFailure        no official exchange rate where one is needed
    └── DeliveryStopped     writing to Fortnox would not be safe
"""

from __future__ import annotations

import errno
import sqlite3

import duckdb

DONE, FAILED, USAGE, HELD = 0, 1, 2, 3
"""Exit codes: done; failed; usage or configuration; done, but something is held for a person."""


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_ROOM_TEXTS = ("No space left", "disk is full", "disk I/O error", "File too large", "Disk quota exceeded")
"""How the operating system, SQLite and DuckDB say that nothing more can be written."""


class Failure(Exception):
    """Something stopped the work. `str()` is one line: what happened, and what to do now."""

    exit_code = FAILED

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} Remedy: {remedy}")
        self.what = what
        self.remedy = remedy


class ConfigurationError(Failure):
    """A setting, an environment variable or an argument is missing or wrong."""

    exit_code = USAGE


class WarehouseError(Failure):
    """The warehouse is locked, corrupt, full, or written by a newer version."""


class StripeFailure(Failure):
    """Stripe refused a request, or an answer is incomplete; nothing of the window was committed."""


class RatesFailure(Failure):
    """An official exchange rate is needed and could not be had."""


class DeliveryStopped(Failure):
    """Fortnox and the journal disagree, or Fortnox cannot be reached: nothing more is written."""


def from_foreign(error: BaseException) -> Failure | None:
    """The failure behind an exception of the operating system, SQLite or DuckDB; None for any other."""
    text = str(error)
    full = isinstance(error, OSError) and error.errno in NO_ROOM
    if full or any(sign in text for sign in NO_ROOM_TEXTS):
        return WarehouseError(
            "The disk is full (or failing); what was committed before is intact.",
            "free some space under FORTSTRIPE_HOME and run the same command again.",
        )
    if isinstance(error, PermissionError):
        return Failure(
            f"No permission for {error.filename}.", "make FORTSTRIPE_HOME writable for the user that runs this."
        )
    if isinstance(error, sqlite3.DatabaseError):
        return Failure(
            f"The journal (journal.sqlite) cannot be used: {text}.",
            "restore it from a backup, or move it aside and run `fortstripe adopt`; never just delete it.",
        )
    if isinstance(error, duckdb.Error):
        return WarehouseError(
            f"DuckDB could not finish: {text.splitlines()[0]}.",
            "run the same command again; if it repeats, move warehouse.duckdb aside: it is rebuilt from Stripe.",
        )
    return None
