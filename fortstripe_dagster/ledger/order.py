"""The order of the SQL files, which is the data flow; each file makes or fills the table it is named after."""

from __future__ import annotations

CHOICES = ("macros", "choices")
"""What every other file may use."""

DAYS = ("company_rates", "exchange_rates", "covered_days", "opening_claims", "foreign_accounts")
"""What holds for all families: on a day, at the midnight when the books begin, at month ends."""

FAMILIES = (
    "agent_invoices",
    "charge_sales",
    "agent_rows",
    "named_discounts",
    "gift_card_uses",
    "checkout_rows",
    "unread_discounts",
    "gift_card_rows",
    "sale_units",
    "tax_id_history",
    "parties",
    "row_rules",
    "service_periods",
    "sale_items",
    "vat_places",
    "oss_sales",
    "oss_turnover",
    "vat_decisions",
    "rated_items",
    "sales",
    "sale_rows",
    "lost_disputes",
    "free_credit_lines",
    "credits",
    "sale_groups",
    "credit_rows",
    "gift_card_moves",
    "deferral_plans",
    "deferral_states",
    "deferral_schedule",
    "deferral_openings",
    "movements",
    "fees",
    "owed",
    "unpaid",
    "payments",
    "payments_refunded",
    "settlements",
    "credit_balance_uses",
    "bank_events",
    "postings",
    "postings_sales",
    "postings_cash_sales",
    "postings_credits",
    "postings_payments",
    "postings_advances",
    "postings_settlements",
    "postings_opening_receivables",
    "postings_opening_deferred",
    "postings_granted",
    "postings_movements",
    "postings_connect",
    "postings_fees",
    "postings_disputes",
    "postings_bank",
    "postings_deferral",
    "bad_debts",
)
"""What depends on a family alone (see `reached`): an invoice with all its payments, refunds, disputes and the like."""

CARRIED = "foreign_moves"
"""All that files of `ACROSS` need of the families' postings; a build of a few days carries it on from what is kept."""

ACROSS = (
    "postings_fee_vat",
    "postings_opening",
    "revaluations",
    "postings_revaluation",
    "across_postings",
    "deferred_revenue",
    "gift_cards",
    "gift_card_balance",
)
"""What looks at all families together: sums of a day, balances, roll-forwards. They read `CARRIED`,
the tables of `COMPLETED` and each other, and are made anew in every build."""

CONTRACT = ("entries", "lines")
"""What delivery and proof read, made of the postings: the largest tables."""

SUMMARY = ("watchdogs", "uneven_entries", *CONTRACT)

ORDER = (*CHOICES, *DAYS, *FAMILIES, CARRIED, *ACROSS, *SUMMARY)

COMPLETED = ("fees", "gift_card_moves", "deferral_plans", "deferral_states", "deferral_schedule", "deferral_openings")
"""Tables of families that a file of `ACROSS` reads."""

KINDS_OF_SALE = ("sale", "cash_sale", "sale_credit")
"""Kinds of entry that stand for a sale, or a part of one: its rows and its buyer go with them."""

RUNNING = "oss_sales"
"""The one table of families that the next file adds up over all of history."""

UNPUBLISHED = (
    "charge_sales", "sale_units", "row_rules", "service_periods", "sale_items", "vat_places", "vat_decisions",
    "rated_items", "sale_groups", "tax_id_history", "owed", "opening_claims", "gift_card_uses", "gift_card_rows",
    "named_discounts", "unread_discounts", "free_credit_lines", "credit_balance_uses",
    "agent_invoices", "company_rates", "foreign_accounts",
)  # fmt: skip
"""What only a build needs, besides the postings: a table is dropped after the last file that reads it."""
