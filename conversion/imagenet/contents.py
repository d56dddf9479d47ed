"""Parts that stand in for another while shards are written: files as bytes instead of paths, and no images at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.imagenet.base import IMAGE_TYPE, ImageReader, Measure
from imagenet_s.conversion.imagenet.image_folder import ImageFolderReader, paths_of


class FileContents(ImageReader):
    """The images of a `ImageFolderReader` as bytes.

    Rows carry a column `size`: a file that has another size now was changed after the plan was made, and the shards
    before and after it would not be of one data set.
    """

    form = "contents of image files"

    def __init__(self, files: ImageFolderReader) -> None:
        super().__init__(files.root, files.name)
        self.files = files

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        """Those of the files."""
        return self.files.index(wnids)

    def measure(self, rows: pa.Table) -> Measure:
        """Those of the files."""
        return self.files.measure(rows)

    def read(self, rows: pa.Table, batch_size: int) -> Iterator[pa.Array]:
        """Bytes; each batch is read into one buffer, which becomes the column as it is."""
        for start in range(0, rows.num_rows, batch_size):
            batch = rows.slice(start, batch_size)
            offsets = np.zeros(len(batch) + 1, np.int64)
            np.cumsum(batch["size"].to_numpy(), out=offsets[1:])
            if offsets[-1] > np.iinfo(np.int32).max:
                raise ImageNetSError(f"{len(batch)} images from {batch['image_id'][0]} on are larger than 2 GB.")
            # Arrow's memory, which is used again for the next batch: fresh memory costs as much as a copy.
            data = pa.allocate_buffer(int(offsets[-1]))
            target = memoryview(data).cast("B")
            edges = offsets.tolist()
            for i, path in enumerate(paths_of(batch).to_pylist()):
                _read_into(path, target[edges[i] : edges[i + 1]])
            images = pa.Array.from_buffers(
                pa.binary(), len(batch), [None, pa.py_buffer(offsets.astype(np.int32)), data]
            )
            names = pa.array([f"{one}.JPEG" for one in batch["image_id"].to_pylist()], pa.string())
            yield pa.StructArray.from_arrays([images, names], fields=list(IMAGE_TYPE))


class NoContents(ImageReader):
    """The rows of another part, with nulls for images: for data sets without the pixels of ImageNet."""

    form = "no images"

    def __init__(self, part: ImageReader) -> None:
        super().__init__(part.root, part.name)
        self.part = part

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        """That of the part."""
        return self.part.index(wnids)

    def measure(self, rows: pa.Table) -> Measure:
        """Nothing, and whatever happens to the images changes nothing."""
        return Measure(np.zeros(rows.num_rows, np.int64), "")

    def read(self, rows: pa.Table, batch_size: int) -> Iterator[pa.Array]:
        """Nulls."""
        for start in range(0, rows.num_rows, batch_size):
            yield pa.nulls(min(batch_size, rows.num_rows - start), IMAGE_TYPE)


def _read_into(path: str, target: memoryview) -> None:
    try:
        with open(path, "rb", buffering=0) as file:
            done = 0
            while done < len(target) and (count := file.readinto(target[done:])):
                done += count
            whole = done == len(target) and not file.read(1)
    except OSError as error:
        raise ImageNetSError(f"{path} can't be read ({error.strerror or error}); was it removed?") from error
    if not whole:
        raise ImageNetSError(
            f"{path} had {len(target):,} bytes when the conversion was planned, and has another size now; leave the "
            f"source alone while it is converted, and start again."
        )
