"""Files that are there where a result is about to be written: those of an earlier run are replaced, others are not.

What a command writes is known by its form: no file of somebody else looks like it by chance.
"""

from __future__ import annotations

import argparse
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..conversion.core.errors import ImageNetSError

SHEET_MARK = ("Software", "imagenet-s show")
"""Text in the PNG of a contact sheet."""
_REPORT_MARK = b'<meta name="generator" content="imagenet-s">'
_ACCEPTANCE_MARK = b"imagenet-s acceptance\n"
_HEAD = 4096


def refuse_foreign_results(args: argparse.Namespace) -> None:
    """Check the files that a command was told to write, before it begins.

    Raises:
        ImageNetSError: one of them exists and is no result of such a command, or two are one; the message names it.
    """
    written: set[str] = set()
    for option, check, what in _RESULTS:
        path = getattr(args, option, None)
        if path and path != "-":
            if option == "session_name" and not path.endswith(".json"):
                path += ".json"
            if os.path.realpath(path) in written and not _is_device(path):
                raise ImageNetSError(f"{path} would be written twice: give each result a file of its own.")
            written.add(os.path.realpath(path))
            refuse_foreign(path, check, what)


def refuse_foreign(path: str | os.PathLike[str], is_ours: Callable[[Path], bool], what: str) -> None:
    """Refuse to replace a file.

    Args:
        path: what is about to be written.
        is_ours: whether an existing file is one that may be replaced.
        what: what that would be, for the message.

    Raises:
        ImageNetSError: it is there and something else. Pipes and devices may be written to.
    """
    file = Path(path)
    if file.is_dir():
        raise ImageNetSError(f"{file} is a folder: give the name of a file.")
    if file.is_file() and file.stat().st_size and not is_ours(file):
        raise ImageNetSError(f"{file} exists and is not {what}: it stays as it is. Move it away, or give another name.")


def _is_device(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)


def is_sheet(path: Path) -> bool:
    """Whether a file is a PNG that `write_sheet` wrote."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return head.startswith(b"\x89PNG") and b"\0".join(text.encode() for text in SHEET_MARK) in head


def _is_json(path: Path) -> bool:
    """Whether a file is JSON exactly as `write_json` would write it."""
    try:
        text = path.read_text(encoding="utf-8")
        return text == json.dumps(json.loads(text), indent=1) + "\n"
    except (ValueError, RecursionError):
        return False


def _is_match(path: Path) -> bool:
    """Whether a file is a match.json: clusters and classes, nothing else."""
    try:
        match: Any = json.loads(path.read_bytes())
        return isinstance(match, dict) and all(key.isdigit() and type(one) is int for key, one in match.items())
    except (ValueError, RecursionError):
        return False


def _is_report(path: Path) -> bool:
    with path.open("rb") as file:
        return _REPORT_MARK in file.read(_HEAD)


def is_acceptance(path: Path) -> bool:
    """Whether a file is one that `check --acceptance` wrote."""
    with path.open("rb") as file:
        return file.read(len(_ACCEPTANCE_MARK)) == _ACCEPTANCE_MARK


def _is_counts(path: Path) -> bool:
    members = _members(path)
    ours = ({"format", "num_classes", "names", "lengths"}, {"format", "options", "names", "values"})
    return any({f"{name}.npy" for name in names} <= members for names in ours)


def _is_submission(path: Path) -> bool:
    return "method.txt" in _members(path)


def _members(path: Path) -> set[str]:
    from ..metrics.matched_miou.counts_file import DAMAGED_ZIP  # imports numpy: only where it is needed

    try:
        with zipfile.ZipFile(path) as archive:
            return set(archive.namelist())
    except DAMAGED_ZIP:
        return set()


_RESULTS: tuple[tuple[str, Callable[[Path], bool], str], ...] = (
    ("json", _is_json, "JSON that imagenet-s wrote"),
    ("report", _is_report, "a report of imagenet-s"),
    ("page", _is_report, "a page of imagenet-s"),
    ("save_counts", _is_counts, "counts of imagenet-s"),
    ("session_name", _is_match, "a match.json"),
    ("submission", _is_submission, "a submission"),
)
