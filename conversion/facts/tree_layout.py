"""The folder names of the official tree: `ImageNetS919/{train,train-semi,...}/<wnid>/`, `<split>-segmentation/<wnid>/`.

Source: official readme, "Dataset structure", and data_preparation.sh.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..core.read_only_dict import ReadOnlyDict
from .official import ANNOTATED_SPLITS, SPLITS

SPLIT_FOLDERS: Mapping[str, str] = ReadOnlyDict({split: split.replace("_", "-") for split in SPLITS})
"""Split -> the folder of its images."""
MASK_FOLDERS: Mapping[str, str] = ReadOnlyDict(
    {split: f"{SPLIT_FOLDERS[split]}-segmentation" for split in ANNOTATED_SPLITS}
)
"""Annotated split -> the folder of its masks."""


def tree_name(config: str) -> str:
    """The folder of a configuration: `ImageNetS919`."""
    return f"ImageNetS{config}"
