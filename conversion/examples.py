"""Examples: images, masks and labels of a split plan as finished Arrow tables, for the builder and for shards.

Imports `errors`, `features`, `inspection`, `mask_codec`, `annotations`, `imagenet`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imagenet_s.conversion.annotations import open_masks
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.features import IMAGE_TYPE
from imagenet_s.conversion.imagenet.image_reader import ImageReader
from imagenet_s.conversion.inspection import inspect_bytes, inspect_file
from imagenet_s.conversion.mask_codec import check_size

# A table of paths is read at once; files that are looked into, and bytes, come in batches that are small in memory.
_PATHS_PER_BATCH, _IMAGES_PER_BATCH = 20_000, 100


def generate(
    rows: pa.Table, reader: ImageReader | None, masks: str | None, inspect: bool = True, as_bytes: bool = False
) -> Iterator[pa.Table]:
    """The examples of some rows of a split plan, in batches.

    Args:
        rows: `image_id`, `category`, `wnid`, `imagenet_label`, with masks also `mask_row`, and what the reader needs.
        reader: reads the images; None for examples without the column `image`.
        masks: the file of cached masks, for a split that has them.
        inspect: look at each image, so that no example holds one that is damaged or that `datasets` would rotate;
            False for files that were looked at before: `rows` then say in `replace` which have to hold upright bytes.
        as_bytes: see `ImageReader.read`.

    Yields:
        Tables with the columns of `features`.

    Raises:
        ImageNetSError: a damaged image, or a mask of another size than its image; the message names it.
    """
    mask_table = open_masks(masks) if masks is not None else None
    start = 0
    for images in _images(rows, reader, _IMAGES_PER_BATCH if inspect else _PATHS_PER_BATCH, as_bytes):
        batch = rows.slice(start, len(images)).combine_chunks()
        start += len(images)
        ids = batch["image_id"]
        which: Sequence[int] = range(len(ids))
        if not inspect and reader is not None:
            which = np.flatnonzero(batch["replace"].to_numpy()).tolist()
        annotation = pa.nulls(len(images), IMAGE_TYPE)
        sizes: list[tuple[int, int]] | None = None
        if mask_table is not None:
            found = _take(mask_table, batch["mask_row"])
            sizes = list(zip(found["width"].to_pylist(), found["height"].to_pylist()))
            paths = pa.array([f"{one}.png" for one in ids.to_pylist()], pa.string())
            annotation = pa.StructArray.from_arrays([_array(found["png"]), paths], fields=list(IMAGE_TYPE))
        columns = {
            "image_id": ids,
            "image": _inspected(images, ids.to_pylist(), sizes, which) if reader else images,
            "annotation": annotation,
            "category": batch["category"].cast(pa.int64()),
            "wnid": batch["wnid"].cast(pa.string()),
            "imagenet_label": batch["imagenet_label"].cast(pa.int32()),
        }
        if reader is None:
            del columns["image"]
        yield pa.table(columns)


def _images(rows: pa.Table, reader: ImageReader | None, batch_size: int, as_bytes: bool) -> Iterator[pa.Array]:
    if reader is not None:
        yield from reader.read(rows, batch_size, as_bytes)
        return
    for start in range(0, rows.num_rows, batch_size):
        yield pa.nulls(min(batch_size, rows.num_rows - start), IMAGE_TYPE)


def _take(masks: pa.Table, positions: pa.ChunkedArray) -> pa.Table:
    """Some rows of the mask table. `take` on all of it would copy all of it each time; the rows are close together."""
    first, last = pc.min_max(positions).as_py().values()
    return masks.slice(first, last - first + 1).take(pc.subtract(positions.combine_chunks(), first))


def _array(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined


def _inspected(
    images: pa.Array, ids: list[str], mask_sizes: list[tuple[int, int]] | None, which: Sequence[int]
) -> pa.ChunkedArray:
    """Images of which each is complete, upright, and of its mask's size; only those at `which` are looked at.

    Paths stay paths where nothing had to change, and bytes are not copied: a changed image comes between slices.
    """
    pieces, start = [], 0
    for i, view, path in _views(images, which):
        if view is None:
            size, replaced = inspect_file(path)
        else:
            try:
                size, replaced = inspect_bytes(view)
            except ImageNetSError as error:
                raise ImageNetSError(f"{ids[i]}: {error}; fetch it again.") from error
        if mask_sizes is not None:
            check_size(mask_sizes[i], size, f"the mask of {ids[i]}")
        if replaced is not None:
            one = {"bytes": replaced, "path": f"{ids[i]}.JPEG"}
            pieces += [images.slice(start, i - start), pa.array([one], IMAGE_TYPE)]
            start = i + 1
    return pa.chunked_array([*pieces, images.slice(start)], IMAGE_TYPE)


def _views(images: pa.StructArray, which: Sequence[int]) -> Iterator[tuple[int, memoryview | None, str]]:
    """Position, bytes without a copy (None for a null) and path of some images."""
    stored, paths = images.field("bytes"), images.field("path")
    _, offsets, data = stored.buffers()
    edges = np.frombuffer(offsets, np.int32)[stored.offset :]
    # Unsigned, since Arrow's bytes are signed, and a view of those equals no `bytes`.
    everything = memoryview(data if data is not None else b"").cast("B")
    valid = stored.is_valid().to_numpy(zero_copy_only=False)
    for i in which:
        yield i, everything[edges[i] : edges[i + 1]] if valid[i] else None, paths[i].as_py()
