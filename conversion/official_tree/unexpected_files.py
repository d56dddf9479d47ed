"""Files in a tree that do not belong to it: they are named, and stay."""

from __future__ import annotations

import os

import pyarrow as pa
import pyarrow.compute as pc

from ..core.walk import list_folder


def unexpected_files(folder: str, rows: pa.Table, ending: str) -> list[str]:
    """The files in a split's folder that do not belong to the split; they are never removed.

    Args:
        folder: the folder of a split.
        rows: `class_folder` and `image_id` of every file that belongs there.
        ending: of these files, `".JPEG"`.

    Returns:
        `<class folder>/<file>` or `<class folder>`, sorted. Class folders that are links are not looked into.
    """
    expected = {entry["values"]: entry["counts"] for entry in pc.value_counts(rows["class_folder"]).to_pylist()}
    _, folders, unexpected = list_folder(folder)
    for class_folder in folders:
        path = os.path.join(folder, class_folder)
        if class_folder not in expected:
            unexpected.append(class_folder)
        elif not os.path.islink(path) and len(names := os.listdir(path)) > expected[class_folder]:
            images = rows.filter(pc.equal(rows["class_folder"], class_folder))["image_id"].to_pylist()
            known = {f"{image_id}{ending}" for image_id in images}
            unexpected += [f"{class_folder}/{name}" for name in names if name not in known]
    return sorted(unexpected)
