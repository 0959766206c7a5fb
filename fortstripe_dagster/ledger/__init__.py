"""Schema `stripe` becomes schema `ledger`: double-entry bookkeeping as SQL.

What belongs here: the rules of BOOKKEEPING, as data where they are tables (`data/*.csv`) and as SQL where they are
joins (`sql/*.sql`, one table a file). The ledger does not know how it will be delivered; `order` is the way.
"""

from fortstripe_dagster.ledger.build import build
from fortstripe_dagster.ledger.choices import RULE_VERSION, Choices, choices_of
from fortstripe_dagster.ledger.report import LedgerReport, Remark
from fortstripe_dagster.ledger.time_travel import as_of, differences

__all__ = ["RULE_VERSION", "Choices", "LedgerReport", "Remark", "as_of", "build", "choices_of", "differences"]
