"""A delivery that is killed in mid-run, and one that is started while another runs."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

from fortstripe_dagster_tests.delivery.house import House

DELIVER = """
import pickle, sys
from datetime import date
from fortstripe_dagster import delivery
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.warehouse import Warehouse

settings = pickle.load(open(sys.argv[1], "rb"))
days = Days(date(2026, 3, 1), date(2026, 3, 31))
sys.exit(delivery.deliver(settings, Warehouse(settings.warehouse_path), days).exit_code)
"""


def deliver_apart(home: House) -> subprocess.Popen[str]:
    """Start a delivery in a process of its own."""
    settings = home.settings.home / "settings.pickle"
    settings.write_bytes(pickle.dumps(home.settings))
    return subprocess.Popen(
        [sys.executable, "-c", DELIVER, str(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def many(home: House) -> None:
    for number in range(8):
        home.sale(f"ch_{number}", 10075 + number, customer=f"cus_{number % 3}", email=f"{number}@example.com")
        home.payment(f"txn_{number}", f"ch_{number}", 10075 + number)
        home.fee(f"txn_{number}:fee", 100 + number)
    home.write_ledger()


def wait_for_writes(home: House, count: int) -> None:
    until = time.monotonic() + 30
    while len(home.writes()) < count:
        assert time.monotonic() < until, "the delivery did not get that far"
        time.sleep(0.005)


def test_a_killed_delivery_resumes_to_the_same_books(home: House) -> None:
    many(home)
    home.gateway.faults.latency = 0.01
    process = deliver_apart(home)
    wait_for_writes(home, 15)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(home.writes()) < 36
    home.gateway.faults.latency = 0
    report = home.deliver()
    assert report.exit_code == 0, report.text()
    gross = sum(10075 + number for number in range(8))
    assert len(home.books.invoices.all) == len(home.books.payments.all) == 8
    assert home.books.open_receivables() == []
    fees = sum(100 + number for number in range(8))
    assert home.accounts()["1686"] == f"{(gross - fees) / 100:.2f}"
    assert home.deliver().nothing_to_do


def test_of_two_deliveries_at_once_one_works_and_the_other_waits(home: House) -> None:
    many(home)
    home.gateway.faults.latency = 0.01
    first, second = deliver_apart(home), deliver_apart(home)
    outputs = [process.communicate()[0] for process in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert len(home.books.invoices.all) == len(home.books.payments.all) == 8
    assert home.books.open_receivables() == []
