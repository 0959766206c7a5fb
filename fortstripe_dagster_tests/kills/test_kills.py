"""Exactly once: wherever a delivery is killed, whatever the network does, Fortnox ends with the same books.

In calm weather one thread sends, so that each point of the run has its number: the process dies at every one of them
in turn. In bad weather four threads send, answers are lost, and the run that resumes is killed as well.
"""

from __future__ import annotations

import atexit
import random
import shutil
import signal
import tempfile
from functools import cache
from pathlib import Path

import pytest

from fortstripe_dagster.failures import DONE
from fortstripe_dagster_tests.kills.books_said import said
from fortstripe_dagster_tests.kills.scenario import HASTY, ONE_BY_ONE, Begun, begin, running

SAME_AS_THE_NEXT = "after commit of intents"
"""Nothing is done between this point and the next, before the request that the intent is about."""


@cache
def begun() -> Begun:
    directory = tempfile.mkdtemp(prefix="fortstripe-kills-")
    atexit.register(shutil.rmtree, directory)  # not run by the children: they never leave through the interpreter
    return begin(Path(directory) / "begun")


@cache
def undisturbed() -> tuple[tuple[str, ...], dict[str, list[str]]]:
    """The points of a run that nobody disturbs, and what Fortnox says after it."""
    names = begun().home / "points.txt"
    with running(begun(), begun().home / "undisturbed") as company:
        company.deliver(ONE_BY_ONE, names=names)
        assert company.deliver(ONE_BY_ONE) == DONE, company.log()
        return tuple(names.read_text().splitlines()), said(company.books)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    points, _ = undisturbed()
    if "point" in metafunc.fixturenames:
        every = [number for number, name in enumerate(points, 1) if name != SAME_AS_THE_NEXT]
        step = 1 if metafunc.function is test_killed_at_this_point_it_resumes_to_the_same_books else 8
        metafunc.parametrize("point", every[::step], ids=lambda n: f"{n:03} {points[n - 1]}")


def test_killed_at_this_point_it_resumes_to_the_same_books(point: int, tmp_path: Path) -> None:
    points, books = undisturbed()
    names = tmp_path / "points.txt"
    with running(begun(), tmp_path / "home") as company:
        assert company.deliver(ONE_BY_ONE, kill_at=point, names=names) == -signal.SIGKILL, company.log()
        assert names.read_text().splitlines() == list(points[:point])
        with company.in_bad_weather(seed=point):
            assert company.resume() == DONE, company.log()
        assert said(company.books) == books, company.log()


def test_killed_twice_in_bad_weather_it_resumes_to_the_same_books(point: int, tmp_path: Path) -> None:
    _, books = undisturbed()
    dice = random.Random(point)
    with running(begun(), tmp_path / "home") as company:
        with company.in_bad_weather(seed=1000 + point):
            company.deliver(HASTY, kill_at=point)
            company.deliver(HASTY, kill_at=dice.randint(1, 120))
            assert company.resume() == DONE, company.log()
        assert said(company.books) == books, company.log()
