"""Streams that a company may switch off: what a refusal of one says, so that nothing is ever left out silently."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fortstripe_dagster.extract.client import StripeForbidden, StripeObjectMissing
from fortstripe_dagster.extract.streams import Stream
from fortstripe_dagster.failures import StripeFailure


@contextmanager
def naming_the_switch(stream: Stream) -> Iterator[None]:
    """Where Stripe refuses a list (403, 404), name the setting by which the company can do without it."""
    try:
        yield
    except (StripeForbidden, StripeObjectMissing) as error:
        if not stream.without:
            raise
        raise StripeFailure(
            error.what,
            f'{error.remedy.rstrip(".")}; or, if the company has no use for {stream.name}, add "{stream.name}" to'
            f" stripe.switched_off: then {stream.without}.",
        ) from error


def said_of(stream: Stream) -> str:
    """What a run says of a stream that is switched off."""
    return f"{stream.name} is switched off (stripe.switched_off): {stream.without}."
