"""Paths and addresses as people write them, to the one form that everything else uses.

A path is a string, bytes or a `Path`, relative or absolute, with `~` for the home, or a `file:` address of this
machine: `file:/data`, `file:///data`, `file://localhost/data`. An address names a place elsewhere: `hf://...`,
`s3://...`, and `s3:/...`, which is what `pathlib` makes of the latter.
"""

from __future__ import annotations

import os
import re
import urllib.parse

from .errors import ImageNetSError

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]
"""What a person may give as a path."""

_FILE = re.compile(r"file:(?://(?:localhost)?)?(/(?!/).*)", re.IGNORECASE | re.DOTALL)
# At least two letters: a single one is a drive of Windows. `simplecache::s3://bucket` is one address, too.
_ADDRESS = re.compile(r"([a-z][a-z0-9+.:-]*[a-z0-9]):/+(.*)", re.IGNORECASE | re.DOTALL)


def is_address(place: str) -> bool:
    """Whether what `spelled_out` and `path_or_address` give is an address and no path."""
    return _ADDRESS.match(place) is not None


def spelled_out(given: AnyPath) -> str:
    """A path of this machine, a relative one still relative; or an address with `://`, without slashes at its end.

    Raises:
        ImageNetSError: a `file:` address of another machine.
    """
    text = os.fsdecode(given)
    if match := _FILE.fullmatch(text):
        return urllib.parse.unquote(match[1])
    if text[:7].lower() == "file://":
        raise ImageNetSError(f"{text} names a file of another machine: a file of this one is file:///path or /path.")
    if match := _ADDRESS.fullmatch(text):
        return f"{match[1]}://{match[2]}".rstrip("/")
    return os.path.expanduser(text)


def path_or_address(given: AnyPath) -> str:
    """An absolute path of this machine, or an address.

    Raises:
        ImageNetSError: a `file:` address of another machine.
    """
    place = spelled_out(given)
    return place if is_address(place) else os.path.abspath(place)


def real_path(path: AnyPath) -> str:
    """The one path of a folder or file: absolute, its links followed.

    A file keeps its own name: the Hub's cache has links to files whose names say nothing.
    """
    text = os.path.abspath(os.fsdecode(path))
    if os.path.isfile(text):
        return os.path.join(os.path.realpath(os.path.dirname(text)), os.path.basename(text))
    return os.path.realpath(text)


def local_path(given: AnyPath, what: str = "") -> str:
    """A path of this machine; a relative one stays relative.

    Raises:
        ImageNetSError: an address of elsewhere: `s3://bucket` would be taken for a folder called `s3:`.
    """
    place = spelled_out(given)
    if is_address(place):
        text = f"{what} {place}".lstrip()
        raise ImageNetSError(f"{text} is an address: expected a file or folder of this machine.")
    return place
