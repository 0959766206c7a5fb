-- Accounts by role and policies by name, for `account()` and `policy()`.
SET VARIABLE accounts = (SELECT map_from_entries(list((role, number))) FROM ledger.account_map);
SET VARIABLE policies = (SELECT map_from_entries(list((name, value))) FROM ledger.policy);
