"""Fortnox's API: login, pace, errors, request bodies and SIE files. Usable on its own.

Knows nothing of Stripe, of Dagster or of the rest of this package.
"""

from .auth import Auth, ClientCredentials, GivenToken, RefreshTokens, authorization_url, redeem
from .client import Fortnox, path
from .error_codes import Remedy, remedy
from .errors import FortnoxError, InDoubt, NotDone, ReadOnly, Refused, Unauthorized
from .limiter import Limiter
from .models import (
    Article,
    Currency,
    Customer,
    Invoice,
    InvoicePayment,
    InvoiceRow,
    ModeOfPayment,
    Voucher,
    VoucherFileConnection,
    VoucherRow,
    VoucherSeries,
    WriteOff,
    changes,
)
from .registration import organisation_number, vat_number
from .retries import Retries
from .text import clean, is_legal
from .values import API_BLANK
from .vat_codes import vat_box

__all__ = [
    "API_BLANK",
    "Article",
    "Auth",
    "ClientCredentials",
    "Currency",
    "Customer",
    "Fortnox",
    "FortnoxError",
    "GivenToken",
    "InDoubt",
    "Invoice",
    "InvoicePayment",
    "InvoiceRow",
    "Limiter",
    "ModeOfPayment",
    "NotDone",
    "ReadOnly",
    "RefreshTokens",
    "Refused",
    "Remedy",
    "Retries",
    "Unauthorized",
    "Voucher",
    "VoucherFileConnection",
    "VoucherRow",
    "VoucherSeries",
    "WriteOff",
    "authorization_url",
    "changes",
    "clean",
    "is_legal",
    "organisation_number",
    "path",
    "redeem",
    "remedy",
    "vat_box",
    "vat_number",
]
