"""ImageNet as tars: the official archives not unpacked, tars of one class each, WebDataset, the Hub's tars.

The headers of an uncompressed tar are read once (see `container`), then any image is one read at a known offset. A
compressed tar can only be read from its beginning.
"""

from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from ..core.errors import ImageNetSError, cause, reason
from ..facts.spellings import image_id_of
from .container import ContainerReader, as_images
from .file_names import basename, is_image, other_format
from .image_reader import Measure

_Image = tuple[str | None, int, int]  # image id, offset of the bytes within the outermost file, their number

_MOST_HANDLES = 64
"""A reader has so many tars open at most; macOS allows a process 256 files."""
_DAMAGE = (
    *(tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile),
    *(ValueError, TypeError, OverflowError, MemoryError, IndexError),
)
"""What `tarfile` raises on damaged headers and compression."""


class TarReader(ContainerReader):
    """Images in uncompressed tars, and in tars inside these. The index has `offset` and `size` of the bytes."""

    def measure(self, rows: pa.Table) -> Measure:
        """The sizes that the tars' headers say."""
        return Measure(rows["size"].to_numpy(), self.identity())

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Bytes, read at their offsets."""
        with _Handles() as handles:
            for start in range(0, rows.num_rows, batch_size):
                batch = rows.slice(start, batch_size)
                columns = (batch[name].to_pylist() for name in ("image_id", "file", "offset", "size"))
                data = [handles.read(file, offset, size, image_id) for image_id, file, offset, size in zip(*columns)]
                yield as_images(batch["image_id"], data)

    def _index_files(self) -> Iterator[pa.Table]:
        with tqdm(unit=" images", unit_scale=True, desc=f"indexing {self.part} tars", delay=2) as bar:
            for file in self.files:
                images = []
                for image in self._walk(file):
                    images.append(image)
                    bar.update()
                ids, offsets, sizes = zip(*images) if images else ((), (), ())
                columns = [pa.array(ids, pa.string()), pa.array(offsets, pa.int64()), pa.array(sizes, pa.int64())]
                yield pa.table(columns, ["image_id", "offset", "size"])

    def _walk(self, file: str) -> Iterator[_Image]:
        with _open_tar(file, "r:") as tar:
            for member in _members(tar, file, os.path.getsize(file)):
                if not member.name.lower().endswith(".tar"):
                    yield from self._image(member, member.offset_data)
                    continue
                # Opened at its place in the outer file, so that offsets count from the outer file's beginning.
                end = member.offset_data + member.size
                with _open_tar(file, "r:", member.offset_data) as inner:
                    for image in _members(inner, f"{member.name} in {file}", end):
                        yield from self._image(image, image.offset_data)

    def _image(self, member: tarfile.TarInfo, offset: int) -> Iterator[_Image]:
        """What the index says of a member; nothing of one that is no image."""
        name = basename(member.name)
        image_id = image_id_of(name, self.part)
        if image_id is None and is_image(name):
            self._unnamed_example = f"{name!r}"
        elif image_id is None and other_format(name, self.part):
            self._unnamed_example = f"{name!r}; JPEG and PNG are read"
        elif image_id is None:
            return
        yield image_id, offset, member.size


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
                for position, member in enumerate(_members(tar, file)):
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
            for position, member in enumerate(_members(tar, file)):
                yield from self._image(member, position)


class _Handles:
    """The tars that are read from, the last few kept open: of a thousand class tars, not all can be at once."""

    def __init__(self) -> None:
        self._open: dict[str, IO[bytes]] = {}

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *error: object) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def read(self, file: str, offset: int, size: int, image_id: str) -> bytes:
        """A piece of a tar."""
        try:
            handle = self._open.pop(file, None) or open(file, "rb")  # noqa: SIM115
            self._open[file] = handle  # the last of them: the first is the one that was not used for longest
            if len(self._open) > _MOST_HANDLES:
                self._open.pop(next(iter(self._open))).close()
            handle.seek(offset)
            data = handle.read(size)
        except OSError as error:
            raise ImageNetSError(f"{image_id} in {file} can't be read ({reason(error)}).") from error
        if len(data) != size:
            raise ImageNetSError(f"{file} ends within {image_id}: it was cut off; fetch it again.")
        return data


def _members(tar: tarfile.TarFile, name: str, end: int | None = None) -> Iterator[tarfile.TarInfo]:
    """The files in a tar.

    tarfile takes a damaged header in the middle for the end, and a size from a header as it comes. So each size is
    compared with the end of the tar, and where the end is known, the mark of it must be there.

    Args:
        tar: open at its beginning.
        name: what it is called in an error.
        end: where it ends in its file; None for a compressed one, whose own checksum covers it.

    Raises:
        ImageNetSError: it was cut off or is damaged.
    """
    for member in tar:
        # tarfile keeps every header it has seen: a gigabyte on the training set.
        tar.members = []  # type: ignore[attr-defined]
        if member.size < 0:
            raise ImageNetSError(f"{name} is damaged: {member.name} has the size {member.size:,}; fetch it again.")
        if end is not None and member.offset_data + member.size > end:
            raise ImageNetSError(f"{name} ends within {member.name}: it was cut off or is damaged; fetch it again.")
        if member.isfile():
            yield member
    if end is not None:
        stream: Any = tar.fileobj
        stream.seek(tar.offset)  # type: ignore[attr-defined]
        if tar.offset + tarfile.BLOCKSIZE > end or any(stream.read(tarfile.BLOCKSIZE)):  # type: ignore[attr-defined]
            raise ImageNetSError(f"{name} has no mark of its end: it was cut off or is damaged; fetch it again.")


@contextlib.contextmanager
def _open_tar(file: str, mode: str, offset: int = 0) -> Iterator[tarfile.TarFile]:
    try:
        with open(file, "rb") as stream:
            stream.seek(offset)
            with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
                yield tar
    except ImageNetSError:
        raise
    except _DAMAGE as error:
        raise ImageNetSError(f"{file} is not a complete tar ({cause(error)}); fetch it again.") from error
    except OSError as error:
        raise ImageNetSError(f"{file} can't be read ({reason(error)}).") from error
