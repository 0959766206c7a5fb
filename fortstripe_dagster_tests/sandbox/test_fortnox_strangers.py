"""Whatever is sent, the stand-in answers like Fortnox: with a document or a refusal, never with a fault of its own."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fortstripe_dagster.sandbox.fortnox.schema import FieldRule, entities
from fortstripe_dagster_tests.sandbox.fortnox_api import Api

PATHS = {
    "Customer": "customers/1", "Invoice": "invoices/1", "InvoicePayment": "invoicepayments/1", "Article": "articles/1",
    "Voucher": "vouchers", "VoucherSeries": "voucherseries/S", "Account": "accounts/3001",
    "Currency": "currencies/EUR", "ModeOfPayment": "modesofpayments/STRIPE", "TermsOfPayment": "termsofpayments/30",
    "CostCenter": "costcenters/WEBB", "Project": "projects/1", "PreDefinedAccount": "predefinedaccounts/ROUNDOFF",
    "PreDefinedVoucherSeries": "predefinedvoucherseries/INVOICE", "FinancialYear": "financialyears",
    "VoucherFileConnection": "voucherfileconnections",
}  # fmt: skip

ANYTHING: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "API_BLANK", "API_NORIGHT", True, 0, 1, -1, "1", "S", "3001", 1686, "x" * 1100, "å", '"', "2026-03-14",
     "2026-13-01", "0.005", "1e5", "-", [], {}, [{}], [None], {"Id": 1}, 10**30]
)  # fmt: skip


def fitting(rule: FieldRule) -> st.SearchStrategy[Any]:
    """Values of the right kind, so that a body gets past the first check."""
    by_type: dict[str, st.SearchStrategy[Any]] = {
        "number": st.sampled_from([0, 1, "12.50", -3]),
        "integer": st.sampled_from([1, 2, 1686, 3001]),
        "boolean": st.booleans(),
        "date": st.sampled_from(["2026-03-14", "2026-01-01", "2031-01-01"]),
        "string": st.sampled_from(list(rule.enum) if rule.enum else ["1", "S", "EUR", "SE", "1686", "Sverige"]),
    }
    if rule.type in by_type:
        return by_type[rule.type]
    if rule.type.startswith("["):
        return st.lists(bodies(rule.type[1:-1]), max_size=3)
    return bodies(rule.type)


@st.composite
def bodies(draw: st.DrawFn, entity: str) -> dict[str, Any]:
    """A body of an entity: what is required and a few fields more, mostly fitting, now and then anything."""
    rules = {name: rule for name, rule in entities()[entity].items() if rule.readOnly is not True}
    needed = [name for name, rule in rules.items() if rule.required]
    more = draw(st.lists(st.sampled_from(sorted(rules)), max_size=5, unique=True))
    strange = draw(st.integers(0, 9)) == 0
    return {name: draw(ANYTHING if strange else fitting(rules[name])) for name in {*needed, *more}}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    entity = draw(st.sampled_from(sorted(PATHS)))
    method = draw(st.sampled_from(["POST", "PUT"]))
    path = PATHS[entity] if method == "PUT" else PATHS[entity].split("/")[0]
    return method, path, {entity: draw(bodies(entity))}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(requests(), min_size=1, max_size=4))
def test_no_body_breaks_the_stand_in(api: Api, calls: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Books gather what earlier examples left; after anything at all, debit still equals credit."""
    if not api.books.invoices.all:
        api.invoice()
        api.payment(api.booked()["DocumentNumber"], 1)
        api.post("articles", {"Article": {"Description": "Vara"}})
        api.post("costcenters", {"CostCenter": {"Code": "WEBB", "Description": "Webb"}})
    for method, path, body in calls:
        answer = api.send(method, path, body, financialyear=2) if "vouchers" in path else api.send(method, path, body)
        assert answer.status_code < 500, (method, path, body, answer.text)
    for action in ("invoices/1/bookkeep", "invoices/1/credit", "invoicepayments/1/bookkeep"):
        assert api.send("PUT", action).status_code < 500
    assert all(sum(line.amount for line in voucher.rows) == 0 for voucher in api.books.vouchers())
    assert api.send("GET", "invoices").status_code == 200
