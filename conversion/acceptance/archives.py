"""The archive and the lists of a configuration: fetched where they are missing, their checksums compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..annotations.official_files import RemoteFile, check_archive, official_files
from ..core.cache import file_digest
from ..core.errors import ImageNetSError
from ..dataset.source import Source
from ..facts import Archive
from .line import Line, line, noted

Files = Mapping[RemoteFile, Path | None]


def find_files(source: Source) -> Files:
    """The paths of the official files of a configuration; None for a file that the given folder lacks.

    Raises:
        ImageNetSError: one is missing and can't be fetched; the message says which are needed.
    """
    return {remote: source.annotations.official_file(remote) for remote in official_files(source.config)}


def file_lines(files: Files) -> Iterator[Line]:
    """A line for each official file, and one more for an archive with another checksum."""
    for remote, path in files.items():
        if path is None:
            yield noted(remote.name, "not in the folder that was given")
        elif isinstance(remote.facts, Archive):
            digest = file_digest(path, "md5")
            yield line(f"{remote.name}: md5", remote.facts.md5, digest)
            if digest != remote.facts.md5:
                yield line(f"{remote.name}: damaged members", "none", _damage(path, remote.facts))
        else:
            yield line(f"{remote.name}: sha256", f"{remote.facts.sha256[:16]}...", f"{file_digest(path)[:16]}...")


def _damage(path: Path, facts: Archive) -> str:
    """The error of `check_archive`, or "none"."""
    try:
        check_archive(path, facts)
    except ImageNetSError as error:
        return str(error)
    return "none"
