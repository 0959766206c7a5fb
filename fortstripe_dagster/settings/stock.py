"""Whether and how what was sold leaves the stock (lager) in Fortnox, and what comes back to it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from fortstripe_dagster.settings.group import Group


class Stock(Group):
    """Articles that rules name are moved in stock where Fortnox says that they are stock goods (lagervara)."""

    moves: Literal["off", "auto", "warehouse", "articles"] = Field(
        default="off",
        description="How sales without an invoice move stock: by documents of Fortnox's Warehouse module, by the "
        "article's quantity, or `auto`: as the company has the module or not. Invoices move it by their rows.",
    )
    since: date | None = Field(default=None, description="First local day whose sales move stock; required with moves.")
    returns: Literal["full", "off"] = Field(
        default="full",
        description="A credit puts an article back where it takes back all that was sold of it; `off`: by a person.",
    )

    @model_validator(mode="after")
    def _since_when(self) -> Stock:
        if self.moves != "off" and self.since is None:
            raise ValueError("moves need `since`: earlier sales have left the stock already")
        return self
