"""The synthetic ImageNet written in every layout that people have.

`write_imagenet` is the way in. Each module writes related layouts: folders of files (`folders`), archives (`tars`), the
Parquet files of the Hub (`hub_parquet`), the official ImageNet-S tree (`tree`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ...core.errors import ImageNetSError
from ...core.paths import local_path
from .folders import (
    write_class_names,
    write_folders,
    write_kaggle,
    write_nested,
)
from .hub_parquet import write_hub_cache, write_parquet
from .tars import (
    write_hub_tars,
    write_partly_unpacked,
    write_tars,
    write_webdataset,
)

_WRITERS: Mapping[str, Callable[[Path], Path]] = {
    "folders": write_folders,
    "flat": lambda root: write_folders(root, flat=True),
    "kaggle": write_kaggle,
    "tars": write_tars,
    "class-tars": lambda root: write_tars(root, unpacked=True),
    "parquet": write_parquet,
    "hub-tars": write_hub_tars,
    "hub-tars-extracted": lambda root: write_hub_tars(root, extracted=True),
    "webdataset": write_webdataset,
    "nested": write_nested,
    "class-names": write_class_names,
    "partly-unpacked": write_partly_unpacked,
    "hub-cache": write_hub_cache,
}
LAYOUTS = tuple(_WRITERS)
"""The layouts `write_imagenet` knows; the official ImageNet-S tree is `write_official_tree`'s."""


def write_imagenet(root: str | os.PathLike[str], layout: str = "folders") -> Path:
    """Write the synthetic ImageNet: its training and validation images, and its test images where a layout has them.

    Args:
        root: a folder, made if it does not exist; files of the same names are replaced.
        layout: one of `LAYOUTS`.

    Returns:
        The folder to give as `data_dir`.

    Raises:
        ImageNetSError: there is no such layout.
    """
    if layout not in _WRITERS:
        raise ImageNetSError(f"the synthetic ImageNet has the layouts {', '.join(LAYOUTS)}, not {layout!r}.")
    return _WRITERS[layout](Path(local_path(root)))
