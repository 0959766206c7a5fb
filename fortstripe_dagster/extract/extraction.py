"""One run: the order in which the parts of this folder work, and what it reports.

HTTP and the warehouse take turns: what is missing is asked of the warehouse, answers are spooled without it, and what
they refer to is asked in the transaction that commits them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import TypeVar

import duckdb

from fortstripe_dagster.business_day import Days, midnight, today
from fortstripe_dagster.extract import balance, events, rate_sources, rates, references
from fortstripe_dagster.extract.balance import Account, BalanceLine
from fortstripe_dagster.extract.client import Patience, StripeApi
from fortstripe_dagster.extract.commit import Committed, create_tables
from fortstripe_dagster.extract.coverage import Coverage, coverage, pieces
from fortstripe_dagster.extract.gathering import Gathering
from fortstripe_dagster.extract.optional import naming_the_switch, said_of
from fortstripe_dagster.extract.pages import StripeReader
from fortstripe_dagster.extract.parents import parents_of
from fortstripe_dagster.extract.report import ExtractReport, StreamReport
from fortstripe_dagster.extract.spool import Piece, Spool, now
from fortstripe_dagster.extract.streams import STREAMS, SUBLISTS, Stream
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
        self._gathering = Gathering(settings, warehouse, self._reader, self._record_requests, progress)
        self._account: Account | None = None
        self._recorded: dict[str, int] = {}
        self._coverage: Coverage | None = None
        self._unfinished: list[Piece] = []
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
                self._coverage = self._known(connection)
                self._record_requests(connection)
            self._account = found
        return self._account

    def extract_stream(self, name: str, days: Days) -> StreamReport:
        """List a stream for `days`; its windows are committed whole or not at all.

        In a run, `events` comes first. Raises StripeFailure.
        """
        (report,) = self.extract_streams([name], days)
        return report

    def extract_streams(self, names: Sequence[str], days: Days) -> list[StreamReport]:
        """List several streams for `days`, side by side; `events` is none of them unless alone. Raises StripeFailure.

        A run that was broken off is continued: what it committed of these windows is not listed again.
        """
        self.check_account()
        planned = {}
        for name in names:
            stream = STREAMS.get(name)
            if stream is None or stream.reach is None:
                raise ConfigurationError(f"There is no stream {name!r} to list.", "choose from LISTED.")
            if name in self.settings.stripe.switched_off:
                self._remark(said_of(stream))
                self._noted(StreamReport(name))
            else:
                planned[name] = self._planned(stream, days)
        listed = {report.stream: report for report in self._list(planned)} if planned else {}
        return [listed.get(name, StreamReport(name)) for name in names]

    def _planned(self, stream: Stream, days: Days) -> list[Window]:
        covered = self._covered(stream.name)
        clock = int(time.time())
        if stream.name == "events" and (remark := events.gap(covered, clock)):
            self._remark(remark)
        return plan(
            stream.reach or "window",
            days,
            clock,
            covered,
            self._first_moment,
            self.settings.stripe.document_lookback_days if stream.lookback_days is None else stream.lookback_days,
        )

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
            (report,) = self._list({"balance_transactions": [newest]})
            moved |= report.changed > 0
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
                missing = self._fetch(wanted)
            elif missing.intents:
                missing = self._look_up(missing.intents)
            elif missing.sublists:
                missing = self._list_inside(missing.sublists)
            else:
                missing = self._fetch(parents_of(self._api, missing.unplaced))
            open_ends = {}

    @property
    def _first_moment(self) -> int:
        return midnight(self.settings.start_date)

    def _read_balance(self) -> tuple[datetime, balance.Balances]:
        asked = now()
        body = self._api.get("/v1/balance", reading="the balance", permission="rak_balance_read")
        return asked, balance.parse_balances(body)

    def _list(self, planned: Mapping[str, Sequence[Window]]) -> list[StreamReport]:
        """List windows by stream."""
        reports = self._gathering.windows(planned, self._unfinished)
        for name, windows in planned.items():
            if self._coverage is not None:
                listed = [(window.start, window.end) for window in windows]
                self._coverage[name] = merged([*self._coverage.get(name, []), *listed])
            self._unfinished = [piece for piece in self._unfinished if piece.stream != name]
        return [self._noted(report) for report in reports]

    def _fetch(self, wanted: Mapping[str, Sequence[str]]) -> references.Missing:
        """Fetch objects by stream and id; what is then missing."""
        unknown: list[str] = []

        def read(stream: Stream, id: str, spool: Spool) -> None:
            with naming_the_switch(stream):
                if not self._reader.object(stream, id, spool):
                    unknown.append(f"{stream.name} {id}")

        missing = self._gather(
            {name: STREAMS[name].path for name in wanted},
            [(STREAMS[name].path, partial(read, STREAMS[name], id)) for name, ids in wanted.items() for id in ids],
        )
        for what in sorted(unknown):
            self._remark(f"Stripe does not know {what}: it is kept as deleted.")
        return missing

    def _look_up(self, intents: Sequence[str]) -> references.Missing:
        """Find the invoice payments of payment intents, and remember where there is none; what is then missing."""
        asked, found = now(), {}

        def read(intent: str, spool: Spool) -> None:
            found[intent] = self._reader.invoice_payments_of(intent, spool)

        def remember(connection: duckdb.DuckDBPyConnection) -> None:
            for intent, is_there in found.items():
                connection.execute("INSERT INTO stripe.lookups VALUES (?, ?, ?)", [intent, asked, is_there])

        path = STREAMS["invoice_payments"].path
        return self._gather({"invoice_payments": path}, [(path, partial(read, intent)) for intent in intents], remember)

    def _list_inside(self, wanted: Mapping[str, Sequence[str]]) -> references.Missing:
        """Read sublists of several objects; what is then missing."""

        def read(name: str, parent: str, spool: Spool) -> None:
            stream, sublist = SUBLISTS[name]
            self._reader.sublist(stream, sublist, parent, spool)

        paths = {name: SUBLISTS[name][1].path for name in wanted}
        return self._gather(
            paths,
            [(paths[name], partial(read, name, parent)) for name, parents in wanted.items() for parent in parents],
        )

    def _gather(
        self,
        paths: Mapping[str, str],
        readings: Sequence[tuple[str, Callable[[Spool], None]]],
        remember: Callable[[duckdb.DuckDBPyConnection], None] = lambda connection: None,
    ) -> references.Missing:
        """Read side by side, commit, and ask in the same transaction what is missing; `paths` by stream or sublist."""
        before = {name: self._gathering.spent(path) for name, path in paths.items()}

        def ask(connection: duckdb.DuckDBPyConnection) -> references.Missing:
            remember(connection)
            return self._missing(connection)

        committed, missing = self._gathering.several(readings, ask)
        for name in dict.fromkeys([*paths, *committed]):
            done = committed.get(name, Committed(0, 0))
            spent = self._gathering.spent(paths[name]) - before[name] if name in paths else 0
            self._noted(StreamReport(name, done.rows, done.changed, spent))
        return missing

    def _missing(self, connection: duckdb.DuckDBPyConnection) -> references.Missing:
        return references.missing(connection, self.settings.stripe.switched_off)

    def _covered(self, stream: str) -> list[tuple[int, int]]:
        if self._coverage is None:
            self._coverage = self._ask(self._known)
        return self._coverage.get(stream, [])

    def _known(self, connection: duckdb.DuckDBPyConnection) -> Coverage:
        self._unfinished = pieces(connection, now())
        return coverage(connection)

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
