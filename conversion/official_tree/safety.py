"""What a tree must not do to other files: lie in the ImageNet it is made from, or hide files that do not belong to it.

Imports `errors`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from imagenet_s.conversion.errors import ImageNetSError


def refuse_source(folder: str, sources: Iterable[str]) -> None:
    """Refuse to write into, onto or around a source.

    Args:
        folder: what is about to be written to; links in its path are followed.
        sources: folders that are read from; addresses (`hf://`) are passed over.

    Raises:
        ImageNetSError: one of them is the folder, holds it, or lies in it.
    """
    real = os.path.realpath(folder)
    for source in sources:
        if "://" in source:
            continue
        kept = os.path.realpath(source)
        if _inside(real, kept) or _inside(kept, real):
            where = "is" if real == kept else "lies in" if _inside(real, kept) else "holds"
            raise ImageNetSError(
                f"{folder} {where} the source {source}, which is only read: give a SAVE_DIR outside of it; "
                "links take no space."
            )


def unexpected_files(folder: str, rows: pa.Table, ending: str) -> list[str]:
    """The files in a split's folder that do not belong to the split; they are never removed.

    Args:
        folder: the folder of a split.
        rows: `class_folder` and `image_id` of every file that belongs there.
        ending: of these files, `".JPEG"`.

    Returns:
        `<class folder>/<file>` or `<class folder>`, sorted. Class folders that are links are not looked into.
    """
    expected = {one["values"]: one["counts"] for one in pc.value_counts(rows["class_folder"]).to_pylist()}
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name not in expected:
                found.append(entry.name)
            elif not entry.is_symlink() and len(there := os.listdir(entry.path)) > expected[entry.name]:
                images = rows.filter(pc.equal(rows["class_folder"], entry.name))["image_id"].to_pylist()
                known = {f"{image_id}{ending}" for image_id in images}
                found += [f"{entry.name}/{name}" for name in there if name not in known]
    return sorted(found)


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
