"""A virtual environment for each peer: they pin old versions of stripe and duckdb and cannot share ours."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


class Unavailable(Exception):
    """A peer that cannot be had here; the text says why."""


@dataclass(frozen=True)
class Peer:
    """Another extractor, as it comes from the Python package index."""

    name: str
    requirement: str

    def python(self, root: Path) -> Path:
        """The interpreter of its environment, made when it is missing. Raises Unavailable."""
        home = root / "peers" / self.name
        python, done = home / "bin" / "python", home / "installed"
        if not done.exists() or done.read_text() != self.requirement:
            try:
                for command in (
                    [sys.executable, "-m", "venv", "--clear", str(home)],
                    [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", self.requirement],
                ):
                    subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
            except subprocess.CalledProcessError as error:
                why = (error.stderr or error.stdout).strip().splitlines() or [f"exit code {error.returncode}"]
                raise Unavailable(f"{self.requirement} cannot be installed: {why[-1]}") from error
            except subprocess.TimeoutExpired as error:
                raise Unavailable(f"{self.requirement} was not installed within {error.timeout:.0f} s") from error
            done.write_text(self.requirement)
        return python


TAP_STRIPE = Peer("tap-stripe", "tap-stripe==3.3.0")
DLT = Peer("dlt", "dlt[duckdb]")
