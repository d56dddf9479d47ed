"""The images of a split in their class folders: links to folders, links to files, copies, or files of their bytes.

Imports `facts`, `imagenet`, `split_plan`, `linking`.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from imagenet_s.conversion.facts import TRAINING_SPLITS
from imagenet_s.conversion.imagenet.base import ImageReader
from imagenet_s.conversion.imagenet.image_folder import paths_of
from imagenet_s.conversion.imagenet.parallel_io import SLOW_LISTING, parallel_map
from imagenet_s.conversion.official_tree.linking import Linker, Outcome, Tally, is_stamped
from imagenet_s.conversion.split_plan import SplitPlan

_COPYING_THREADS = 8
_COPIES_PER_BATCH = 1024
_IMAGES_PER_BATCH = 100
_REMOTE_STAMP = 1_325_376_000 * 10**9
"""2012-01-01 in ns: for files that come from an address, which tells no time."""


def with_class_folders(plan: SplitPlan) -> pa.Table:
    """The rows of a plan with `class_folder` and `file_name`: where each image is in the folder of the split.

    In `train-full` the class folder is that of ImageNet, merged classes included; elsewhere that of ImageNet-S.
    """
    rows = plan.rows.combine_chunks()
    if plan.split == "train_full":
        folders = pc.utf8_slice_codeunits(rows["image_id"], 0, 9)
    else:
        folders = rows["wnid"].cast(pa.string())
    rows = rows.append_column("class_folder", folders)
    rows = rows.append_column("file_name", pc.binary_join_element_wise(rows["image_id"], ".JPEG", ""))
    if not plan.reader.random_access:
        return rows  # these can only be read in their own order
    return rows.take(pc.sort_indices(rows, [("class_folder", "ascending"), ("image_id", "ascending")]))


def link_images(plan: SplitPlan, rows: pa.Table, folder: str, linker: Linker, copy: bool) -> Tally:
    """Link, copy or write every image of a split to `<folder>/<class folder>/<image_id>.JPEG`.

    Args:
        plan: the split.
        rows: its rows, from `with_class_folders`.
        folder: the folder of the split.
        linker: links, copies and writes.
        copy: copy files instead of linking to them. From tars and Parquet, files are written either way, with the
            bytes that are stored there: an orientation in their EXIF stays, as the official scripts leave it.

    Returns:
        How many images had which outcome.
    """
    tally = Tally()
    if not plan.reader.has_files:
        _write_images(plan.reader, rows, folder, linker, tally)
        return tally
    if not copy and plan.split in TRAINING_SPLITS:
        rows = _link_folders(rows, folder, linker, tally)
    work = _copies(rows, folder, linker) if copy else _links(rows, folder, linker)
    name = "/".join(folder.split(os.sep)[-2:])
    for outcome, path in tqdm(work, total=rows.num_rows, unit="image", unit_scale=True, desc=name, delay=1):
        tally.add(outcome, path)
    return tally


def _link_folders(rows: pa.Table, folder: str, linker: Linker, tally: Tally) -> pa.Table:
    """Link whole class folders where that is possible; the rows that are left."""
    done = []
    os.makedirs(folder, exist_ok=True)
    for class_folder, (source, images) in _linkable(rows, folder).items():
        path = f"{folder}/{class_folder}"
        tally.add(linker.link(source, path), path, images)
        done.append(class_folder)
    return rows.filter(pc.invert(pc.is_in(rows["class_folder"], value_set=pa.array(done, pa.string()))))


def _links(rows: pa.Table, folder: str, linker: Linker) -> Iterator[tuple[Outcome, str]]:
    return (_put(linker, linker.link, *one) for one in _jobs(rows, folder))


def _copies(rows: pa.Table, folder: str, linker: Linker) -> Iterator[tuple[Outcome, str]]:
    jobs = _jobs(rows, folder)
    with ThreadPoolExecutor(_COPYING_THREADS) as threads:
        while some := list(itertools.islice(jobs, _COPIES_PER_BATCH)):
            yield from threads.map(lambda one: _put(linker, linker.copy, *one), some)


def _jobs(rows: pa.Table, folder: str) -> Iterator[tuple[str, str, str]]:
    """(source, class folder, file name) of every row."""
    if not rows.num_rows:
        return
    columns = (paths_of(rows), rows["class_folder"], rows["file_name"])
    for source, class_folder, name in zip(*(column.to_pylist() for column in columns)):
        yield source, f"{folder}/{class_folder}", name


def _put(
    linker: Linker, put: Callable[[str, str], Outcome], source: str, folder: str, name: str
) -> tuple[Outcome, str]:
    if not linker.folder(folder):
        return Outcome.DIFFERS, folder
    path = f"{folder}/{name}"
    return put(source, path), path


def _linkable(rows: pa.Table, folder: str) -> dict[str, tuple[str, int]]:
    """The class folders that can be links to folders of the source: a thousand links for a million files.

    A link shows everything in a folder, so it must hold exactly the images of the class: under their official names,
    no other class (a class that others are merged into is made of several folders), no file that is no image. A class
    folder that the tree has already, as a folder, is gone into file by file.

    Args:
        rows: `image_id`, `folder`, `file` of a `ImageFolderReader`, and `class_folder`.
        folder: the folder of the split.

    Returns:
        Class folder -> folder of the source, number of images.
    """
    keys = pa.table(
        {
            "class_folder": rows["class_folder"],
            "source": rows["folder"].cast(pa.string()),
            "renamed": rows["file"].is_valid().cast(pa.int64()),
        }
    )
    groups = keys.group_by(["class_folder", "source"]).aggregate([("renamed", "sum"), ("renamed", "count")]).to_pylist()
    sources_of = Counter(one["class_folder"] for one in groups)
    classes_of = Counter(one["source"] for one in groups)
    candidates = [
        one
        for one in groups
        if sources_of[one["class_folder"]] == classes_of[one["source"]] == 1
        and not one["renamed_sum"]
        and not _is_folder(f"{folder}/{one['class_folder']}")
    ]
    entries = parallel_map(lambda one: len(os.listdir(one["source"])), candidates, SLOW_LISTING)
    found = [one for one, there in zip(candidates, entries) if there == one["renamed_count"]]
    return {one["class_folder"]: (one["source"], one["renamed_count"]) for one in found}


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _write_images(reader: ImageReader, rows: pa.Table, folder: str, linker: Linker, tally: Tally) -> None:
    """Write `<folder>/<class folder>/<file name>` for every row.

    A file gets the time of the tar or Parquet file it is from. By that a second run knows it and does not read it
    again; a file with another time is compared byte by byte.

    Args:
        reader: gives the bytes.
        rows: `file` (where each image is stored), `class_folder` and `file_name`, and what the reader needs.
        folder: the folder of the split.
        linker: writes.
        tally: counts the outcomes.

    Raises:
        ImageNetSError: an image can't be read.
    """
    stamps = {file: _stamp(file) for file in rows["file"].unique().to_pylist()}
    sizes = rows["size"].to_pylist() if "size" in rows.column_names else [None] * rows.num_rows
    todo = []
    with tqdm(
        total=rows.num_rows, unit="image", unit_scale=True, desc="/".join(folder.split(os.sep)[-2:]), delay=1
    ) as bar:
        places = zip(*(rows[name].to_pylist() for name in ("class_folder", "file_name", "file")), sizes)
        for row, (class_folder, file_name, file, size) in enumerate(places):
            path = f"{folder}/{class_folder}/{file_name}"
            if not linker.folder(f"{folder}/{class_folder}"):
                tally.add(Outcome.DIFFERS, f"{folder}/{class_folder}")
            elif is_stamped(path, stamps[file], size):
                tally.add(Outcome.KEPT, path)
            else:
                todo.append(row)
        bar.update(rows.num_rows - len(todo))
        rows = rows.take(pa.array(todo, pa.int64()))
        start = 0
        for images in reader.read(rows, _IMAGES_PER_BATCH):
            batch = rows.slice(start, len(images))
            start += len(images)
            columns = (batch[name].to_pylist() for name in ("class_folder", "file_name", "file"))
            for class_folder, file_name, file, data in zip(*columns, images.field("bytes").to_pylist()):
                path = f"{folder}/{class_folder}/{file_name}"
                tally.add(linker.write(data, path, stamps[file]), path)
            bar.update(len(images))


def _stamp(file: str) -> int:
    return _REMOTE_STAMP if "://" in file else os.stat(file).st_mtime_ns
