"""ImageNet as tars: the official archives not unpacked, tars of one class each, WebDataset, the Hub's tars.

The headers of an uncompressed tar are read once (see `container`), then any image is one read at a known offset. A
compressed tar can only be read from its beginning.

Imports `errors`, `image_reader`, `container`, `file_names`.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.imagenet.container import ContainerReader, as_images
from imagenet_s.conversion.imagenet.file_names import basename, image_id_of
from imagenet_s.conversion.imagenet.image_reader import Measure

_Image = tuple[str, int, int]  # image id, offset of the bytes within the outermost file, their number


class TarReader(ContainerReader):
    """Images in uncompressed tars, and in tars inside these. The index has `offset` and `size` of the bytes."""

    def measure(self, rows: pa.Table) -> Measure:
        """The sizes that the tars' headers say."""
        return Measure(rows["size"].to_numpy(), self.identity())

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

    def _index_files(self) -> Iterator[pa.Table]:
        with tqdm(unit=" images", unit_scale=True, desc=f"indexing {self.part} tars", delay=2) as bar:
            for file in self.files:
                found = []
                for image in self._walk(file):
                    found.append(image)
                    bar.update()
                ids, offsets, sizes = zip(*found) if found else ((), (), ())
                columns = [pa.array(ids, pa.string()), pa.array(offsets, pa.int64()), pa.array(sizes, pa.int64())]
                yield pa.table(columns, ["image_id", "offset", "size"])

    def _walk(self, file: str) -> Iterator[_Image]:
        size = os.path.getsize(file)
        with _open_tar(file, "r:") as tar:
            for member in _members(tar):
                if member.offset_data + member.size > size:
                    raise ImageNetSError(f"{file} ends within {member.name}: it was cut off; fetch it again.")
                if member.name.endswith(".tar"):
                    # Opened at its place in the outer file, so that offsets count from the outer file's beginning.
                    with _open_tar(file, "r:", member.offset_data) as inner:
                        for image in _members(inner):
                            if image_id := image_id_of(basename(image.name), self.part):
                                yield image_id, image.offset_data, image.size
                elif image_id := image_id_of(basename(member.name), self.part):
                    yield image_id, member.offset_data, member.size


class CompressedTarReader(TarReader):
    """Images in tar.gz files, which have no random access. In the index, `offset` counts members."""

    random_access = False

    def cut(self, rows: pa.Table, num_shards: int) -> list[pa.Table]:
        """One shard for each archive: with more, each would decompress the archive from its beginning."""
        present = set(pc.unique(rows["file"]).to_pylist())
        return [rows.filter(pc.equal(rows["file"], file)) for file in self.files if file in present]

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Bytes, in one walk through each archive."""
        for file in pc.unique(rows["file"]).to_pylist():
            these = rows.filter(pc.equal(rows["file"], file))
            wanted = dict(zip(these["offset"].to_pylist(), these["image_id"].to_pylist()))
            ids: list[str] = []
            data: list[bytes] = []
            with _open_tar(file, "r|*") as tar:
                for position, member in enumerate(_members(tar)):
                    if position in wanted:
                        stream = tar.extractfile(member)
                        ids.append(wanted.pop(position))
                        data.append(stream.read() if stream else b"")
                    if data and (len(data) == batch_size or not wanted):
                        yield as_images(pa.chunked_array([ids]), data)
                        ids, data = [], []
                    if not wanted:
                        break

    def _walk(self, file: str) -> Iterator[_Image]:
        with _open_tar(file, "r|*") as tar:
            for position, member in enumerate(_members(tar)):
                if image_id := image_id_of(basename(member.name), self.part):
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
