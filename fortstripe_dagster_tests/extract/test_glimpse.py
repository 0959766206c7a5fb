"""What is seen of an answer, and what is refused because it cannot be what was asked for."""

from __future__ import annotations

import json

import pytest

from fortstripe_dagster.extract import glimpse
from fortstripe_dagster.extract.streams import STREAMS
from fortstripe_dagster.failures import StripeFailure

INVOICES = STREAMS["invoices"].sublists


def listed(*things: object, **changes: object) -> bytes:
    return json.dumps({"object": "list", "data": list(things), "has_more": False, **changes}).encode()


def test_ids_and_flags_are_seen_and_nothing_else() -> None:
    long = {"id": "in_1", "object": "invoice", "created": 7, "lines": {"data": [{"x": 1}], "has_more": True}, "y": {}}
    gone = {"id": "in_2", "object": "invoice", "deleted": True}
    entries, more = glimpse.of_list(listed(long, gone), INVOICES, "invoices, page 1")
    assert not more and entries[0] == {
        "id": "in_1", "object": "invoice", "created": 7, "deleted": None, "lines": {"has_more": True},
    }  # fmt: skip
    assert glimpse.overflowing(entries, INVOICES) == {"lines": ["in_1"]}
    assert glimpse.of_object(json.dumps(gone).encode(), INVOICES, "invoices in_2")["deleted"] is True


@pytest.mark.parametrize(
    ("lines", "all_there"), [({"has_more": False}, True), ({"has_more": True}, False), ({}, False), (None, False)]
)
def test_a_sublist_is_whole_only_if_stripe_says_so(lines: object, all_there: bool) -> None:
    entries, _ = glimpse.of_list(listed({"id": "in_1", "lines": lines}, {"id": "in_2"}), INVOICES, "invoices, page 1")
    assert glimpse.overflowing(entries, INVOICES) == {"lines": ["in_2"] if all_there else ["in_1", "in_2"]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (listed({"id": "in_1"})[:-9], "cut off or not JSON"),
        (listed({"id": "in_1"}) + b"}", "cut off or not JSON"),
        (b'{"object": "list", "data": [{"id": "\xff"}], "has_more": false}', "cut off or not JSON"),
        (b"[]", "is not a list"),
        (listed(None), "is not a list"),
        (listed({"id": 7}), "is not a list. id: "),
        (listed(has_more="no"), "is not a list. has_more: "),
        (listed(has_more=None), "is not a list"),
        (listed(object="charge"), "is not a list"),
    ],
    ids=["cut", "more", "bytes", "array", "null", "id", "flag", "no flag", "other"],
)
def test_what_is_no_list_of_objects_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(StripeFailure, match=said):
        glimpse.of_list(body, INVOICES, "invoices, page 1")
