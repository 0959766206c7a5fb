"""Customers: who is whom in Fortnox, and what a change in Stripe changes there."""
