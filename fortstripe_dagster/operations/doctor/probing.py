"""Ask Stripe for one object of each list: what the key may read, and whose it is. Nothing is stored."""

from __future__ import annotations

from fortstripe_dagster.extract import STREAMS
from fortstripe_dagster.extract.balance import parse_account
from fortstripe_dagster.extract.client import PERMISSION, Patience, StripeApi, StripeForbidden, StripeObjectMissing
from fortstripe_dagster.failures import Failure, StripeFailure
from fortstripe_dagster.operations.doctor.facts import Refusal, StripeFacts
from fortstripe_dagster.settings import Settings

PATIENCE = Patience(attempts=3, first_delay=0.2)
ACCOUNT = ("account", "/v1/account", "rak_accounts_kyc_basic_read")
BALANCE = ("balance", "/v1/balance", "rak_balance_read")


def read_stripe(settings: Settings, patience: Patience = PATIENCE) -> StripeFacts | Refusal:
    """One request for each stream that the company reads, and two for the account. A Refusal if nothing answers."""
    try:
        api = StripeApi(settings, patience)
    except Failure as failure:
        return Refusal(failure.what, failure.remedy)
    try:
        return _read(api, settings)
    except StripeFailure as failure:
        return Refusal(failure.what, failure.remedy)
    finally:
        api.close()


def _read(api: StripeApi, settings: Settings) -> StripeFacts:
    bodies: dict[str, bytes] = {}
    lists: dict[str, Refusal | None] = {}
    for name, path, permission in (ACCOUNT, BALANCE):
        try:
            bodies[name] = api.get(path, reading=f"the {name}", permission=permission)
            lists[name] = None
        except StripeForbidden as error:
            lists[name] = _forbidden(error, permission)
    for stream in STREAMS.values():
        if stream.name in settings.stripe.switched_off:
            continue
        params = {**stream.list_params(), **stream.variants[0], "limit": 1}
        try:
            api.get(stream.path, params, reading=stream.name, permission=stream.permission)
            lists[stream.name] = None
        except StripeForbidden as error:
            lists[stream.name] = _forbidden(error, stream.permission)
        except StripeObjectMissing as error:
            lists[stream.name] = Refusal(error.what, error.remedy)
    if len(bodies) < 2:
        return StripeFacts(lists)
    account = parse_account(bodies["account"], bodies["balance"])
    return StripeFacts(lists, account.id, "live" if account.livemode else "test")


def _forbidden(error: StripeForbidden, permission: str) -> Refusal:
    named = PERMISSION.search(error.what)
    return Refusal(error.what, error.remedy, named.group(1) if named else permission)
