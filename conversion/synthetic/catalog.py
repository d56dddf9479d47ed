"""The synthetic images: `images.csv`, loaded once into frozen dataclasses.

The choice covers the odd cases of the real ImageNet. Classes at the edges: the first and last id of ImageNet-S-50,
the last of 300 and of 919, and 255, which is a class in 300 and 919 though many programs take it for "ignore". A
merged class (`n03887697` counts as `n15075141`), a class outside the 919 (`n09472597`), validation images whose
ImageNet-S class is not their ImageNet folder, and one that is in the validation list of 919 but in the test lists of
300 and 50, as 19 and 4 real ones are.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from ..core.errors import ImageNetSError
from ..core.read_only_dict import ReadOnlyDict
from ..facts import categories, split_names

KINDS = (
    "rgb",
    "grey",
    "cmyk",
    "png",
    "orientation6",
    "orientation6_xmp",
    "orientation0",
    "bad_exif_rational",
)
"""The kinds of image files; `image_files` writes them."""
STORED_SIDEWAYS = ("orientation6", "orientation6_xmp", "bad_exif_rational")
"""The kinds whose metadata ask a viewer to rotate by 90 degrees; pixels and masks are stored rotated."""


@dataclass(frozen=True)
class MiniImage:
    """One image: its folder in ImageNet, its class and splits in ImageNet-S, its size and kind of file.

    Examples:
        >>> image = IMAGES["ILSVRC2012_val_00000206"]
        >>> image.imagenet_wnid, image.class_wnid, image.split_in("50"), image.size
        ('n01443537', 'n01644373', 'validation', (107, 160))
    """

    image_id: str
    imagenet_wnid: str
    """Its folder in ImageNet; empty for the images of ImageNet's own test set, which has no labels."""
    class_wnid: str
    """Its class folder in ImageNet-S; empty for an image outside the 919 classes."""
    split: str
    """Its split in 919: train, train_semi (a part of train), validation, test; empty for an image of no list."""
    split_in_subsets: str
    """Its split in 300 and 50."""
    size: tuple[int, int]
    """Width and height of the pixels as stored."""
    kind: str

    @property
    def file_name(self) -> str:
        """The name of its file, the same in every layout that has files."""
        return f"{self.image_id}.JPEG"

    @property
    def part(self) -> str:
        """The part of ImageNet that has it, from its name: `train`, `val` or `test`."""
        return self.image_id.split("_")[1] if self.image_id.startswith("ILSVRC2012_") else "train"

    def split_in(self, config: str) -> str:
        """Its split in one configuration; empty where its class or the image is not part of that configuration."""
        if not categories(config).id_of(self.class_wnid):
            return ""
        return self.split if config == "919" else self.split_in_subsets


def _load() -> Iterator[MiniImage]:
    text = resources.files(__package__).joinpath("images.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        row["split_in_subsets"] = row["split_in_subsets"] or row["split"]
        size = int(row.pop("width")), int(row.pop("height"))
        yield MiniImage(**row, size=size)


IMAGES: Mapping[str, MiniImage] = ReadOnlyDict({image.image_id: image for image in _load()})
"""Every image by its id: the training images class by class, then ImageNet's validation and test images."""

CLASS_WNIDS = tuple(sorted({image.class_wnid for image in IMAGES.values()} - {""}))
"""The ImageNet-S classes that have images here: nine in 919, seven of them in 300, five of these in 50."""
IMAGENET_WNIDS = tuple(sorted({image.imagenet_wnid for image in IMAGES.values()} - {""}))
"""The class folders of this ImageNet: the classes, the merged one and the one outside."""


@functools.cache
def images_of(config: str, split: str) -> tuple[MiniImage, ...]:
    """The images of a split, sorted by image_id.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        split: as `datasets` names it: `train` (which includes the images of `train_semi`), `train_semi`,
            `validation`, `test`, and `train_full` in 919.

    Raises:
        ImageNetSError: the configuration has no such split.
    """
    if split not in split_names(config):
        raise ImageNetSError(f"ImageNet-S-{config} has no split {split!r}; it has {', '.join(split_names(config))}.")
    if split == "train_full":
        images = images_of_imagenet("train")
    else:
        wanted = ("train", "train_semi") if split == "train" else (split,)
        images = tuple(image for image in IMAGES.values() if image.split_in(config) in wanted)
    return tuple(sorted(images, key=lambda image: image.image_id))


def images_of_imagenet(part: str) -> tuple[MiniImage, ...]:
    """The images of one part of ImageNet: `train`, `val` or `test`, in the order of `images.csv`."""
    return tuple(image for image in IMAGES.values() if image.part == part)
