"""Periods that are closed for the company's books, and what becomes of documents that belong in one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from fortstripe_dagster.settings.group import Group

Policy = Literal["first_open_day", "hold"]


class LockedPeriod(Group):
    """What to do with a document whose day is closed: date it the first open day, or hold it for a person."""

    no_vat: Policy = Field(default="first_open_day", description="It changes no box of the VAT return.")
    vat: Policy = Field(default="hold", description="It changes the VAT return (momsdeklaration) of a closed period.")
    other_year: Policy = Field(default="hold", description="The first open day is in another financial year.")
