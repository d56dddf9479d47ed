"""YOLO: `labels/<image_id>.txt` with a line for each piece, `images/<image_id>.JPEG` beside it, and one `data.yaml`.

A line is the class, from 0 (class id - 1: YOLO has no class for the rest of an image), and a polygon in fractions of
width and height. YOLO has no ignored pixels: they become background. There are no class folders, which Ultralytics
descends into and other readers don't.

Images are links to the user's files. Those from tars and Parquet, and those whose EXIF orientation differs from their
mask's, are written as files. So are JPEGs that don't end with the end marker: Ultralytics takes them for damaged and
saves them again, through a link into the user's ImageNet.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from tqdm import tqdm

from ..core.atomic_write import atomic_write
from ..facts import IGNORE_ID, OTHER_ID, categories
from ..images.image_header import END_OF_JPEG, JPEG, read_file_header
from .export_format import ExportFormat, Ids
from .mask_set import MaskRow, MaskSet
from .polygons import polygons

DATA_YAML = "data.yaml"


class Yolo(ExportFormat):
    name: ClassVar[str] = "yolo"

    def encode(self, row: MaskRow, ids: Ids) -> str:
        """The lines of one mask. Seven digits keep an edge exact to a ten-thousandth of a pixel."""
        height, width = ids.shape
        lines = []
        for class_id in np.unique(ids).tolist():
            if class_id in (OTHER_ID, IGNORE_ID):
                continue
            for piece in polygons(ids == class_id):
                points = " ".join(f"{x / width:.7g} {y / height:.7g}" for x, y in piece)
                lines.append(f"{class_id - 1} {points}\n")
        return "".join(lines)

    def write(self, folder: Path, masks: MaskSet, encoded: Iterable[tuple[MaskRow, Any]]) -> None:
        """Write the labels, then link or write the images if the data set has them."""
        (folder / "images").mkdir()
        (folder / "labels").mkdir()
        for row, text in encoded:
            (folder / "labels" / f"{row.image_id}.txt").write_text(text, encoding="ascii", newline="\n")
        if masks.images is None:
            return
        images = tqdm(masks.images(), total=len(masks.rows), desc=f"{masks.split} images", unit="image", delay=1)
        for image_id, path_of_image, data in images:
            path = folder / "images" / f"{image_id}.JPEG"
            if data is None and not read_file_header(path_of_image)[1]:
                data = Path(path_of_image).read_bytes()
            if data is None:
                _link(os.path.realpath(path_of_image), path)
            else:
                # Bytes behind the end marker are no part of the picture, so one more marker changes no pixel.
                path.write_bytes(
                    data if not data.startswith(JPEG) or data.endswith(END_OF_JPEG) else data + END_OF_JPEG
                )

    def describe(self, out: Path, splits: Sequence[str]) -> None:
        """Write `data.yaml`. It has no `path`, so its folders are relative to the file."""
        lines = [f"# ImageNet-S-{self.config}, by imagenet-s export\n"]
        for key, split in (("train", "train_semi"), ("val", "validation")):
            if split in splits:
                lines.append(f"{key}: {split}/images\n")
        lines.append("names:\n")
        # A JSON string is a YAML string.
        lines += [
            f"  {category.id - 1}: {json.dumps(category.name)}\n" for category in categories(self.config).rows[1:]
        ]
        with atomic_write(out / DATA_YAML) as file:
            file.write("".join(lines).encode())


def _link(source: str, path: Path) -> None:
    try:
        path.symlink_to(source)
    except OSError:  # a system or an account without links
        shutil.copyfile(source, path)
