"""Stand-ins for Stripe, Fortnox and the official exchange rates on loopback, and a merchant to fill them.

What belongs here: HTTP servers that refuse what the real services refuse, the state behind them, and the generator of a
merchant's life. What does not: anything of the rest of the package. Nothing here imports it, and only demo, tests,
benchmarks and `fortstripe sandbox` import this, so that a mistake in the house cannot be repeated in its judge.
"""
