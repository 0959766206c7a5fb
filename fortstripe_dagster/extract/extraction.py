"""One run: the order in which the parts of this folder work, and what it reports.

HTTP and the warehouse take turns: what is missing is asked of the warehouse, answers are spooled without it, and what
they refer to is asked in the transaction that commits them.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import TypeVar

import duckdb

from fortstripe_dagster.business_day import Days, midnight, today
from fortstripe_dagster.extract import (
    balance,
    before_start,
    budget,
    control_totals,
    events,
    personal,
    rate_sources,
    rates,
    references,
    stripe_report,
)
from fortstripe_dagster.extract.balance import Account, BalanceLine
from fortstripe_dagster.extract.client import Patience, StripeApi
from fortstripe_dagster.extract.commit import create_tables
from fortstripe_dagster.extract.completion import Completion, Wanted
from fortstripe_dagster.extract.coverage import Coverage, Whole, coverage, pieces, record_windows
from fortstripe_dagster.extract.gathering import Gathering
from fortstripe_dagster.extract.optional import said_of
from fortstripe_dagster.extract.pages import StripeReader
from fortstripe_dagster.extract.report import ExtractReport, StreamReport
from fortstripe_dagster.extract.spool import Piece, now
from fortstripe_dagster.extract.streams import COUPONS, COUPONS_OF_ONE, STREAMS, Stream
from fortstripe_dagster.extract.windows import Window, joined, merged, plan, since_last, since_start
from fortstripe_dagster.failures import ConfigurationError, Failure
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Say, Warehouse

PEEKED = 100
"""Events looked at to see whether there is news: as many as a page holds."""
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
        by_coupon = settings.gift_cards.by_coupon
        self._reader = StripeReader(self._api, COUPONS if by_coupon else {}, COUPONS_OF_ONE if by_coupon else {})
        self._gathering = Gathering(settings, warehouse, self._reader, self._record_requests, progress)
        self._completion = Completion(
            self._api, self._reader, self._gathering, settings, self._ask, self._list, self._noted, self._remark
        )
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
            self._api.close()

    def report(self) -> ExtractReport:
        """What the run has read and spent so far."""
        self._report.requests = self._api.requests
        self._report.month = self._report.month or self._ask(self._spent)
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
                personal.clean(connection, personal.left_out(self.settings.stripe))
                balance.pin(connection, found, self.run_id, self.settings.stripe_api_key.get_secret_value())
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
        """List several streams for `days`, side by side, but `events` before the others: what those show is newer.

        A run that was broken off is continued: what it committed of these windows is not listed again. Raises
        StripeFailure.
        """
        self.check_account()
        streams = []
        for name in names:
            stream = STREAMS.get(name)
            if stream is None or stream.reach is None:
                raise ConfigurationError(f"There is no stream {name!r} to list.", "choose from LISTED.")
            if name in self.settings.stripe.switched_off:
                self._remark(said_of(stream))
                self._noted(StreamReport(name))
            else:
                streams.append(stream)
        catalogues = any(stream.reach == "everything" and self._covered(stream.name) for stream in streams)
        told = self._ask(events.read) if catalogues else []
        before, planned = self._before_the_start(), dict[str, list[Window]]()
        for stream in sorted(streams, key=lambda stream: stream.reach != "feed"):
            planned[stream.name] = joined([*before.get(stream.name, []), *self._planned(stream, days, told)])
            if stream.reach == "feed":
                told = events.read_with(told, planned[stream.name], int(time.time()))
        listed = {report.stream: report for report in self._list(planned)} if planned else {}
        return [listed.get(name, StreamReport(name)) for name in names]

    def _planned(self, stream: Stream, days: Days, told: Sequence[tuple[int, int]]) -> list[Window]:
        """The windows of a stream for `days`, where events were told over these stretches."""
        covered = self._covered(stream.name)
        if stream.reach == "everything" and covered and events.told_since(told, covered[0][1]):
            return []
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
        if before := self._before_the_start():
            self._list(before)
        swept, wanted = self._ask(self._after_lists)
        if swept:
            self._list(swept)
            self._remark(f"Listed anew, since events were lost: {', '.join(swept)}.")
            _, wanted = self._ask(partial(self._after_lists, made_up=True))
        self._completion.until_nothing_is_missing(wanted)
        if self.settings.gift_cards.by_coupon:
            self._completion.fetch_one_by_one(self._ask(references.coupons_unread))
        return list(self._report.streams.values())

    def _after_lists(
        self, connection: duckdb.DuckDBPyConnection, made_up: bool = False
    ) -> tuple[dict[str, list[Window]], Wanted]:
        """What to list anew, since it may have changed while no events were read, and what is to be fetched by id.

        Gaps between readings of events are noted once they are `made_up` for, or nothing can have changed in them.
        """
        gaps, swept = events.sweeps(connection)
        if gaps and (made_up or not swept):
            record_windows(connection, [Whole(events.SWEPT, gap, 0, 0) for gap in gaps], now())
        changed = [references.coupons_unread(connection)] if self.settings.gift_cards.by_coupon else []
        if references.read_before(connection, self.run_id):
            changed.append(references.moved_since_read(connection))
            changed.append(references.not_final(connection, today(), self.run_id))
        return swept, self._completion.wanted(connection, events.stale(connection), *changed)

    def extract_rates(self) -> StreamReport:
        """Fetch the official exchange rates that are needed and unknown. Raises RatesFailure."""
        report = StreamReport("official_rates")
        gaps = self._ask(rates.gaps_or_all)
        read: list[tuple[rate_sources.Published, datetime]] = []
        try:
            for gap in gaps:
                asked = now()
                read.append((self._published(gap), asked))
        finally:  # what was answered is kept, though the next is refused
            if read:
                with self.warehouse.transaction() as connection:
                    for published, asked in read:
                        rates.store(connection, published, asked)
        if gaps:
            self._ask(rates.require_all)
        for published, _ in read:
            count = len(published.rates)
            report += StreamReport("official_rates", count, count, int(published.source != rate_sources.COMPANY))
        return self._noted(report)

    def _published(self, gap: rate_sources.Gap) -> rate_sources.Published:
        settings = self.settings
        if gap.currency in settings.exchange_rates:
            return rate_sources.given(settings.exchange_rates[gap.currency], gap)
        return rate_sources.fetch(settings.rates_source, settings.rates_api_base, gap, self._patience)

    def read_balance(self, days: Days | None = None) -> list[BalanceLine]:
        """Read the balance, list the newest transactions, read again; what is left unexplained is in the lines.

        Readings that differ are repeated: something moved in between. `days` are compared with Stripe's own report,
        too, where the company wants it and the key allows it. Raises StripeFailure.
        """
        report, livemode = None, self.check_account().livemode
        if days and self.settings.stripe.use_reports != "off":
            report = stripe_report.read(self._api, days, livemode=livemode)
        readings, moved = [self._read_balance()], False
        for _ in range(READINGS):
            moved |= self._list({"balance_transactions": [self._newest()]})[0].changed > 0
            readings.append(self._read_balance())
            if readings[-1][1] == readings[-2][1]:
                break
        else:
            moved |= self._list({"balance_transactions": [self._newest()]})[0].changed > 0
        if moved:
            self._completion.until_nothing_is_missing(self._ask(self._completion.wanted))
        with self.warehouse.transaction() as connection:
            for at, found in readings:
                balance.record(connection, found, at)
            at, found = readings[-1]
            lines = balance.explain(connection, found, self.settings.start_date, at, settled=found == readings[-2][1])
            before_start.record(connection, self.settings.start_date, at)
            totals = control_totals.of_balances(connection, lines, self.settings.start_date, today())
            totals += stripe_report.compare(connection, report) if report else []
            control_totals.record(connection, totals, at)
            self._record_requests(connection)
            self._report.month = self._spent(connection)
            lacking = rates.gaps(connection)
        if lacking:  # what stood there before the first booked day may be of one more currency
            self.extract_rates()
        self._report.balances = lines
        self._report.control_totals += totals
        return lines

    def has_news(self) -> bool:
        """Whether Stripe tells of something that was not read yet. One request; nothing is kept of the answer.

        Raises StripeFailure.
        """
        window = since_last(self._covered("events"), int(time.time()))
        body = self._api.get(
            "/v1/events",
            {"limit": PEEKED, "created": window.created()},
            reading="the newest events",
            permission="rak_event_read",
        )
        told = json.loads(body)
        ids = [event["id"] for event in told["data"]]
        return bool(told["has_more"]) or self._ask(partial(events.known, ids=ids)) < len(ids)

    def refresh(self) -> dict[str, list[str]]:
        """Read the newest events and what they name; the ids read, by stream. One request where nothing happened.

        For polling between the runs that list: what is new is left to them. Raises StripeFailure.
        """
        key = self.settings.stripe_api_key.get_secret_value()
        self._account = self._account or self._ask(partial(balance.of_key, key=key))
        self.check_account()
        clock, covered = int(time.time()), self._covered("events")
        if remark := events.gap(covered, clock):
            self._remark(remark)
        (report,) = self._list({"events": [since_last(covered, clock)]})
        changed = self._ask(events.stale) if report.changed else {}
        if changed:
            self._completion.until_nothing_is_missing(self._ask(lambda c: self._completion.wanted(c, changed)))
        return changed

    def _before_the_start(self) -> dict[str, list[Window]]:
        """What may have stood open when the books begin and was not listed yet, by stream; once for each start."""
        self._covered("payouts")
        settings = self.settings
        deferred = settings.deferral == "voucher" and settings.deferral_before_start != "income"
        covered, clock = self._coverage or {}, int(time.time())
        return before_start.windows(covered, settings.start_date, clock, deferred=deferred)

    def _newest(self) -> Window:
        """The balance transactions that were not listed yet."""
        return since_start(self._covered("balance_transactions"), self._first_moment, int(time.time()))

    @property
    def _first_moment(self) -> int:
        return midnight(self.settings.start_date)

    def _read_balance(self) -> tuple[datetime, balance.Balances]:
        asked = now()
        body = self._api.get("/v1/balance", reading="the balance", permission="rak_balance_read")
        return asked, balance.parse_balances(body)

    def _list(self, planned: Mapping[str, Sequence[Window]]) -> list[StreamReport]:
        """List windows by stream."""
        reports = self._gathering.windows(planned, self._unfinished, first=("events",))
        for name, windows in planned.items():
            if self._coverage is not None:
                listed = [(window.start, window.end) for window in windows]
                self._coverage[name] = merged([*self._coverage.get(name, []), *listed])
            self._unfinished = [piece for piece in self._unfinished if piece.stream != name]
        return [self._noted(report) for report in reports]

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

    def _spent(self, connection: duckdb.DuckDBPyConnection) -> budget.Budget:
        return budget.spent(connection, now())

    def _record_requests(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Add what was spent since the last record to `stripe.requests`."""
        spent = self._api.requests
        new = {endpoint: more for endpoint in spent if (more := spent[endpoint] - self._recorded.get(endpoint, 0))}
        connection.execute(
            "INSERT INTO stripe.requests SELECT ?, ?, unnest(?::VARCHAR[]), unnest(?::INTEGER[])",
            [self.run_id, now(), list(new), list(new.values())],
        )
        self._recorded, self._report.month = spent, None

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
