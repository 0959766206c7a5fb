"""Rules in fortstripe.toml: what is wrong with them is said when the file is read, before anything is booked."""

from __future__ import annotations

from pathlib import Path

import pytest

from fortstripe_dagster import settings
from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster_tests.test_settings import DECIDED, write

ALL_OF_IT = """
[[rules]]
name = "Courses"
when = { product = ["prod_1", "prod_2"], country = "SE", metadata = { team = "education" } }
account = 3011
cost_center = 10
project = "P1"
article = "COURSE"
[[rules]]
kind = "gift_card_multi"
"""


def test_a_rule_may_say_one_value_or_several(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(DECIDED + ALL_OF_IT, monkeypatch, tmp_path)
    courses, everything = settings.load().rules
    assert courses.when.product == ("prod_1", "prod_2") and courses.when.country == ("SE",)
    assert (courses.account, courses.cost_center, courses.project) == ("3011", "10", "P1")
    assert everything.when.covers(courses.when) and not courses.when.covers(everything.when)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("[[rules]]\naccount = 30110", r"rules\.0\.account"),
        ("[[rules]]\nacount = 3011", r"rules\.0\.acount is not a setting \(did you mean account\?\)"),
        ('[[rules]]\naccount = 3011\nwhen = { prodct = "x" }', r"prodct is not a setting \(did you mean product\?\)"),
        ('[[rules]]\naccount = 3011\nwhen = { country = "Sweden" }', "is no code of 2 capital letters"),
        ('[[rules]]\nwhen = { currency = "EUR" }', "decides nothing"),
        ('[[rules]]\nkind = "tip"\nvat_rate = 25', r"kind tip has its account in \[accounts\]"),
        (
            '[[rules]]\naccount = 3011\n[[rules]]\nwhen = { price = "p" }\nproject = "A"',
            "rule 2 can never apply: rule 1",
        ),
        (
            '[[rules]]\nwhen = { country = ["SE", "NO"] }\nproject = "A"\n'
            '[[rules]]\nwhen = { country = "SE", product = "x" }\nproject = "B"',
            "rule 2 can never apply: rule 1",
        ),
    ],
)
def test_a_wrong_rule_is_named(rules: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write(f"{DECIDED}\n{rules}\n", monkeypatch, tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        settings.load()


def test_rules_that_overlap_in_part_are_all_in_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    both = '[[rules]]\nwhen = { country = "SE" }\nproject = "A"\n[[rules]]\nwhen = { product = "x" }\nproject = "B"'
    write(f"{DECIDED}\n{both}\n", monkeypatch, tmp_path)
    assert [rule.project for rule in settings.load().rules] == ["A", "B"]
