"""`find_converted`: the data set that `imagenet-s convert` wrote, at or around a folder that a person names."""

from __future__ import annotations

import os
from pathlib import Path

from ..core.errors import ImageNetSError
from ..core.hub_cache import snapshot
from ..facts import CONFIG_NAMES
from .dataset_index import INDEX, Index, parse_index


def find_converted(folder: str | os.PathLike[str]) -> tuple[str, Index] | None:
    """The root and index of a converted data set, from its folder or that of one configuration (`OUT/50`).

    A download of one is also found in the folder of the Hub's cache (`datasets--me--imagenet-s`).

    Returns:
        The configuration's folder has an index of that configuration alone. None where there is no such data set.

    Raises:
        ImageNetSError: there is one, and its index is damaged.
    """
    path = os.path.abspath(os.fspath(folder))
    parent, name = os.path.split(path)
    for root, only in ((path, None), (snapshot(path), None), (parent, name)):
        if root is None or only not in (None, *CONFIG_NAMES) or not os.path.isfile(os.path.join(root, INDEX)):
            continue
        try:
            index = parse_index(Path(root, INDEX).read_bytes(), os.path.join(root, INDEX))
        except ImageNetSError:
            if os.path.isdir(os.path.join(root, ".imagenet-s")):
                raise
            continue  # the index of something else
        configs = {config: entry for config, entry in index.configs.items() if only in (None, config)}
        if configs:
            return root, Index(configs)
    return None
