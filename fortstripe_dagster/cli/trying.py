"""Commands for trying it out: the demo and the stand-ins."""

from __future__ import annotations

import click

from fortstripe_dagster.cli.group import cli, say


@cli.command()
@click.option("--seed", default=1, show_default=True, help="Another merchant for another seed.")
@click.option("--payments", default=300, show_default=True, help="Successful payments in the month, at least.")
def demo(seed: int, payments: int) -> int:
    """Book a merchant's month from the sandbox's Stripe into the sandbox's Fortnox and prove it."""
    from fortstripe_dagster.operations.demo import run_demo

    return run_demo(seed, payments, say, click.echo)


@cli.command()
@click.option("--seed", default=1, show_default=True)
@click.option("--payments", default=300, show_default=True)
@click.option("--port", default=8471, show_default=True, help="Stripe's; Fortnox and the rates take the next two.")
def sandbox(seed: int, payments: int, port: int) -> int:
    """Run the stand-ins of Stripe and Fortnox until Ctrl-C."""
    from fortstripe_dagster.operations.demo import run_sandbox

    return run_sandbox(seed, payments, port, click.echo)
