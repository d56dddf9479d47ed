"""Images that are no files (in tars, in Parquet) to files of their bytes."""

from __future__ import annotations

import os

import pyarrow as pa
from tqdm import tqdm

from imagenet_s.conversion.imagenet.base import ImageReader
from imagenet_s.conversion.official_tree.linking import Outcome, Placer, is_stamped
from imagenet_s.conversion.official_tree.tally import Tally

_BATCH = 100
_REMOTE_STAMP = 1_325_376_000 * 10**9
"""2012-01-01 in ns: for files that come from an address, which tells no time."""


def write_contents(part: ImageReader, rows: pa.Table, folder: str, placer: Placer, tally: Tally) -> None:
    """Write `<folder>/<class folder>/<file name>` for every row.

    A file gets the time of the tar or Parquet file it is from. By that a second run knows it and does not read it
    again; a file with another time is compared byte by byte.

    Args:
        part: gives the bytes.
        rows: `file` (where each image is stored), `class_folder` and `file_name`, and what the part needs.
        folder: the folder of the split.
        placer: writes.
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
            if not placer.folder(f"{folder}/{class_folder}"):
                tally.add(Outcome.DIFFERS, f"{folder}/{class_folder}")
            elif is_stamped(path, stamps[file], size):
                tally.add(Outcome.KEPT, path)
            else:
                todo.append(row)
        bar.update(rows.num_rows - len(todo))
        rows = rows.take(pa.array(todo, pa.int64()))
        start = 0
        for images in part.read(rows, _BATCH):
            batch = rows.slice(start, len(images))
            start += len(images)
            columns = (batch[name].to_pylist() for name in ("class_folder", "file_name", "file"))
            for class_folder, file_name, file, data in zip(*columns, images.field("bytes").to_pylist()):
                path = f"{folder}/{class_folder}/{file_name}"
                tally.add(placer.write(data, path, stamps[file]), path)
            bar.update(len(images))


def _stamp(file: str) -> int:
    return _REMOTE_STAMP if "://" in file else os.stat(file).st_mtime_ns
