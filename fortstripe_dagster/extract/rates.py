"""Official exchange rates for the currencies and days that occur; no day is fetched twice.

VAT bases and movements on foreign balances are booked at the official rate, never at Stripe's. What Stripe settled at
serves only to notice a series that is quoted for another number of units than one.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import duckdb

from fortstripe_dagster.business_day import today
from fortstripe_dagster.extract.coverage import coverage
from fortstripe_dagster.extract.rate_sources import Gap, Published, failure
from fortstripe_dagster.failures import RatesFailure
from fortstripe_dagster.money import REDENOMINATIONS, to_decimal

EARLIER = timedelta(days=10)
"""Within these days before any day a rate was published, whatever the holidays."""
FACTOR = 5
"""How many times an official rate may differ from what Stripe settled at before its unit is doubted."""

_MONTH_ENDS = """
    SELECT currency, month_end
    FROM (
        SELECT b.currency, last_day(unnest(generate_series(date_trunc('month', min(b.day)), any_value(l.until),
                                                           INTERVAL 1 MONTH))::DATE) AS month_end, l.until
        FROM stripe.balance_transactions AS b, (
            SELECT (to_timestamp(max(to_ts)) AT TIME ZONE 'Europe/Stockholm')::DATE AS until
            FROM stripe.windows WHERE stream = 'charges'
        ) AS l
        GROUP BY b.currency, l.until
    )
    WHERE month_end < until
"""
"""Balances are valued at the closing rate of each month that has been read to its end."""

_OCCURRING = f"""
    SELECT coalesce(r.successor, o.currency) AS currency, o.day
    FROM (
        SELECT currency, day FROM stripe.charges WHERE status <> 'failed'
        UNION SELECT currency, (coalesce(effective_at, finalized_at, created) AT TIME ZONE 'Europe/Stockholm')::DATE
            FROM stripe.invoices WHERE status NOT IN ('draft', 'deleted')
        UNION SELECT currency, day FROM stripe.balance_transactions
        UNION SELECT currency, start_date FROM stripe.opening_balances WHERE opening <> 0
        UNION SELECT currency, start_date FROM stripe.opening_payouts
        UNION SELECT currency, start_date FROM stripe.opening_disputes
        UNION {_MONTH_ENDS}
    ) AS o
    LEFT JOIN read_csv('{REDENOMINATIONS}') AS r ON r.currency = o.currency AND r.valid_from <= o.day
"""
"""A currency that was replaced is quoted no longer: from that day its successor's rate counts."""

NAMED_IN = (
    "charges", "invoices", "balance_transactions", "opening_balances", "opening_payouts", "opening_disputes",
)  # fmt: skip
"""The tables whose currencies occur."""

_FOREIGN = " UNION ALL ".join(f"SELECT currency FROM stripe.{table} WHERE currency <> 'SEK'" for table in NAMED_IN)

_WITHOUT_RATE = f"""
    WITH occurring AS (SELECT * FROM ({_OCCURRING}) WHERE currency <> 'SEK')
    SELECT n.currency, n.day
    FROM occurring AS n
    ASOF LEFT JOIN stripe.official_rates AS o ON o.currency = n.currency AND o.day <= n.day
    WHERE o.day IS NULL OR n.day - o.day > {EARLIER.days}
    ORDER BY 1, 2
"""

_SETTLED = """
    SELECT c.currency, t.day, c.amount_captured, t.amount, o.sek_per_unit
    FROM stripe.charges AS c
    JOIN stripe.balance_transactions AS t
        ON t.source = c.id AND t.currency = 'SEK' AND t.reporting_category = 'charge'
    ASOF JOIN stripe.official_rates AS o ON o.currency = c.currency AND o.day <= t.day
    WHERE c.currency <> 'SEK' AND c.amount_captured > 0 AND t.amount > 0
    QUALIFY row_number() OVER (PARTITION BY c.currency ORDER BY t.created DESC) = 1
"""


def gaps(connection: duckdb.DuckDBPyConnection) -> list[Gap]:
    """What is needed for the foreign currencies in `stripe` and not yet in `official_rates`."""
    return _gaps(connection) if _any_foreign(connection) else []


def gaps_or_all(connection: duckdb.DuckDBPyConnection) -> list[Gap]:
    """What is still needed. Where nothing is, all must be there: raises RatesFailure as `require_all` does."""
    if not _any_foreign(connection):
        return []
    found = _gaps(connection)
    if not found:
        require_all(connection)
    return found


def _gaps(connection: duckdb.DuckDBPyConnection) -> list[Gap]:
    needed = connection.execute(
        f"SELECT currency, min(day), max(day) FROM ({_OCCURRING}) WHERE currency <> 'SEK' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    found, known = [], coverage(connection)
    for currency, first, last in needed:
        start, end = first - EARLIER, min(last, today())
        for covered_from, covered_to in known.get(_stream(currency), []):
            before = _day(covered_from) - timedelta(days=1)
            if start <= before:
                found.append(Gap(currency, start, min(before, end)))
            start = max(start, _day(covered_to))
        if start <= end:
            found.append(Gap(currency, start, end))
    return [gap for gap in found if gap.first <= gap.last]


def store(connection: duckdb.DuckDBPyConnection, published: Published, at: datetime) -> None:
    """Keep the rates and what days are known now. Today counts as known only once its rate is out."""
    gap = published.gap
    days = [day for day, _ in published.rates]
    connection.execute(
        "DELETE FROM stripe.official_rates WHERE currency = ? AND day IN (SELECT unnest(?::DATE[]))",
        [gap.currency, days],
    )
    connection.execute(
        "INSERT INTO stripe.official_rates SELECT $currency, unnest($days::DATE[]),"
        " unnest($rates::VARCHAR[])::DECIMAL(20, 10), $source",
        {"currency": gap.currency, "days": days, "rates": [f"{rate:f}" for _, rate in published.rates],
         "source": published.source},
    )  # fmt: skip
    known = max([min(gap.last, today() - timedelta(days=1)), *days])
    if known >= gap.first:
        connection.execute(
            "INSERT INTO stripe.windows VALUES (?, ?, ?, ?, ?, 1)",
            [_stream(gap.currency), _seconds(gap.first), _seconds(known) + 86_400, at, len(published.rates)],
        )


def require_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise RatesFailure unless every foreign currency has a plausible rate for each day on which it occurs."""
    lacking: dict[str, list[date]] = {}
    for currency, day in connection.execute(_WITHOUT_RATE).fetchall():
        lacking.setdefault(currency, []).append(day)
    for currency, days in lacking.items():
        raise failure(Gap(currency, days[0], days[-1]), "none was published, or not in the ten days before")
    for currency, day, amount, ore, rate in connection.execute(_SETTLED).fetchall():
        settled = to_decimal(ore) / to_decimal(amount, currency)
        if not settled / FACTOR < rate < settled * FACTOR:
            raise RatesFailure(
                f"The official rate of {currency} on {day}, {rate.normalize():f}, is far from the {settled:.6f} kronor"
                f" that Stripe settled at: the series may be quoted for more than one {currency}.",
                "compare with riksbank.se and report this line; nothing was booked with this rate.",
            )


def _any_foreign(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether any other currency than kronor is named: most companies need nothing of all this."""
    return connection.execute(f"{_FOREIGN} LIMIT 1").fetchone() is not None


def _stream(currency: str) -> str:
    """The name under which a currency's known days stand in `stripe.windows`."""
    return f"official_rates.{currency}"


def _seconds(day: date) -> int:
    return (day - date(1970, 1, 1)).days * 86_400


def _day(seconds: int) -> date:
    return date(1970, 1, 1) + timedelta(seconds=seconds)
