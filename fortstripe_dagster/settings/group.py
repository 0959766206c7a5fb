"""What every group of settings shares: it is frozen, and an unknown name in it is refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """A table of fortstripe.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
