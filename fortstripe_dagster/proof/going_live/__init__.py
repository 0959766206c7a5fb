"""Going live: what the company's own books say of how Stripe was booked until now.

What belongs here: finding the vouchers that are about Stripe (`recognise`), the accounts that they use (`roles`), the
proposal made of that (`learn`), and, in shadow mode, what would be booked beside what people booked (`shadow`).
Nothing is changed anywhere: a person decides.
"""

from fortstripe_dagster.proof.going_live.learn import Proposal, from_fortnox, learn, read_files

__all__ = ["Proposal", "from_fortnox", "learn", "read_files"]
