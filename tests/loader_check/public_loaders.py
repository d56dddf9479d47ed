"""The logic of public loaders of ImageNet-S, in our own words, and of loaders invented beside them.

Each is a function of a `Row`; the tables say what is wrong with it.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from generated_split import Row
from PIL import Image, ImageOps
from scipy import ndimage

import imagenet_s
from imagenet_s.conversion.facts import synsets

LABEL_OF = {wnid: label for label, wnid in enumerate(synsets())}
NEAREST, BILINEAR = Image.Resampling.NEAREST, Image.Resampling.BILINEAR


def resized(array: Any, size: tuple[int, int], how: Image.Resampling = NEAREST) -> Any:
    """An array of numbers resized as an image of its type."""
    kind = np.float32 if array.dtype.kind == "f" else np.int32 if array.dtype.itemsize > 1 else np.uint8
    return np.asarray(Image.fromarray(array.astype(kind)).resize(size, how))


def item(row: Row, mask: Any, image: Any = None, **others: Any) -> dict[str, Any]:
    return {"image": row.image if image is None else image, "mask": mask, "image_id": row.image_id, **others}


def squashed(row: Row, mask: Any, size: int = 224) -> dict[str, Any]:
    return item(row, mask, row.image.resize((size, size)))


def grey(row: Row) -> Any:
    return np.array(row.png.convert("L")).astype(np.int64)


def own(row: Row, config: str) -> int:
    return imagenet_s.categories(config).id_of(row.wnid)


# Public loaders


def saliency_of_foreground(row: Row) -> Any:
    """CIAO, ImageNetSegModel, ZUTIS in essence: right ids at another size."""
    return squashed(row, resized(row.ids, (224, 224)))


def class_of_imagenet(row: Row, config: str) -> Any:
    """CDA-CLIP: the mask of ImageNet's own label; the whole image, and the view that is cut like the mask."""
    mask = row.ids == imagenet_s.categories(config).id_of(row.imagenet_wnid)
    cut = lambda picture: ImageOps.fit(picture, (224, 224), NEAREST)  # noqa: E731
    view = np.asarray(cut(row.image), np.float32).transpose(2, 0, 1)
    return {
        "image": row.image,
        "view": view,
        "mask": np.asarray(cut(Image.fromarray(mask.astype(np.uint8)))),
        "path": str(row.image_path),
    }


def alpha(row: Row, config: str) -> Any:
    """Alpha-CLIP: the class as a soft alpha channel, normalised."""
    soft = resized((row.ids == own(row, config)).astype(np.float32), (224, 224), BILINEAR)
    return squashed(row, ((soft - 0.5) / 0.26)[None])


def grey_above_zero(row: Row) -> Any:
    return item(row, grey(row) > 0)


def bilinear_above_zero(row: Row) -> Any:
    """CLXAI, SOP."""
    return squashed(row, resized((row.ids > 0).astype(np.float32), (224, 224), BILINEAR) > 0)


def eight_bits(row: Row) -> Any:
    """As NumPy 1 computes uint8 * 256."""
    return item(row, np.array(row.png)[..., 0])


def greatest_id(row: Row) -> Any:
    return item(row, row.ids, category=int(row.ids.max()))


def swallows_errors(row: Row) -> Any:
    """Looks for the class folder of ImageNet-S among ImageNet's, and returns None where that fails."""
    if row.wnid != row.imagenet_wnid:
        return None
    return item(row, row.ids)


def labels_of_imagenet(row: Row, config: str) -> Any:
    """Classes numbered as in ImageNet, from 1."""
    wnids = imagenet_s.categories(config)
    table = np.arange(1001)
    for class_id in np.unique(row.ids[(row.ids > 0) & (row.ids < 1000)]):
        table[class_id] = LABEL_OF.get(wnids[int(class_id)].wnid, -2) + 1
    return item(row, table[row.ids])


def ignored_as_other(row: Row) -> Any:
    return item(row, np.where(row.ids == 1000, 0, row.ids))


def reduced(row: Row) -> Any:
    """do_reduce_labels, reduce_zero_label: 0 is ignored, all ids one less."""
    return item(row, np.where((row.ids == 0) | (row.ids == 1000), 255, row.ids - 1))


def unlabelled_is_ignored(row: Row, value: int) -> Any:
    """PLUSS (-1, 255), LoCE (1000)."""
    return item(row, np.where((row.ids == 0) | (row.ids == 1000), value, row.ids))


def unlabelled_is_ignored_in_8_bits(row: Row) -> Any:
    return item(row, unlabelled_is_ignored(row, -1)["mask"] & 255)


def grey_minus_one(row: Row) -> Any:
    """The DINOv3 fork: L, - 1, clamped."""
    return item(row, np.maximum(grey(row) - 1, 0))


def ignored_is_255(row: Row) -> Any:
    """DINOv2's: right in 50, a class in 300 and 919."""
    return item(row, np.where(row.ids == 1000, 255, row.ids))


def parts(row: Row) -> Any:
    """Diffusion on masks: the connected parts of what is not black, numbered."""
    return item(row, ndimage.label(np.array(row.png).any(-1))[0])


# Invented loaders


def reflected(row: Row) -> Any:
    """albumentations' PadIfNeeded with reflection, image and mask alike."""
    pad = [(max(0, 512 - size) // 2, (max(0, 512 - size) + 1) // 2) for size in row.ids.shape]
    image = np.pad(np.asarray(row.image), [*pad, (0, 0)], mode="reflect")
    return item(row, np.pad(row.ids, pad, mode="reflect"), image.transpose(2, 0, 1))


def transposed(row: Row) -> Any:
    return item(row, row.ids.T)


def blue_green_red(row: Row) -> Any:
    bgr = np.array(row.png).astype(np.int64)[..., ::-1]
    return item(row, bgr[..., 0] + 256 * bgr[..., 1])


def minus_one_in_8_bits(row: Row) -> Any:
    return item(row, (row.ids - 1) & 255)


def bilinear_rounded(row: Row) -> Any:
    return squashed(row, np.rint(resized(row.ids.astype(np.float32), (224, 224), BILINEAR)).astype(np.int64))


def sorted_by_name(row: Row, config: str) -> Any:
    table = imagenet_s.categories(config)
    order = sorted(range(1, table.num_classes + 1), key=lambda class_id: table[class_id].name)
    ids = np.arange(1001)
    ids[order] = np.arange(1, table.num_classes + 1)
    return item(row, ids[row.ids])


def one_hot(row: Row, config: str) -> Any:
    ids = np.arange(imagenet_s.categories(config).num_classes + 1)
    return item(row, row.ids == ids[:, None, None])


def one_hot_without_other(row: Row, config: str) -> Any:
    ids = np.arange(1, imagenet_s.categories(config).num_classes + 1)
    return item(row, (row.ids == ids[:, None, None]).astype(np.float32))


def nested(row: Row) -> Any:
    """MMSegmentation's sample."""
    mask = SimpleNamespace(data=row.ids[None])
    sample = SimpleNamespace(gt_sem_seg=mask, metainfo={"img_path": str(row.image_path)})
    return {"inputs": np.asarray(row.image).transpose(2, 0, 1), "data_samples": sample}


def scaled(row: Row) -> Any:
    return item(row, (np.array(row.png.convert("L"), np.float32) / 255)[None])


def super_classes(row: Row) -> Any:
    return item(row, np.where((row.ids > 0) & (row.ids < 1000), 1 + row.ids % 5, row.ids))


def jpeg(row: Row) -> Any:
    """Masks stored with loss."""
    noise = np.random.default_rng(row.seed).integers(-3, 4, row.ids.shape)
    return item(row, np.clip(row.ids + noise, 0, None))


def rotated(row: Row) -> Any:
    """By any angle, image and mask alike: nothing that is searched for."""
    angle = 15 + row.seed % 25
    mask = Image.fromarray(row.ids).rotate(angle, NEAREST)
    return item(row, np.asarray(mask), row.image.rotate(angle))


def inverted(row: Row) -> Any:
    return item(row, row.ids == 0)


def sixteen_bits(row: Row) -> Any:
    """As the data set of this package gives it."""
    return item(row, Image.fromarray(row.ids.astype(np.uint16)))


Make = Callable[..., Any]
IN_919: dict[str, tuple[Make, set[str]]] = {
    "foreground, squashed": (saliency_of_foreground, set()),
    "class of ImageNet": (class_of_imagenet, set()),
    "alpha": (alpha, set()),
    "L > 0": (grey_above_zero, {"ignored-as-object"}),
    "bilinear > 0": (bilinear_above_zero, {"ignored-as-object", "interpolated"}),
    "uint8": (eight_bits, {"red-only"}),
    "greatest id": (greatest_id, {"label"}),
    "returns None": (swallows_errors, {"missing-by-folder"}),
    "labels of ImageNet": (labels_of_imagenet, {"labels-of-imagenet"}),
    "ignored := 0": (ignored_as_other, {"ignored-as-other"}),
    "reduced": (reduced, {"shifted"}),
    "0 := -1": (lambda row: unlabelled_is_ignored(row, -1), {"other-as-ignored"}),
    "0 := -1, uint8": (unlabelled_is_ignored_in_8_bits, {"other-as-ignored", "red-only"}),
    "0 := 1000": (lambda row: unlabelled_is_ignored(row, 1000), {"other-as-ignored"}),
    "L - 1, clamped": (grey_minus_one, {"grey", "shifted-clamped"}),
    "1000 := 255": (ignored_is_255, {"ignored-as-class"}),
    "parts": (parts, {"ignored-as-object"}),
    "reflected": (reflected, set()),
    "transposed": (transposed, {"mask-turned"}),
    "BGR": (blue_green_red, {"blue-for-red"}),
    "- 1, uint8": (minus_one_in_8_bits, {"red-only", "shifted"}),
    "bilinear, rounded": (bilinear_rounded, {"interpolated"}),
    "sorted by name": (sorted_by_name, {"classes-in-another-order"}),
    "nested": (nested, set()),
    "scaled": (scaled, {"scaled", "grey"}),
    "super-classes": (super_classes, {"ids-merged"}),
    "16 bits": (sixteen_bits, set()),
    "object 0": (inverted, {"ignored-as-object"}),
}
IN_50: dict[str, tuple[Make, set[str]]] = {
    "L > 0": (grey_above_zero, {"grey", "ignored-as-object"}),
    "L - 1, clamped": (grey_minus_one, {"grey", "shifted-clamped"}),
    "1000 := 255": (ignored_is_255, set()),
    "0 := 255": (lambda row: unlabelled_is_ignored(row, 255), {"other-as-ignored"}),
    "0 := 1000": (lambda row: unlabelled_is_ignored(row, 1000), {"other-as-ignored"}),
    "uint8": (eight_bits, set()),
    "one-hot": (one_hot, set()),
    "one-hot without other": (one_hot_without_other, {"ignored-as-other"}),
    "alpha": (alpha, set()),
    "class of ImageNet": (class_of_imagenet, set()),
    "labels of ImageNet": (labels_of_imagenet, {"labels-of-imagenet"}),
    "sorted by name": (sorted_by_name, {"classes-in-another-order"}),
}
NOT_COMPARED: dict[str, Make] = {"jpeg": jpeg, "rotated": rotated}
