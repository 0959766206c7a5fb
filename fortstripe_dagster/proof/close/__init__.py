"""The close pack (bokslutsbilaga): what an auditor asks for of one month, in the order in which it is asked for.

What belongs here: the lists as SQL (`sql/`, one list a file), which of their totals must equal which accounts
(`ties.csv`), the checks on the cover, and how all of it becomes workbooks, pages and a zip. It reads what extraction,
ledger, delivery and proof left, asks nobody, and from the same warehouse makes the same bytes.
"""

from fortstripe_dagster.proof.close.attachments import KINDS, attach
from fortstripe_dagster.proof.close.pack import ClosePack, close_month, month_of

__all__ = ["KINDS", "ClosePack", "attach", "close_month", "month_of"]
