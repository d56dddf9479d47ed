"""Folders that must not overlap: what is written, and the source it is made from, which is only read."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable

from .errors import ImageNetSError
from .paths import is_address, path_or_address


def refuse_overlap(folder: str, sources: Iterable[str], what: str, advice: str = "") -> None:
    """Refuse to write into, onto or around a source.

    Args:
        folder: what is about to be written to, a path or an address; links in a path are followed.
        sources: folders or addresses that are read from.
        what: what to call the folder in advice: `"OUT"`.
        advice: more of it.

    Raises:
        ImageNetSError: one of them is the folder, holds it, or lies in it.
    """
    target = _normal(folder)
    for source in sources:
        kept = _normal(source)
        if _inside(target, kept) or _inside(kept, target):
            where = "is" if target == kept else "lies in" if _inside(target, kept) else "holds"
            raise ImageNetSError(
                f"{folder} {where} the source {source}, which is only read: give {_article(what)} outside of it"
                f"{advice and '; ' + advice}."
            )


def refuse_same_folder(folder: str, source: str | None, what: str) -> None:
    """Refuse to write into the very folder of a source; beside it, or in a folder of it, nothing is in danger.

    Raises:
        ImageNetSError: they are the same.
    """
    if source is not None and _normal(folder) == _normal(source):
        raise ImageNetSError(f"{folder} is a source too, which is only read: give another {what}.")


def _article(what: str) -> str:
    return f"{'an' if what[0] in 'AEIO' else 'a'} {what}"


def _normal(path: str) -> str:
    """A path with its links followed, an address without double slashes."""
    place = path_or_address(path)
    if not is_address(place):
        return os.path.realpath(place)
    protocol, _, rest = place.partition("://")
    return f"{protocol}://{posixpath.normpath(rest).lstrip('/')}"


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/" + os.sep) + ("/" if is_address(folder) else os.sep))
