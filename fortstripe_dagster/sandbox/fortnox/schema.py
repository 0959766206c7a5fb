"""What a request body may hold: the field rules in `schema.json`, and the check of a body against them.

`entities` in that file says what the official OpenAPI says (lengths, enums, required) together with the read-only flags
that it lacks; `exceptions` is the one table of places where Fortnox is known to act otherwise, each with its reason.
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from fortstripe_dagster.sandbox.fortnox import refusals
from fortstripe_dagster.sandbox.fortnox.refusals import Refusal

Fields = dict[str, Any]


class _Blank:
    """The type of `BLANK`, so that it prints as what a client sent."""

    def __repr__(self) -> str:
        return "API_BLANK"


BLANK = _Blank()
"""Stands for the text API_BLANK, with which a client empties a field; an empty string would be ignored."""

_PUNCTUATION = frozenset("’\\\u0308\u030a0123456789 –:.`´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u00a0\n\r")


@dataclass(frozen=True)
class FieldRule:
    """What one field may hold. `type` is a JSON type, `date`, an entity's name, or that name in brackets for a list.

    `key` is set on the keys of documents: the characters allowed there besides letters and digits.
    """

    type: str
    min: int | None = None
    max: int | None = None
    least: int | None = None
    most: int | None = None
    enum: tuple[str, ...] | None = None
    required: bool = False
    readOnly: bool | Literal["ignored"] = False
    key: str | None = None


@cache
def entities() -> dict[str, dict[str, FieldRule]]:
    """The rules in force: the official ones with the table of exceptions applied."""
    document = json.loads(files(__package__).joinpath("schema.json").read_text("utf-8"))
    raw: dict[str, dict[str, Fields]] = document["entities"]
    for exception in document["exceptions"]:
        entity, name = exception["field"].split(".")
        changed = raw[entity][name] | exception["change"]
        raw[entity][name] = {key: value for key, value in changed.items() if value is not None}
    return {entity: {name: _rule(given) for name, given in rules.items()} for entity, rules in raw.items()}


def _rule(given: Fields) -> FieldRule:
    values: Fields = given | {"enum": tuple(given["enum"])} if "enum" in given else given
    return FieldRule(**values)


def checked(entity: str, body: object, *, creating: bool) -> Fields:
    """The body of one document with its values converted: Decimal, int, bool, date and text.

    Nulls and empty strings are left out, as Fortnox ignores them; `BLANK` stands where API_BLANK was sent.
    Raises `Refusal` at the first field that breaks a rule, for a required field that is blanked, and for one that is
    missing when `creating`.
    """
    if not isinstance(body, dict):
        raise Refusal(refusals.WRONG_BODY)
    rules = entities()[entity]
    result: Fields = {}
    for name, value in body.items():
        rule = rules.get(name)
        if rule is None or rule.readOnly is True:
            raise Refusal(refusals.UNKNOWN_FIELD, name)
        if rule.readOnly == "ignored" or value is None or value == "":
            continue
        result[name] = BLANK if value == "API_BLANK" else _converted(name, rule, value, creating)
    for name, rule in rules.items():
        if rule.required and (result.get(name) is BLANK or (creating and name not in result)):
            raise Refusal(refusals.REQUIRED_FIELD, name)
    return result


def _converted(name: str, rule: FieldRule, value: object, creating: bool) -> object:
    match rule.type:
        case "string":
            return _text(name, rule, value)
        case "number":
            return _number(name, rule, value)
        case "integer":
            number = _number(name, rule, value)
            if number != number.to_integral_value():
                raise Refusal(refusals.NOT_NUMERIC, value)
            return int(number)
        case "boolean":
            return _boolean(value)
        case "date":
            return parse_date(value)
    if rule.type.startswith("["):
        if not isinstance(value, list):
            raise Refusal(refusals.WRONG_BODY, name)
        if rule.min is not None and len(value) < rule.min:
            raise Refusal(refusals.INVALID_VALUE, f"{name}: minst {rule.min} rader")
        return [checked(rule.type[1:-1], item, creating=creating) for item in value]
    return checked(rule.type, value, creating=creating)


def _text(name: str, rule: FieldRule, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Refusal(refusals.WRONG_BODY, name)
    text = str(value)
    check_characters(text)
    if rule.max is not None and len(text) > rule.max:
        raise Refusal(refusals.TOO_LONG, name)
    if rule.min is not None and len(text) < rule.min:
        raise Refusal(refusals.INVALID_VALUE, name)
    if rule.enum is not None and text not in rule.enum:
        raise Refusal(refusals.INVALID_VALUE, f"{name}: {text}")
    if rule.key is not None and not all(c in rule.key or (c.isascii() and c.isalnum()) for c in text):
        raise Refusal(refusals.NOT_ALPHANUMERIC, text)
    return text


def check_characters(text: str) -> None:
    """Refuses characters that Fortnox allows in no text: quotes, angle brackets, pipes, tabs, emoji and the like."""
    if not all(c in _PUNCTUATION or c.isalpha() for c in text):
        raise Refusal(refusals.ILLEGAL_CHARACTERS, text)


def _number(name: str, rule: FieldRule, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Refusal(refusals.NOT_NUMERIC, name)
    text = str(value)
    if isinstance(value, str) and not all(c in "0123456789.-" for c in text):
        raise Refusal(refusals.NOT_NUMERIC, text)
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise Refusal(refusals.NOT_NUMERIC, text) from None
    if not number.is_finite():
        raise Refusal(refusals.NOT_NUMERIC, text)
    if (rule.least is not None and number < rule.least) or (rule.most is not None and number > rule.most):
        code = refusals.NO_SUCH_ACCOUNT if "Account" in name else refusals.INVALID_VALUE
        raise Refusal(code, f"{name}: {text}")
    return number


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise Refusal(refusals.NOT_BOOLEAN, value)


def parse_date(value: object) -> date:
    """A date written YYYY-MM-DD; anything else is refused."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise Refusal(refusals.INVALID_VALUE, value)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Refusal(refusals.INVALID_VALUE, value) from None
