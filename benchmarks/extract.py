"""`make bench-extract`: the extraction's speed, CPU and memory against the stand-in's fast mode, beside its peers.

A measurement, not a test: it prints a table with what is to be reached and writes .bench/extract.json. The exit code is
0 whether or not a figure is reached, and 1 only when something broke.

    python -m benchmarks.extract --only memory --only cpu --quick
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from benchmarks.environments import DLT, TAP_STRIPE, Unavailable
from benchmarks.measure import Bench, Broken, Cost, FastStripe, cost

UNLIMITED = (100_000, 100_000)
LIGHT = ("balance_transactions", "refunds", "payouts", "disputes")
PAGE = 100
BUSY = 0.7
"""Load average above which somebody else's work is measured, too."""
REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Line:
    """One figure of the table."""

    measure: str
    figure: str
    to_reach: str = ""
    reached: bool | None = None
    """None: there is nothing to reach, or it was skipped."""


def beside_the_peers(bench: Bench, quick: bool) -> list[Line]:
    """Charges without latency, whole processes: ours and dlt into DuckDB, tap-stripe as JSONL."""
    count = 2_000 if quick else 20_000
    lines = []
    with FastStripe({"charges": count}) as server:
        drivers = Path(__file__).parent / "peers"

        def tap() -> Cost:
            python = TAP_STRIPE.python(bench.directory)
            return cost([str(python), str(drivers / "run_tap_stripe.py"), server.url, "2026-03-01"])

        def dlt() -> Cost:
            python = DLT.python(bench.directory)
            spent = cost([str(python), str(drivers / "run_dlt.py"), server.url, str(bench.fresh("dlt"))])
            return spent if spent.said == str(count) else _broken(f"dlt loaded {spent.said} of {count} charges")

        def ours() -> Cost:
            return bench.extraction(server, ["charges"], count, rate=UNLIMITED)

        ours()  # warm: files in the page cache, bytecode compiled
        own = [ours()]
        for name, peer, times, factor in (("tap-stripe 3.3.0 (JSONL)", tap, 2, 6), ("dlt (DuckDB)", dlt, 1, 15)):
            try:
                theirs = []
                for _ in range(1 if quick else times):  # in turns, so that a busy moment hits both
                    theirs.append(peer())
                    own.append(ours())
            except Unavailable as why:
                lines.append(Line(f"{count} charges, {name}", f"skipped: {why}", f"{factor}× slower than ours"))
                continue
            ratio = median(c.seconds for c in theirs) / median(c.seconds for c in own)
            figure = f"{_summary(theirs)}; ours is {ratio:.1f}× as fast"
            lines.append(Line(f"{count} charges, {name}", figure, f"≥ {factor}×", ratio >= factor))
    return [Line(f"{count} charges, ours (DuckDB)", f"{_summary(own)}, median of {len(own)}"), *lines]


def one_endpoint(bench: Bench, quick: bool) -> list[Line]:
    """Charges at 200 ms latency and Stripe's 25 requests a second."""
    count = 10_000 if quick else 40_000
    options = ("--latency-ms", "200", "--per-endpoint", "25", "--overall", "100")
    with FastStripe({"charges": count}, *options) as server:
        bench.extraction(server, ["charges"], count, rate=(25, 100))
        stats = server.stats()
    return _at_the_limit(f"one endpoint, {count} charges, 200 ms, 25/s", stats, ["charges"], 25, 95, count)


def four_endpoints(bench: Bench, quick: bool) -> list[Line]:
    """Four light endpoints together at the account's 100 requests a second."""
    count = 10_000 if quick else 30_000
    options = ("--latency-ms", "200", "--per-endpoint", "25", "--overall", "100")
    with FastStripe(dict.fromkeys(LIGHT, count), *options) as server:
        bench.extraction(server, LIGHT, count * len(LIGHT), rate=(25, 100))
        stats = server.stats()
    return _at_the_limit(f"four light endpoints, {count} each, 200 ms, 100/s", stats, LIGHT, 100, 90, count)


def cpu_a_page(bench: Bench, quick: bool) -> list[Line]:
    """CPU of the process for each page of 100, without what it needs to start and find nothing."""
    lines = []
    for stream, pages, most in (("balance_transactions", 500, 5), ("charges", 200, 15)):
        pages = pages // 5 if quick else pages
        spent = []
        for count in (0, pages * PAGE):
            with FastStripe({stream: count}) as server:
                runs = [bench.extraction(server, [stream], count, rate=UNLIMITED) for _ in range(1 if quick else 3)]
                spent.append(min(run.cpu for run in runs))
        milliseconds = 1000 * (spent[1] - spent[0]) / pages
        lines.append(
            Line(f"CPU a page of 100 {stream}", f"{milliseconds:.1f} ms", f"≤ {most} ms", milliseconds <= most)
        )
    return lines


def memory(bench: Bench, quick: bool) -> list[Line]:
    """The most memory the process ever held, for many objects and for a tenth of them."""
    lines = []
    for stream, count, most in (("balance_transactions", 1_000_000, 400), ("charges", 300_000, 800)):
        count = count // 10 if quick else count
        peaks, ran = {}, 0.0
        for part in (count // 10, count):
            with FastStripe({stream: part}) as server:
                spent = bench.extraction(server, [stream], part, rate=UNLIMITED)
            peaks[part], ran = spent.peak_mb, spent.seconds
            shutil.rmtree(bench.directory / "runs")
            (bench.directory / "runs").mkdir()
        figure = f"{peaks[count]:.0f} MB ({peaks[count // 10]:.0f} MB for {count // 10}), {ran:.0f} s"
        flat = peaks[count] <= 1.25 * peaks[count // 10]
        lines.append(
            Line(f"memory, {count} {stream}", figure, f"≤ {most} MB, not growing", peaks[count] <= most and flat)
        )
    return lines


def loader(bench: Bench, quick: bool) -> list[Line]:
    """What a page costs by how much DuckDB takes apart at once, which decides how much memory it may take."""
    lines = []
    for stream, pages in (("balance_transactions", 200), ("charges", 90)):
        for at_once in (256, 512, 1024, 2048, 4096):
            part = pages // 5 if quick else pages
            command = [sys.executable, "-m", "benchmarks.loader", stream, str(part), str(at_once)]
            try:
                runs = [cost([*command, str(bench.fresh("loader"))]) for _ in range(1 if quick else 3)]
                figure = f"{min(float(run.said) for run in runs)} ms a page, {max(run.peak_mb for run in runs):.0f} MB"
            except Broken as why:
                figure = str(why)[-200:]
            lines.append(Line(f"loader, {stream}, {at_once} KiB at once", figure))
    return lines


ROWS: dict[str, Callable[[Bench, bool], list[Line]]] = {
    "peers": beside_the_peers,
    "endpoint": one_endpoint,
    "account": four_endpoints,
    "cpu": cpu_a_page,
    "memory": memory,
    "loader": loader,
}


def _at_the_limit(
    what: str, stats: dict[str, Any], streams: Sequence[str], limit: int, share: int, count: int
) -> list[Line]:
    """How a run used a rate limit. Useful are the fewest pages that could hold all objects."""
    asked = sum(stats["by_endpoint"].get(f"/v1/{stream}", 0) for stream in streams)
    refused = stats["refused"].get("429", 0)
    spans = [stats["first_and_last"][f"/v1/{stream}"] for stream in streams]
    seconds = max(last for _, last in spans) - min(first for first, _ in spans)
    used = 100 * (asked - refused) / (limit * seconds)
    useful = len(streams) * count / PAGE / asked
    new = sum(stats["useful_pages"].values()) / asked
    limited = 100 * refused / asked
    return [
        Line(f"{what}: of the limit used", f"{used:.1f} %", f"≥ {share} %", used >= share),
        Line(f"{what}: refused (429)", f"{limited:.2f} % of {asked}", "≤ 1 %", limited <= 1),
        Line(f"{what}: useful ÷ requests", f"{useful:.2f} ({new:.2f} with anything new)", "≥ 0.80", useful >= 0.8),
    ]


def _summary(runs: Sequence[Cost]) -> str:
    """Wall time, CPU and memory of the same thing done several times."""
    seconds, cpu = median(run.seconds for run in runs), median(run.cpu for run in runs)
    return f"{seconds:.2f} s ({cpu:.1f} s CPU), {max(run.peak_mb for run in runs):.0f} MB"


def _broken(why: str) -> Cost:
    raise Broken(why)


def main() -> int:
    """Run the rows that were asked for, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=ROWS, help="one row (may be repeated); default: all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the objects, once instead of three times")
    parser.add_argument("--directory", type=Path, default=REPOSITORY / ".bench", help="for environments and files")
    chosen = parser.parse_args()
    bench = Bench(chosen.directory.resolve(), REPOSITORY / "fortstripe.example.toml")
    shutil.rmtree(bench.directory / "runs", ignore_errors=True)
    (bench.directory / "runs").mkdir(parents=True)
    if (load := os.getloadavg()[0]) > BUSY:
        print(f"Others use this machine (load {load:.1f}): the figures are worse than they are.", flush=True)
    found: dict[str, list[Line]] = {}
    broken = False
    for name in chosen.only or ROWS:
        try:
            found[name] = ROWS[name](bench, chosen.quick)
        except Broken as why:
            broken = True
            found[name] = [Line(name, f"broken: {why}", reached=False)]
        for line in found[name]:
            mark = {True: "reached", False: "NOT reached", None: ""}[line.reached]
            print(f"{line.measure:58} {line.figure:48} {line.to_reach:22} {mark}", flush=True)
    shutil.rmtree(bench.directory / "runs")
    _write(bench.directory / "extract.json", found, quick=chosen.quick, load=load)
    return int(broken)


def _write(path: Path, found: dict[str, list[Line]], *, quick: bool, load: float) -> None:
    """The figures, and on what they were measured. Rows that were not run keep what they were."""
    circumstances = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "quick": quick, "load_before": load}
    before = json.loads(path.read_text())["rows"] if path.exists() else {}
    path.write_text(
        json.dumps(
            {
                "on": {
                    "cpus": os.cpu_count(),
                    "machine": platform.machine(),
                    "system": platform.system(),
                    "python": platform.python_version(),
                    "duckdb": duckdb.__version__,
                },
                "rows": before
                | {name: circumstances | {"lines": [asdict(line) for line in lines]} for name, lines in found.items()},
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


if __name__ == "__main__":
    sys.exit(main())
