"""A merchant's life on Stripe, deterministic: the same seed gives the same objects, ids and amounts."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random

from fortstripe_dagster.sandbox.stripe_account import STOCKHOLM
from fortstripe_dagster.sandbox.world import World


def local(day: date, clock: time) -> datetime:
    """A moment by the clock on the wall in Stockholm, in UTC."""
    return datetime.combine(day, clock, STOCKHOLM).astimezone(UTC)


def tiny(seed: int = 1) -> World:
    """Twenty SEK card payments at 25 %, one full refund, and the payout that takes them all, paid."""
    world = World(seed=seed)
    random = Random(seed)
    monday = date(2026, 3, 2)
    charges = []
    for number in range(20):
        at = local(monday + timedelta(days=number // 7), time(9 + number % 7, random.randrange(60)))
        name = random.choice(("Anna Berg", "Erik Lund", "Sara Ek", "Olle Falk"))
        amount = random.choice((21875, 12500, 49900, 99900, 125000))
        charges.append(
            world.one_off_payment(
                at=at,
                amount=amount,
                name=name,
                email=f"{name.split()[0].lower()}@example.com",
                description=f"Order {1001 + number}",
            )
        )
    world.refund(charges[3], at=local(date(2026, 3, 5), time(11, 20)))
    paid = world.payout(at=local(date(2026, 3, 9), time(1, 0)))
    world.payout_paid(paid)
    return world
