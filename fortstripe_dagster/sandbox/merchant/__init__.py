"""A merchant's life: the people, the shop, ordinary days and the cases that a month must hold."""

from fortstripe_dagster.sandbox.merchant.month import Merchant, tiny

__all__ = ["Merchant", "tiny"]
