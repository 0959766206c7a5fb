"""Where in Dagster a company stands: alone under plain names, or beside others, each under its own name.

Dagster keeps one history for each asset key and one queue for each pool, whatever code location or repository they
come from. So several companies need keys and pools of their own; one company keeps the plain names.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import dagster as dg

from fortstripe_dagster.assets.partitions import POOL

SPREAD_MINUTES = 120
"""Scheduled runs of several companies start within two hours: not all at once."""


@dataclass(frozen=True)
class Place:
    """One company's partitions and names; `company` is empty where there is only one."""

    days: dg.DailyPartitionsDefinition
    company: str = ""

    def key(self, key: dg.AssetKey) -> dg.AssetKey:
        """The asset key, under the company's name."""
        return key.with_prefix(self.company) if self.company else key

    def named(self, name: str) -> str:
        """The name of a job or schedule."""
        return f"{self.company}_{name}" if self.company else name

    def group(self, stage: str) -> str:
        """The group of a stage's assets. Of several companies each is one group: its graph is one page."""
        return self.company or stage

    @property
    def pool(self) -> str:
        """The pool of everything that works on this company: one run at a time, the next waits in the queue."""
        return pool_of(self.company)

    def at(self, hour: int, minute: int, days: str = "* * *") -> str:
        """A time of day as cron; several companies follow each other within two hours of it.

        A company's minute follows from its name alone, so that it stays when others come or go.
        """
        later = zlib.crc32(self.company.encode()) % SPREAD_MINUTES if self.company else 0
        hour, minute = divmod(hour * 60 + minute + later, 60)
        return f"{minute} {hour} {days}"


def pool_of(company: str) -> str:
    """The name of a company's pool."""
    return f"{POOL}_{company}" if company else POOL
