"""The images of a split to their class folders: links to folders, links to files, copies, or files of their bytes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from imagenet_s.conversion.facts import TRAINING_SPLITS
from imagenet_s.conversion.imagenet.image_folder import paths_of
from imagenet_s.conversion.official_tree.contents import write_contents
from imagenet_s.conversion.official_tree.folder_links import linkable
from imagenet_s.conversion.official_tree.linking import Outcome, Placer
from imagenet_s.conversion.official_tree.tally import Tally
from imagenet_s.conversion.split_plan import Plan

_COPYING_THREADS = 8
_AT_ONCE = 1024


def with_class_folders(plan: Plan) -> pa.Table:
    """The rows of a plan with `class_folder` and `file_name`: the places of the images in the folder of the split.

    In `train-full` the class folder is that of ImageNet, merged classes included; elsewhere that of ImageNet-S.
    """
    rows = plan.rows.combine_chunks()
    if plan.split == "train_full":
        folders = pc.utf8_slice_codeunits(rows["image_id"], 0, 9)
    else:
        folders = rows["wnid"].cast(pa.string())
    rows = rows.append_column("class_folder", folders)
    rows = rows.append_column("file_name", pc.binary_join_element_wise(rows["image_id"], ".JPEG", ""))
    if not plan.part.random_access:
        return rows  # these can only be read in their own order
    return rows.take(pc.sort_indices(rows, [("class_folder", "ascending"), ("image_id", "ascending")]))


def place_images(plan: Plan, rows: pa.Table, folder: str, placer: Placer, copy: bool) -> Tally:
    """Bring every image of a split to `<folder>/<class folder>/<image_id>.JPEG`.

    Args:
        plan: the split.
        rows: its rows, from `with_class_folders`.
        folder: the folder of the split.
        placer: does it.
        copy: copy files instead of linking to them. From tars and Parquet, files are written either way, with the
            bytes that are stored there: an orientation in their EXIF stays, as the official scripts leave it.

    Returns:
        What became of each image.
    """
    tally = Tally()
    if not plan.part.holds_paths:
        write_contents(plan.part, rows, folder, placer, tally)
        return tally
    if not copy and plan.split in TRAINING_SPLITS:
        rows = _link_folders(rows, folder, placer, tally)
    work = _copies(rows, folder, placer) if copy else _links(rows, folder, placer)
    name = "/".join(folder.split(os.sep)[-2:])
    for outcome, path in tqdm(work, total=rows.num_rows, unit="image", unit_scale=True, desc=name, delay=1):
        tally.add(outcome, path)
    return tally


def _link_folders(rows: pa.Table, folder: str, placer: Placer, tally: Tally) -> pa.Table:
    """Link whole class folders where that is possible; the rows that are left."""
    done = []
    os.makedirs(folder, exist_ok=True)
    for class_folder, (source, images) in linkable(rows, folder).items():
        path = f"{folder}/{class_folder}"
        tally.add(placer.link(source, path), path, images)
        done.append(class_folder)
    return rows.filter(pc.invert(pc.is_in(rows["class_folder"], value_set=pa.array(done, pa.string()))))


def _links(rows: pa.Table, folder: str, placer: Placer) -> Iterator[tuple[Outcome, str]]:
    return (_put(placer, placer.link, *one) for one in _jobs(rows, folder))


def _copies(rows: pa.Table, folder: str, placer: Placer) -> Iterator[tuple[Outcome, str]]:
    jobs = _jobs(rows, folder)
    with ThreadPoolExecutor(_COPYING_THREADS) as threads:
        while some := list(itertools.islice(jobs, _AT_ONCE)):
            yield from threads.map(lambda one: _put(placer, placer.copy, *one), some)


def _jobs(rows: pa.Table, folder: str) -> Iterator[tuple[str, str, str]]:
    """(source, class folder, file name) of every row."""
    if not rows.num_rows:
        return
    columns = (paths_of(rows), rows["class_folder"], rows["file_name"])
    for source, class_folder, name in zip(*(column.to_pylist() for column in columns)):
        yield source, f"{folder}/{class_folder}", name


def _put(
    placer: Placer, put: Callable[[str, str], Outcome], source: str, folder: str, name: str
) -> tuple[Outcome, str]:
    if not placer.folder(folder):
        return Outcome.DIFFERS, folder
    path = f"{folder}/{name}"
    return put(source, path), path
