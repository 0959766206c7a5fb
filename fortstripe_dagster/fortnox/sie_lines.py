"""The lines of a SIE file: bytes to labels and fields, and the file's own checksum.

A SIE file is CP437, whatever it may look like in another character set. A line is a label and fields with space or tab
between; a field with a space stands in quotes, a quote inside it is written \\", an object list stands in braces.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

ENCODING = "cp437"


class SieError(ValueError):
    """The file is not one that can be trusted. `line` is the number of the line, from 1."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"SIE file, line {line}: {what}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `label` is in capitals with its #, or a brace alone; an object list is a tuple among the fields."""

    number: int
    label: str
    fields: tuple[str | tuple[str, ...], ...]


# A brace is one only outside quotes, so the two are told apart here and not later.
_FIELD = re.compile(r'[ \t]*(?:"((?:\\"|[^"])*)"|([{}])|([^\s{}"]+))')


def read_lines(data: bytes) -> Iterator[Line]:
    """The lines that hold something. Raises SieError for one that cannot be split into fields."""
    # Some programs end the file with the Ctrl-Z of DOS.
    for number, text in enumerate(re.split(r"\r\n|\r|\n", data.decode(ENCODING).rstrip("\x1a")), start=1):
        if stripped := text.strip():
            yield _split(number, stripped)


class Checksum:
    """The sum over all between the two #KSUMMA lines: CRC-32 of labels and fields, without what is around them."""

    def __init__(self) -> None:
        self._sum: int | None = None
        self.verified = False
        """Whether the file carried a sum, and it was right."""

    def add(self, line: Line) -> None:
        """Take the next line into account. Raises SieError where the file's sum is wrong."""
        if line.label != "#KSUMMA":
            if self._sum is not None:
                self._sum = zlib.crc32(_summed(line).encode(ENCODING), self._sum)
        elif self._sum is None:
            self._sum = 0
        else:
            said = line.fields[0] if line.fields else "missing"
            if said != str(self._sum):
                raise SieError(
                    line.number,
                    f"the checksum is {said}, but the lines before it give {self._sum}: the file was changed; fetch it "
                    "again",
                )
            self._sum, self.verified = None, True

    def end(self, last: int) -> None:
        """The file is over. Raises SieError if the sum that it announced never came."""
        if self._sum is not None:
            raise SieError(last, "the file announces a checksum but ends without it: it was cut; fetch it again")


def _split(number: int, text: str) -> Line:
    label = ""
    fields: list[str | tuple[str, ...]] = []
    objects: list[str] | None = None
    at = 0
    while at < len(text):
        match = _FIELD.match(text, at)
        if match is None:
            raise SieError(number, f"cannot be read from {text[at : at + 30]!r} on")
        at = match.end()
        quoted, brace, bare = match.groups()
        if brace == "{" and label and objects is None:
            objects = []
        elif brace == "}" and objects is not None:
            fields.append(tuple(objects))
            objects = None
        elif not label:
            label = brace or (bare or "").upper()
        elif brace:
            raise SieError(number, f"a {brace} where none can be")
        else:
            field = quoted.replace('\\"', '"') if bare is None else bare
            (fields if objects is None else objects).append(field)
    if objects is not None:
        raise SieError(number, "an object list that does not end")
    return Line(number, label, tuple(fields))


def _summed(line: Line) -> str:
    if line.label in ("{", "}"):
        return ""
    return line.label + "".join(field if isinstance(field, str) else "".join(field) for field in line.fields)
