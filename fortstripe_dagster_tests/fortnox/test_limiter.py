"""The pace, judged by when requests reached a server, by one thread and by several processes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fortstripe_dagster.fortnox import Limiter

from .conftest import Stage, child, go


def most_in_any(window: float, moments: list[float]) -> int:
    return max(sum(start <= moment < start + window for moment in moments) for start in moments)


class Clock:
    """A clock that moves only when somebody sleeps; `meanwhile` happens during the next sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.meanwhile: Callable[[], None] | None = None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if self.meanwhile and seconds:
            self.meanwhile()
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


def moments(limiter: Limiter, clock: Clock, count: int, work: float = 0.0) -> list[float]:
    found = []
    for _ in range(count):
        limiter.wait()
        found.append(clock.now)
        clock.now += work
    return found


@pytest.mark.parametrize("kept", [False, True], ids=["in memory", "in a file"])
def test_the_default_pace_is_never_above_24_in_5_seconds(kept: bool, tmp_path: Path, clock: Clock) -> None:
    limiter = Limiter(tmp_path / "pace.json" if kept else None)
    given = moments(limiter, clock, 200)
    assert most_in_any(5.0, given) == 24
    assert min(b - a for a, b in zip(given, given[1:], strict=False)) >= 0.208 - 1e-9
    assert 199 / (given[-1] - given[0]) >= 0.95 * 5  # and hardly below


def test_time_spent_elsewhere_is_not_waited_again_nor_saved_up(clock: Clock) -> None:
    limiter = Limiter()
    slow = moments(limiter, clock, 10, work=1.0)
    assert [round(b - a, 6) for a, b in zip(slow, slow[1:], strict=False)] == [1.0] * 9
    after_a_rest = moments(limiter, clock, 10)
    assert min(b - a for a, b in zip(after_a_rest, after_a_rest[1:], strict=False)) >= 0.208 - 1e-9


def test_a_pause_holds_and_the_pace_goes_on_after_it(clock: Clock) -> None:
    limiter = Limiter()
    moments(limiter, clock, 3)
    begun = clock.now
    limiter.back_off(7.0)
    after = moments(limiter, clock, 50)
    assert after[0] == pytest.approx(begun + 7.0)
    assert most_in_any(5.0, after) == 24


@pytest.mark.parametrize("kept", [False, True], ids=["in memory", "in a file"])
def test_a_pause_holds_for_who_was_already_waiting(kept: bool, tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "pace.json" if kept else None
    limiter = Limiter(file, interval=1.0)
    other = Limiter(file, interval=1.0) if kept else limiter
    limiter.wait()
    begun = clock.now

    def meanwhile() -> None:
        clock.meanwhile = None
        other.back_off(3.0)

    clock.meanwhile = meanwhile  # while the next request sleeps for its moment, another meets a 429
    limiter.wait()
    assert clock.now == pytest.approx(begun + 3.0)


def test_a_shorter_pause_does_not_end_a_longer_one(clock: Clock) -> None:
    limiter = Limiter()
    begun = clock.now
    limiter.back_off(10.0)
    limiter.back_off(1.0)
    assert moments(limiter, clock, 1) == [pytest.approx(begun + 10.0)]


def test_two_limiters_on_one_file_are_one(tmp_path: Path, clock: Clock) -> None:
    one, other = Limiter(tmp_path / "pace.json"), Limiter(tmp_path / "pace.json")
    given = [moment for _ in range(40) for moment in (*moments(one, clock, 1), *moments(other, clock, 1))]
    assert most_in_any(5.0, given) == 24
    begun = clock.now
    one.back_off(6.0)
    assert moments(other, clock, 1)[0] >= begun + 6.0


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"given": ["x"], "pause_until": 0}', '{"given": null}'])
def test_a_spoilt_file_leaves_a_whole_window_free(spoilt: str, tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "pace.json"
    file.write_text(spoilt)
    begun = clock.now
    assert moments(Limiter(file), clock, 1) == [pytest.approx(begun + 5.0)]


def test_moments_of_before_the_machine_restarted_are_not_waited_for(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "pace.json"
    file.write_text(json.dumps({"given": [9_000_000.0], "pause_until": 0.0}))
    begun = clock.now
    assert moments(Limiter(file), clock, 1)[0] <= begun + 5.0


def test_the_file_stays_small(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "pace.json"
    moments(Limiter(file), clock, 500)
    assert file.stat().st_size < 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pace.json", "pace.json.lock"]


@pytest.mark.parametrize("wrong", [{"interval": -1}, {"window": 0}, {"per_window": 0}])
def test_an_impossible_pace_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no such pace"):
        Limiter(**wrong)  # type: ignore[arg-type]


def test_threads_share_the_pace() -> None:
    limiter = Limiter(interval=0.02, window=0.5, per_window=10)
    begun = time.monotonic()
    given: list[float] = []

    def work() -> None:
        for _ in range(5):
            limiter.wait()
            given.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # What a thread notes down may be late but never early: the n-th request cannot be before its moment.
    assert all(moment - begun >= 0.5 * (n // 10) for n, moment in enumerate(sorted(given)))


CHILD = """
import sys
from pathlib import Path
from fortstripe_dagster.fortnox import Fortnox, Limiter
class Login:
    def token(self): return "token"
    def forget(self, token): pass
client = Fortnox(
    api_base=sys.argv[1], auth=Login(), limiter=Limiter(Path(sys.argv[2]), interval=0.03, window=0.8, per_window=12)
)
print("ready", flush=True)
sys.stdin.readline()
for n in range(20):
    client.get(f"/3/invoices/{n}")
"""


def test_two_processes_keep_one_pace_as_the_server_sees_it(stage: Stage, tmp_path: Path) -> None:
    children = [child(CHILD, stage.url, str(tmp_path / "pace.json")) for _ in range(2)]
    begun = time.monotonic()
    go(*children)
    for running in children:
        running.communicate(timeout=60)
        assert running.returncode == 0
    arrived = sorted(request.at for request in stage.seen)
    assert len(arrived) == 40
    # A request can reach the server late, never before its moment. Each process alone would need a third of the time.
    assert all(moment - begun >= max(0.8 * (n // 12), 0.03 * n) for n, moment in enumerate(arrived))
