"""The Stripe key: what it may do, whose it is, and what it may not read."""

from __future__ import annotations

from collections.abc import Iterator

from fortstripe_dagster.extract import STREAMS
from fortstripe_dagster.operations.doctor.facts import Facts, Refusal, StripeFacts
from fortstripe_dagster.operations.doctor.findings import Finding, ok
from fortstripe_dagster.settings import Settings

CREATE_KEY = "create a restricted key with read access alone (Developers, API keys) and put it in STRIPE_API_KEY"


def kind(facts: Facts) -> Iterator[Finding]:
    """Whether the key is one that can read and nothing more, as far as a key shows it."""
    yield of_key(facts.settings)


def of_key(settings: Settings) -> Finding:
    """What the first letters of the key say of it."""
    key = settings.stripe_api_key.get_secret_value()
    start = key.partition("_")[0]
    if not key:
        return Finding("key", "error", "STRIPE_API_KEY is not set.", f"{CREATE_KEY}.")
    if start == "sk":
        return Finding(
            "key", "warning", "it is a secret key (sk_), which may do everything: move money, refund, delete.",
            f"{CREATE_KEY}; then roll the secret key if it was kept where others could see it.",
        )  # fmt: skip
    if start == "rk":
        return ok("key", "it is a restricted key (rk_). That it may only read is seen in Stripe's Dashboard alone.")
    named = "a publishable key (pk_)" if start == "pk" else "no secret or restricted key"
    return Finding("key", "error", f"what stands in STRIPE_API_KEY is {named}.", f"{CREATE_KEY}.")


def account(facts: Facts) -> Iterator[Finding]:
    """Whether Stripe answers, and as the account and mode that the journal belongs to."""
    if isinstance(facts.stripe, Refusal):
        yield Finding("account", "error", facts.stripe.what, facts.stripe.remedy)
        return
    if facts.stripe.account is None:
        yield Finding("account", "error", "the key may not read whose it is.", "give it the permissions named below.")
        return
    answered = {"stripe_account": facts.stripe.account, "stripe_mode": str(facts.stripe.mode)}
    strange = {name: facts.pins[name] for name in answered if facts.pins.get(name, answered[name]) != answered[name]}
    if strange:
        yield Finding(
            "account", "error",
            f"the key is of {facts.stripe.account} ({facts.stripe.mode}), the journal of {' '.join(strange.values())}.",
            "put the key of that account and mode in STRIPE_API_KEY, or use another FORTSTRIPE_HOME.",
        )  # fmt: skip
    elif facts.stripe.mode == "test":
        yield Finding("account", "info", f"{facts.stripe.account} answers in test mode: no real money is booked.")
    else:
        yield ok("account", f"{facts.stripe.account} answers in live mode.")


def streams(facts: Facts, stripe: StripeFacts) -> Iterator[Finding]:
    """A finding for each list that the key may not read, with the permission that it lacks."""
    refused = {name: refusal for name, refusal in stripe.lists.items() if refusal is not None}
    for name, refusal in refused.items():
        without = STREAMS[name].without if name in STREAMS else ""
        remedy = refusal.remedy
        if without:
            remedy = f'{remedy.rstrip(".")}; or add "{name}" to stripe.switched_off: then {without}.'
        yield Finding(name, "error", refusal.what, remedy)
    if not refused:
        yield ok("streams", f"all {len(stripe.lists)} lists that are needed may be read.")
    for name in facts.settings.stripe.switched_off:
        yield Finding(name, "info", f"{name} is switched off: {STREAMS[name].without}.")
