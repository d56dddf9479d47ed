"""A line of the text: what was looked at, what is believed of it, what was seen; and words in place of paths."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..core.errors import printable, some

MARK = "imagenet-s acceptance"
"""How the text begins."""
_LONGEST = 400
_WORDS = {True: "as believed", False: "DIFFERS", None: "noted"}
_STARTS, _ENDS = r"(?<![\w.~:/\\])", r"(?![\w.~-])"
"""Around a whole path: not within a longer one, nor within an address."""
_OTHER_PATH = re.compile(rf"""(?<=['"])/[^'"]*/(?=[^'"/])|{_STARTS}(?:[A-Za-z]:)?[/\\](?:[^\s/\\:,;'"()]+[/\\])+""")
"""The folders of any other path; its last part stays."""


@dataclass(frozen=True)
class Line:
    """One thing that was looked at.

    Attributes:
        what: in words.
        believed: what this package takes for granted; "" where it takes nothing.
        seen: what is there.
        agrees: whether the two agree; None where nothing is believed, or nothing could be looked at.
    """

    what: str
    believed: str
    seen: str
    agrees: bool | None


def line(what: str, believed: object, seen: object, agrees: bool | None = None, note: str = "") -> Line:
    """A line about a value of which something is believed.

    Args:
        what: in words.
        believed: a value; numbers are printed with thousands separators.
        seen: a value.
        agrees: whether the two agree; by default whether they are equal.
        note: what else is to be said of what was seen.
    """
    agrees = believed == seen if agrees is None else agrees
    return Line(what, _text(believed), f"{_text(seen)}{f' ({note})' if note else ''}", agrees)


def noted(what: str, seen: object, note: str = "") -> Line:
    """A line about something of which nothing is believed."""
    return Line(what, "", f"{_text(seen)}{f' ({note})' if note else ''}", None)


def named(image_ids: Sequence[str]) -> str:
    """The first few of some images."""
    return some(list(image_ids))


def as_text(title: str, lines: Sequence[Line]) -> str:
    """Lines below a heading, one a line: how seen and believed agree, what it is, what was seen, what is believed."""
    body = []
    for one in lines:
        believed = f"; believed: {one.believed}" if one.believed and not one.agrees else ""
        body.append(f"{_WORDS[one.agrees]:11}  {one.what}: {one.seen}{believed}")
    return "\n".join([title, "-" * len(title), *body, ""])


def without_paths(found: Line, hidden: Mapping[str, str]) -> Line:
    """The same line, see `cleaned`."""
    return dataclasses.replace(found, what=cleaned(found.what, hidden), seen=cleaned(found.seen, hidden))


def cleaned(text: str, hidden: Mapping[str, str]) -> str:
    """One line of bounded length without any path of this machine.

    Args:
        text: anything.
        hidden: path -> the word that stands for it.
    """
    for path in sorted(hidden, key=len, reverse=True):
        for shown in {path, printable(path)} if path.strip("/\\") else ():  # a container may have the home "/"
            text = re.sub(_STARTS + re.escape(shown) + _ENDS, hidden[path], text)
    text = " ".join(printable(_OTHER_PATH.sub("", text.replace("file://", ""))).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
