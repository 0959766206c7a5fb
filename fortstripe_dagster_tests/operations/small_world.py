"""The smallest month that passes through every stage: a few payments by card, a refund, a payout."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from fortstripe_dagster.sandbox.stripe.world import World
from fortstripe_dagster_tests.companies import Running, running


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


@cache
def booked() -> Running:
    """A company whose small month is synced, made once; its servers have stopped: take it up with `once_more`."""
    home = Path(tempfile.mkdtemp(prefix="fortstripe-tests-"))
    atexit.register(shutil.rmtree, home)
    with running(small_world(), home) as company:
        report = company.sync()
        assert report.exit_code == 0, report.proof.text()
        return company
