"""`ImageReader`: what the layouts of ImageNet have in common.

A copy has two parts, training and validation images, and each may have a layout of its own (train/ as folders beside a
validation tar). A reader knows which images it has and how to read them; it keeps no file open and its pickle is
small, so that it can be sent to a worker process.
"""

from __future__ import annotations

import abc
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..core.errors import ImageNetSError
from ..facts.spellings import ImageNetPart


@dataclass(frozen=True)
class Measure:
    """What is known about images before they are read.

    Attributes:
        sizes: N int64, the bytes of each image; estimated where only reading would tell.
        identity: a digest that changes when a file that holds them does.
    """

    sizes: NDArray[np.int64]
    identity: str


class ImageReader(abc.ABC):
    """The training or the validation images of a copy of ImageNet, in one layout.

    Attributes:
        root: the folder or address it was found at.
        part: `"train"` or `"validation"`.
        layout: what users call it, for messages.
        cache_dir: the root of the cache for what is kept about it; that of `datasets` by default.
    """

    random_access: ClassVar[bool] = True
    """Whether images can be read in any order at the same speed; else rows are read in the order they are stored."""

    has_files: ClassVar[bool] = False
    """Whether every image is a file of its own, so that rows can hold paths, which cost nothing, instead of bytes."""

    def __init__(self, root: str, part: ImageNetPart, layout: str) -> None:
        self.root, self.part, self.layout = root, part, layout
        self.cache_dir: str | None = None
        self._indexed: pa.Table | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_indexed": None}

    @abc.abstractmethod
    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        """Every image: `image_id` and whatever `read` needs to find it, in the order they are stored.

        Args:
            wnids: for training images, look only at these classes.

        Raises:
            ImageNetSError: an image occurs twice, or the copy can't be read.
        """

    def find(self, image_ids: pa.Array) -> pa.Table:
        """The rows of `index` for these images; images that do not exist are left out.

        The index is kept: validation and test are drawn from the same 50,000 images.
        """
        if self._indexed is None:
            self._indexed = self.index()
        index = self._indexed
        return index.filter(pc.is_in(index["image_id"], value_set=image_ids))

    @abc.abstractmethod
    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """The images of some rows, in batches, in order.

        Args:
            rows: rows of `index` or `find`; other columns are ignored.
            batch_size: how many images at a time, at the most.
            as_bytes: bytes also where images are files; `rows` then needs a column `size`, from `measure`.

        Yields:
            Arrays of `IMAGE_TYPE`: a path for a file, bytes for anything else.

        Raises:
            ImageNetSError: an image does not exist or can't be read; the message names it.
        """

    @abc.abstractmethod
    def measure(self, rows: pa.Table) -> Measure:
        """How large the images of some rows are, and a digest of their files, without reading them.

        Args:
            rows: rows of `index` or `find`; other columns are ignored.

        Raises:
            ImageNetSError: an image does not exist.
        """

    def pieces(self, rows: pa.Table) -> Iterator[tuple[ImageReader, pa.Table]]:
        """The readers that hold some rows of `index`, each with its rows: this one, unless it is a combined one."""
        yield self, rows

    @abc.abstractmethod
    def identity(self, wnids: Sequence[str] | None = None) -> str:
        """A digest that changes when images come or go, or the files that hold them change.

        It costs a listing and a question for each folder of images, or a question for each tar or Parquet file; no
        image is opened.

        Args:
            wnids: for training images, only these classes matter.
        """

    def cut(self, rows: pa.Table, num_shards: int) -> list[pa.Table]:
        """Cut rows into shards that can be read on their own: `num_shards` of them where the layout allows it."""
        edges = np.linspace(0, rows.num_rows, num_shards + 1).astype(np.int64)
        return [rows.slice(a, b - a) for a, b in itertools.pairwise(edges)]

    def read_together(self, rows: pa.Table) -> NDArray[np.int64] | None:
        """A number for each row, the same for images that cost one read together; None where each is read alone."""
        return None

    def storage_order(self, rows: pa.Table, mixed: bool) -> pa.Table:
        """The order to read rows in where `random_access` is False."""
        return rows

    def __repr__(self) -> str:
        return f"{self.layout} at {self.root}"


def refuse_duplicates(index: pa.Table, locate: Callable[[pa.Table], pa.ChunkedArray | pa.Array]) -> None:
    """Refuse an index in which an image occurs twice; `locate` says where some of its rows are, for the message."""
    ids = index["image_id"]
    if pc.count_distinct(ids).as_py() == len(ids):
        return
    counts = pc.value_counts(ids.combine_chunks())
    duplicates = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    rows = index.filter(pc.equal(ids, duplicates[0]))
    raise ImageNetSError(
        f"{len(duplicates):,} images occur more than once; {duplicates[0].as_py()}, for instance, is in "
        f"{' and '.join(locate(rows).to_pylist())}. Each image is expected once: remove the copies."
    )
