"""The columns of the data set: the one place that says what they are, for the builder, the shards and the cards.

All are features of `datasets` itself, so no operation can lose what they mean. `datasets.Image` turns by the EXIF
orientation when it decodes; the masks have the stored one. So no row holds an image that would be turned, unless its
mask is upright, too: see `pairs`.
"""

from __future__ import annotations

import functools

import datasets
import pyarrow as pa

from ..facts import categories

IMAGE_TYPE = pa.struct({"bytes": pa.binary(), "path": pa.string()})
"""How `datasets` stores an image."""


def features(config: str, images: bool = True) -> datasets.Features:
    """The columns of a configuration.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        images: whether there is a column `image`; a data set may be converted without it.

    Returns:
        `image_id`, `image` (RGB), `annotation` (class ids, 16-bit grey; null where a split has no masks), `category`
        (its integer is the class id), `wnid` (the class folder of the official tree), `imagenet_label` (ImageNet's own
        label of the image, 0..999; null where nothing says it).
    """
    columns = {
        "image_id": datasets.Value("string"),
        "image": datasets.Image(mode="RGB"),
        # Without a mode: Pillow opens these 16-bit PNGs as I;16, which it saves and shows, and what a `map` stores in
        # their place stays as it is. A mode would clip it: I;16 makes -1 a 0, which is `other`.
        "annotation": datasets.Image(),
        "category": datasets.ClassLabel(names=categories(config).names),
        "wnid": datasets.Value("string"),
        # No ClassLabel: a thousand names would double the card, and everybody has them already.
        "imagenet_label": datasets.Value("int32"),
    }
    if not images:
        del columns["image"]
    return datasets.Features(columns)


@functools.cache
def arrow_schema(config: str, images: bool = True) -> pa.Schema:
    """`features` as Arrow stores them, with `datasets`' metadata (a thousand names, so it is kept)."""
    return features(config, images).arrow_schema
