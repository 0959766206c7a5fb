"""Schema `proof`: Stripe = ledger = Fortnox, for every local day, to the öre. Reads everything, changes nothing else.

What belongs here: the equations of BOOKKEEPING as SQL (`sql/`), Fortnox's books read back from its SIE export, and the
certificate. A difference is never only a number: `sql/found_….sql` names what is behind it and what to do.
"""

from fortstripe_dagster.proof.equations import EQUATIONS, Title
from fortstripe_dagster.proof.prove import prove
from fortstripe_dagster.proof.report import Equation, Item, ProofReport, TieOut
from fortstripe_dagster.proof.trial_balance import TrialBalanceLine, trial_balance

__all__ = [
    "EQUATIONS",
    "Equation",
    "Item",
    "ProofReport",
    "TieOut",
    "Title",
    "TrialBalanceLine",
    "prove",
    "trial_balance",
]
