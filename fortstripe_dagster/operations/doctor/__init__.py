"""`fortstripe doctor`: is the company set up so that a run can go through? Each finding says what to do about it.

Read in this order: `findings` (what a check says), `facts` (what is known of a company before the checks), `probing`
and `company` (reading it from Stripe and Fortnox), the checks themselves, one module for each subject (`configuration`,
`stripe_key`, `permissions`, `chart`, `registers`, `calendar`, `habits`, `books`), `checks` (the table of them),
`examine`. A check is a pure function over the facts.
"""

from fortstripe_dagster.operations.doctor.checks import CHECKS, Check
from fortstripe_dagster.operations.doctor.examine import diagnose, examine
from fortstripe_dagster.operations.doctor.findings import Diagnosis, Finding, Severity

__all__ = ["CHECKS", "Check", "Diagnosis", "Finding", "Severity", "diagnose", "examine"]
