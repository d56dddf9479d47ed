"""Where results go: tables and JSON to stdout, hints to stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from ..conversion.core.errors import printable
from ..conversion.core.json_values import json_values


def say(text: str = "") -> None:
    """Lines of the result, to stdout."""
    show(f"{printable(text)}\n", sys.stdout)


def hint(text: str) -> None:
    """Lines for the person at the terminal, to stderr: progress, warnings, what to do next."""
    try:
        show(f"{printable(text)}\n", sys.stderr)
    except OSError:  # a full disk, a reader that went away: a result that is written has not failed
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def show(text: str, stream: TextIO) -> None:
    """Text on a terminal, or whatever stands for it: what its encoding lacks is escaped, as `\\u2013`."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


class VisibleFormatter(logging.Formatter):
    """Warnings that are logged, as `hint` prints them."""

    def format(self, record: logging.LogRecord) -> str:
        """The message of a record."""
        return printable(super().format(record))


def table(rows: Sequence[Sequence[object]], header: Sequence[str]) -> str:
    """Rows as aligned columns: text to the left, numbers to the right."""
    body = [[f"{cell:,}" if isinstance(cell, int) else printable(str(cell), keep="") for cell in row] for row in rows]
    numeric = [all(isinstance(row[i], (int, float)) or row[i] == "" for row in rows) for i in range(len(header))]
    lines = [list(header), *body]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    cells = ([c.rjust(w) if n else c.ljust(w) for c, w, n in zip(line, widths, numeric)] for line in lines)
    return "\n".join("  ".join(line).rstrip() for line in cells)


def write_json(result: Any, target: str) -> None:
    """A result as JSON to a file, or to stdout where `target` is `-`. NaN is written as null.

    The file is complete, or what it was before.
    """
    text = json.dumps(json_values(result), indent=1, allow_nan=False)
    if target == "-":
        say(text)
        return
    from ..conversion.core.atomic_write import atomic_write

    with atomic_write(target) as file:
        file.write(text.encode() + b"\n")


def write_page(page: str, target: str) -> None:
    """A page to a file, which is complete, or what it was before."""
    from ..conversion.core.atomic_write import atomic_write

    with atomic_write(target) as file:
        file.write(page.encode("utf-8", "backslashreplace"))  # names of files need not be UTF-8
