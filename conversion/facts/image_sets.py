"""Recognising a split by its images, so that a result can name the split it was made from.

A split is identified by a digest of its image ids; `image_sets.json` has the digests of the official lists.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib import resources

from .official import CONFIG_NAMES


def image_set_digest(image_ids: Iterable[str]) -> str:
    """The sha256 of some image ids, whatever their order: sorted, joined by newlines.

    Examples:
        >>> image_set_digest(["b", "a"]) == image_set_digest(["a", "b"])
        True
    """
    return hashlib.sha256("\n".join(sorted(image_ids)).encode("utf-8", "surrogateescape")).hexdigest()


def recognise_split(digest: str) -> tuple[str, str] | None:
    """The configuration and split whose official images have this digest; None for any other set of images.

    Examples:
        >>> recognise_split(image_set_digest(["ILSVRC2012_val_00000293"])) is None
        True
    """
    data = json.loads(resources.files(__package__).joinpath("image_sets.json").read_text(encoding="utf-8"))
    for config in CONFIG_NAMES:
        for split, image_set in data["image_sets"][config].items():
            if image_set["sha256"] == digest:
                return config, split
    return None
