"""The annotations of the synthetic images, as the official project publishes them: zips of masks, and list files.

The lists name the synthetic images alone, in the official formats and order; only the lists of categories are complete,
because a class id is a line number there.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..core.errors import ImageNetSError
from ..core.paths import local_path
from ..facts import ANNOTATED_SPLITS, CONFIG_NAMES, MASK_FOLDERS, OFFICIAL, categories, tree_name
from ..masks.codec import encode_official_png
from .catalog import MiniImage, images_of
from .scene import mask_ids, seeded_number

ANNOTATION_FORMS = ("archives", "extracted")


def write_annotations(directory: str | os.PathLike[str], form: str = "archives") -> Path:
    """Write masks and lists of all three configurations into a folder.

    Args:
        directory: made if it does not exist; files of the same names are replaced.
        form: `"archives"` for the zips under their official names, `"extracted"` for their content.

    Returns:
        The folder, as `annotations_dir` takes it. As in reality it lacks the masks of `test`; `mask_ids` gives them.

    Raises:
        ImageNetSError: there is no such form.
    """
    if form not in ANNOTATION_FORMS:
        raise ImageNetSError(f"annotations have the forms {', '.join(ANNOTATION_FORMS)}, not {form!r}.")
    root = Path(local_path(directory))
    root.mkdir(parents=True, exist_ok=True)
    for config in CONFIG_NAMES:
        if form == "archives":
            _write_archive(root / OFFICIAL.archives[config].file, config)
        else:
            for name, content in masks(config):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        for name, text in lists(config).items():
            (root / name).write_text(text, encoding="ascii", newline="\n")
    return root


def masks(config: str) -> Iterator[tuple[str, bytes]]:
    """The official PNGs of a configuration: (`ImageNetS50/validation-segmentation/<wnid>/<image_id>.png`, bytes)."""
    for split in ANNOTATED_SPLITS:
        for image in _in_list_order(config, split):
            path = f"{tree_name(config)}/{MASK_FOLDERS[split]}/{image.class_wnid}/{image.image_id}.png"
            yield path, encode_official_png(mask_ids(image, config))


def lists(config: str) -> dict[str, str]:
    """The official list files of a configuration: name -> text, without a newline at the end, as the real ones."""
    semi = _in_list_order(config, "train_semi")
    validation = _in_list_order(config, "validation")
    test = _in_list_order(config, "test")
    lines = {
        "categories": categories(config).wnids[1:],
        "train_semi": [_line(image, image.class_wnid, ".png") for image in semi],
        "validation": [_line(image, image.imagenet_wnid, ".JPEG") for image in validation],
        "validation_names": [_line(image, image.class_wnid, ".png") for image in validation],
        "test": [_line(image, image.imagenet_wnid, ".JPEG") for image in test],
    }
    return {OFFICIAL.lists[config][role].file: "\n".join(text) for role, text in lines.items()}


def _line(image: MiniImage, folder: str, suffix: str) -> str:
    return f"{folder}/{image.file_name} {image.class_wnid}/{image.image_id}{suffix}"


def _in_list_order(config: str, split: str) -> list[MiniImage]:
    """By class folder, shuffled within a class, like the official lists."""
    return sorted(images_of(config, split), key=lambda image: (image.class_wnid, seeded_number(image.image_id, "list")))


def _write_archive(path: Path, config: str) -> None:
    folders: set[str] = set()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in masks(config):
            parts = name.split("/")[:-1]
            for folder in ("/".join(parts[: n + 1]) + "/" for n in range(len(parts))):
                if folder not in folders:
                    folders.add(folder)
                    archive.writestr(zipfile.ZipInfo(folder), b"")
            archive.writestr(zipfile.ZipInfo(name), content)
