"""Several forms of one part of ImageNet read together: class folders beside class tars that are not unpacked yet.

The first form is read as far as it goes. The others are looked into only for images that it lacks, so a complete
folder beside the tars that it came from costs nothing.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import logging
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..facts import CONFIG_NAMES, OFFICIAL, categories
from ..facts.spellings import ImageNetPart
from .image_folder import folder_labels
from .image_reader import ImageReader, Measure

logger = logging.getLogger("imagenet_s")

_READER, _OWN = "reader", "own_"


class CombinedReader(ImageReader):
    """The images of several readers; of an image that several have, that of the first.

    In the index, `label` is ImageNet's label where the index or the class folders of a reader have it, `reader` is the
    number of the reader, and `own_0`, `own_1`, ... are what each needs to find its images, null in the rows of the
    others.
    """

    def __init__(self, readers: Sequence[ImageReader]) -> None:
        super().__init__(readers[0].root, readers[0].part, " and ".join(map(repr, readers)))
        self.readers = tuple(readers)
        self._used = set(range(len(readers)))

    @property
    def random_access(self) -> bool:  # type: ignore[override]
        """Whether all readers can be read in any order; after `index` or `find`, those that were needed."""
        return all(self.readers[number].random_access for number in self._used)

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        """The first reader's images, then those of each further one that the earlier lack."""
        expected = _official_count(self.part, wnids)
        indexes: list[pa.Table] = []
        for reader in self.readers:
            if expected is not None and sum(map(len, indexes)) >= expected:
                break
            indexes.append(_without(_of_classes(reader.index(wnids), wnids if self.part == "train" else None), indexes))
        return self._merged(indexes)

    def find(self, image_ids: pa.Array) -> pa.Table:
        """As `index`, for these images: a further reader is asked for what is left."""
        indexes: list[pa.Table] = []
        left = image_ids
        for reader in self.readers:
            if not len(left):
                break
            indexes.append(reader.find(left))
            left = left.filter(pc.invert(pc.is_in(left, value_set=indexes[-1]["image_id"].combine_chunks())))
        return self._merged(indexes)

    def pieces(self, rows: pa.Table) -> Iterator[tuple[ImageReader, pa.Table]]:
        """Each reader that has some of the rows, with its rows."""
        numbers = rows[_READER].to_numpy()
        for number, reader in enumerate(self.readers):
            if (numbers == number).any():
                yield reader, _own_rows(rows.filter(pa.array(numbers == number)), number)

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """As each reader gives them: paths, or bytes."""
        numbers = rows[_READER].to_numpy()
        if not all(self.readers[number].random_access for number in set(numbers.tolist())):
            # In the order of `storage_order`: long runs of one reader, read in one go.
            edges = np.flatnonzero(np.diff(numbers, prepend=-1, append=-1)).tolist()
            for start, stop in itertools.pairwise(edges):
                reader = self.readers[numbers[start]]
                part = _own_rows(rows.slice(start, stop - start), numbers[start])
                yield from reader.read(_measured(reader, part, as_bytes), batch_size, as_bytes)
            return
        for start in range(0, rows.num_rows, batch_size):
            batch, of = rows.slice(start, batch_size), numbers[start : start + batch_size]
            pieces = [
                piece
                for reader, part in self.pieces(batch)
                for piece in reader.read(_measured(reader, part, as_bytes), batch_size, as_bytes)
            ]
            # The pieces are in the order of the readers: back to that of the rows.
            yield pa.concat_arrays(pieces).take(pa.array(np.argsort(np.argsort(of, kind="stable"), kind="stable")))

    def measure(self, rows: pa.Table) -> Measure:
        """What each reader says of its rows."""
        numbers = rows[_READER].to_numpy()
        sizes = np.zeros(rows.num_rows, np.int64)
        digest = hashlib.sha256()
        for reader, part in self.pieces(rows):
            number = self.readers.index(reader)
            measure = reader.measure(part)
            sizes[numbers == number] = measure.sizes
            digest.update(f"{number} {measure.identity}\n".encode())
        return Measure(sizes, digest.hexdigest())

    def identity(self, wnids: Sequence[str] | None = None) -> str:
        """What each reader says."""
        return hashlib.sha256("\n".join(reader.identity(wnids) for reader in self.readers).encode()).hexdigest()

    def storage_order(self, rows: pa.Table, mixed: bool) -> pa.Table:
        """Reader by reader, each in its own order."""
        ordered = []
        for reader, part in self.pieces(rows.append_column("_place", pa.array(np.arange(rows.num_rows)))):
            ordered.append(part if reader.random_access else reader.storage_order(part, mixed))
        return rows.take(pa.concat_arrays([piece["_place"].combine_chunks() for piece in ordered])) if ordered else rows

    def cut(self, rows: pa.Table, num_shards: int) -> list[pa.Table]:
        """Cuts where the readers would."""
        if self.random_access:
            return super().cut(rows, num_shards)
        shards = []
        rows = rows.append_column("_place", pa.array(np.arange(rows.num_rows)))
        for reader, part in self.pieces(rows):
            for shard in reader.cut(part, max(1, num_shards * len(part) // rows.num_rows)):
                shards.append(rows.take(shard["_place"].combine_chunks()).drop_columns("_place"))
        return shards

    def __repr__(self) -> str:
        return self.layout

    def _merged(self, indexes: Sequence[pa.Table]) -> pa.Table:
        self._used = {number for number, table in enumerate(indexes) if len(table)}
        if len(indexes) > 1 and len(indexes[-1]):
            counts = ", ".join(f"{len(table):,} from {reader!r}" for table, reader in zip(indexes, self.readers))
            logger.info("%s images of several forms are read together: %s.", self.part, counts)
        tables = []
        for number, table in enumerate(indexes):
            table = table.combine_chunks()
            columns = pa.StructArray.from_arrays([_plain(column) for column in table.columns], names=table.column_names)
            codes = pa.array(np.full(len(table), number, np.int8))
            labels = folder_labels(table) if "folder" in table.column_names else pa.nulls(len(table), pa.int32())
            if "label" in table.column_names:
                labels = _plain(table["label"]).cast(pa.int32())
            tables.append(
                pa.table({"image_id": table["image_id"], "label": labels, _READER: codes, f"{_OWN}{number}": columns})
            )
        return pa.concat_tables(tables, promote_options="default").combine_chunks()


def _own_rows(rows: pa.Table, number: int) -> pa.Table:
    """Rows of the combined index as the reader's own index has them, with the other columns that they carry."""
    struct = rows[f"{_OWN}{number}"].combine_chunks()
    struct = struct.chunk(0) if isinstance(struct, pa.ChunkedArray) and struct.num_chunks else struct
    columns = dict(zip([field.name for field in struct.type], struct.flatten()))
    for name in rows.column_names:
        if name != _READER and not name.startswith(_OWN):
            columns.setdefault(name, rows[name])
    return pa.table(columns)


def _measured(reader: ImageReader, rows: pa.Table, as_bytes: bool) -> pa.Table:
    if as_bytes and reader.has_files and "size" not in rows.column_names:
        return rows.append_column("size", pa.array(reader.measure(rows).sizes))
    return rows


def _of_classes(index: pa.Table, wnids: Sequence[str] | None) -> pa.Table:
    """Without images of other classes, which class folders of other names give too: they would be counted."""
    if wnids is None:
        return index
    return index.filter(pc.is_in(pc.utf8_slice_codeunits(index["image_id"], 0, 9), value_set=pa.array(list(wnids))))


def _without(index: pa.Table, earlier: Sequence[pa.Table]) -> pa.Table:
    for table in earlier:
        is_known = pc.is_in(index["image_id"], value_set=table["image_id"].combine_chunks())
        index = index.filter(pc.invert(is_known))
    return index


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """A column of one chunk as an array; within structs, dictionaries can't be joined in every version of Arrow."""
    array = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


@functools.cache
def _counts() -> dict[frozenset[str], int]:
    return {
        frozenset(categories(config).imagenet_wnids): OFFICIAL.num_images[config]["train"] for config in CONFIG_NAMES
    }


def _official_count(part: ImageNetPart, wnids: Sequence[str] | None) -> int | None:
    """How many images an index has when nothing is missing; None where nobody says."""
    if part != "train":
        return None
    return OFFICIAL.num_images["919"]["train_full"] if wnids is None else _counts().get(frozenset(wnids))
