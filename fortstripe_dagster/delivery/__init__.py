"""Schema `ledger` becomes documents in Fortnox, each exactly once.

Read in this order: `documents` (what there is to deliver), `packaging` (which entry goes in which document), `plan`
(what is lacking and may be sent), `steps` (the requests), `apply` (sending them), `journal` (what was sent), `recovery`
and `compare` (what to do when an answer or a journal was lost).
"""

from fortstripe_dagster.delivery.correcting.adopt import AdoptReport, adopt
from fortstripe_dagster.delivery.correcting.by_hand import adopt_by_hand
from fortstripe_dagster.delivery.correcting.undo import undo
from fortstripe_dagster.delivery.documents.documents import Document, Held
from fortstripe_dagster.delivery.journal.journal import Journal
from fortstripe_dagster.delivery.journal.mirror import publish
from fortstripe_dagster.delivery.journal.treatment_history import TreatmentHistory, treatment_history
from fortstripe_dagster.delivery.planning.approval import approve_planned
from fortstripe_dagster.delivery.planning.forecast import Forecast, forecast
from fortstripe_dagster.delivery.planning.plan import Plan
from fortstripe_dagster.delivery.sending.connection import connect
from fortstripe_dagster.delivery.sending.deliver import approve, deliver, plan
from fortstripe_dagster.delivery.sending.report import DeliveryReport

__all__ = [
    "AdoptReport",
    "DeliveryReport",
    "Document",
    "Forecast",
    "Held",
    "Journal",
    "Plan",
    "TreatmentHistory",
    "adopt",
    "adopt_by_hand",
    "approve",
    "approve_planned",
    "connect",
    "deliver",
    "forecast",
    "plan",
    "publish",
    "treatment_history",
    "undo",
]
