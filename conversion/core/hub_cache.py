"""A repository in the cache of the Hub's client: `datasets--ILSVRC--imagenet-1k/{blobs,refs,snapshots/<commit>}`."""

from __future__ import annotations

import os


def snapshot(folder: str) -> str | None:
    """The snapshot in such a folder: that of main, else the newest; None where the folder is none."""
    snapshots = os.path.join(folder, "snapshots")
    if not os.path.isdir(snapshots):
        return None
    try:
        with open(os.path.join(folder, "refs", "main"), encoding="ascii") as file:
            main = os.path.join(snapshots, file.read(100).strip())
    except (OSError, ValueError):
        main = snapshots
    if main.rstrip(os.sep) != snapshots and os.path.isdir(main):
        return main
    found = [one.path for one in os.scandir(snapshots) if one.is_dir() and os.access(one.path, os.R_OK | os.X_OK)]
    return max(found, key=os.path.getmtime, default=None)
