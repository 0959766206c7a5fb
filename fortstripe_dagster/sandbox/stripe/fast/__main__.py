"""Serve the fast mode from the command line: prints the base URL on a line of its own, then serves until killed."""

from __future__ import annotations

import socket
from datetime import UTC, date, datetime, time, timedelta

import click
import uvicorn

from fortstripe_dagster.sandbox.servers import HOST
from fortstripe_dagster.sandbox.stripe.fast.app import FastStripe
from fortstripe_dagster.sandbox.stripe.fast.collection import Collection
from fortstripe_dagster.sandbox.stripe.fast.templates import PREFIXES, templates
from fortstripe_dagster.sandbox.stripe.gate import RateLimits

UNLIMITED = 1_000_000


@click.command()
@click.option("--charges", default=0, help="How many there are; likewise below.")
@click.option("--balance-transactions", default=0)
@click.option("--disputes", default=0)
@click.option("--payouts", default=0)
@click.option("--refunds", default=0)
@click.option("--first", type=click.DateTime(["%Y-%m-%d"]), default="2026-03-01", help="The first day with objects.")
@click.option("--days", default=28, help="On how many days they were created.")
@click.option("--latency-ms", default=0, help="How long every answer takes.")
@click.option("--per-endpoint", default=UNLIMITED, help="Requests a second to one endpoint before a 429.")
@click.option("--overall", default=UNLIMITED, help="Requests a second in all before a 429.")
@click.option("--port", default=0, help="0 takes any free one.")
def main(
    first: datetime, days: int, latency_ms: int, per_endpoint: int, overall: int, port: int, **counts: int
) -> None:
    """Serve as many objects as asked for, spread over some days, at a realistic size."""
    begin = int(datetime.combine(date(first.year, first.month, first.day), time(), UTC).timestamp())
    shapes = templates()
    collections = {path: Collection(path, shapes[path], counts[path], begin, days) for path in PREFIXES if counts[path]}
    limits = RateLimits(per_endpoint=per_endpoint, overall=overall) if min(per_endpoint, overall) < UNLIMITED else None
    app = FastStripe(collections, limits, timedelta(milliseconds=latency_ms))
    listener = socket.create_server((HOST, port), backlog=512)
    print(f"http://{HOST}:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
