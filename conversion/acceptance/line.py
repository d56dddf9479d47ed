"""A line of the text: what was looked at, what is believed of it, what was seen.

Imports `errors`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imagenet_s.conversion.errors import printable, some

MARK = "imagenet-s acceptance"
"""How the text begins."""
NOT_KNOWN = "not known"
"""What is believed where nothing is: such a line never differs."""
_LONGEST = 400
_PATH = re.compile(r"""(?<![\w./])/(?:[^\s/:,;'"()]+/)+""")
"""The folders of a path; what stands behind them stays."""


@dataclass(frozen=True)
class Line:
    """One thing that was looked at.

    Attributes:
        what: in words.
        believed: what this package takes for granted; `NOT_KNOWN` where it takes nothing.
        seen: what is there.
        agrees: whether the two agree; None where nothing is believed, or nothing could be looked at.
    """

    what: str
    believed: str
    seen: str
    agrees: bool | None


def line(what: str, believed: object, seen: object, agrees: bool | None = None, note: str = "") -> Line:
    """A line about a value.

    Args:
        what: in words.
        believed: `NOT_KNOWN`, or a value; numbers are printed with thousands separators.
        seen: a value.
        agrees: whether the two agree; by default whether they are equal.
        note: what else is to be said of what was seen.
    """
    if agrees is None and believed != NOT_KNOWN:
        agrees = believed == seen
    return Line(what, _text(believed), f"{_text(seen)}{f' ({note})' if note else ''}", agrees)


def named(image_ids: Sequence[str]) -> str:
    """The first few of some images."""
    return some(list(image_ids))


def as_text(title: str, lines: Sequence[Line], hidden: Mapping[str, str]) -> str:
    """Lines below a heading, one a line: how seen and believed agree, what it is, what was seen, what is believed.

    Args:
        title: the heading.
        lines: the lines.
        hidden: path of this machine -> the word that stands for it.
    """
    words = {True: "as believed", False: "DIFFERS", None: "seen"}
    body = []
    for one in lines:
        believed = "" if one.agrees else f"; believed: {one.believed}"
        body.append(f"{words[one.agrees]:11}  {cleaned(f'{one.what}: {one.seen}', hidden)}{believed}")
    return "\n".join([title, "-" * len(title), *body, ""])


def cleaned(text: str, hidden: Mapping[str, str]) -> str:
    """One line without any path of this machine."""
    for path in sorted(hidden, key=len, reverse=True):
        text = text.replace(path, hidden[path])
    text = " ".join(printable(_PATH.sub("", text)).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
