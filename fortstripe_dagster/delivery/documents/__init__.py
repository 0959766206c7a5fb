"""What Fortnox should hold: entries of the ledger become documents. Pure rules, and the reading that feeds them."""
