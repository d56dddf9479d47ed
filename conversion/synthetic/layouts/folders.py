"""ImageNet as folders of files: what the official scripts and torchvision make, flat validation, and Kaggle's tree."""

from __future__ import annotations

from pathlib import Path

from imagenet_s.conversion.synthetic.catalog import images_of_imagenet
from imagenet_s.conversion.synthetic.image_files import image_bytes

_BOX = (
    "<annotation><folder>{wnid}</folder><filename>{image_id}</filename><size><width>{width}</width>"
    "<height>{height}</height><depth>3</depth></size></annotation>\n"
)


def write_folders(root: Path, flat: bool = False) -> Path:
    """`train/<wnid>/...` and `val/<wnid>/...`, or `val/...` where flat; returns what is `data_dir`."""
    for image in images_of_imagenet("train"):
        write(root / "train" / image.imagenet_wnid / image.file_name, image_bytes(image.image_id))
    for image in images_of_imagenet("val"):
        folder = root / "val" if flat else root / "val" / image.imagenet_wnid
        write(folder / image.file_name, image_bytes(image.image_id))
    return root


def write_kaggle(root: Path) -> Path:
    """Kaggle's download: flat validation, ImageNet's own test images, and its boxes, which nothing here needs."""
    data = root / "ILSVRC" / "Data" / "CLS-LOC"
    write_folders(data, flat=True)
    for image in images_of_imagenet("test"):
        write(data / "test" / image.file_name, image_bytes(image.image_id))
    boxes = root / "ILSVRC" / "Annotations" / "CLS-LOC"
    for image in [*images_of_imagenet("train")[::7], *images_of_imagenet("val")[::3]]:
        folder = boxes / "val" if image.part == "val" else boxes / "train" / image.imagenet_wnid
        width, height = image.size
        text = _BOX.format(wnid=image.imagenet_wnid, image_id=image.image_id, width=width, height=height)
        write(folder / f"{image.image_id}.xml", text.encode())
    return root


def write(path: Path, content: bytes) -> None:
    """Write a file and the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
