"""A company put in one file and taken out of it again: `fortstripe backup` and `fortstripe restore`.

The journal is what must not be lost; the warehouse is kept since it saves the time of reading Stripe anew, and holds
what Stripe itself forgets after a while. No secret is in a backup, though personal data is.
"""

from fortstripe_dagster.operations.safekeeping.backup import Backup, backup
from fortstripe_dagster.operations.safekeeping.restore import Restored, restore

__all__ = ["Backup", "Restored", "backup", "restore"]
