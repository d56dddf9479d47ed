"""`ImageNetSConfig`: the arguments of the data set, checked, and named so that two spellings share a cache."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import datasets

from ..annotations import resolve_annotations_dir
from ..facts.spellings import on_missing_policy, split_list
from ..imagenet.data_dir import DataDir, resolve_data_dir
from .image_selection import digest_of_order

VERSION = datasets.Version("1.2.0")
"""Of the rows. Raise it when they change: it is part of the name of every build in people's caches."""


@dataclass
class ImageNetSConfig(datasets.BuilderConfig):
    """The arguments of the data set, as `load_dataset("imagenet_s", ...)` takes them.

    Attributes:
        data_dir, annotations_dir, on_missing, verify: as in `imagenet_s.load_dataset`.
        splits: load only these where no split is named; for None all that the source can have.
        image_ids: load these images alone, in this order where the layout allows it; all for None.
    """

    data_dir: str | None = None
    annotations_dir: str | None = None
    splits: Sequence[str] | None = None
    on_missing: Literal["error", "skip"] = "error"
    verify: bool = True
    image_ids: Sequence[str] | None = None

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: datasets.Features | None = None) -> str:
        """The name of the cache: two spellings of one folder share it.

        `datasets` sets the arguments one by one and calls this once all are there, so this is where they are checked.
        """
        self.on_missing = on_missing_policy(self.on_missing)
        if self.splits is not None:
            self.splits = split_list(self.splits, self.name)
        if self.image_ids is not None and not isinstance(self.image_ids, str):
            self.image_ids = tuple(self.image_ids)  # an iterator is read once, and this is used several times
        canonical = {
            "data_dir": self.resolved_data_dir.root,
            "annotations_dir": self.resolved_annotations_dir,
            "on_missing": self.on_missing,
            "verify": self.verify,
            "image_ids": digest_of_order(self.image_ids),
        }
        return super().create_config_id({k: v for k, v in canonical.items() if v is not None}, custom_features)

    @functools.cached_property
    def resolved_data_dir(self) -> DataDir:
        """Where ImageNet is; set once all arguments are."""
        return resolve_data_dir(self.data_dir)

    @functools.cached_property
    def resolved_annotations_dir(self) -> str | None:
        """The folder of the annotations; None to have them downloaded. Set once all arguments are."""
        return resolve_annotations_dir(self.annotations_dir)
