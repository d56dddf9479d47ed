"""Rows of the data set: what a column is, and how images, masks and labels become Arrow tables.

The one source of truth for columns: the builder and the shards both come from here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imagenet_s.conversion.annotations import open_masks
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.features import StoredImage
from imagenet_s.conversion.image_header import HEADER_BYTES, check_whole, header_of, read_header, upright
from imagenet_s.conversion.imagenet.base import IMAGE_TYPE, ImageReader
from imagenet_s.conversion.mask_codec import check_size

_END_OF_JPEG = b"\xff\xd9"
# A table of paths is read whole; files that are looked into, and bytes, come in pieces that are small in memory.
_PATHS_AT_ONCE, _IMAGES_AT_ONCE = 20_000, 100


def features(config: str) -> datasets.Features:
    """The columns of a configuration.

    Returns:
        `image_id`, `image` (RGB), `annotation` (class ids as mode I, null where a split has no masks), `category` (its
        integer is the class id) and `wnid` (the class folder of the official tree).
    """
    return datasets.Features(
        {
            "image_id": datasets.Value("string"),
            "image": StoredImage(mode="RGB"),
            "annotation": datasets.Image(mode="I"),
            "category": datasets.ClassLabel(names=categories(config).names),
            "wnid": datasets.Value("string"),
        }
    )


def generate(shard: pa.Table, part: ImageReader, masks: str | None, examine: bool) -> Iterator[pa.Table]:
    """The finished rows of one shard, in batches.

    Args:
        shard: `image_id`, `category`, `wnid`, with masks also `mask_row`, and what `part` needs to find the images.
        part: where the images are.
        masks: the file of prepared masks, for a split that has them.
        examine: whether to look at the images here, so that no row holds one that is damaged or that `datasets` would
            rotate; False only for paths of training files, see `stored_image`.

    Yields:
        Tables with the columns of `features`.

    Raises:
        ImageNetSError: a damaged image, or a mask of another size than its image; the message names it.
    """
    mask_table = open_masks(masks) if masks is not None else None
    start = 0
    for images in part.read(shard, _IMAGES_AT_ONCE if examine else _PATHS_AT_ONCE):
        rows = shard.slice(start, len(images)).combine_chunks()
        start += len(images)
        ids = rows["image_id"]
        annotation = pa.nulls(len(images), IMAGE_TYPE)
        sizes: list[tuple[int, int]] | None = None
        if mask_table is not None:
            found = _taken(mask_table, rows["mask_row"])
            sizes = list(zip(found["width"].to_pylist(), found["height"].to_pylist()))
            paths = pa.array([f"{one}.png" for one in ids.to_pylist()], pa.string())
            annotation = pa.StructArray.from_arrays([_array(found["png"]), paths], fields=list(IMAGE_TYPE))
        if examine:
            images = _examined(images, ids.to_pylist(), sizes)
        yield pa.table(
            {
                "image_id": ids,
                "image": images,
                "annotation": annotation,
                "category": rows["category"].cast(pa.int64()),
                "wnid": rows["wnid"].cast(pa.string()),
            }
        )


def _taken(masks: pa.Table, places: pa.ChunkedArray) -> pa.Table:
    """Some rows of the mask table. Taking from all of it would copy all of it each time; rows lie close together."""
    first, last = pc.min_max(places).as_py().values()
    return masks.slice(first, last - first + 1).take(pc.subtract(places.combine_chunks(), first))


def _array(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined


def _examined(images: pa.Array, ids: list[str], mask_sizes: list[tuple[int, int]] | None) -> pa.ChunkedArray:
    """Images of which each is whole, upright, and of its mask's size.

    Paths stay paths where nothing had to change, and bytes stay where they are: a changed image comes between slices.
    """
    pieces, start = [], 0
    for i, (view, path) in enumerate(zip(_views(images.field("bytes")), images.field("path").to_pylist())):
        name = path if view is None else ids[i]
        try:
            size, replaced = _look_into(path) if view is None else _look_at(view)
        except ImageNetSError as error:
            raise ImageNetSError(f"{name}: {error}; fetch it again.") from error
        except OSError as error:
            raise ImageNetSError(f"{name} can't be read ({error.strerror or error}).") from error
        if mask_sizes is not None:
            check_size(mask_sizes[i], size, f"the mask of {ids[i]}")
        if replaced is not None:
            one = {"bytes": replaced, "path": f"{ids[i]}.JPEG"}
            pieces += [images.slice(start, i - start), pa.array([one], IMAGE_TYPE)]
            start = i + 1
    return pa.chunked_array([*pieces, images.slice(start)], IMAGE_TYPE)


def _views(stored: pa.BinaryArray) -> Iterator[memoryview | None]:
    """The bytes of each image where they lie, None for a null: nearly all are looked at and left as they are."""
    _, offsets, data = stored.buffers()
    edges = np.frombuffer(offsets, np.int32)[stored.offset :].tolist()
    # Unsigned, since Arrow's bytes are signed, and a view of those equals no `bytes`.
    everything = memoryview(data if data is not None else b"").cast("B")
    there = stored.is_valid().to_pylist()
    for start, stop, valid in zip(edges, edges[1:], there):
        yield everything[start:stop] if valid else None


def _look_at(view: memoryview) -> tuple[tuple[int, int], bytes | None]:
    """The size of an image's bytes, and other bytes where they have to be replaced."""
    header = header_of(view)
    if not header.may_turn and view[-2:] == _END_OF_JPEG:
        return header.size, None
    data = bytes(view)
    check_whole(data)
    replaced = upright(data) if header.may_turn else data
    return header.size, None if replaced is data else replaced


def _look_into(path: str) -> tuple[tuple[int, int], bytes | None]:
    """As `_look_at` for a file, of which the first and last bytes are enough nearly always."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        header = read_header(os.read(descriptor, HEADER_BYTES))
        length = os.lseek(descriptor, 0, os.SEEK_END)
        os.lseek(descriptor, max(0, length - 2), os.SEEK_SET)
        if header is not None and not header.may_turn and os.read(descriptor, 2) == _END_OF_JPEG:
            return header.size, None
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            return _look_at(memoryview(stream.read()))
    finally:
        os.close(descriptor)
