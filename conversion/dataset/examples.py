"""Examples: images, masks and labels of a split plan as finished Arrow tables, for the builder and for shards."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..annotations import cached_masks
from ..converted.columns import IMAGE_TYPE
from ..core.errors import ImageNetSError
from ..facts.spellings import OnMissing
from ..imagenet.image_reader import ImageReader
from ..images.image_inspection import Size
from .image_mask_pairs import PairFit, inspect_pair, other_size, sizes_of, views

logger = logging.getLogger("imagenet_s")

# A table of paths is read at once; files that are looked into, and bytes, come in batches that are small in memory.
_PATHS_PER_BATCH, _IMAGES_PER_BATCH = 20_000, 100


def generate(
    rows: pa.Table,
    reader: ImageReader | None,
    masks: str | None,
    inspect: bool = True,
    as_bytes: bool = False,
    on_missing: OnMissing | None = None,
) -> Iterator[pa.Table]:
    """The examples of some rows of a split plan, in batches.

    Args:
        rows: `image_id`, `category`, `wnid`, `imagenet_label`, with masks also `mask_row`, and what the reader needs.
        reader: reads the images; None for examples without the column `image`.
        masks: the file of cached masks, for a split that has them.
        inspect: look at each image, so that no example holds one that is damaged or that is shown in another way than
            its mask; False for files that were looked at before: `rows` say in `replace` which have to hold bytes.
        as_bytes: see `ImageReader.read`.
        on_missing: what an image gets whose mask has another size, where the split plan compared no sizes; None where
            it did, and has said what there is.

    Yields:
        Tables with the columns of `features`.

    Raises:
        ImageNetSError: a damaged image, or a mask of another size unless they are skipped; the message names it.
    """
    mask_table = cached_masks(masks) if masks is not None else None
    start = 0
    for images in _images(rows, reader, _IMAGES_PER_BATCH if inspect else _PATHS_PER_BATCH, as_bytes):
        batch = rows.slice(start, len(images)).combine_chunks()
        start += len(images)
        ids = batch["image_id"]
        which: Sequence[int] = range(len(ids))
        if not inspect and reader is not None:
            which = np.flatnonzero(batch["replace"].to_numpy()).tolist()
        annotation = pa.nulls(len(images), IMAGE_TYPE)
        sizes: list[Size] | None = None
        if mask_table is not None:
            masks_of_batch = _take(mask_table, batch["mask_row"])
            sizes = sizes_of(masks_of_batch)
            paths = pa.array([f"{image_id}.png" for image_id in ids.to_pylist()], pa.string())
            annotation = pa.StructArray.from_arrays([_array(masks_of_batch["png"]), paths], fields=list(IMAGE_TYPE))
        unusable: list[int] = []
        if reader is not None:
            images, unusable = _inspected(images, ids.to_pylist(), sizes, which, on_missing)
        columns = {
            "image_id": ids,
            "image": images,
            "annotation": annotation,
            "category": batch["category"].cast(pa.int64()),
            "wnid": batch["wnid"].cast(pa.string()),
            "imagenet_label": batch["imagenet_label"].cast(pa.int32()),
        }
        if reader is None:
            del columns["image"]
        table = pa.table(columns)
        if unusable:
            table = table.take(pa.array([i for i in range(len(ids)) if i not in unusable], pa.int64()))
        if table.num_rows:
            yield table


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
    images: pa.StructArray,
    ids: list[str],
    sizes: list[Size] | None,
    which: Sequence[int],
    on_missing: OnMissing | None,
) -> tuple[pa.ChunkedArray, list[int]]:
    """Images of which each is complete and shown as its mask has it; only those at `which` are looked at.

    Paths stay paths where nothing had to change, and bytes are not copied: a changed image comes between slices.

    Returns:
        The images, and the positions of those whose mask does not fit, which are to be left out.
    """
    pieces, start, unusable = [], 0, []
    for i, view, path in views(images, which):
        size = sizes[i] if sizes is not None else None
        image, fit = inspect_pair(view, path, ids[i], size)
        if size is not None and fit is PairFit.OTHER:
            text = other_size(ids[i], size, image)
            if on_missing != "skip":
                raise ImageNetSError(f'{text}; on_missing="skip" (--on-missing skip) leaves such images out.')
            logger.warning("%s; the image is left out.", text)
            unusable.append(i)
            continue
        if fit is PairFit.UPRIGHT and on_missing is not None:
            _say_upright()
        replaced = image.turned() if fit is PairFit.UPRIGHT else image.as_stored()
        if replaced is not None:
            stored = {"bytes": replaced, "path": f"{ids[i]}.JPEG"}
            pieces += [images.slice(start, i - start), pa.array([stored], IMAGE_TYPE)]
            start = i + 1
    return pa.chunked_array([*pieces, images.slice(start)], IMAGE_TYPE), unusable


@functools.cache
def _say_upright() -> None:
    """Once a process: how many there are is not known before all are read."""
    logger.warning(
        "Some masks fit their image only after the rotation that its metadata ask for: these rows show both upright."
    )
