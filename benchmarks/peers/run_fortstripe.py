"""Our own extraction, as one process without Dagster: some streams of March 2026 into a fresh warehouse.

FORTSTRIPE_CONFIG=… FORTSTRIPE_HOME=… STRIPE_API_BASE=… STRIPE_API_KEY=… python run_fortstripe.py charges refunds
"""

from __future__ import annotations

import sys
from datetime import date

from fortstripe_dagster.business_day import Days
from fortstripe_dagster.extract import STREAMS, Extraction
from fortstripe_dagster.settings import load
from fortstripe_dagster.warehouse import Warehouse

MARCH = Days(date(2026, 3, 1), date(2026, 3, 31))


def main() -> None:
    """Read the streams and say how many rows the warehouse then holds."""
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]  # as the command line does
    settings = load()
    warehouse = Warehouse(settings.warehouse_path)
    with Extraction(settings, warehouse, progress=lambda line: None) as run:
        run.extract_streams(sys.argv[1:], MARCH)
    with warehouse.writer() as connection:
        tables = [STREAMS[name].tables[0] for name in sys.argv[1:]]
        counts = [connection.execute(f"SELECT count(*) FROM stripe.{table}").fetchall()[0][0] for table in tables]
    print(sum(counts))


if __name__ == "__main__":
    main()
