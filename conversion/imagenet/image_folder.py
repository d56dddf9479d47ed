"""ImageNet as files: class folders, a flat folder, Kaggle's tree, extracted Hub tars, the official ImageNet-S tree."""

from __future__ import annotations

import collections
import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from ..converted.columns import IMAGE_TYPE
from ..core.cache import stat_digest
from ..core.errors import ImageNetSError, is_utf8, reason
from ..core.parallel_io import SLOW_LISTING, parallel_map
from ..core.walk import is_passed_over
from ..facts import imagenet_label
from ..facts.spellings import ImageNetPart, image_id_of
from .file_names import WNID, wnid_of
from .image_reader import ImageReader, Measure, refuse_duplicates

_OFFICIAL = {"train": r"^n\d{8}_\d+\.JPEG$", "validation": r"^ILSVRC2012_val_\d{8}\.JPEG$"}
_STATS_AT_ONCE = 1000
_SLOW_STATS = 0.03
"""As `SLOW_LISTING`, for that many files."""


class ImageFolderReader(ImageReader):
    """Image files in class folders (any folder names) or directly in one folder.

    Args:
        subfolders: look only into these; into all by default.
    """

    has_files = True

    def __init__(self, root: str, part: ImageNetPart, layout: str, subfolders: Sequence[str] = ()) -> None:
        super().__init__(root, part, layout)
        self.subfolders = tuple(subfolders)

    def index(self, wnids: Sequence[str] | None = None) -> pa.Table:
        """`image_id`, `folder` and `file`, the last null where it is `<image_id>.JPEG`."""
        folders = self._folders(None if wnids is None or self.part != "train" else set(wnids))
        ids, files = [pa.array([], pa.string())], [pa.array([], pa.string())]
        counts: list[tuple[str, int]] = []
        all_usual = self.part == "train"
        for folder, names in zip(folders, parallel_map(_names_in, folders, SLOW_LISTING)):
            if not is_utf8(folder):
                self._refuse_images(folder, names)
                continue
            # Usual are official names, for training images in the folder of their class.
            home = f"{os.path.basename(folder)}_" if self.part == "train" else ""
            usual = pc.and_(pc.match_substring_regex(names, _OFFICIAL[self.part]), pc.starts_with(names, home))
            if pc.all(usual, min_count=0).as_py():
                ids.append(pc.utf8_slice_codeunits(names, 0, -len(".JPEG")))
                files.append(pa.nulls(len(names), pa.string()))
            else:
                all_usual = False
                # The Hub's names, other endings, files that are no images: one by one.
                images = [(image_id, name) for name in names.to_pylist() if (image_id := image_id_of(name, self.part))]
                ids.append(pa.array([image_id for image_id, _ in images], pa.string()))
                others = [None if name == f"{image_id}.JPEG" else name for image_id, name in images]
                files.append(pa.array(others, pa.string()))
            counts.append((folder, len(ids[-1])))
        table = self._table(pa.concat_arrays(ids), pa.concat_arrays(files), counts)
        if not all_usual:
            # In usual class folders no image can occur twice: its name says its folder.
            refuse_duplicates(table, paths_of)
        return table

    def find(self, image_ids: pa.Array) -> pa.Table:
        """Checks the usual path of each image, and lists folders only for images that are not there."""
        if self.part != "train":
            return super().find(image_ids)
        wanted = [(f"{self.root}{os.sep}{wnid_of(image_id)}", image_id) for image_id in image_ids.to_pylist()]

        def ask(start: int) -> list[bool]:
            piece = wanted[start : start + _STATS_AT_ONCE]
            return [os.path.exists(f"{folder}{os.sep}{image_id}.JPEG") for folder, image_id in piece]

        present: list[str] = []
        rest: list[str] = []
        counts: list[tuple[str, int]] = []
        answers = parallel_map(ask, range(0, len(wanted), _STATS_AT_ONCE), _SLOW_STATS)
        for (folder, image_id), exists in zip(wanted, itertools.chain.from_iterable(answers)):
            if exists:
                present.append(image_id)
                counts.append((folder, 1))
            else:
                rest.append(image_id)
        usual = self._table(pa.array(present, pa.string()), pa.nulls(len(present), pa.string()), counts)
        if not rest:
            return usual
        # In the official tree, images of merged classes are in another class's folder.
        index = self.index()
        unusual = index.filter(pc.is_in(index["image_id"], value_set=pa.array(rest, pa.string())))
        return pa.concat_tables([usual, unusual.cast(usual.schema)], promote_options="none").unify_dictionaries()

    def read(self, rows: pa.Table, batch_size: int, as_bytes: bool = False) -> Iterator[pa.Array]:
        """Paths, for which nothing is opened; or bytes, of files that still have the size they were measured at."""
        for start in range(0, rows.num_rows, batch_size):
            batch = rows.slice(start, batch_size)
            paths = paths_of(batch)
            if as_bytes:
                images = _contents(batch, paths)
                paths = pa.array([f"{image_id}.JPEG" for image_id in batch["image_id"].to_pylist()], pa.string())
            else:
                images = pa.nulls(len(paths), pa.binary())
            yield pa.StructArray.from_arrays([images, paths], fields=list(IMAGE_TYPE))

    def measure(self, rows: pa.Table) -> Measure:
        """What the file system says of each file."""
        sizes = np.empty(rows.num_rows, np.int64)
        times = np.empty(rows.num_rows, np.int64)

        def ask(start: int) -> None:
            for i, path in enumerate(paths_of(rows.slice(start, _STATS_AT_ONCE)).to_pylist(), start):
                try:
                    about = os.stat(path)
                except OSError as error:
                    raise ImageNetSError(f"{path} can't be read ({reason(error)}); was it removed?") from error
                sizes[i], times[i] = about.st_size, about.st_mtime_ns

        starts = range(0, rows.num_rows, _STATS_AT_ONCE)
        answers = parallel_map(ask, starts, _SLOW_STATS)
        collections.deque(tqdm(answers, total=len(starts), desc="measuring files", unit="k", delay=2), maxlen=0)
        return Measure(sizes, hashlib.sha256(sizes.tobytes() + times.tobytes()).hexdigest())

    def identity(self, wnids: Sequence[str] | None = None) -> str:
        """A digest of the times of the folders, which change when a file comes or goes.

        A file that is replaced in place, under its own name, is not noticed: for that each file would have to be asked.
        """
        folders = self._folders(None if wnids is None or self.part != "train" else set(wnids))
        names = [folder.removeprefix(self.root).lstrip(os.sep) or "." for folder in folders]
        return stat_digest(names, self.root, sizes=False)

    def _folders(self, wnids: set[str] | None) -> list[str]:
        if self.subfolders:
            return [os.path.join(self.root, name) for name in self.subfolders]
        subfolders, links, has_files = list[str](), list[str](), False
        try:
            with os.scandir(self.root) as entries:
                for entry in entries:
                    if WNID.fullmatch(entry.name):
                        if wnids is None or entry.name in wnids:
                            subfolders.append(entry.path)
                    elif not has_files and entry.is_file():
                        has_files = True
                    elif not is_passed_over(entry.name) and entry.is_dir():
                        (links if entry.is_symlink() else subfolders).append(entry.path)
        except OSError as error:
            raise ImageNetSError(f"{self.root} can't be listed ({reason(error)}).") from error
        if links:  # `all -> .` leads to nothing new
            known = {os.path.realpath(path) for path in (self.root, *subfolders)}
            subfolders += [path for path in links if os.path.realpath(path) not in known]
        # Sorted: the order on the disk must not decide any other order.
        return [*([self.root] if has_files else []), *sorted(subfolders)]

    def _refuse_images(self, folder: str, names: pa.Array) -> None:
        """A folder whose name no table can hold is passed over, unless it holds images."""
        if images := [name for name in names.to_pylist() if image_id_of(name, self.part)]:
            raise ImageNetSError(
                f"{folder} holds {len(images):,} images, but its name is not UTF-8, and the paths of images are kept "
                "as text: rename it."
            )

    def _table(self, ids: pa.Array, files: pa.Array, counts: list[tuple[str, int]]) -> pa.Table:
        codes = np.repeat(np.arange(len(counts), dtype=np.int32), [n for _, n in counts])
        folders = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array([f for f, _ in counts], pa.string()))
        return pa.table({"image_id": ids, "folder": folders, "file": files})


def _contents(batch: pa.Table, paths: pa.Array) -> pa.Array:
    """The contents of files, read into one buffer, which becomes the column as it is."""
    offsets = np.zeros(len(batch) + 1, np.int64)
    np.cumsum(batch["size"].to_numpy(), out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise ImageNetSError(f"{len(batch)} images from {batch['image_id'][0]} on are larger than 2 GB.")
    # Arrow's allocator reuses this memory for the next batch: new memory costs as much as a copy.
    data = pa.allocate_buffer(int(offsets[-1]))
    target = memoryview(data).cast("B")
    edges = offsets.tolist()
    for path, start, stop in zip(paths.to_pylist(), edges, edges[1:]):
        _read_into(path, target[start:stop])
    return pa.Array.from_buffers(pa.binary(), len(batch), [None, pa.py_buffer(offsets.astype(np.int32)), data])


def folder_labels(rows: pa.Table) -> pa.Array:
    """ImageNet's labels of the class folders that images lie in; null for other folders."""
    folders = one_array(rows["folder"]).dictionary_encode()
    labels = [imagenet_label(os.path.basename(path)) for path in folders.dictionary.cast(pa.string()).to_pylist()]
    return pa.array(labels, pa.int32()).take(folders.indices)


def _read_into(path: str, target: memoryview) -> None:
    try:
        with open(path, "rb", buffering=0) as file:
            done = 0
            while done < len(target) and (count := file.readinto(target[done:])):
                done += count
            complete = done == len(target) and not file.read(1)
    except OSError as error:
        raise ImageNetSError(f"{path} can't be read ({reason(error)}); was it removed?") from error
    if not complete:
        # Shards written before and after the change would not belong to one data set.
        raise ImageNetSError(
            f"{path} had {len(target):,} bytes when the conversion was planned, and has another size now; leave the "
            f"source alone while it is converted, and start again."
        )


def _names_in(folder: str) -> pa.Array:
    """The names in a folder; those that are no UTF-8 are left out, as no official name is among them."""
    try:
        names = os.listdir(folder)
    except NotADirectoryError:
        return pa.array([], pa.string())
    except OSError as error:
        raise ImageNetSError(f"{folder} can't be listed ({reason(error)}).") from error
    try:
        return pa.array(names, pa.string())
    except UnicodeEncodeError:
        return pa.array([name for name in names if is_utf8(name)], pa.string())


def paths_of(rows: pa.Table) -> pa.Array:
    """The full paths of rows of an `ImageFolderReader`."""
    rows = rows.combine_chunks()
    ids = one_array(rows["image_id"])
    files = pc.coalesce(one_array(rows["file"]), pc.binary_join_element_wise(ids, ".JPEG", ""))
    return pc.binary_join_element_wise(one_array(rows["folder"]).cast(pa.string()), files, os.sep)


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array, its dictionaries made one."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.unify_dictionaries().chunks)
