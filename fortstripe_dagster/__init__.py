"""Stripe in, correct books in Fortnox out, with proof."""

__version__ = "0.1.0"
