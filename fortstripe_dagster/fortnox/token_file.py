"""The file that holds a person's tokens: read and replaced whole, readable by its owner alone."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path


@dataclass(frozen=True, repr=False)
class Tokens:
    """What the file holds; times are seconds since 1970.

    `use_until` is for the access token, a little before Fortnox ends it. `handed_in` is when the refresh token was sent
    to Fortnox for a new one, None unless that is under way (or was, by a process that did not live to save the answer).
    """

    access_token: str
    refresh_token: str
    use_until: float
    handed_in: float | None = None

    def handed_in_at(self, now: float) -> Tokens:
        """The same tokens, the refresh token now on its way to Fortnox. The first such moment stays."""
        return self if self.handed_in is not None else replace(self, handed_in=now)


def load(file: Path) -> Tokens | None:
    """The tokens, None if there is no file. Raises ValueError, without its content, if it cannot be understood."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return Tokens(**json.loads(text))
    except (ValueError, TypeError):
        raise ValueError(f"{file} is not a file of Fortnox tokens; remove it and connect the company again") from None


def save(file: Path, tokens: Tokens) -> None:
    """Replace the file: whoever is interrupted leaves the old one or the new one on the disk, never a half.

    The caller holds the lock, so that the draft is nobody else's.
    """
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(asdict(tokens), out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
