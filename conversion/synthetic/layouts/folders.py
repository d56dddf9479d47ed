"""ImageNet as folders of files: made by the official scripts or torchvision, with flat validation, and Kaggle's tree.

Also variants that people make: one more level of folders, and class folders with other names.
"""

from __future__ import annotations

from pathlib import Path

from ..catalog import IMAGENET_WNIDS, images_of_imagenet
from ..image_files import image_bytes


def write_folders(root: Path, flat: bool = False) -> Path:
    """`train/<wnid>/...` and `val/<wnid>/...`, or `val/...` where flat. Returns the folder to give as `data_dir`."""
    for image in images_of_imagenet("train"):
        write(root / "train" / image.imagenet_wnid / image.file_name, image_bytes(image.image_id))
    for image in images_of_imagenet("val"):
        folder = root / "val" if flat else root / "val" / image.imagenet_wnid
        write(folder / image.file_name, image_bytes(image.image_id))
    return root


def write_kaggle(root: Path) -> Path:
    """Kaggle's download: flat validation, and ImageNet's own test images."""
    data = root / "ILSVRC" / "Data" / "CLS-LOC"
    write_folders(data, flat=True)
    for image in images_of_imagenet("test"):
        write(data / "test" / image.file_name, image_bytes(image.image_id))
    return root


def write_nested(root: Path) -> Path:
    """One more level, as after unpacking a zip of `train` in `train`, and names in upper case."""
    for image in images_of_imagenet("train"):
        write(root / "Train" / "train" / image.imagenet_wnid / image.file_name, image_bytes(image.image_id))
    for image in images_of_imagenet("val"):
        write(root / "VAL" / "val" / image.file_name.upper(), image_bytes(image.image_id))
    return root


def write_class_names(root: Path) -> Path:
    """Class folders with other names, image files with the official ones; and one more folder around all of it."""
    for part in ("train", "val"):
        for image in images_of_imagenet(part):
            folder = f"class {IMAGENET_WNIDS.index(image.imagenet_wnid)}"
            write(root / "my imagenet" / part / folder / image.file_name, image_bytes(image.image_id))
    return root


def write(path: Path, content: bytes) -> None:
    """Write a file and the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
