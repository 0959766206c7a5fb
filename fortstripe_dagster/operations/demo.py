"""The main job on the sandbox: a month of a merchant's Stripe becomes proven books in Fortnox."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.business_day import Days
from fortstripe_dagster.operations.pipeline import SyncReport, sync
from fortstripe_dagster.operations.sandbox_host import Host, hosted

MONTH = Days(date(2026, 3, 1), date(2026, 3, 31))
Say = Callable[[str], object]


def demo_home() -> Path:
    """Where the demo keeps its warehouse, journal and the sandbox's books."""
    return Path(os.environ.get("FORTSTRIPE_HOME", ".fortstripe")) / "demo"


def run_demo(seed: int, payments: int, progress: Callable[[str], None], out: Say) -> int:
    """Start the sandbox, sync its month, print the summary; returns the exit code of the sync."""
    started = time.monotonic()
    with hosted(demo_home(), seed=seed, payments=payments) as host:
        progress(f"Stripe stand-in {host.addresses['stripe']}, Fortnox stand-in {host.addresses['fortnox']}")
        os.environ.update(host.environment)
        report = sync(settings_module.load(), MONTH, progress)
        page = host.save_page()
    for line in summary(report, host, page):
        out(line)
    out(f"Done in {time.monotonic() - started:.0f} s.")
    return report.exit_code if report.proof.exit_code not in (0, 3) else 0


def summary(report: SyncReport, host: Host, page: Path) -> list[str]:
    """What a newcomer reads at the end: what was written, that it ties out, where to look."""
    home = host.home
    written = ", ".join(f"{count} {step}" for step, count in sorted(report.delivered.written.items()))
    return [
        "",
        "Written to Fortnox: " + (written or "nothing: everything was there already, so nothing was changed."),
        report.proof.text(),
        *[f"For a person: {alert.entry_id}: {alert.text}" for alert in report.alerts],
        "",
        "Where to look",
        "  Dagster UI           make dev            then http://127.0.0.1:3000",
        f"  Fortnox, as a page   {page}",
        "  … live               .venv/bin/fortstripe sandbox   then http://127.0.0.1:8472/",
        f"  proof certificate    {report.proof.certificate_path}",
        f"  warehouse            {home / 'warehouse.read.duckdb'} (schemas stripe, ledger, delivery, proof)",
    ]


def run_sandbox(seed: int, payments: int, port: int, out: Say) -> int:
    """Serve the demo's sandbox until Ctrl-C and say how to work against it."""
    ports = {"stripe": port, "fortnox": port + 1, "rates": port + 2}
    with hosted(demo_home(), seed=seed, payments=payments, ports=ports) as host:
        out(f"Fortnox: {host.addresses['fortnox']}/   Stripe: {host.addresses['stripe']}/v1/…   Ctrl-C stops both.")
        out("In another shell:")
        for name, value in host.environment.items():
            out(f"  export {name}={value}")
        out("  .venv/bin/fortstripe sync --from 2026-03-01 --to 2026-03-31")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0
