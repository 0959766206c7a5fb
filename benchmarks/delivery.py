"""`make bench-delivery`: how well a delivery uses Fortnox's limit, what a document costs, how much memory it takes.

A measurement, not a test: it prints a table with what is to be reached and writes .bench/delivery.json. The exit code
is 0 whether or not a figure is reached, and 1 only when something broke.

    python -m benchmarks.delivery --only budget --only memory --quick
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.delivery_company import LATENCY_SECONDS, YEAR, company
from benchmarks.measure import Broken

ALLOWED_PER_SECOND = 24 / 5
FEW = 5_000
REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Line:
    """One figure of the table."""

    measure: str
    figure: str
    to_reach: str
    reached: bool


def budget(directory: Path, quick: bool) -> list[Line]:
    """Requests for each document in steady state, everything that the run reads included."""
    count = 200 if quick else 500
    with company(directory) as house:
        house.sales(count, date(2026, 3, 2))
        new = house.deliver().total_requests / count
        house.sales(count, date(2026, 3, 3))
        known = house.deliver().total_requests / count
        house.payouts(count, date(2026, 3, 4))
        vouchers = house.deliver().total_requests / count
    return [
        Line("an invoiced payment of a new customer", f"{new:.2f} requests", "≤ 5.1", new <= 5.1),
        Line("an invoiced payment of a known customer", f"{known:.2f} requests", "≤ 4.1", known <= 4.1),
        Line("a voucher", f"{vouchers:.2f} requests", "1 and the reading of the run", vouchers <= 1.1),
    ]


def pace(directory: Path, quick: bool) -> list[Line]:
    """Three minutes at the real limit with 300 ms latency: how much of it is used, and how well that was predicted."""
    seconds = 30 if quick else 180
    with company(directory, latency=LATENCY_SECONDS, real_limit=True) as house:
        house.sales(round(seconds * ALLOWED_PER_SECOND / 6), date(2026, 3, 2))
        house.payouts(round(seconds * ALLOWED_PER_SECOND / 6), date(2026, 3, 3))
        expected = house.forecast()
        started, before = time.monotonic(), house.calls()
        report = house.deliver()
        took = time.monotonic() - started
        sent = house.calls()
        used = (sent.total - before.total) / (took * ALLOWED_PER_SECOND)
        off = abs(expected.total_requests / report.total_requests - 1)
        late = abs(expected.seconds / took - 1)
    return [
        Line(f"use of the limit over {took:.0f} s", f"{used:.1%}", "≥ 95 %", used >= 0.95),
        Line("answers 429", str(sent.throttled), "0", sent.throttled == 0),
        Line("requests predicted", f"{expected.total_requests}, {off:.1%} off", "≤ 2 %", off <= 0.02),
        Line("time predicted", f"{expected.seconds:.0f} s, {late:.1%} off", "≤ 10 %", late <= 0.10),
    ]


def memory(directory: Path, quick: bool) -> list[Line]:
    """The most memory that a delivery of vouchers holds, of few and of many, the limiter raised."""
    many = 15_000 if quick else 50_000
    peaks = {}
    for count in (FEW, many):
        with company(directory / str(count)) as house:
            house.payouts(count, YEAR.first, days=365)
            started = time.monotonic()
            peaks[count] = house.peak_mb_of_a_delivery()
            took = time.monotonic() - started
    few, most = peaks.values()
    return [
        Line(f"{FEW} vouchers", f"{few:.0f} MB", "", True),
        Line(f"{many} vouchers", f"{most:.0f} MB in {took:.0f} s", "as much, within 10 %", most <= 1.1 * few),
    ]


MEASURES: dict[str, Callable[[Path, bool], list[Line]]] = {"budget": budget, "pace": pace, "memory": memory}


def main(arguments: Sequence[str]) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=sorted(MEASURES), help="this measure alone; repeatable")
    parser.add_argument("--quick", action="store_true", help="a part of the work")
    parsed = parser.parse_args(arguments)
    lines: list[Line] = []
    for name in parsed.only or MEASURES:
        directory = Path(tempfile.mkdtemp(prefix="bench-delivery-"))
        try:
            found = MEASURES[name](directory, parsed.quick)
        except Broken as broken:
            print(f"{name}: {broken}", file=sys.stderr)
            return 1
        finally:
            shutil.rmtree(directory)
        lines += found
        for line in found:
            print(
                f"{line.measure:45} {line.figure:28} {line.to_reach:28} {'yes' if line.reached else 'NO'}", flush=True
            )
    written = REPOSITORY / ".bench" / "delivery.json"
    written.parent.mkdir(exist_ok=True)
    figures = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "quick": parsed.quick}
    written.write_text(json.dumps({**figures, "lines": [asdict(line) for line in lines]}, indent=1, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
