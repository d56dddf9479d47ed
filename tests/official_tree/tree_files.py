"""What the tests of the official tree share."""

import os
from collections.abc import Callable
from pathlib import Path

from imagenet_s.conversion.official_tree import PreparedSplit

Prepare = Callable[..., list[PreparedSplit]]
"""The fixture `prepare`."""


def contents(tree: Path) -> dict[str, bytes]:
    """Every file of a tree, links followed."""
    files = (Path(folder) / name for folder, _, names in os.walk(tree, followlinks=True) for name in names)
    return {path.relative_to(tree).as_posix(): path.read_bytes() for path in files}


def snapshot(folder: Path) -> dict[Path, tuple[int, int, str]]:
    """Everything in a folder but folders, links not followed: size, modification time, and where a link leads."""
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return {path: (path.lstat().st_size, path.lstat().st_mtime_ns, os.path.realpath(path)) for path in paths}
