"""Every type and reporting category that Stripe lists has a treatment, and no sequence of them breaks clearing."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fortstripe_dagster.ledger
from fortstripe_dagster.ledger import checks
from fortstripe_dagster_tests.ledger.books import Book, at, book, new_world

DATA = Path(fortstripe_dagster.ledger.__file__).parent / "data"
SPEC = Path(__file__).parents[2] / "../shared/specs/stripe-schema-2026-10-28.endive.json"
ACCOUNTS = {"clearing": {"SEK": "1686", "EUR": "1687"}, "transit": {"SEK": "1689", "EUR": "1690"}}
BALANCES = ("payments", "issuing", "refund_and_dispute_prefunding", "risk_reserved")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


LISTED = table(Path(__file__).parent / "examples/stripe_types.csv")
MOVEMENTS = table(DATA / "movements.csv")
PAIRS = [(row["type"], row["reporting_category"]) for row in LISTED]


def test_the_list_of_types_is_stripes() -> None:
    listed = {row["type"] for row in LISTED if row["listed_type"] == "yes"}
    assert len(listed) == 52
    assert len({row["reporting_category"] for row in LISTED if row["listed_category"] == "yes"}) == 37
    if not SPEC.is_file():
        pytest.skip("the schema of Stripe's API is not beside this repository")
    assert listed == set(json.loads(SPEC.read_text())["objects"]["balance_transaction"]["fields"]["type"]["enum"])


def test_each_treatment_says_why_and_has_an_account() -> None:
    assert [row for row in MOVEMENTS if not row["note"]] == []
    assert len({(row["type"], row["reporting_category"]) for row in MOVEMENTS}) == len(MOVEMENTS)
    with_account = {row["treatment"] for row in table(DATA / "movement_accounts.csv")}
    # Fees have an account for each class (fees.sql).
    assert {row["treatment"] for row in MOVEMENTS} - with_account == {"fee"}
    assert with_account - {row["treatment"] for row in MOVEMENTS} == set()


@pytest.fixture(scope="module")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Book, dict[tuple[str, str], str]]]:
    """A bare balance transaction of each listed pair, and one that nobody knows."""
    world = new_world()
    made = {
        pair: world.balance_transaction(
            at=at(2, minute=nth % 60), type=pair[0], amount=-1000 - nth, reporting_category=pair[1]
        )["id"]
        for nth, pair in enumerate([*PAIRS, ("quantum_leap", "quantum_leap")])
    }
    yield book(world, tmp_path_factory.mktemp("each"), accounts=ACCOUNTS), made


def test_no_listed_type_is_unknown_and_an_unknown_one_waits_with_an_alert(
    one_of_each: tuple[Book, dict[tuple[str, str], str]],
) -> None:
    ledger, made = one_of_each
    with ledger.sql() as connection:
        unknown = checks.unknown_types(connection)
    assert [entry_id for entry_id, _ in unknown] == [made["quantum_leap", "quantum_leap"]]
    assert ledger.entry(unknown[0][0]).keys() == {"1686", "2999"}
    assert unknown[0][0] in {alert.entry_id for alert in ledger.report.alerts}


def test_whatever_waits_on_suspense_is_said_to_a_person(one_of_each: tuple[Book, dict[tuple[str, str], str]]) -> None:
    ledger, _ = one_of_each
    waiting = {row[0] for row in ledger.rows("SELECT DISTINCT entry_id FROM ledger.lines WHERE account = '2999'")}
    said = {remark.entry_id for remark in (*ledger.report.alerts, *ledger.report.held)}
    assert waiting
    assert waiting - said == set()


@pytest.mark.parametrize(
    ("type", "account"),
    [
        ("reserve_hold", "1688"),
        ("reserve_transaction", "1688"),
        ("payment_network_reserve_release", "1688"),
        ("payout_minimum_balance_hold", "1688"),
        ("payment_unreconciled", "2899"),
        ("topup", "1689"),
        ("stripe_fx_fee", "6570"),
    ],
)
def test_a_type_stands_against_its_account(
    type: str, account: str, one_of_each: tuple[Book, dict[tuple[str, str], str]]
) -> None:
    ledger, made = one_of_each
    entry = next(id for (of_type, _), id in made.items() if of_type == type)
    assert ledger.entry(entry).keys() == {"1686", account}


MOVES = st.lists(
    st.tuples(
        st.sampled_from([*PAIRS, ("quantum_leap", "quantum_leap")]),
        st.integers(min_value=-(10**9), max_value=10**9),
        st.sampled_from(["sek", "eur"]),
        st.sampled_from(BALANCES),
        st.integers(min_value=0, max_value=24 * 31 - 1),
        st.sampled_from([0, 0, 137]),
    ),
    min_size=60,
    max_size=120,
)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    moves=MOVES,
    connect=st.sampled_from([None, "agent", "principal"]),
    rate=st.sampled_from([None, 25, 0]),
)
def test_clearing_is_the_sum_of_net_of_any_movements(
    moves: list[tuple[tuple[str, str], int, str, str, int, int]], connect: str | None, rate: int | None
) -> None:
    world = new_world()
    for (type, category), amount, currency, balance, hour, fee in sorted(moves, key=lambda move: move[4]):
        world.balance_transaction(
            at=at(1 + hour // 24, hour % 24), type=type, reporting_category=category, amount=amount, currency=currency,
            balance_type=balance, fee=fee,
        )  # fmt: skip
    with TemporaryDirectory() as home:
        ledger = book(world, Path(home), accounts=ACCOUNTS, connect=connect, commission_vat_rate=rate)
        with ledger.sql() as connection:
            assert checks.unbalanced(connection) == []
            assert checks.incomplete(connection) == []
            differences = connection.execute(
                """
                SELECT * FROM (
                    SELECT balance_type, currency, day, sum(net) AS net FROM stripe.balance_transactions GROUP BY ALL
                ) b
                FULL JOIN (
                    SELECT t.balance_type, l.currency, l.event_day AS day, sum(l.amount_currency) AS net
                    FROM ledger.lines l
                    JOIN ledger.entries e USING (entry_id)
                    JOIN stripe.balance_transactions t ON t.id = e.balance_transaction
                    WHERE l.account IN ('1686', '1687')
                    GROUP BY ALL
                ) k USING (balance_type, currency, day)
                WHERE coalesce(b.net, 0) <> coalesce(k.net, 0)
                """
            ).fetchall()
        assert differences == []
