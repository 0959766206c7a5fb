"""Exchange rates of currencies that neither Riksbanken nor the ECB publishes, as the company says them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]

Kronor = Annotated[Decimal, Field(gt=0, decimal_places=10)]
"""For one unit."""

ExchangeRates = dict[Currency, dict[date, Kronor]]
"""By currency and the day from which the rate holds."""
