"""What a saved run says of itself beside its counts: its name, configuration, options, what was missing, versions.

The same record goes into the counts of masks and into the scores of maps. A part that is absent is not known.
"""

from __future__ import annotations

import functools
import json
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Record = dict[str, Any]
_PARTS: Mapping[str, type] = {
    "name": str,  # of the method or run, for tables and pages
    "config": str,  # "50", "300" or "919"
    "options": dict,  # of the command that counted, by their names
    "missing": list,  # keys of the references that had no prediction
    "no_class": list,  # ids of the images whose ImageNet label is no class: of maps alone
    "figures": dict,  # of one's own: key -> name of an image -> value
    "versions": dict,  # library -> version, of the process that counted
}
_LIBRARIES = ("imagenet-s", "numpy", "scipy", "pillow")


@functools.cache
def versions() -> Mapping[str, str]:
    """Library -> version. This package is absent where it is not installed: the folder of this metric works alone."""
    numbers = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            numbers[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return numbers


def packed_record(record: Mapping[str, Any]) -> NDArray[np.uint8]:
    """A record as an array of an .npz; a run that was counted in this process gets its versions."""
    return np.frombuffer(json.dumps({"versions": dict(versions()), **record}).encode(), np.uint8)


def unpacked_record(arrays: Mapping[str, Any]) -> Record:
    """The record in the arrays of an .npz; of a file without one, nothing is known.

    Raises:
        ValueError: it is damaged.
    """
    if "record" not in arrays:
        return {"versions": {}}
    record = json.loads(arrays["record"].tobytes())
    if not isinstance(record, dict) or not all(
        isinstance(record.get(part, kind()), kind) for part, kind in _PARTS.items()
    ):
        raise ValueError("its record is damaged")
    if not all(isinstance(name, str) for part in ("missing", "no_class") for name in record.get(part, ())):
        raise ValueError("its record is damaged")
    for values in record.get("figures", {}).values():
        if not isinstance(values, dict) or not all(isinstance(value, (int, float)) for value in values.values()):
            raise ValueError("its record is damaged")
    return record


class _Run(Protocol):
    """A metric of any kind."""

    record: Record

    def __len__(self) -> int: ...


def merged_record(first_run: _Run, second_run: _Run) -> Record:
    """The record of the images of two runs together: what both say alike, and the lists of both.

    A run without images and record, as of a process that got no image, takes nothing away.
    """
    first, second = first_run.record, second_run.record
    for run, record in ((first_run, second), (second_run, first)):
        if not len(run) and not run.record:
            return dict(record)
    record = {part: value for part, value in first.items() if second.get(part) == value}
    for part in ("missing", "no_class"):
        if part in first and part in second:
            record[part] = [*first[part], *second[part]]
    if first.get("versions") != second.get("versions"):
        record["versions"] = {}
    if figures := [side["figures"] for side in (first, second) if "figures" in side]:
        keys = dict.fromkeys(key for own in figures for key in own)
        record["figures"] = {
            key: {name: own[key][name] for own in figures for name in own.get(key, {})} for key in keys
        }
    return record
