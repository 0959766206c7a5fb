"""What a process costs, from its start to its end, and the stand-in that it reads from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import urlopen


class Broken(Exception):
    """A process that should be measured failed, or did not do its work."""


@dataclass(frozen=True)
class Cost:
    """A whole process: wall time, CPU of all its threads (user + system), and the most memory it ever held."""

    seconds: float
    cpu: float
    peak_mb: float
    said: str
    """The last line of its standard output."""


_WATCH = """
import json, os, sys, time
started = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
took = time.perf_counter() - started
with open(sys.argv[1], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024], file)
"""
"""Linux counts what a process held before it became another program: started by the benchmark itself, each would be
said to have held as much as the benchmark did."""


def cost(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command and say what it cost. Raises Broken with the end of its standard error if it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile("r") as told:
        watched = [sys.executable, "-I", "-S", "-c", _WATCH, told.name, *command]
        subprocess.run(watched, stdout=out, stderr=err, env={**os.environ, **(environment or {})}, check=True)
        returncode, seconds, cpu, peak_mb = json.load(told)
        if returncode:
            raise Broken(f"{' '.join(command[:3])} … ended with {returncode}: {_end(err)}")
        return Cost(seconds, cpu, peak_mb, _end(out))


class FastStripe:
    """The fast stand-in as a process of its own; `counts` are collections and how many objects each has."""

    def __init__(self, counts: Mapping[str, int], *options: str) -> None:
        named = [part for name, count in counts.items() for part in (f"--{name.replace('_', '-')}", str(count))]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fortstripe_dagster.sandbox.stripe.fast", *named, *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise Broken(f"The stand-in did not start: exit code {self._process.wait()}")

    def stats(self) -> dict[str, Any]:
        """What it was asked since it started."""
        with urlopen(f"{self.url}/stats") as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def __enter__(self) -> FastStripe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass(frozen=True)
class Bench:
    """Where the benchmark keeps its files, and how our own process is started."""

    directory: Path
    config: Path

    def fresh(self, name: str) -> Path:
        """An empty directory, gone with the benchmark's next run."""
        path = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.directory / "runs"))
        return path

    def extraction(self, server: FastStripe, streams: Sequence[str], rows: int, *, rate: tuple[int, int]) -> Cost:
        """Our extraction of some streams into a fresh warehouse; `rate` is (per endpoint, in all).

        Raises Broken if the warehouse does not hold all `rows` afterwards.
        """
        home = self.fresh("fortstripe")
        environment = {
            "FORTSTRIPE_CONFIG": str(self.config),
            "FORTSTRIPE_HOME": str(home),
            "FORTSTRIPE_START_DATE": "2026-03-01",
            "FORTSTRIPE_STRIPE__REQUESTS_PER_SECOND": str(rate[0]),
            "FORTSTRIPE_STRIPE__REQUESTS_PER_SECOND_ACCOUNT": str(rate[1]),
            "STRIPE_API_BASE": server.url,
            "STRIPE_API_KEY": "rk_test_sandbox",
        }
        program = Path(__file__).parent / "peers" / "run_fortstripe.py"
        spent = cost([sys.executable, str(program), *streams], environment)
        if spent.said != str(rows):
            raise Broken(f"The warehouse holds {spent.said} rows of {', '.join(streams)} instead of {rows}.")
        return spent


def _end(file: Any) -> str:
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
