"""The synthetic ImageNet in every layout that people have, and the rows that readers must return of it.

`write_layout` is the way in. Each module writes related layouts: folders of files (`folders`), archives (`tars`), the
Parquet files of the Hub (`hub_files`), the official ImageNet-S tree (`tree`). `expected` computes the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from .expected import ExpectedRow, expected_rows, rgb_pixels
from .folders import write_class_names, write_folders, write_kaggle, write_nested
from .hub_files import write_hub_cache, write_parquet
from .tars import write_hub_tars, write_partly_unpacked, write_tars, write_webdataset
from .tree import write_official_tree

__all__ = ["LAYOUTS", "ExpectedRow", "expected_rows", "rgb_pixels", "write_layout", "write_official_tree"]

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
"""The layouts that `write_layout` knows; the official ImageNet-S tree is `write_official_tree`'s."""


def write_layout(root: Path, layout: str) -> Path:
    """Write the training and validation images, and the test images where a layout has them; returns the `data_dir`."""
    return _WRITERS[layout](root)
