"""Arguments that name files and folders of this machine: `file://` addresses become paths, others are refused.

What may be an address elsewhere (ImageNet, the OUT of convert and push) is not among them. Without this check an output
`s3://bucket/tree` would be a folder called `s3:`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..conversion.facts.spellings import local_path, path_of_file_address

# Names of parsed arguments -> what messages call them; the first by which the command has it.
_OPTIONS = {
    "annotations_dir": "--annotations-dir",
    "predict_dir": "--predict-dir",
    "maps_dir": "--maps-dir",
    "predictions": "--predictions",
    "counts": "--counts",
    "verify_counts": "--verify",
    "check": "--check",
    "list": "--list",
    "match": "--match",
    "json": "--json",
    "save_counts": "--save-counts",
    "session_name": "--session-name",
    "report": "--report",
    "page": "--page",
    "output": "--output",
    "save_dir": "SAVE_DIR",
    "submission": "OUT.zip",
    "file": "FILE",
    "a": "A.npz",
    "b": "B.npz",
}
_OF_COMMANDS = {
    "distance_match": {"output": "OUTPUT"},
    "submit": {"predictions": "PREDICTIONS"},
    "export": {"out": "OUT"},
}


def with_local_paths(args: argparse.Namespace) -> argparse.Namespace:
    """The arguments with paths in place of `file://` addresses.

    Raises:
        ImageNetSError: an address stands where only a path can.
    """
    changed = vars(args).copy()
    for option, name in {**_OPTIONS, **_OF_COMMANDS.get(args.command, {})}.items():
        if changed.get(option) is not None:
            changed[option] = _local(changed[option], name)
    if getattr(args, "gt_dir", None):  # also an ImageNet, and so an address
        changed["gt_dir"] = path_of_file_address(args.gt_dir) or args.gt_dir
    return argparse.Namespace(**changed)


def _local(given: Any, name: str) -> Any:
    if isinstance(given, list):
        return [_local(one, name) for one in given]
    if isinstance(given, Path):
        return Path(local_path(given, name))
    return local_path(given, name) if isinstance(given, str) else given
