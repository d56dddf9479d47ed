"""A repository in the cache of the Hub's client: `datasets--ILSVRC--imagenet-1k/{blobs,refs,snapshots/<commit>}`."""

from __future__ import annotations

import os

from .walk import list_folder


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
    folders = [os.path.join(snapshots, name) for name in list_folder(snapshots).folders]
    readable = [folder for folder in folders if os.access(folder, os.R_OK | os.X_OK)]
    return max(readable, key=os.path.getmtime, default=None)
