"""Who can reach a process: the addresses on which it and its children listen, as the kernel tells it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

LISTEN = "0A"


def listening(pid: int) -> set[tuple[str, int]]:
    """(address, port) of every TCP socket on which a process or one of its descendants accepts connections."""
    sockets = {inode for member in _family(pid) for inode in _sockets(member)}
    return {
        (_address(*local.split(":")), int(local.split(":")[1], 16))
        for table in ("tcp", "tcp6")
        for local, state, inode in _table(Path(f"/proc/{pid}/net/{table}"))
        if state == LISTEN and inode in sockets
    }


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


def _sockets(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            yield target.removeprefix("socket:[").removesuffix("]")


def _table(path: Path) -> Iterator[tuple[str, str, str]]:
    for line in path.read_text().splitlines()[1:]:
        columns = line.split()
        yield columns[1], columns[3], columns[9]


def _address(text: str, port: str) -> str:
    """An address as the kernel writes it: each four bytes in the machine's own order."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))
