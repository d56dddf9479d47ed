"""The images of a split in their class folders: links to folders, links to files, copies, or files of their bytes."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from ..core.parallel_io import SLOW_LISTING, parallel_map
from ..core.paths import is_address
from ..dataset.split_plan import SplitPlan
from ..facts import TRAINING_SPLITS
from ..imagenet.image_folder import paths_of
from ..imagenet.image_reader import ImageReader
from .linking import Linker, is_real_folder

_COPYING_THREADS = 8
_COPIES_PER_BATCH = 1024
_IMAGES_PER_BATCH = 100
_REMOTE_MTIME = 1_325_376_000 * 10**9
"""2012-01-01 in ns: for images from an address, which has no modification time."""


def with_class_folders(plan: SplitPlan) -> pa.Table:
    """The rows of a plan with `class_folder`: the folder of each image in that of the split.

    In `train-full` it is the class folder of ImageNet, merged classes included; elsewhere that of ImageNet-S.
    """
    rows = plan.rows.combine_chunks()
    if plan.split == "train_full":
        folders = pc.utf8_slice_codeunits(rows["image_id"], 0, 9)
    else:
        folders = rows["wnid"].cast(pa.string())
    rows = rows.append_column("class_folder", folders)
    if not plan.reader.random_access:
        return rows  # these can only be read in their own order
    return rows.take(pc.sort_indices(rows, [("class_folder", "ascending"), ("image_id", "ascending")]))


def link_images(plan: SplitPlan, rows: pa.Table, folder: str, linker: Linker, copy: bool) -> None:
    """Link, copy or write every image of a split to `<folder>/<class folder>/<image_id>.JPEG`.

    Args:
        plan: the split.
        rows: its rows, from `with_class_folders`.
        folder: the folder of the split.
        linker: links, copies and writes.
        copy: copy files instead of linking to them. From tars and Parquet, files are written either way, with the
            bytes that are stored there: an orientation in their EXIF stays, as the official scripts leave it.

    Raises:
        ImageNetSError: an image can't be read.
    """
    name = "/".join(folder.split(os.sep)[-2:])
    with tqdm(total=rows.num_rows, unit="image", unit_scale=True, desc=name, delay=1) as bar:
        pieces = list(plan.reader.pieces(rows))
        for reader, piece in pieces:
            if not reader.has_files:
                _write_images(reader, piece, folder, linker, bar)
            elif copy:
                jobs = _jobs(piece, folder)
                with ThreadPoolExecutor(_COPYING_THREADS) as threads:
                    while batch := list(itertools.islice(jobs, _COPIES_PER_BATCH)):
                        bar.update(sum(1 for _ in threads.map(lambda job: linker.copy(*job), batch)))
            else:
                # A class whose other images come out of a tar needs a folder of its own.
                if plan.split in TRAINING_SPLITS and len(pieces) == 1:
                    piece = _link_folders(piece, folder, linker, bar)
                for job in _jobs(piece, folder):
                    linker.link(*job)
                    bar.update()


def _jobs(rows: pa.Table, folder: str) -> Iterator[tuple[str, str, str]]:
    """(source, class folder, file name) of every row."""
    if rows.num_rows:
        columns = (paths_of(rows), rows["class_folder"], rows["image_id"])
        for source, class_folder, image_id in zip(*(column.to_pylist() for column in columns)):
            yield source, f"{folder}/{class_folder}", f"{image_id}.JPEG"


def _link_folders(rows: pa.Table, folder: str, linker: Linker, bar: tqdm) -> pa.Table:
    """Link to whole class folders where that is possible: a thousand links for a million files.

    A link shows everything in a folder, so it must hold exactly the images of the class: under their official names,
    no other class (a class that others are merged into is made of several folders), no file that is no image. Where the
    tree has a real class folder already, its files are linked one by one.

    Returns:
        The rows whose class folder is not linked to.
    """
    keys = pa.table(
        {
            "class_folder": rows["class_folder"],
            "source": rows["folder"].cast(pa.string()),
            "renamed": rows["file"].is_valid().cast(pa.int64()),
        }
    )
    groups = keys.group_by(["class_folder", "source"]).aggregate([("renamed", "sum"), ("renamed", "count")]).to_pylist()
    sources_of = Counter(group["class_folder"] for group in groups)
    classes_of = Counter(group["source"] for group in groups)
    candidates = [
        group
        for group in groups
        if sources_of[group["class_folder"]] == classes_of[group["source"]] == 1
        and not group["renamed_sum"]
        and not is_real_folder(f"{folder}/{group['class_folder']}")
    ]
    linked = []
    entries = parallel_map(lambda group: len(os.listdir(group["source"])), candidates, SLOW_LISTING)
    for group, num_entries in zip(candidates, entries):
        if num_entries == group["renamed_count"]:
            linker.link_folder(group["source"], f"{folder}/{group['class_folder']}", num_entries)
            linked.append(group["class_folder"])
            bar.update(num_entries)
    return rows.filter(pc.invert(pc.is_in(rows["class_folder"], value_set=pa.array(linked, pa.string()))))


def _write_images(reader: ImageReader, rows: pa.Table, folder: str, linker: Linker, bar: tqdm) -> None:
    """Write the images of tars or Parquet files.

    An image gets the modification time of the file it is from. By that a second run recognises it and does not read it
    again; one with another time is compared byte by byte.
    """
    mtimes = {file: _mtime_ns(file) for file in rows["file"].unique().to_pylist()}
    sizes = rows["size"].to_pylist() if "size" in rows.column_names else [None] * rows.num_rows

    def places(rows: pa.Table) -> Iterator[tuple[str, str, int]]:
        columns = (rows[name].to_pylist() for name in ("class_folder", "image_id", "file"))
        for class_folder, image_id, file in zip(*columns):
            yield f"{folder}/{class_folder}", f"{image_id}.JPEG", mtimes[file]

    missing = [linker.is_missing(*place, size) for place, size in zip(places(rows), sizes)]
    rows = rows.filter(pa.array(missing, pa.bool_()))
    bar.update(len(missing) - rows.num_rows)
    start = 0
    for images in reader.read(rows, _IMAGES_PER_BATCH):
        batch = rows.slice(start, len(images))
        start += len(images)
        for (class_folder, name, mtime_ns), data in zip(places(batch), images.field("bytes").to_pylist()):
            linker.write(data, class_folder, name, mtime_ns)
        bar.update(len(images))


def _mtime_ns(file: str) -> int:
    return _REMOTE_MTIME if is_address(file) else os.stat(file).st_mtime_ns
