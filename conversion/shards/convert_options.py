"""`Options`: how `convert` writes a data set repository."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ..converted.dataset_index import Format
from ..facts.spellings import OnMissing

DEFAULT_SPLITS = ("train_semi", "validation", "test")
"""The splits that people evaluate on, about 5 GB for 919; `train` is more than 100 GB, and asked for by name."""


@dataclass(frozen=True)
class Options:
    """How to convert.

    Attributes:
        splits: of `split_names(config)`, in official spelling (`train-semi`) too; None for `DEFAULT_SPLITS`, of which
            `on_missing="skip"` leaves out those without any image.
        form: `"parquet"`, or `"arrow"` for `datasets.load_from_disk(OUT/<config>)`.
        images: False leaves out the pixels of ImageNet.
        max_shard_size: about how large a shard may become, `"500MB"`.
        workers: processes of this machine.
        scheduler: address of a Dask scheduler in their place.
        on_missing: what an incomplete ImageNet and masks that can't be used get: `"error"`, or `"skip"` to leave out
            these images.
        verify: check annotations and counts against the official ones.
        restart: write splits from the beginning that an earlier run with other arguments began or finished.
        cache_dir: for masks, indexes and downloads that are kept; the cache of `datasets` by default.
        image_ids: convert these images alone, of the splits that hold any of them.
    """

    splits: Sequence[str] | None = None
    form: Format = "parquet"
    images: bool = True
    max_shard_size: int | str = "500MB"
    workers: int = 1
    scheduler: str | None = None
    on_missing: OnMissing = "error"
    verify: bool = True
    restart: bool = False
    cache_dir: str | os.PathLike[str] | None = None
    image_ids: Sequence[str] | None = None
