"""One run: the order in which the parts of this folder work, and what it reports.

HTTP and the warehouse take turns: what is missing is asked of the warehouse, answers are spooled without it, and one
transaction commits them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import TypeVar

import duckdb

from fortstripe_dagster.business_day import Days, midnight, today
from fortstripe_dagster.extract import balance, events, rate_sources, rates, references
from fortstripe_dagster.extract.balance import Account, BalanceLine
from fortstripe_dagster.extract.client import Patience, StripeApi
from fortstripe_dagster.extract.commit import Committed, Coverage, commit, coverage, create_tables, record_window
from fortstripe_dagster.extract.optional import naming_the_switch, said_of
from fortstripe_dagster.extract.pages import StripeReader
from fortstripe_dagster.extract.parents import parents_of
from fortstripe_dagster.extract.report import ExtractReport, StreamReport
from fortstripe_dagster.extract.spool import Spool, now
from fortstripe_dagster.extract.streams import STREAMS, SUBLISTS
from fortstripe_dagster.extract.windows import Window, merged, plan, since_start
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Say, Warehouse

READINGS = 5
"""How often the balance is read around a list before a difference is taken for one."""

Answer = TypeVar("Answer")


class Extraction:
    """One run against one Stripe account. Makes no request before it is used.

    Steps that give the same `run_id` are one run, also from several instances: the account is checked once, and what
    one step has read the next does not read again.
    """

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        *,
        progress: Say = print,
        run_id: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.settings = settings
        self.warehouse = warehouse
        self.progress = progress
        self.run_id = run_id or uuid.uuid4().hex
        self._continues = run_id is not None
        self._patience = patience
        self._api = StripeApi(settings, patience)
        self._reader = StripeReader(self._api)
        self._account: Account | None = None
        self._recorded: dict[str, int] = {}
        self._coverage: Coverage | None = None
        self._report = ExtractReport()

    def __enter__(self) -> Extraction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except (Failure, duckdb.Error) as late:
            if error is None:
                raise
            error.add_note(f"The requests that were spent could not be noted either: {late}")

    def close(self) -> None:
        """Note the requests spent, also by a run that failed, and close the connections."""
        try:
            if self._api.requests != self._recorded:
                with self.warehouse.transaction() as connection:
                    create_tables(connection)
                    self._record_requests(connection)
        finally:
            self._reader.close()

    def report(self) -> ExtractReport:
        """What the run has read and spent so far."""
        self._report.requests = self._api.requests
        return self._report

    def check_account(self) -> Account:
        """Who the key belongs to; refuses another account or mode than the warehouse's. Asks Stripe once a run.

        Raises ConfigurationError or StripeFailure.
        """
        if self._account is None and self._continues:
            self._account = self._ask(lambda connection: balance.checked(connection, self.run_id))
        if self._account is None:
            account = self._api.get("/v1/account", reading="the account", permission="rak_accounts_kyc_basic_read")
            account_balance = self._api.get("/v1/balance", reading="the balance", permission="rak_balance_read")
            found = balance.parse_account(account, account_balance)
            with self.warehouse.transaction() as connection:
                create_tables(connection)
                balance.pin(connection, found, self.run_id)
                self._coverage = coverage(connection)
                self._record_requests(connection)
            self._account = found
        return self._account

    def extract_stream(self, name: str, days: Days) -> StreamReport:
        """List a stream for `days`; commits its windows whole or not at all.

        In a run, `events` comes first. Raises StripeFailure.
        """
        self.check_account()
        stream = STREAMS.get(name)
        if stream is None or stream.reach is None:
            raise ConfigurationError(f"There is no stream {name!r} to list.", "choose from LISTED.")
        if name in self.settings.stripe.switched_off:
            self._remark(said_of(stream))
            return self._noted(StreamReport(name))
        covered = self._covered(name)
        clock = int(time.time())
        if name == "events" and (remark := events.gap(covered, clock)):
            self._remark(remark)
        windows = plan(
            stream.reach,
            days,
            clock,
            covered,
            self._first_moment,
            self.settings.stripe.document_lookback_days if stream.lookback_days is None else stream.lookback_days,
        )
        return self._commit_windows(name, windows)

    def complete_references(self) -> list[StreamReport]:
        """Fetch by id what other objects refer to and what may have changed, until nothing is missing.

        Raises StripeFailure.
        """
        self.check_account()
        missing, *open_ends = self._ask(
            lambda connection: (
                self._missing(connection),
                events.stale(connection),
                references.moved_since_read(connection),
                references.not_final(connection, today(), self.run_id),
            )
        )
        self._close_over(missing, _merged(*open_ends))
        return list(self._report.streams.values())

    def extract_rates(self) -> StreamReport:
        """Fetch the official exchange rates that are needed and unknown. Raises RatesFailure."""
        report = StreamReport("official_rates")
        for gap in self._ask(rates.gaps):
            asked = now()
            published = rate_sources.fetch(
                self.settings.rates_source, self.settings.rates_api_base, gap, self._patience
            )
            with self.warehouse.transaction() as connection:
                rates.store(connection, published, asked)
            count = len(published.rates)
            report += StreamReport("official_rates", count, count, 1)
        self._ask(rates.require_all)
        return self._noted(report)

    def read_balance(self) -> list[BalanceLine]:
        """Read the balance, list the newest transactions, read again; what is left unexplained is in the lines.

        Readings that differ are repeated: something moved in between. Raises StripeFailure.
        """
        self.check_account()
        readings, moved = [self._read_balance()], False
        for _ in range(READINGS):
            newest = since_start(self._covered("balance_transactions"), self._first_moment, int(time.time()))
            moved |= self._commit_windows("balance_transactions", [newest]).changed > 0
            readings.append(self._read_balance())
            if readings[-1][1] == readings[-2][1]:
                break
        if moved:
            self._close_over(self._ask(self._missing), {})
        with self.warehouse.transaction() as connection:
            for at, found in readings:
                balance.record(connection, found, at)
            at, found = readings[-1]
            lines = balance.explain(connection, found, self.settings.start_date, at)
            self._record_requests(connection)
        self._report.balances = lines
        return lines

    def _close_over(self, missing: references.Missing, open_ends: dict[str, list[str]]) -> None:
        """Fetch what is missing and these open ends, until the answers refer to nothing unknown."""
        while missing or open_ends:
            wanted = _merged(open_ends, missing.objects)
            if wanted:
                self._fetch(wanted)
            elif missing.intents:
                self._look_up(missing.intents)
            elif missing.sublists:
                for name, parents in missing.sublists.items():
                    self._list_inside(name, parents)
            else:
                self._fetch(parents_of(self._api, missing.unplaced))
            missing, open_ends = self._ask(self._missing), {}

    @property
    def _first_moment(self) -> int:
        return midnight(self.settings.start_date)

    def _read_balance(self) -> tuple[datetime, balance.Balances]:
        asked = now()
        body = self._api.get("/v1/balance", reading="the balance", permission="rak_balance_read")
        return asked, balance.parse_balances(body)

    def _commit_windows(self, name: str, windows: Sequence[Window]) -> StreamReport:
        stream = STREAMS[name]
        asked, before = now(), self._api.requests
        with Spool(self.settings.home) as spool:
            counted = []
            for window in windows:
                spent = sum(self._api.requests.values())
                with naming_the_switch(stream):
                    rows = self._reader.window(stream, window, spool)
                counted.append((window, rows, sum(self._api.requests.values()) - spent))
            with self.warehouse.transaction() as connection:
                committed = commit(connection, spool)
                for window, rows, requests in counted:
                    record_window(connection, name, window, asked, rows, requests)
                self._record_requests(connection)
        self._covered_now(name, windows)
        spent = sum(self._api.requests.values()) - sum(before.values())
        done = committed.get(name, Committed(0, 0))
        report = StreamReport(
            name, sum(rows for _, rows, _ in counted), done.changed, spent, tuple((w.start, w.end) for w in windows)
        )
        return self._noted(report)

    def _fetch(self, wanted: dict[str, list[str]]) -> None:
        """Fetch objects by id and commit them together."""
        spent = {}
        with Spool(self.settings.home) as spool:
            for name, ids in wanted.items():
                before = sum(self._api.requests.values())
                for id in ids:
                    with naming_the_switch(STREAMS[name]):
                        known = self._reader.object(STREAMS[name], id, spool)
                    if not known:
                        self._remark(f"Stripe does not know {name} {id}: it is kept as deleted.")
                spent[name] = sum(self._api.requests.values()) - before
            self._commit_spool(spool, spent)

    def _look_up(self, intents: Sequence[str]) -> None:
        """Find the invoice payments of payment intents, and remember where there is none."""
        before = sum(self._api.requests.values())
        with Spool(self.settings.home) as spool:
            found = {intent: self._reader.invoice_payments_of(intent, spool) for intent in intents}
            asked = now()
            spent = sum(self._api.requests.values()) - before

            def remember(connection: duckdb.DuckDBPyConnection) -> None:
                for intent, is_there in found.items():
                    connection.execute("INSERT INTO stripe.lookups VALUES (?, ?, ?)", [intent, asked, is_there])

            self._commit_spool(spool, {"invoice_payments": spent}, remember)

    def _list_inside(self, name: str, parents: Sequence[str]) -> None:
        """Read one sublist of several objects and commit them together."""
        stream, sublist = SUBLISTS[name]
        before = sum(self._api.requests.values())
        with Spool(self.settings.home) as spool:
            for parent in parents:
                self._reader.sublist(stream, sublist, parent, spool)
            if sublist.counts_for:
                for page in list(spool.pages):
                    spool.add_again(page, sublist.counts_for)
            self._commit_spool(spool, {name: sum(self._api.requests.values()) - before})

    def _missing(self, connection: duckdb.DuckDBPyConnection) -> references.Missing:
        return references.missing(connection, self.settings.stripe.switched_off)

    def _commit_spool(
        self,
        spool: Spool,
        spent: dict[str, int],
        also: Callable[[duckdb.DuckDBPyConnection], None] = lambda connection: None,
    ) -> None:
        with self.warehouse.transaction() as connection:
            committed = commit(connection, spool)
            also(connection)
            self._record_requests(connection)
        for name in dict.fromkeys([*spent, *committed]):
            done = committed.get(name, Committed(0, 0))
            self._noted(StreamReport(name, done.rows, done.changed, spent.get(name, 0)))

    def _covered(self, stream: str) -> list[tuple[int, int]]:
        if self._coverage is None:
            self._coverage = self._ask(coverage)
        return self._coverage.get(stream, [])

    def _covered_now(self, stream: str, windows: Sequence[Window]) -> None:
        if self._coverage is not None:
            before = self._coverage.get(stream, [])
            self._coverage[stream] = merged([*before, *((window.start, window.end) for window in windows)])

    def _ask(self, question: Callable[[duckdb.DuckDBPyConnection], Answer]) -> Answer:
        with self.warehouse.writer() as connection:
            create_tables(connection)
            return question(connection)

    def _record_requests(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Add what was spent since the last record to `stripe.requests`."""
        spent = self._api.requests
        for endpoint, count in spent.items():
            if count > self._recorded.get(endpoint, 0):
                connection.execute(
                    "INSERT INTO stripe.requests VALUES (?, ?, ?, ?)",
                    [self.run_id, now(), endpoint, count - self._recorded.get(endpoint, 0)],
                )
        self._recorded = spent

    def _remark(self, remark: str) -> None:
        self._report.remarks.append(remark)
        self.progress(remark)

    def _noted(self, report: StreamReport) -> StreamReport:
        if report.requests:
            self.progress(
                f"{report.stream}: {report.rows} read, {report.changed} new or changed, {report.requests} requests"
            )
        known = self._report.streams.get(report.stream, StreamReport(report.stream))
        self._report.streams[report.stream] = known + report
        return report


def _merged(*parts: dict[str, list[str]]) -> dict[str, list[str]]:
    """The ids of several questions, each once, by stream."""
    merged: dict[str, dict[str, None]] = {}
    for part in parts:
        for stream, ids in part.items():
            merged.setdefault(stream, {}).update(dict.fromkeys(ids))
    return {stream: list(ids) for stream, ids in merged.items()}
