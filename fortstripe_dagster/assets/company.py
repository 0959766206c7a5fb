"""The Dagster resource behind every asset: one company's settings and warehouse, with nothing secret in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb

from fortstripe_dagster import settings as settings_module
from fortstripe_dagster.failures import Failure, from_foreign
from fortstripe_dagster.settings import Settings
from fortstripe_dagster.warehouse import Warehouse


class Company(dg.ConfigurableResource):
    """One company; of several, the one of that name.

    Secrets are read from the environment when a step runs, so Dagster never stores them.
    """

    name: str = ""

    def settings(self) -> Settings:
        """The company's settings as they are now."""
        return settings_module.load(self.name)

    def warehouse(self, settings: Settings, say: Callable[[str], None]) -> Warehouse:
        """Its warehouse; waiting for another writer is said in the run's log."""
        return Warehouse(settings.warehouse_path, say=say)

    @contextmanager
    def connection(self, say: Callable[[str], None]) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse for a look at what stands in it."""
        with self.warehouse(self.settings(), say).writer() as connection:
            yield connection


@contextmanager
def explained() -> Iterator[None]:
    """Turn a failure that a person can mend into Dagster's own, with its remedy and without pointless retries."""
    try:
        yield
    except Failure as error:
        raise dg.Failure(
            description=str(error),
            metadata={"remedy": error.remedy, "failure": type(error).__name__},
            allow_retries=error.exit_code != 2,
        ) from error
    except Exception as error:
        ours = from_foreign(error)
        if ours is None:
            raise
        raise dg.Failure(description=str(ours), metadata={"remedy": ours.remedy}) from error
