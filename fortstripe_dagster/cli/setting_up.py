"""Commands that bring a company from nothing to its first run."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.business_day import today
from fortstripe_dagster.cli.group import cli, json_option, say, show
from fortstripe_dagster.failures import DONE, HELD, ConfigurationError
from fortstripe_dagster.settings import companies


@cli.command()
@click.option("--create", is_flag=True, help="Make what is missing: the configuration file, registers in Fortnox.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A choice for the file that --create makes.")
@click.option("--yes", is_flag=True, help="Do not ask before something is made in Fortnox.")
@json_option
def doctor(create: bool, given: tuple[str, ...], yes: bool, as_json: bool) -> int:
    """Check configuration, Stripe key and Fortnox, and say for each finding what to do. Reads only, unless --create."""
    from fortstripe_dagster.operations.doctor import examine

    path = settings_module.config_path()
    if not companies.several() and not path.is_file():
        if not create:
            raise ConfigurationError(
                f"There is no {path} yet.", "`fortstripe doctor --create` makes one and asks for what must be decided."
            )
        _make_file(given)
    settings = settings_module.load()
    diagnosis = examine(settings, say)
    if create and diagnosis.passed("fortnox_login") and _make_registers(settings, yes):
        diagnosis = examine(settings, say)
    show(diagnosis, as_json)
    return diagnosis.exit_code


def _make_file(given: Sequence[str]) -> None:
    """The configuration, from --set and, where a person sits there, from questions."""
    from fortstripe_dagster.operations.doctor import first_file

    wrong = [each for each in given if "=" not in each]
    if wrong:
        raise click.UsageError(f"--set takes NAME=VALUE, not {wrong[0]}.")
    answers = {name: value for name, _, value in (each.partition("=") for each in given)}
    if sys.stdin.isatty():
        for choice in first_file.required():
            if choice.name not in answers:
                click.echo(f"\n{choice.meaning}", err=True)
                kind = click.Choice(choice.options) if choice.options else click.STRING
                answers[choice.name] = click.prompt(choice.name, type=kind, err=True)
    path = settings_module.config_path()
    first_file.write(path, answers)
    undecided = len(first_file.required()) - len(answers)
    say(
        f"{path} is made."
        + (f" {undecided} choices in it are yours: they stand there as comments." if undecided else "")
    )


def _make_registers(settings: settings_module.Settings, yes: bool) -> bool:
    """Voucher series, modes of payment and currencies that the company lacks; whether any was made."""
    from fortstripe_dagster.delivery.planning import first_registers
    from fortstripe_dagster.operations.doctor.company import days_to_look_at

    def agree(names: Sequence[str]) -> bool:
        return yes or click.confirm(f"Make in Fortnox: {', '.join(names)}?", err=True)

    days = days_to_look_at(settings.start_date, today())
    created = first_registers.create(settings, days, agree, say)
    for line in created.refused:
        say(line)
    if created.made:
        say(f"Made in Fortnox: {', '.join(created.made)}.")
    return bool(created.made)


@cli.command()
@click.option("--port", default=8474, show_default=True, help="Where the browser comes back to, on this machine.")
@click.option("--redirect-uri", help="As registered with the integration; default: http://localhost:PORT/callback.")
@click.option("--browser/--no-browser", default=True, help="Open the browser, or only show the address.")
@json_option
def connect(port: int, redirect_uri: str | None, browser: bool, as_json: bool) -> int:
    """Connect the company's Fortnox: a system administrator consents in the browser, once."""
    import webbrowser

    from fortstripe_dagster.operations.connecting import connect as ask

    opened = webbrowser.open if browser else lambda url: False
    connected = ask(settings_module.load(), port, say, redirect_uri=redirect_uri, open_browser=opened)
    show(connected, as_json)
    return HELD if connected.lacking else DONE
