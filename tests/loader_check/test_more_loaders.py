"""Public loaders of ImageNet-S and of masks in general that the check was not made from, in our own words."""

from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from generated_split import Loader, Row, Split, write_split
from geometries import random_crop, short_side
from PIL import Image, ImageEnhance
from public_loaders import BILINEAR, LABEL_OF, NEAREST, item, resized

import imagenet_s
from imagenet_s.conversion import check_loader

Make = Callable[[Row, Split], Any]


def channels_first(image: Image.Image) -> Any:
    return np.asarray(image, np.float32).transpose(2, 0, 1) / 255


def cropped(picture: Image.Image, size: int = 224, resize: int = 224) -> Image.Image:
    """Resized by the short side, then cropped; ids and truth values by nearest."""
    return short_side(resize, size)(picture, picture.mode != "RGB", 0)


# Loaders of ImageNet-S


def one_class_alone(row: Row, split: Split) -> Any:
    """RobustViT: refuses masks of several classes, ignored is background, bilinear, a random crop of both."""
    classes = set(np.unique(row.ids).tolist()) - {0, 1000}
    if len(classes) != 1:
        raise AssertionError(classes)
    left, top = np.random.default_rng(row.seed).integers(0, 33, 2).tolist()
    box = (left, top, left + 224, top + 224)
    soft = resized(np.isin(row.ids, list(classes)).astype(np.float32), (256, 256), BILINEAR)
    image = channels_first(row.image.resize((256, 256), BILINEAR).crop(box))
    return soft[None, top : top + 224, left : left + 224], image, LABEL_OF[row.wnid]


def segments_by_label(row: Row, split: Split) -> Any:
    """Attribution by decomposition: a mask for each ImageNet label beside the ids, no name; CLIP's crop."""
    table, ids = imagenet_s.categories(split.config), np.asarray(cropped(Image.fromarray(row.ids)))
    classes = [class_id for class_id in np.unique(ids).tolist() if class_id not in (0, 1000)]
    return {
        "imagenet_id": int(row.image_id[-8:]),
        "segmasks": {LABEL_OF[table[class_id].wnid]: ids == class_id for class_id in classes},
        "semantic_seg_arr": ids,
        "image_natural": channels_first(cropped(row.image)),
    }


def target_and_valid(row: Row, split: Split) -> Any:
    """The class of ImageNet's label, merged folders included, and which pixels are scored; CLIP's crop."""
    target = imagenet_s.categories(split.config).id_of(row.imagenet_wnid)
    cut = lambda chosen: np.asarray(cropped(Image.fromarray(chosen.astype(np.uint8)))).astype(bool)  # noqa: E731
    return {
        "image": row.image,
        "view": cropped(row.image),
        "segmentation_mask": cut(row.ids == target),
        "valid_mask": cut(row.ids != 1000),
        "class_id": LABEL_OF[row.imagenet_wnid],
        "segmentation_class_id": target,
        "image_id": row.image_id,
    }


def red_above_zero(row: Row, split: Split) -> Any:
    """Integrated gradients with a kernel: red above 0, timm's crop by nearest."""
    mask = Image.fromarray((np.array(row.png)[..., 0] > 0).astype(np.uint8) * 255)
    return channels_first(cropped(row.image, 224, 256)), np.asarray(cropped(mask, 224, 256)) > 0, row.image_id


def masks_as_images(row: Row, split: Split) -> Any:
    """Coherence of class activation maps: masks pass through the images' transform, then red above 0."""
    mask = channels_first(cropped(row.png, 224, 256)) > 0
    return channels_first(cropped(row.image, 224, 256)), split.rows.index(row), mask[:1].astype(np.int64)


def all_else_is_ignored(row: Row, split: Split) -> Any:
    """DeepLab in one file: what is no class becomes the ignored id of other data sets, both squashed."""
    ids, num_classes = resized(row.ids, (256, 256)), imagenet_s.categories(split.config).num_classes
    return channels_first(row.image.resize((256, 256), BILINEAR)), np.where(ids <= num_classes, ids, 255)


# Loaders of other masks


def mmsegmentation_training(row: Row, split: Split) -> Any:
    """MMSegmentation 0.x as it trains ImageNet-S: a random scale, a crop, a mirror, other colours, padding of 1000."""
    rng, boxed = np.random.default_rng(row.seed), lambda value: SimpleNamespace(_data=value)  # as MMCV's DataContainer
    ratio, image, ids = rng.uniform(0.5, 2), row.image, Image.fromarray(row.ids)
    scale = min(1024 * ratio / max(image.size), 256 * ratio / min(image.size))
    size = tuple(int(side * scale + 0.5) for side in image.size)
    left, top = (int(rng.integers(0, max(side - 224, 0) + 1)) for side in size)
    box = (left, top, min(left + 224, size[0]), min(top + 224, size[1]))
    image, ids = image.resize(size, BILINEAR).crop(box), ids.resize(size, NEAREST).crop(box)
    if rng.random() < 0.5:
        image, ids = (picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in (image, ids))
    image = ImageEnhance.Color(ImageEnhance.Contrast(image).enhance(rng.uniform(0.5, 1.5))).enhance(1.3)
    pad = ((0, 224 - image.height), (0, 224 - image.width))
    return {
        "img_metas": boxed({"filename": str(row.image_path), "ori_shape": row.ids.shape}),
        "img": boxed(np.pad(channels_first(image), ((0, 0), *pad))),
        "gt_semantic_seg": boxed(np.pad(np.asarray(ids), pad, constant_values=1000)[None].astype(np.int64)),
    }


class Instances:
    """Detectron2's fields of an image, which can't be iterated."""

    def __init__(self, image_size: tuple[int, ...], **fields: Any) -> None:
        self._image_size, self._fields = image_size, fields

    def __iter__(self) -> Any:
        raise NotImplementedError("`Instances` object is not iterable!")


def maskformer(row: Row, split: Split, instances: Callable[..., Any] = Instances) -> Any:
    """MaskFormer: a joint random crop, and a mask for each class in it; none for `other`, as for Panoptic FPN."""
    ids = np.asarray(random_crop(Image.fromarray(row.ids), True, row.seed)).astype(np.int64)
    classes, image = np.setdiff1d(ids, [0, 1000]), random_crop(row.image, False, row.seed)
    fields = instances(ids.shape, gt_classes=classes, gt_masks=ids == classes[:, None, None])
    sample = {"file_name": str(row.image_path), "image": np.asarray(image).transpose(2, 0, 1)}
    return {**sample, "sem_seg": ids, "instances": fields}


def opencv_grey(row: Row, split: Split) -> Any:
    """Learning from imperfect data: IMREAD_GRAYSCALE, which libpng does with its own weights and without rounding."""
    grey = (np.array(row.png).astype(np.int64) @ [9797, 19235, 3736]) >> 15
    return row.image, grey.astype(np.uint8)[..., None], row.image_id


def colours_numbered(row: Row, split: Split) -> Any:
    """A well-known U-Net: values are the positions in the sorted list of all colours, at half the size."""
    colours = sorted({(class_id & 255, class_id >> 8) for other in split.rows for class_id in np.unique(other.ids)})
    ids = np.array(row.png.resize((row.png.width // 2, row.png.height // 2), NEAREST)).astype(np.int64)
    place = {int(red) + 256 * int(green): number for number, (red, green) in enumerate(colours)}
    mask = np.vectorize(place.__getitem__)(ids[..., 0] + 256 * ids[..., 1])
    return {"image": channels_first(row.image.resize(row.png.size)), "mask": mask, "name": row.image_id}


def keras_pets(row: Row, split: Split) -> Any:
    """Keras' example: load_img in grey to 160 x 160, and uint8 minus 1."""
    grey = np.array(row.png.convert("L").resize((160, 160), NEAREST))[..., None]
    return np.asarray(row.image.resize((160, 160), NEAREST), np.float32), grey - np.uint8(1)


def few_shot(row: Row, split: Split) -> Any:
    """PFENet: one of the classes is 1, ignored 255, both cropped or padded to 473; then another image of the class."""
    rng = np.random.default_rng(row.seed)
    chosen = int(rng.choice(np.setdiff1d(row.ids, [0, 1000])))
    others = [other for other in split.rows if other is not row and (other.ids == chosen).any()]

    def cut(source: Row) -> tuple[Any, Any]:
        ids = np.where(source.ids == 1000, 255, source.ids == chosen).astype(np.uint8)
        free = [473 - side for side in ids.shape]
        top, left = (space // 2 if space > 0 else -int(rng.integers(0, 1 - space)) for space in free)
        box = (-left, -top, 473 - left, 473 - top)
        mask = 255 - np.asarray(Image.fromarray(255 - ids).crop(box))  # padding is 255
        return channels_first(source.image.crop(box)), mask.astype(np.int64)

    support = [part[None] for part in cut(others[0] if others else row)]
    return *cut(row), *support, [chosen], row.image_id


def erased(row: Row, split: Split) -> Any:
    """timm: RandomErasing by noise, of the image alone, after RandomResizedCrop of both."""
    rng, image = np.random.default_rng(row.seed), np.array(random_crop(row.image, False, row.seed))
    area, aspect = rng.uniform(0.02, 1 / 3) * 224**2, np.exp(rng.uniform(np.log(0.3), -np.log(0.3)))
    height, width = (min(223, round((area * ratio) ** 0.5)) for ratio in (aspect, 1 / aspect))
    top, left = rng.integers(0, 224 - height), rng.integers(0, 224 - width)
    image[top : top + height, left : left + width] = rng.integers(0, 256, (height, width, 3))
    return item(row, np.asarray(random_crop(Image.fromarray(row.ids), True, row.seed)), image)


def mosaic(row: Row, split: Split) -> Any:
    """YOLO: four images, side by side."""
    start = split.rows.index(row)
    four = [split.rows[(start + step) % len(split.rows)] for step in range(4)]
    images = [np.asarray(other.image.resize((160, 160))) for other in four]
    masks = [resized(other.ids, (160, 160)) for other in four]
    image, mask = (np.hstack([np.vstack(parts[:2]), np.vstack(parts[2:])]) for parts in (images, masks))
    return item(row, mask, image)


maskformer_fields = partial(maskformer, instances=lambda size, **fields: fields)
CASES: dict[str, tuple[Make, str, set[str] | str]] = {
    "RobustViT": (one_class_alone, "919", {"raises"}),
    "segments by label": (segments_by_label, "919", set()),
    "target and valid": (target_and_valid, "919", set()),
    "red > 0": (red_above_zero, "919", {"ignored-as-object"}),
    "masks as images": (masks_as_images, "919", {"ignored-as-object", "interpolated"}),
    "all else 255": (all_else_is_ignored, "919", {"ignored-as-class"}),
    "all else 255, in 50": (all_else_is_ignored, "50", set()),
    "MMSegmentation, training": (mmsegmentation_training, "919", set()),
    "MaskFormer": (maskformer, "919", set()),
    "MaskFormer, fields": (maskformer_fields, "919", set()),
    "OpenCV grey": (opencv_grey, "919", {"grey"}),
    "colours numbered": (colours_numbered, "919", {"classes-in-another-order"}),
    "Keras pets": (keras_pets, "50", {"grey", "shifted"}),
    "few-shot": (few_shot, "919", "can't be laid over"),
    "few-shot, with keys": (few_shot, "919", set()),
    "erased": (erased, "919", set()),
    "mosaic": (mosaic, "919", "can't be laid over"),
}
KEYS: dict[str, dict[str, Any]] = {"few-shot, with keys": {"mask_key": 1, "image_key": 0}}
WRONGLY_SAID: dict[str, tuple[tuple[bool, ...], str]] = {
    "few-shot": ((True,), "the last mask of a tuple, which is of another image, is taken without a word"),
    "few-shot, with keys": ((True, False), "one of several classes is called other ids, much padding another image"),
    "erased": ((True,), "an image with a part erased is laid elsewhere"),
}


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Split]:
    return {config: write_split(tmp_path_factory.mktemp(config), config) for config in ("919", "50")}


def cases() -> Iterator[Any]:
    for name in CASES:
        for with_images in (True, False):
            wrong, reason = WRONGLY_SAID.get(name, ((), ""))
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if with_images in wrong else []
            marks += [pytest.mark.slow] if with_images else []
            yield pytest.param(name, with_images, marks=marks)


@pytest.mark.parametrize(("name", "with_images"), [*cases()])
def test_what_is_said(splits: dict[str, Split], name: str, with_images: bool) -> None:
    make, config, expected = CASES[name]
    split, options = splits[config], KEYS.get(name, {})
    loader = Loader(split, lambda row: make(row, split))
    report = check_loader(loader, split.masks, config, imagenet=split.imagenet if with_images else None, **options)
    faults = {finding.fault.key for finding in report.findings}
    if isinstance(expected, str):
        assert not faults
        assert expected in report.not_compared[0]
    else:
        assert faults == expected, report
        assert not report.not_compared
