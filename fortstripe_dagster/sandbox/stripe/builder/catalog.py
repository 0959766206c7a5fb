"""Customers and what is for sale: customers with tax numbers, products, prices, tax rates, coupons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from fortstripe_dagster.sandbox.stripe import catalog_shapes, shapes
from fortstripe_dagster.sandbox.stripe.account import Account
from fortstripe_dagster.sandbox.stripe.shapes import StripeObject


def address(
    *, country: str | None, line1: str | None = None, city: str | None = None, postal_code: str | None = None
) -> StripeObject:
    """An address in Stripe's shape."""
    known = {"country": country, "line1": line1, "city": city, "postal_code": postal_code}
    return shapes.NO_ADDRESS | known


def customer(
    world: Account,
    *,
    name: str | None = None,
    email: str | None = None,
    country: str | None = "SE",
    line1: str | None = None,
    city: str | None = None,
    postal_code: str | None = None,
    vat_number: str | None = None,
    tax_ids: Sequence[tuple[str, str]] = (),
    tax_ids_status: str = "verified",
    tax_exempt: str = "none",
    currency: str = "sek",
    metadata: dict[str, str] | None = None,
    at: datetime | None = None,
) -> StripeObject:
    """A customer; `vat_number` adds an `eu_vat` tax id, `tax_ids` any (type, value)."""
    moment = at or world.now
    made = world.add(
        catalog_shapes.customer(
            id=world.new_id("cus"),
            address=address(country=country, line1=line1, city=city, postal_code=postal_code) if country else None,
            created=world.at(moment),
            currency=currency,
            email=email,
            metadata=metadata or {},
            name=name,
            preferred_locales=["sv-SE"] if country == "SE" else [],
            tax_exempt=tax_exempt,
        )
    )
    made["invoice_prefix"] = made["id"][-8:].upper()
    world.emit("customer.created", made, moment)
    numbers = [("eu_vat", vat_number)] if vat_number else []
    for kind, value in [*numbers, *tax_ids]:
        add_tax_id(world, made, kind=kind, value=value, status=tax_ids_status, at=moment)
    return made


def add_tax_id(
    world: Account,
    customer: StripeObject,
    *,
    kind: str,
    value: str,
    status: str = "verified",
    at: datetime | None = None,
) -> StripeObject:
    """A tax number on a customer; invoices finalised before keep the list they had."""
    moment = at or world.now
    made = catalog_shapes.tax_id(
        id=world.new_id("txi"),
        customer=customer["id"],
        kind=kind,
        value=value,
        country=value[:2] if kind == "eu_vat" else (customer["address"] or {}).get("country") or "SE",
        status=status,
        created=world.at(moment),
    )
    world.tax_ids[customer["id"]].append(world.add(made))
    world.emit("customer.tax_id.created", made, moment)
    return made


def update_customer(world: Account, customer: StripeObject, *, at: datetime, **fields: Any) -> StripeObject:
    """Change a customer's own fields; invoices finalised before keep what they froze."""
    customer.update(shapes.filled(customer, fields))
    world.emit("customer.updated", customer, at)
    return customer


def delete_customer(world: Account, customer: StripeObject, *, at: datetime) -> StripeObject:
    """Delete a customer: gone from lists, and a retrieval shows only that it is deleted."""
    world.emit("customer.deleted", customer, at)
    stub = {"id": customer["id"], "object": "customer", "deleted": True}
    customer.clear()
    customer.update(stub)
    return customer


def product(
    world: Account,
    *,
    name: str,
    vat_rate: str | None = None,
    type: str = "service",
    tax_code: str | None = None,
    description: str | None = None,
    metadata: dict[str, str] | None = None,
    at: datetime | None = None,
) -> StripeObject:
    """A product; `vat_rate` ("12") becomes metadata `vat_rate`, `type` is "good" or "service"."""
    moment = at or world.now
    created = world.at(moment)
    made = world.add(
        catalog_shapes.product(
            id=world.new_id("prod"),
            created=created,
            description=description,
            metadata=({"vat_rate": vat_rate} if vat_rate is not None else {}) | (metadata or {}),
            name=name,
            shippable=True if type == "good" else None,
            tax_code=tax_code,
            type=type,
            updated=created,
        )
    )
    world.emit("product.created", made, moment)
    return made


def price(
    world: Account,
    *,
    product: StripeObject,
    unit_amount: int,
    currency: str = "sek",
    recurring: str | None = None,
    tax_behavior: str = "unspecified",
    at: datetime | None = None,
) -> StripeObject:
    """A price in minor units; `recurring` is "month" or "year" for a subscription."""
    moment = at or world.now
    made = world.add(
        catalog_shapes.price(
            id=world.new_id("price"),
            created=world.at(moment),
            currency=currency,
            product=product["id"],
            recurring=catalog_shapes.recurring(recurring) if recurring else None,
            tax_behavior=tax_behavior,
            type="recurring" if recurring else "one_time",
            unit_amount=unit_amount,
            unit_amount_decimal=str(unit_amount),
        )
    )
    if product["default_price"] is None:
        product["default_price"] = made["id"]
    world.emit("price.created", made, moment)
    return made


def tax_rate(
    world: Account,
    *,
    percentage: Decimal | int | str,
    inclusive: bool = False,
    country: str = "SE",
    display_name: str = "Moms",
    at: datetime | None = None,
) -> StripeObject:
    """A VAT rate that invoices and subscriptions name."""
    moment = at or world.now
    percent = Decimal(percentage)
    made = world.add(
        catalog_shapes.tax_rate(
            id=world.new_id("txr"),
            country=country,
            created=world.at(moment),
            description=f"{display_name} {percent} %",
            display_name=display_name,
            effective_percentage=percent,
            inclusive=inclusive,
            jurisdiction=country,
            percentage=percent,
        )
    )
    world.emit("tax_rate.created", made, moment)
    return made


def coupon(
    world: Account,
    *,
    percent_off: Decimal | int | str | None = None,
    amount_off: int | None = None,
    name: str = "Rabatt",
    metadata: dict[str, str] | None = None,
    at: datetime | None = None,
) -> StripeObject:
    """A percentage or an amount (öre) off what is bought, once."""
    moment = at or world.now
    made = world.add(
        catalog_shapes.coupon(
            id=world.new_id("coupon")[7:15],
            name=name,
            percent_off=None if percent_off is None else Decimal(percent_off),
            amount_off=amount_off,
            metadata=metadata,
            created=world.at(moment),
        )
    )
    world.emit("coupon.created", made, moment)
    return made


def archive(world: Account, thing: StripeObject, *, at: datetime) -> StripeObject:
    """Make a product, price or tax rate inactive: prices and tax rates then vanish from lists by default."""
    thing["active"] = False
    world.emit(f"{thing['object']}.updated", thing, at)
    return thing
