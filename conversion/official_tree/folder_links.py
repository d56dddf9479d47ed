"""Which class folders of the tree can be links to class folders of ImageNet: a thousand links for a million files."""

from __future__ import annotations

import os
from collections import Counter

import pyarrow as pa

from imagenet_s.conversion.imagenet.parallel_io import SLOW_LISTING, answers


def linkable(rows: pa.Table, folder: str) -> dict[str, tuple[str, int]]:
    """The class folders that are the same as a folder of the source.

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
    entries = answers(lambda one: len(os.listdir(one["source"])), candidates, SLOW_LISTING)
    found = [one for one, there in zip(candidates, entries) if there == one["renamed_count"]]
    return {one["class_folder"]: (one["source"], one["renamed_count"]) for one in found}


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)
