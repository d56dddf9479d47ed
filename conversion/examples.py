"""Examples: images, masks and labels of a split plan as finished Arrow tables, for the builder and for shards.

Imports `errors`, `exif`, `features`, `image_header`, `mask_codec`, `annotations`, `imagenet`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from imagenet_s.conversion.annotations import open_masks
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.exif import upright
from imagenet_s.conversion.features import IMAGE_TYPE
from imagenet_s.conversion.image_header import END_OF_JPEG, check_complete, header_of, read_file_header
from imagenet_s.conversion.imagenet.image_reader import ImageReader
from imagenet_s.conversion.mask_codec import check_size

# A table of paths is read at once; files that are looked into, and bytes, come in batches that are small in memory.
_PATHS_PER_BATCH, _IMAGES_PER_BATCH = 20_000, 100


def generate(
    rows: pa.Table, reader: ImageReader | None, masks: str | None, inspect: bool = True, as_bytes: bool = False
) -> Iterator[pa.Table]:
    """The examples of some rows of a split plan, in batches.

    Args:
        rows: `image_id`, `category`, `wnid`, with masks also `mask_row`, and what the reader needs.
        reader: reads the images; None for examples without the column `image`.
        masks: the file of cached masks, for a split that has them.
        inspect: look at each image, so that no example holds one that is damaged or that `datasets` would rotate;
            False only for paths of training files, see `features`.
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
        annotation = pa.nulls(len(images), IMAGE_TYPE)
        sizes: list[tuple[int, int]] | None = None
        if mask_table is not None:
            found = _take(mask_table, batch["mask_row"])
            sizes = list(zip(found["width"].to_pylist(), found["height"].to_pylist()))
            paths = pa.array([f"{one}.png" for one in ids.to_pylist()], pa.string())
            annotation = pa.StructArray.from_arrays([_array(found["png"]), paths], fields=list(IMAGE_TYPE))
        columns = {
            "image_id": ids,
            "image": _inspected(images, ids.to_pylist(), sizes) if inspect and reader else images,
            "annotation": annotation,
            "category": batch["category"].cast(pa.int64()),
            "wnid": batch["wnid"].cast(pa.string()),
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


def _inspected(images: pa.Array, ids: list[str], mask_sizes: list[tuple[int, int]] | None) -> pa.ChunkedArray:
    """Images of which each is complete, upright, and of its mask's size.

    Paths stay paths where nothing had to change, and bytes are not copied: a changed image comes between slices.
    """
    pieces, start = [], 0
    for i, (view, path) in enumerate(zip(_views(images.field("bytes")), images.field("path").to_pylist())):
        try:
            size, replaced = _inspect_file(path) if view is None else _inspect(view)
        except ImageNetSError as error:
            raise ImageNetSError(f"{path if view is None else ids[i]}: {error}; fetch it again.") from error
        except OSError as error:
            raise ImageNetSError(f"{path} can't be read ({error.strerror or error}).") from error
        if mask_sizes is not None:
            check_size(mask_sizes[i], size, f"the mask of {ids[i]}")
        if replaced is not None:
            one = {"bytes": replaced, "path": f"{ids[i]}.JPEG"}
            pieces += [images.slice(start, i - start), pa.array([one], IMAGE_TYPE)]
            start = i + 1
    return pa.chunked_array([*pieces, images.slice(start)], IMAGE_TYPE)


def _views(stored: pa.BinaryArray) -> Iterator[memoryview | None]:
    """The bytes of each image without a copy, None for a null."""
    _, offsets, data = stored.buffers()
    edges = np.frombuffer(offsets, np.int32)[stored.offset :].tolist()
    # Unsigned, since Arrow's bytes are signed, and a view of those equals no `bytes`.
    everything = memoryview(data if data is not None else b"").cast("B")
    for start, stop, valid in zip(edges, edges[1:], stored.is_valid().to_pylist()):
        yield everything[start:stop] if valid else None


def _inspect(view: memoryview) -> tuple[tuple[int, int], bytes | None]:
    """The size of an image, and other bytes where they have to be replaced."""
    header = header_of(view)
    if not header.may_rotate and view[-2:] == END_OF_JPEG:
        return header.size, None
    data = bytes(view)
    check_complete(data)
    replaced = upright(data) if header.may_rotate else data
    return header.size, None if replaced is data else replaced


def _inspect_file(path: str) -> tuple[tuple[int, int], bytes | None]:
    header, complete = read_file_header(path)
    if not header.may_rotate and complete:
        return header.size, None
    with open(path, "rb") as file:
        return _inspect(memoryview(file.read()))
