"""A validation folder of ImageNet's kind, generated: JPEGs of 500 x 375 and the masks and lists that fit them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from metrics_speed import draw_pair
from PIL import Image
from scipy import ndimage

from imagenet_s.conversion.facts import OFFICIAL, categories
from imagenet_s.conversion.masks.codec import encode_official_png

CONFIG = "919"


def write_small_imagenet(root: Path, number: int) -> tuple[Path, Path]:
    """Write ImageNet and annotations.

    Args:
        root: an empty folder.
        number: of validation images.

    Returns:
        What to pass as `data_dir` and as `annotations_dir`.
    """
    generator = np.random.default_rng(0)
    wnids = categories(CONFIG).wnids
    jpegs = [photo(generator) for _ in range(20)]
    masks = [encode_official_png(draw_pair(generator)[1].astype(np.uint16)) for _ in range(20)]
    names = [(wnids[i % 20], f"ILSVRC2012_val_{i + 1:08d}") for i in range(number)]
    annotations = root / "annotations"
    annotations.mkdir()
    with zipfile.ZipFile(annotations / OFFICIAL.archives[CONFIG].file, "w") as archive:
        for i, (wnid, name) in enumerate(sorted(names)):
            path = root / "imagenet" / "val" / wnid / f"{name}.JPEG"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(jpegs[i % 20])
            archive.writestr(f"ImageNetS{CONFIG}/validation-segmentation/{wnid}/{name}.png", masks[i % 20])
    lists = OFFICIAL.lists[CONFIG]
    lines = [f"{wnid}/{name}.JPEG {wnid}/{name}.JPEG" for wnid, name in sorted(names)]
    (annotations / lists["validation"].file).write_text("\n".join(lines))
    (annotations / lists["categories"].file).write_text("\n".join(wnids))
    for role in ("train_semi", "validation_names", "test"):
        (annotations / lists[role].file).write_text("")
    return root / "imagenet", annotations


def photo(generator: np.random.Generator) -> bytes:
    """A JPEG about as hard to decode as a photograph: noise at several scales."""
    layers = [ndimage.zoom(generator.normal(0, 30, (375 // s, 500 // s, 3)), (s, s, 1), order=1) for s in (1, 5, 25)]
    pixels = np.clip(128 + sum(layer[:375, :500] for layer in layers), 0, 255)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "JPEG", quality=75)
    return buffer.getvalue()
