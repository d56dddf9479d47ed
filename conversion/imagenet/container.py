"""Images within large files (tars, Parquet). Their index is cached: a tar of 138 GB is read through only once.

An index is an Arrow file in the cache, named by a digest of path, size and modification time of every file that it
describes: a changed file has a new index.
"""

from __future__ import annotations

import abc
import hashlib
import logging
import os
from collections.abc import Iterable, Sequence

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..converted.columns import IMAGE_TYPE
from ..core.arrow_errors import ARROW_ERRORS
from ..core.atomic_write import atomic_write
from ..core.cache import cached_file, stat_digest
from ..core.errors import ImageNetSError, printable
from ..core.hub_errors import readable_errors
from ..core.paths import is_address
from ..facts.spellings import ImageNetPart
from .image_reader import ImageReader, refuse_duplicates

logger = logging.getLogger("imagenet_s")

_VERSION = 3
"""Part of the key of a cached index: raise it when the columns change."""


class ContainerReader(ImageReader):
    """Images within a few large files. Rows hold bytes."""

    def __init__(self, root: str, part: ImageNetPart, layout: str, files: Sequence[str]) -> None:
        super().__init__(root, part, layout)
        self.files = tuple(files)
        self._unnamed_example = ""

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        """`image_id`, `file`, and where in the file the image is: from the cache, or built now and cached."""
        key = f"{_VERSION} {type(self).__name__} {self.part} {self.root} {self.identity()}"
        path = cached_file("indexes", f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.arrow", self.cache_dir)
        try:
            with pa.OSFile(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
        except ARROW_ERRORS:  # none, or a damaged one
            table = self._build_index()
            try:
                with atomic_write(path) as sink, pa.ipc.new_file(sink, table.schema) as writer:
                    writer.write_table(table)
            except OSError as error:  # a full disk, say
                logger.warning("%s can't be written (%s): it will be made again.", path, error.strerror or error)
        if wnids is None or self.part != "train":
            return table
        classes = pc.utf8_slice_codeunits(table["image_id"], 0, 9)
        return table.filter(pc.is_in(classes, value_set=pa.array(list(wnids), pa.string())))

    def identity(self, wnids: Sequence[str] | None = None) -> str:
        """A digest of the sizes and times of the files; a copy that was moved has the same."""
        if is_address(self.root):
            return hashlib.sha256("".join(map(_remote_identity, self.files)).encode()).hexdigest()
        return stat_digest([os.path.relpath(file, self.root) for file in self.files], self.root)

    @abc.abstractmethod
    def _index_files(self) -> Iterable[pa.Table]:
        """The index of each file, without the column `file`; images without an official name have a null `image_id`."""

    def _build_index(self) -> pa.Table:
        tables = []
        for number, table in enumerate(self._index_files()):
            codes = pa.array(np.full(len(table), number, np.int32))
            tables.append(table.append_column("file", pa.DictionaryArray.from_arrays(codes, pa.array(self.files))))
        index = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
        self._report_unnamed(index["image_id"])
        index = index.filter(pc.is_valid(index["image_id"]))
        refuse_duplicates(index, lambda rows: rows["file"].cast(pa.string()))
        return index

    def _report_unnamed(self, image_ids: pa.ChunkedArray) -> None:
        """Images without an official name are not dropped without a word."""
        if not (unnamed := image_ids.null_count):
            return
        text = f"{unnamed:,} of {len(image_ids):,} images in {self!r} have no official name ({self._unnamed_example})"
        if unnamed == len(image_ids):
            raise ImageNetSError(
                f"{text}: only names such as n01440764_10026.JPEG and ILSVRC2012_val_00000293.JPEG say which mask "
                "belongs to which image. Use a copy that kept them, as ILSVRC/imagenet-1k on the Hub did."
            )
        logger.warning("%s and are left out.", printable(text))


def as_images(image_ids: pa.ChunkedArray, data: list[bytes]) -> pa.Array:
    """Bytes as `datasets` stores images, with the official file name as the path."""
    paths = pc.binary_join_element_wise(image_ids.combine_chunks(), ".JPEG", "")
    if isinstance(paths, pa.ChunkedArray):
        paths = paths.combine_chunks()
    return pa.StructArray.from_arrays([pa.array(data, pa.binary()), paths], fields=list(IMAGE_TYPE))


def _remote_identity(file: str) -> str:
    with readable_errors(file):
        fs, path = fsspec.core.url_to_fs(file)
        info = fs.info(path)
    return f"{info.get('size')} {info.get('blob_id') or info.get('ETag') or info.get('mtime') or ''}"
