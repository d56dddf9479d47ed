"""What the benchmarks are run on: masks, photographs, and an official tree of them, all generated."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from imagenet_s import categories, encode_mask

HEIGHT, WIDTH, CLASSES = 375, 500, 919
DIFFERENT = 20
"""Images and masks of a tree that differ; the others repeat them."""


def mask_pair(
    generator: np.random.Generator, size: tuple[int, int] = (HEIGHT, WIDTH), num_classes: int = CLASSES
) -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a reference, H x W ids with smooth outlines, that overlap as those of a fair method do."""
    classes = generator.choice(np.arange(1, num_classes + 1), 2, replace=False)
    reference = _areas(generator, np.array([0, 0, *classes]), size)
    clusters = np.zeros(num_classes + 1, np.int64)
    clusters[classes] = num_classes + 1 - classes
    prediction = np.roll(clusters[reference], generator.integers(-15, 16, 2), (0, 1))
    wrong = _areas(generator, np.array([-1, -1, -1, 0, generator.integers(1, num_classes + 1)]), size)
    ring = ndimage.binary_dilation(reference > 0, iterations=2) & (reference == 0)
    return np.where(wrong >= 0, wrong, prediction), np.where(ring, 1000, reference)


def _areas(generator: np.random.Generator, ids: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    noise = generator.standard_normal((len(ids), size[0] // 5 + 1, size[1] // 5 + 1))
    fields = [ndimage.zoom(ndimage.gaussian_filter(field, 6), 5, order=1) for field in noise]
    return ids[np.argmax(fields, axis=0)][: size[0], : size[1]]


def ragged(generator: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """The mask with outlines as torn as those of a per-pixel classifier: pixels change places with others."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    dy, dx = generator.integers(-4, 5, (2, HEIGHT, WIDTH))
    return mask[np.clip(y + dy, 0, HEIGHT - 1), np.clip(x + dx, 0, WIDTH - 1)]


def official_png(ids: np.ndarray) -> bytes:
    """The PNG of a mask in the official RGB form."""
    return _encoded(Image.fromarray(encode_mask(ids)), "PNG")


def photo(generator: np.random.Generator) -> bytes:
    """A JPEG about as hard to decode as a photograph: noise at several scales."""
    layers = [ndimage.zoom(generator.normal(0, 30, (375 // s, 500 // s, 3)), (s, s, 1), order=1) for s in (1, 5, 25)]
    pixels = np.clip(128 + sum(layer[:HEIGHT, :WIDTH] for layer in layers), 0, 255)
    return _encoded(Image.fromarray(pixels.astype(np.uint8)), "JPEG")


def _encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def _showing(ids: np.ndarray, category: int) -> np.ndarray:
    """The mask with one of its classes exchanged for a given one."""
    return np.where(ids == ids[(ids > 0) & (ids < 1000)][0], category, ids)


def write_tree(root: Path, number: int) -> tuple[Path, Path]:
    """Write the validation split of an official tree of 919, images and masks that show their class.

    Args:
        root: the folder for it, which is what to pass as `data_dir`.
        number: how many images.

    Returns:
        The folder of images, and that of masks; files are `<class>/<name>` in both.
    """
    generator = np.random.default_rng(0)
    photos = [photo(generator) for _ in range(DIFFERENT)]
    masks = [official_png(_showing(mask_pair(generator)[1], i + 1)) for i in range(DIFFERENT)]
    images = root / "ImageNetS919" / "validation"
    annotations = images.with_name("validation-segmentation")
    for i in range(number):
        path = Path(categories("919").wnids[1 + i % DIFFERENT], f"ILSVRC2012_val_{i + 1:08d}")
        for folder, contents, ending in ((images, photos, ".JPEG"), (annotations, masks, ".png")):
            file = (folder / path).with_suffix(ending)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(contents[i % DIFFERENT])
    return images, annotations
