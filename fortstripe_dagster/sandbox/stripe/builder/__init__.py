"""Everything that can happen on a Stripe account, each with all its consequences: objects, balance, events.

One module a subject. Every function takes the account first and becomes a method of `World`; times are aware datetimes,
amounts minor units. What belongs here: what Stripe would do. What does not: what a merchant wants (`merchant`), how it
is served (`server`).
"""
