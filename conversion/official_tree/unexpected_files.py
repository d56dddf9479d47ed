"""Files in a tree that do not belong to it: they are named, and stay."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.compute as pc


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
