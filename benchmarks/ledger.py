"""`make bench-ledger`: how long the ledger takes, and how much memory, from the typed tables as extraction left them.

A measurement, not a test: it prints a table with what is to be reached and writes .bench/ledger.json. Each build runs
in a process of its own. The exit code is 0 whether or not a figure is reached, and 1 only when something broke.

    python -m benchmarks.ledger --size 100000
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import Broken, cost
from benchmarks.stripe_year import FIRST, write
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.ledger import build
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse

SIZE = 1_000_000
SECONDS, PEAK_MB, DAY_SECONDS, TIMES = 45.0, 3 * 1024.0, 2.0, 11.0
THE_DAY = date(2025, 9, 18)
REPOSITORY = Path(__file__).parents[1]
CHOICES: dict[str, Any] = {
    "start_date": FIRST,
    "invoice_issuer": "stripe",
    "processing_fee_vat": "exempt",
    "dispute_lost": "credit",
    "bank_leg": "book",
    "default_supply": {"kind": "e-service", "vat_rate": 25},
    "accounts": {
        "clearing": {"SEK": "1686", "EUR": "1687"},
        "transit": {"SEK": "1689", "EUR": "1688"},
        "oss": {"DE": {"19": {"sales": "3319", "vat": "2671"}}},
    },
    "oss": {"status": "on"},
}


@dataclass(frozen=True)
class Line:
    """One figure of the table."""

    measure: str
    to_reach: str
    measured: str
    reached: bool | None = None


@dataclass(frozen=True)
class Built:
    """One build in a process of its own; seconds of the build itself, CPU of the whole process."""

    seconds: float
    cpu: float
    peak_mb: float
    entries: int
    rebuilt: int | None


def measure(home: Path, day: date | None) -> Built:
    """Build the ledger of the warehouse in `home`, whole or one day. Raises Broken if it fails."""
    spent = cost([sys.executable, "-m", "benchmarks.ledger", "--build", str(home), *([f"{day}"] if day else [])])
    said = json.loads(spent.said)
    return Built(said["seconds"], spent.cpu, spent.peak_mb, said["entries"], said["rebuilt"])


def build_here(home: Path, day: date | None) -> None:
    """What the child process does."""
    settings = Settings(**{**CHOICES, "home": home})
    warehouse = Warehouse(settings.warehouse_path)
    started = time.perf_counter()
    done = build(settings, warehouse, days=Days(day, day) if day else None)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "entries": sum(done.entries.values()), "rebuilt": done.rebuilt}))


def lines_of(directory: Path, size: int) -> list[Line]:
    """The whole table, printed as it grows."""
    found: list[Line] = []

    def add(*line: Line) -> None:
        for each in line:
            found.append(each)
            mark = {True: "reached", False: "NOT reached", None: ""}[each.reached]
            print(f"{each.measure:62} {each.to_reach:>12} {each.measured:>34}  {mark}", flush=True)

    seconds: dict[int, float] = {}
    for count in (size // 10, size):
        home = directory / f"ledger-{count}"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        write(home / "warehouse.duckdb", count)
        whole = measure(home, None)
        seconds[count] = whole.seconds
        to_reach = f"≤ {SECONDS:.0f} s" if count == SIZE else ""
        add(
            Line(
                f"full rebuild of {count:,} balance transactions",
                to_reach,
                f"{whole.seconds:.1f} s, {whole.cpu:.1f} s of CPU",
                whole.seconds <= SECONDS if to_reach else None,
            ),
            Line(
                f"… its peak memory, {whole.entries:,} entries",
                f"≤ {PEAK_MB:,.0f} MB",
                f"{whole.peak_mb:,.0f} MB",
                whole.peak_mb <= PEAK_MB,
            ),
        )
        one_day = measure(home, THE_DAY)
        add(
            Line(
                f"one day inside {count:,}, {one_day.rebuilt or 0:,} entries",
                f"≤ {DAY_SECONDS:.0f} s",
                f"{one_day.seconds:.2f} s, {one_day.peak_mb:,.0f} MB" + ("" if one_day.rebuilt else ", rebuilt whole"),
                one_day.seconds <= DAY_SECONDS and one_day.rebuilt is not None,
            )
        )
        shutil.rmtree(home)
    times = seconds[size] / seconds[size // 10]
    add(Line("ten times the data costs", f"≤ {TIMES:.0f} times", f"{times:.1f} times", times <= TIMES))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=SIZE, help="balance transactions of the larger warehouse")
    parser.add_argument("--directory", type=Path, default=REPOSITORY / ".bench", help="for the warehouses")
    parser.add_argument("--build", nargs="+", metavar=("HOME", "DAY"), help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.build:
        sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # as the command line does
        home, *day = chosen.build
        build_here(Path(home), date.fromisoformat(day[0]) if day else None)
        return 0
    load = os.getloadavg()[0]
    try:
        found = lines_of(chosen.directory.resolve(), chosen.size)
    except Broken as why:
        print(f"broken: {why}", file=sys.stderr)
        return 1
    circumstances = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_before": load,
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
    }
    report = {"on": circumstances, "lines": [asdict(line) for line in found]}
    (chosen.directory / "ledger.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
