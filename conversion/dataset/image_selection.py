"""Which of the images that `image_ids` names belong to which split, and whether all are known.

The official lists say what belongs to validation, test and train_semi, the name what belongs to the training splits; an
image of train_semi is also one of train.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..core.errors import ImageNetSError, some
from ..facts import TRAINING_SPLITS, categories
from ..facts.spellings import image_id_of
from ..imagenet.file_names import wnid_of
from .source import Source


def selected_splits(source: Source, splits: Sequence[str], image_ids: Sequence[str] | None) -> list[str]:
    """Those of some splits that hold any of the images; all of them for None.

    Raises:
        ImageNetSError: `image_ids` names an image that is in none of the splits, or twice, or no image at all.
    """
    if image_ids is None:
        return list(splits)
    ids = pa.array(image_ids, pa.string())
    if pc.count_distinct(ids).as_py() != len(ids):
        counts = pc.value_counts(ids)
        twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
        raise ImageNetSError(f"image_ids (--ids) names {some(twice)} more than once; name each image once.")
    of_splits = {split: selected_images(source, split, image_ids) for split in splits}
    known = pa.concat_arrays([pa.array([], pa.string()), *of_splits.values()])
    unknown = ids.filter(pc.invert(pc.is_in(ids, value_set=known))).to_pylist()
    if unknown or not len(ids):
        what = (
            f"{len(unknown):,} of {len(ids):,} image_ids (--ids) are" if len(ids) else "image_ids is empty: there are"
        )
        raise ImageNetSError(
            f"{what} no images of {' or '.join(splits)} of ImageNet-S-{source.config}{': ' if unknown else ''}"
            f"{some(unknown)}. Expected are names such as 'n01440764_10026' or 'ILSVRC2012_val_00000293', of the "
            "splits that are loaded; `imagenet_s.subset` draws some."
        )
    return [split for split in splits if len(of_splits[split])]


def selected_images(source: Source, split: str, image_ids: Sequence[str]) -> pa.Array:
    """Those of some images that belong to a split, in the order given."""
    ids = pa.array(image_ids, pa.string())
    if split not in TRAINING_SPLITS:
        return ids.filter(pc.is_in(ids, value_set=source.members(split)["image_id"].combine_chunks()))
    table = categories(source.config)
    named = [image_id for image_id in image_ids if image_id_of(image_id, "train") == image_id]
    chosen = [image_id for image_id in named if split == "train_full" or table.id_of(wnid_of(image_id))]
    return pa.array(chosen, pa.string())


def digest_of_order(image_ids: Sequence[str] | None) -> str | None:
    """A short name of `image_ids`, the order included, for the folder of a build.

    Raises:
        ImageNetSError: it is no sequence of names.
    """
    if image_ids is None:
        return None
    if isinstance(image_ids, str) or not all(isinstance(image_id, str) for image_id in image_ids):
        raise ImageNetSError(f"image_ids={str(image_ids)[:80]}: expected several image ids, each a string.")
    return hashlib.sha256("\n".join(image_ids).encode()).hexdigest()[:16]
