"""ImageNet as tars: the official archives not unpacked, tars of one class each, WebDataset, the Hub's tars.

An uncompressed tar is walked through once for its headers (see `index_cache`), then any image is one read at a known
offset. A compressed tar can only be read from its beginning.

Imports `errors`, `features`, `image_reader`, `file_names`, `index_cache`.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.features import IMAGE_TYPE
from imagenet_s.conversion.imagenet.file_names import ImageNetPart, basename, image_id_of
from imagenet_s.conversion.imagenet.image_reader import (
    ImageReader,
    Measure,
    file_identity,
    of_classes,
    refuse_duplicates,
)
from imagenet_s.conversion.imagenet.index_cache import cached_index

_Member = tuple[str, int, int]  # image id, offset of the bytes within the outermost file, their number


class TarReader(ImageReader):
    """Images in uncompressed tars; tars inside a tar are looked into. Rows hold bytes."""

    def __init__(self, root: str, part: ImageNetPart, layout: str, files: Sequence[str]) -> None:
        super().__init__(root, part, layout)
        self.files = tuple(files)

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        """`image_id`, `file`, and `offset` and `size` of the bytes in it."""
        table = cached_index(self.files, f"tar {self.part}", lambda: _index(self.files, self.part, walk_tar))
        return of_classes(table, wnids if self.part == "train" else None)

    def measure(self, rows: pa.Table) -> Measure:
        """The sizes that the tars' headers say."""
        return Measure(rows["size"].to_numpy(), file_identity(self.files))

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Bytes, read at their offsets."""
        with contextlib.ExitStack() as stack:
            opened: dict[str, IO[bytes]] = {}
            for start in range(0, rows.num_rows, batch_size):
                batch = rows.slice(start, batch_size)
                data = []
                columns = (batch[name].to_pylist() for name in ("image_id", "file", "offset", "size"))
                for image_id, file, offset, size in zip(*columns):
                    if file not in opened:
                        opened[file] = stack.enter_context(_open(file))
                    opened[file].seek(offset)
                    data.append(opened[file].read(size))
                    if len(data[-1]) != size:
                        raise ImageNetSError(f"{file} ends within {image_id}: it was cut off; fetch it again.")
                yield as_images(batch["image_id"], data)


class CompressedTarReader(TarReader):
    """Images in tar.gz files, which have no random access: rows come in the order they are stored."""

    random_access = False

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        """`image_id`, `file`, and its position: `offset` counts members, `size` their bytes."""
        table = cached_index(self.files, f"tar.gz {self.part}", lambda: _index(self.files, self.part, _walk_compressed))
        return of_classes(table, wnids if self.part == "train" else None)

    def cut(self, rows: pa.Table, num_shards: int) -> list[pa.Table]:
        """One shard for each archive: with more, each would decompress the archive from its beginning."""
        present = set(pc.unique(rows["file"]).to_pylist())
        return [rows.filter(pc.equal(rows["file"], file)) for file in self.files if file in present]

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Bytes, in one walk through each archive."""
        for file in pc.unique(rows["file"]).to_pylist():
            wanted = iter(rows.filter(pc.equal(rows["file"], file)).select(["image_id", "offset"]).to_pylist())
            next_one = next(wanted, None)
            ids: list[str] = []
            data: list[bytes] = []
            with _open_tar(file, "r|*") as tar:
                for position, member in enumerate(_members(tar)):
                    if next_one is None:
                        break
                    if position == next_one["offset"]:
                        stream = tar.extractfile(member)
                        ids.append(next_one["image_id"])
                        data.append(stream.read() if stream else b"")
                        next_one = next(wanted, None)
                    if len(data) == batch_size:
                        yield as_images(pa.chunked_array([ids]), data)
                        ids, data = [], []
            if data:
                yield as_images(pa.chunked_array([ids]), data)


def walk_tar(file: str, part: ImageNetPart) -> Iterator[_Member]:
    """The images of an uncompressed tar, those inside tars within it included.

    Raises:
        ImageNetSError: it is not a tar, or ends early.
    """
    size = os.path.getsize(file)
    with _open_tar(file, "r:") as tar:
        for member in _members(tar):
            if member.offset_data + member.size > size:
                raise ImageNetSError(f"{file} ends within {member.name}: it was cut off; fetch it again.")
            if member.name.endswith(".tar"):
                # Opened at its place in the outer file, so that offsets count from the outer file's beginning.
                with _open_tar(file, "r:", member.offset_data) as inner:
                    for image in _members(inner):
                        if image_id := _image_of(image.name, part):
                            yield image_id, image.offset_data, image.size
            elif image_id := _image_of(member.name, part):
                yield image_id, member.offset_data, member.size


def as_images(image_ids: pa.ChunkedArray, data: list[bytes]) -> pa.Array:
    """Bytes as `datasets` stores images, with the official file name as the path."""
    paths = pc.binary_join_element_wise(image_ids.combine_chunks(), ".JPEG", "")
    if isinstance(paths, pa.ChunkedArray):
        paths = paths.combine_chunks()
    return pa.StructArray.from_arrays([pa.array(data, pa.binary()), paths], fields=list(IMAGE_TYPE))


def _image_of(member: str, part: ImageNetPart) -> str | None:
    """An image's id; the `.json` and `.cls` of a WebDataset sample are none."""
    base = basename(member)
    return None if base.endswith((".json", ".cls", ".txt")) else image_id_of(base, part)


def _walk_compressed(file: str, part: ImageNetPart) -> Iterator[_Member]:
    with _open_tar(file, "r|*") as tar:
        for position, member in enumerate(_members(tar)):
            if image_id := _image_of(member.name, part):
                yield image_id, position, member.size


def _open(file: str) -> IO[bytes]:
    try:
        return open(file, "rb")
    except OSError as error:
        raise ImageNetSError(f"{file} can no longer be read ({error.strerror}); was it moved?") from error


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in tar:
        # tarfile keeps every header it has seen: a gigabyte on the training set.
        tar.members = []  # type: ignore[attr-defined]
        if member.isfile():
            yield member


@contextlib.contextmanager
def _open_tar(file: str, mode: str, offset: int = 0) -> Iterator[tarfile.TarFile]:
    try:
        with open(file, "rb") as stream:
            stream.seek(offset)
            with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
                yield tar
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ImageNetSError(f"{file} is not a complete tar ({error}); fetch it again.") from error


def _index(
    files: Sequence[str], part: ImageNetPart, walk: Callable[[str, ImageNetPart], Iterator[_Member]]
) -> pa.Table:
    ids: list[str] = []
    places: list[tuple[int, int, int]] = []
    with tqdm(unit=" images", unit_scale=True, desc=f"looking into {part} tars", delay=2) as bar:
        for number, file in enumerate(files):
            for image_id, offset, size in walk(file, part):
                ids.append(image_id)
                places.append((number, offset, size))
                bar.update()
    numbers, offsets, sizes = zip(*places) if places else ((), (), ())
    table = pa.table(
        {
            "image_id": pa.array(ids, pa.string()),
            "file": pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), pa.array(files, pa.string())),
            "offset": pa.array(offsets, pa.int64()),
            "size": pa.array(sizes, pa.int64()),
        }
    )
    refuse_duplicates(table, lambda rows: rows["file"].cast(pa.string()))
    return table
