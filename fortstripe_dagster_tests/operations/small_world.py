"""The smallest month that passes through every stage: a few payments by card, a refund, a payout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fortstripe_dagster.sandbox.stripe.world import World


def small_world(payments: int = 3) -> World:
    """Payments on two days in March, the first of them refunded, and the payout that takes them all, paid."""
    world = World(seed=2)
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    charges = [
        world.one_off_payment(
            at=at + timedelta(hours=9 * (number % 4)),
            amount=12500,
            name="Anna Berg",
            email=f"anna{number}@example.com",
            description="Kurs",
        )
        for number in range(payments)
    ]
    world.refund(charges[0], at=at + timedelta(days=2))
    world.payout_paid(world.payout(at=at + timedelta(days=6)))
    return world
