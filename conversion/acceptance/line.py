"""A line of the text: what was compared, what is believed, what was seen; and the removal of paths from it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import printable

FIRST_LINE = "imagenet-s acceptance"
"""The first line of the text."""
_LONGEST = 400
_WORDS = {True: "as believed", False: "DIFFERS", None: "noted"}
_STARTS, _ENDS = r"(?<![\w.~:/\\])", r"(?![\w.~-])"
"""Around a whole path, so that no part of a longer path or of an address matches."""
_OTHER_PATH = re.compile(rf"""(?<=['"])/[^'"]*/(?=[^'"/])|{_STARTS}(?:[A-Za-z]:)?[/\\](?:[^\s/\\:,;'"()]+[/\\])+""")
"""The folders of any other path; the last part of a path stays in the text."""


@dataclass(frozen=True)
class Line:
    """One comparison, or one fact that is noted.

    Attributes:
        what: what was looked at, in words.
        believed: what this package assumes; "" for no assumption.
        seen: what the copy has.
        agrees: whether the two agree; None without an assumption, or if nothing could be looked at.
    """

    what: str
    believed: str
    seen: str
    agrees: bool | None


def line(what: str, believed: object, seen: object, agrees: bool | None = None, note: str = "") -> Line:
    """A line that compares a value with what is believed.

    Args:
        what: what was looked at, in words.
        believed: a value; numbers are printed with thousands separators.
        seen: a value.
        agrees: whether the two agree; by default whether they are equal.
        note: a remark in parentheses after `seen`.
    """
    agrees = believed == seen if agrees is None else agrees
    return Line(what, _text(believed), f"{_text(seen)}{f' ({note})' if note else ''}", agrees)


def noted(what: str, seen: object, note: str = "") -> Line:
    """A line about a value without an assumption."""
    return Line(what, "", f"{_text(seen)}{f' ({note})' if note else ''}", None)


def as_text(title: str, lines: Sequence[Line]) -> str:
    """The lines as text below a heading: whether seen and believed agree, what it is, what was seen and is believed."""
    body = []
    for entry in lines:
        believed = f"; believed: {entry.believed}" if entry.believed and not entry.agrees else ""
        body.append(f"{_WORDS[entry.agrees]:11}  {entry.what}: {entry.seen}{believed}")
    return "\n".join([title, "-" * len(title), *body, ""])


def without_paths(entry: Line, hidden: Mapping[str, str]) -> Line:
    """The line with its texts cleaned by `cleaned`."""
    return dataclasses.replace(entry, what=cleaned(entry.what, hidden), seen=cleaned(entry.seen, hidden))


def cleaned(text: str, hidden: Mapping[str, str]) -> str:
    """One line of bounded length without any path of this machine; `hidden` says what stands for each."""
    for path in sorted(hidden, key=len, reverse=True):
        for shown in {path, printable(path)} if path.strip("/\\") else ():  # a container may have the home "/"
            text = re.sub(_STARTS + re.escape(shown) + _ENDS, hidden[path], text)
    text = " ".join(printable(_OTHER_PATH.sub("", text.replace("file://", ""))).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
