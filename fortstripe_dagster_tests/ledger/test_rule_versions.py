"""Rules carry a version, and no released version stands for two kinds of rules."""

from __future__ import annotations

import pytest

from fortstripe_dagster.failures import ConfigurationError
from fortstripe_dagster.ledger import rule_files, rule_versions
from fortstripe_dagster.ledger.rule_versions import Recorded, record

FIRST = Recorded("2026-11", "0.1.0", "aaaa")


def test_the_rules_of_this_package_are_on_record() -> None:
    now, last = rule_versions.today(), rule_versions.recorded()[-1]
    assert (last.version, last.digest) == (now.version, now.digest), (
        "the rules (SQL, data or order) changed; run: python -m fortstripe_dagster.ledger.rule_versions"
    )


def test_a_changed_text_or_order_is_another_state(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = rule_files.current_rules()
    for sql in ({**rules.sql, "sales": rules.sql["sales"] + " "}, dict(reversed(list(rules.sql.items())))):
        other = rule_files.RuleFiles(rules.rule_version, rules.package, sql, rules.data, rules.passing)
        monkeypatch.setattr(rule_versions, "current_rules", lambda other=other: other)
        assert rule_versions.today().digest != rules.digest


def test_rules_may_change_until_their_package_is_released() -> None:
    changed = FIRST._replace(digest="bbbb")
    assert record([], FIRST) == [FIRST]
    assert record([FIRST], changed) == [changed]
    assert record([changed], changed._replace(package="0.2.0")) == [changed], "a release that changes no rule"


def test_other_rules_need_another_version_once_theirs_is_released() -> None:
    changed = Recorded("2026-11", "0.2.0", "bbbb")
    with pytest.raises(ConfigurationError, match=r"rules 2026-11 went out with fortstripe_dagster 0\.1\.0"):
        record([FIRST], changed)
    newer = changed._replace(version="2027-01")
    assert record([FIRST], newer) == [FIRST, newer]
    assert record([FIRST, newer], newer._replace(digest="cccc")) == [FIRST, newer._replace(digest="cccc")]


def test_rules_that_book_the_same_may_keep_their_version() -> None:
    faster = Recorded("2026-11", "0.2.0", "bbbb")
    assert record([FIRST], faster, same_books=True) == [FIRST, faster]
