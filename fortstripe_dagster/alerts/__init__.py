"""What a person must know of, told once: found in the tables after each run, sent to Slack, by e-mail, to any webhook.

What belongs here: what is an alert (`sql/`, `found`, `circumstances`), what was told before (`memory`), and how it is
sent (`channels`). Nothing here changes the books. Read `tell` first.
"""

from fortstripe_dagster.alerts.alert import Alert
from fortstripe_dagster.alerts.found import find
from fortstripe_dagster.alerts.tell import Told, tell

__all__ = ["Alert", "Told", "find", "tell"]
