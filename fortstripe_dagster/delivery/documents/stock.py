"""What leaves the stock (lager) with sales that no invoice says, and what comes back with their credits.

One document for each sale or credit and article, so that each happens once. Which articles are stock goods, and whether
the company has Fortnox's Warehouse module, is Fortnox's to say. What an invoice says moves stock by the invoice's rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from fortstripe_dagster.delivery.documents.desired import Credit, Desired, Sale
from fortstripe_dagster.delivery.documents.documents import Document, Held, held
from fortstripe_dagster.settings import Settings

KINDS = ("stock_document", "stock_quantity")
"""A document of the Warehouse module, or a change of the article's quantity."""
_SOLD, _CREDITED = ("sale", "cash_sale"), ("credit",)


@dataclass(frozen=True)
class Keeping:
    """How a company keeps stock: whether it has the module (None: it cannot be told), and which of the articles that
    were asked for are stock goods; an article that Fortnox lacks is not named."""

    module: bool | None = None
    goods: Mapping[str, bool] = field(default_factory=dict)


def documents(desired: Desired, invoiced: Collection[str], settings: Settings) -> list[Document]:
    """What moves stock by the entries of these days, but for sales that are `invoiced` (their ids)."""
    since = settings.stock.since
    if settings.stock.moves == "off" or since is None:
        return []
    found: dict[str, Document] = {}
    for entry in desired.entries:
        sale, credit = desired.sales.get(entry.sale_id or ""), desired.credits.get(entry.credit_id or "")
        if sale is None or entry.held or sale.sale_id in invoiced or sale.before_start or sale.day < since:
            continue
        moved: Mapping[str, int] = {}
        if entry.kind in _SOLD:
            moved, name = {article: -quantity for article, quantity in sold(sale).items()}, sale.sale_id
        elif entry.kind in _CREDITED and credit is not None:
            moved, name = returned(credit, sale, settings), credit.credit_id
        for article, quantity in moved.items():
            document_id = f"stock:{name}:{article}"
            found.setdefault(
                document_id,
                Document(
                    document_id, "stock_quantity", entry.day,
                    f"Lager {article} {quantity:+d}, Stripe {name}",
                    content={"article": article, "quantity": quantity},
                    books={"article": article, "quantity": quantity}, rule_version=entry.rule_version,
                ),
            )  # fmt: skip
    return list(found.values())


def sold(sale: Sale) -> Counter[str]:
    """The quantity of each article that a sale names."""
    quantities: Counter[str] = Counter()
    for row in sale.rows:
        if row.article and row.gross > 0:
            quantities[row.article] += row.quantity
    return quantities


def returned(credit: Credit, sale: Sale, settings: Settings) -> dict[str, int]:
    """What comes back with a credit: all of an article whose rows it takes back whole, never a part of it.

    Stripe's money does not say how many came back of what was credited in part.
    """
    if settings.stock.returns == "off" or credit.kind == "dispute":
        return {}
    gross: defaultdict[str, int] = defaultdict(int)
    for row in sale.rows:
        gross[row.article or ""] += row.gross
    for row in credit.rows:
        gross[row.article or ""] -= row.gross
    return {article: quantity for article, quantity in sold(sale).items() if gross[article] == 0}


def settle(documents: Iterable[Document], keeping: Keeping, settings: Settings) -> tuple[list[Document], list[Held]]:
    """The documents as the company's stock wants them, without those of articles that are none; and what is held."""
    settled: list[Document] = []
    stopped: list[Held] = []
    moves = settings.stock.moves
    module = keeping.module if moves == "auto" else moves == "warehouse"
    for document in documents:
        if document.kind not in KINDS:
            settled.append(document)
        elif document.sealed_hash is not None:
            settled.append(document)  # it goes on as it was begun
        elif document.content["article"] not in keeping.goods:
            stopped.append(
                held(
                    document,
                    f"Fortnox has no article {document.content['article']}.",
                    "make it in Fortnox, as a stock item (lagervara) if it is one, or correct the rule that names it.",
                )
            )
        elif not keeping.goods[document.content["article"]]:
            continue
        elif module is None:
            stopped.append(
                held(
                    document,
                    "Fortnox does not say whether the company has the Warehouse module.",
                    'give the integration the scope warehouse, or set moves in [stock] to "warehouse" or "articles".',
                )
            )
        else:
            settled.append(replace(document, kind="stock_document" if module else "stock_quantity"))
    return settled, stopped
