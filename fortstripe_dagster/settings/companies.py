"""Several companies: a folder of company files, each with its own data directory and its own secrets.

`FORTSTRIPE_COMPANIES` names the folder; `alpha.toml` in it is the company `alpha`. Its data are in
`FORTSTRIPE_HOME/alpha`, its secrets in `ALPHA_STRIPE_API_KEY`, or in the file `alpha/STRIPE_API_KEY` of the folder
that `FORTSTRIPE_SECRETS` names. `FORTSTRIPE_COMPANY` chooses one company, or for a code location some of them.
"""

from __future__ import annotations

import difflib
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fortstripe_dagster.failures import ConfigurationError

OWN = frozenset({"STRIPE_API_KEY", "FORTNOX_TENANT_ID"})
"""What no two companies may take from the same variable: a key that meant all of them would mix their books."""
RESERVED = frozenset({"dagster", "fortnox"})
"""Folders under FORTSTRIPE_HOME that are no company's."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class CompanyFile:
    """One of several companies. The name stands in paths, variables and Dagster's names."""

    name: str
    path: Path

    @classmethod
    def at(cls, path: Path) -> CompanyFile:
        """The company of a file. A file name that cannot be a company's gets a made-up one, and fails to load."""
        name = path.stem
        return cls(name if _is_lawful(name) else f"file_{zlib.crc32(name.encode()):08x}", path)

    @property
    def home(self) -> Path:
        """Its data directory."""
        return Path(os.environ.get("FORTSTRIPE_HOME", ".fortstripe")) / self.name


def several() -> bool:
    """Whether there is a folder of company files instead of one file."""
    return "FORTSTRIPE_COMPANIES" in os.environ


def company_files() -> list[CompanyFile]:
    """The companies of the folder, by name; only those that FORTSTRIPE_COMPANY names, if it does.

    Raises ConfigurationError when there is no such folder or company.
    """
    folder = Path(os.environ["FORTSTRIPE_COMPANIES"])
    if not folder.is_dir():
        raise ConfigurationError(
            f"FORTSTRIPE_COMPANIES names {folder}, which is not a folder.",
            "correct the path, or make the folder with a file for each company.",
        )
    found = sorted((CompanyFile.at(path) for path in folder.glob("*.toml")), key=lambda one: one.name)
    wanted = [name.strip() for name in os.environ.get("FORTSTRIPE_COMPANY", "").split(",") if name.strip()]
    names = [one.name for one in found]
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            raise ConfigurationError(
                f"There is no company {name} in {folder}" + (f" (did you mean {near[0]}?)." if near else "."),
                f"name one of those that stand there, or add {name}.toml.",
            )
    return [one for one in found if not wanted or one.name in wanted]


def choose(name: str) -> None:
    """Let this process work on the company of that name. Raises ConfigurationError where there is only one file."""
    if not several():
        raise ConfigurationError(
            f"Company {name} cannot be chosen: there is one company.",
            "set FORTSTRIPE_COMPANIES to a folder of company files, or leave --company out.",
        )
    os.environ["FORTSTRIPE_COMPANY"] = name


def chosen(name: str) -> CompanyFile:
    """The company that a command or run works on; an empty name leaves the choice to the environment.

    Raises ConfigurationError unless that is one company whose file name can be a company's.
    """
    found = [one for one in company_files() if name in ("", one.name)]
    if not found:
        raise ConfigurationError(
            f"There is no company file {name}.toml any more.", "put it back, or reload the code location in Dagster."
        )
    if len(found) > 1:
        raise ConfigurationError(
            f"There are {len(found)} companies, and none is named.", "name one: `fortstripe --company NAME …`."
        )
    if not _is_lawful(found[0].path.stem):
        raise ConfigurationError(
            f"{found[0].path.name} cannot be the name of a company.",
            "use small letters a to z, digits and _, at most 40, beginning with a letter, and not "
            f"{' or '.join(sorted(RESERVED))}.",
        )
    return found[0]


def own_values(one: CompanyFile, variables: Iterable[str]) -> dict[str, Any]:
    """What a company takes from the environment: its own value of a variable, else the common one, if it may."""
    found: dict[str, Any] = {"FORTSTRIPE_COMPANY": one.name, "home": one.home}
    for variable in variables:
        value = _value(one.name, variable)
        if value is not None or variable in OWN:
            found[variable] = value or ""
    return found


def common_values(variables: Iterable[str]) -> dict[str, Any]:
    """For one company: what the folder of secrets holds and the environment does not."""
    if "FORTSTRIPE_SECRETS" not in os.environ:
        return {}
    values = {name: _secret(Path(name)) for name in variables if name not in os.environ}
    return {name: value for name, value in values.items() if value is not None}


def refuse_home(one: CompanyFile, table: Mapping[str, Any]) -> None:
    """Raise ConfigurationError if a company file chooses a data directory: two could choose the same."""
    if "home" in table:
        raise ConfigurationError(
            f"{one.path.name} sets home, but of several companies each is at home in {one.home}.",
            "remove that line; FORTSTRIPE_HOME moves all of them.",
        )


def variable_of(company: str, variable: str) -> str:
    """The environment variable that holds a company's own value; without a company the variable itself."""
    return f"{company.upper()}_{variable}" if company else variable


def _value(company: str, variable: str) -> str | None:
    own = os.environ.get(variable_of(company, variable))
    return own if own is not None else _secret(Path(company) / variable)


def _secret(name: Path) -> str | None:
    folder = os.environ.get("FORTSTRIPE_SECRETS")
    if folder is None:
        return None
    try:
        return (Path(folder) / name).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def _is_lawful(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and name not in RESERVED
