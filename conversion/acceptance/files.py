"""The archive and the lists of a configuration: fetched where they are missing, their checksums compared.

Imports `errors`, `cache`, `annotations`, `line`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from imagenet_s.conversion.acceptance.line import Line, line
from imagenet_s.conversion.annotations import Annotations
from imagenet_s.conversion.annotations.official_files import check_archive, official_files
from imagenet_s.conversion.cache import file_digest
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import Archive


def file_lines(annotations: Annotations) -> Iterator[Line]:
    """A line for each official file."""
    for remote in official_files(annotations.config):
        try:
            path = annotations.official_file(remote)
        except ImageNetSError as error:
            yield line(remote.name, "can be fetched", str(error), agrees=False)
            continue
        if path is None:
            yield Line(remote.name, "as published", "not in the folder that was given", None)
        elif isinstance(remote.facts, Archive):
            found = file_digest(path, "md5")
            yield line(f"{remote.name}: md5", remote.facts.md5, found)
            if found != remote.facts.md5:
                yield line(f"{remote.name}: damaged members", "none", _damage(path, remote.facts))
        else:
            yield line(f"{remote.name}: sha256", f"{remote.facts.sha256[:16]}...", f"{file_digest(path)[:16]}...")


def _damage(path: Path, facts: Archive) -> str:
    try:
        check_archive(path, facts)
    except ImageNetSError as error:
        return str(error)
    return "none"
