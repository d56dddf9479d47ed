"""`load_dataset`: the builder in one call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import datasets

from .builder import ImageNetS


def load_dataset(
    config: str | int = "919",
    *,
    data_dir: str | os.PathLike[str] | None = None,
    split: Any = None,
    streaming: bool = False,
    annotations_dir: str | os.PathLike[str] | None = None,
    splits: Sequence[str] | None = None,
    image_ids: Sequence[str] | None = None,
    on_missing: Literal["error", "skip"] = "error",
    verify: bool = True,
    cache_dir: str | os.PathLike[str] | None = None,
    num_proc: int | None = None,
    keep_in_memory: bool = False,
    download_mode: Any = None,
) -> Any:
    """Load ImageNet-S. Only the split that is asked for is built, and only what it is made from is needed.

    `datasets.load_dataset("imagenet_s", config, ...)` does the same once this package is imported.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        data_dir: ImageNet in any usual layout, or the official ImageNet-S tree; else `$IMAGENET_S_DATA_DIR`.
        split: as in `datasets.load_dataset` (a name, a slice, a sum, a `ReadInstruction`, a list of them), official
            spellings included: `"train-semi"`, `"val[:10%]"`. None for all that the source can have: a folder with
            `val/` alone gives `validation` and `test`.
        streaming: rows as they are read, without building anything.
        annotations_dir: archives and lists under their original names, extracted masks, a tree or zip of masks, or a
            data set that `imagenet-s convert` wrote (docs/loading.md has all); lists lie beside the masks. Else
            `$IMAGENET_S_ANNOTATIONS_DIR`, else they are downloaded.
        splits: where no `split` is named, load these.
        image_ids: load these images alone, such as `imagenet_s.subset` draws, reading as little as the layout allows.
            In the order given; from Parquet and compressed tars in the order they are stored.
        on_missing: `"error"` refuses an incomplete ImageNet and masks that can't be used (damaged, unknown ids, another
            size than their image); `"skip"` leaves out these images, and logs which.
        verify: check checksums and official counts; False is for miniatures and subsets of one's own.
        cache_dir: where to build; the cache of `datasets` by default.
        num_proc: processes to build with.
        keep_in_memory: copy the table into memory.
        download_mode: `"force_redownload"` builds again. A source that has changed is built again without it, unless
            an image file was replaced in place, under its own name.

    Returns:
        A `Dataset` or `IterableDataset` for a split, a `DatasetDict` or `IterableDatasetDict` without one.

    Raises:
        ImageNetSError: ImageNet or the annotations are missing, incomplete or damaged. What only building finds is a
            `BuildError`, which is a `datasets.exceptions.DatasetGenerationError` too.

    Examples:
        >>> ds = load_dataset("919", data_dir="/data/imagenet", split="validation")  # doctest: +SKIP
        >>> ds[0]["image_id"], ds[0]["annotation"].mode  # doctest: +SKIP
        ('ILSVRC2012_val_00000293', 'I;16')
    """
    builder = ImageNetS(
        config,
        cache_dir=cache_dir,
        data_dir=None if data_dir is None else os.fsdecode(data_dir),
        annotations_dir=None if annotations_dir is None else os.fsdecode(annotations_dir),
        splits=splits,
        image_ids=image_ids,
        on_missing=on_missing,
        verify=verify,
    )
    if streaming:
        return builder.as_streaming_dataset(split=split)
    checks = datasets.VerificationMode.BASIC_CHECKS  # as datasets.load_dataset: nothing is built before as_dataset
    builder.download_and_prepare(num_proc=num_proc, download_mode=download_mode, verification_mode=checks)
    return builder.as_dataset(split=split, in_memory=keep_in_memory)
