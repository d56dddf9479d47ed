"""The items of a Dataset in any form, taken apart: image, mask, id and label."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_IMAGE_ID = re.compile(r"(ILSVRC2012_(?:val|test)_\d{8}|n\d{8}_\d+)")
_MASK_KEYS = (
    *("annotation", "mask", "masks", "segmentation", "seg", "segmentation_mask", "gt_semantic_seg", "semantic_mask"),
    *("labels", "label", "target", "gt", "ground_truth", "seg_map", "mask_path"),
)
_IMAGE_KEYS = ("image", "img", "pixel_values", "images", "input", "inputs", "x", "jpg")
_ID_KEYS = (
    *("image_id", "id", "name", "file_name", "filename", "image_path", "img_path", "path", "key", "__key__", "stem"),
    *("mask_path", "seg_map_path", "ori_filename"),
)
_LABEL_KEYS = ("category", "class", "class_id", "label", "labels", "target", "cls", "y")
_IMAGE_ENDINGS = (".jpg", ".jpeg")


@dataclass(frozen=True)
class Keys:
    """Where mask, image and id are in an item: keys of a dict, or positions in a tuple; None to look for them."""

    mask: str | int | None = None
    image: str | int | None = None
    id: str | int | None = None


@dataclass(frozen=True)
class Item:
    """One item.

    Attributes:
        position: its index in the Dataset.
        ids: H x W integers of its mask, unchanged; None without a mask.
        image: H x W numbers, the image in grey; None without an image.
        error: the exception that the Dataset raised instead of an item.
    """

    position: int
    ids: NDArray[Any] | None = None
    image: NDArray[np.float32] | None = None
    image_id: str | None = None
    label: int | None = None
    error: Exception | None = None


def read_items(dataset: Any, keys: Keys, limit: int | None) -> Iterator[Item]:
    """The items of a Dataset; one that raises is an item with its error.

    Args:
        dataset: map-style (`__len__`, `__getitem__`) or iterable.
        keys: where mask, image and id are in an item.
        limit: the most items to read: spread over a map-style Dataset, the first ones of an iterable.
    """
    if is_map_style(dataset):
        count = len(dataset)
        chosen = range(count) if limit is None or limit >= count else np.linspace(0, count - 1, limit).astype(int)
        paths = _listed_ids(dataset, count)
        for position in map(int, chosen):
            try:
                item = _item(dataset[position], keys, position)
            except Exception as error:  # noqa: BLE001 - what user code raises is a result here
                item = Item(position, error=error)
            yield item if item.image_id or not paths else replace(item, image_id=paths[position])
        return
    iterator = enumerate(iter(dataset))
    while limit is None or limit > 0:
        try:
            position, raw = next(iterator)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001
            yield Item(-1, error=error)
            return
        try:
            item = _item(raw, keys, position)
        except Exception as error:  # noqa: BLE001 - for example, a path in it leads to a damaged file
            item = Item(position, error=error)
        yield item
        limit = None if limit is None else limit - 1


def is_map_style(dataset: Any) -> bool:
    """Whether items are read by position. torch's IterableDataset does not count: its `__getitem__` only raises."""
    streams = any(base.__name__ == "IterableDataset" for base in type(dataset).__mro__)
    return not streams and all(callable(getattr(dataset, name, None)) for name in ("__getitem__", "__len__"))


def all_ids(dataset: Any) -> list[str] | None:
    """The ids of all items, where the Dataset keeps a list of paths; else None."""
    return _listed_ids(dataset, len(dataset)) if hasattr(dataset, "__len__") else None


def _listed_ids(dataset: Any, count: int) -> list[str] | None:
    """The ids in a list of paths that the Dataset keeps (`samples`, `image_paths`, ...), one for each item."""
    try:
        attributes = vars(dataset)
    except TypeError:
        return None
    for value in attributes.values():
        if isinstance(value, (list, tuple)) and len(value) == count > 0:
            ids = [_id_in(path) for path in value]
            if all(ids):
                return [image_id for image_id in ids if image_id]
    return None


def _item(raw: Any, keys: Keys, position: int) -> Item:
    parts = _parts(raw)
    image_id = _id_in(parts[keys.id]) if keys.id is not None else _find_id(parts)
    mask_at = keys.mask if keys.mask is not None else _find_mask(parts)
    ids = None if mask_at is None else _as_ids(parts[mask_at])
    image = None
    candidates: list[Any] = [*(key for key in _IMAGE_KEYS if key in parts), *parts]
    candidates.sort(key=lambda key: isinstance(parts[key], (str, os.PathLike)))  # paths last, as for masks
    places = candidates if keys.image is None else [keys.image]
    for place in places:
        if place != mask_at and (image := _as_grey(parts[place])) is not None:
            break
    places = [*(key for key in _LABEL_KEYS if key in parts), *(key for key in parts if isinstance(key, int))]
    label = next((n for key in places if key != mask_at and (n := _as_number(parts[key])) is not None), None)
    return Item(position, ids, image, image_id, label)


def _parts(raw: Any) -> dict[Any, Any]:
    if isinstance(raw, Mapping):
        return dict(raw)
    if isinstance(raw, (tuple, list)):
        parts: dict[Any, Any] = dict(enumerate(raw))
        for part in raw:  # (image, {"mask": ...})
            if isinstance(part, Mapping):
                parts.update(part)
        return parts
    return {0: raw}


def _find_id(parts: Mapping[Any, Any]) -> str | None:
    named = [parts[key] for key in _ID_KEYS if key in parts]
    return next((image_id for value in (*named, *parts.values()) if (image_id := _id_in(value))), None)


def _find_mask(parts: Mapping[Any, Any]) -> Any:
    for key in _MASK_KEYS:
        if key in parts and not isinstance(parts[key], (str, os.PathLike)) and _as_ids(parts[key]) is not None:
            return key
    # In a tuple the last part that can be a mask, because the image comes first. Paths are tried after everything else:
    # a path may only name the image.
    for wanted in (False, True):
        for key in reversed(list(parts)):
            if isinstance(parts[key], (str, os.PathLike)) == wanted and _as_ids(parts[key]) is not None:
                return key
    return None


def _id_in(value: Any) -> str | None:
    if isinstance(value, (tuple, list)) and value:
        return next(
            (image_id for part in value[:3] if not isinstance(part, (list, tuple)) and (image_id := _id_in(part))), None
        )
    if isinstance(value, (str, os.PathLike)):
        ids: list[str] = _IMAGE_ID.findall(Path(value).name) or _IMAGE_ID.findall(os.fspath(value))
        return ids[-1] if ids else None
    return None


def _array(value: Any) -> NDArray[Any] | None:
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu().float() if value.is_floating_point() else value.detach().cpu()
        value = value.numpy()
    if isinstance(value, Image.Image):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.ndim in (2, 3, 4) and value.dtype.kind in "biuf":
        return value[0] if value.ndim == 4 and len(value) == 1 else value
    return None


def _as_ids(value: Any) -> NDArray[Any] | None:
    """H x W integers of a mask: an array or tensor (1 x H x W, too), a PIL image, official RGB, or a path."""
    if isinstance(value, (str, os.PathLike)):
        if not os.fspath(value).lower().endswith(".png") or not os.path.isfile(value):
            return None
        with Image.open(value, formats=["PNG"]) as image:
            return _as_ids(image.copy())
    array = _array(value)
    if array is None:
        return None
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim == 3 and array.dtype == np.uint8 and 3 in (array.shape[0], array.shape[2]):
        array = array if array.shape[2] == 3 else array.transpose(1, 2, 0)
        if array[..., 2].any() or array[..., 1].max(initial=0) > 3:  # a picture
            return None
        return array[..., 0].astype(np.int64) + 256 * array[..., 1].astype(np.int64)
    if array.ndim != 2:
        return None
    if array.dtype.kind == "f":  # whole numbers, or an interpolated mask
        return array.astype(np.float64) if array.size and (array % 1).any() else array.astype(np.int64)
    return array.astype(np.int64)


def _as_grey(value: Any) -> NDArray[np.float32] | None:
    if isinstance(value, (str, os.PathLike)):
        if not os.fspath(value).lower().endswith(_IMAGE_ENDINGS) or not os.path.isfile(value):
            return None
        with Image.open(value, formats=("JPEG", "PNG")) as image:
            return np.asarray(image.convert("L"), np.float32)
    if isinstance(value, Image.Image):
        return np.asarray(value.convert("L"), np.float32)
    array = _array(value)
    if array is None or array.ndim == 2:
        return None
    if array.shape[0] in (1, 3, 4):
        return array[:3].mean(0, dtype=np.float32)
    return array[..., :3].mean(-1, dtype=np.float32) if array.shape[2] in (1, 3, 4) else None


def _as_number(value: Any) -> int | None:
    if hasattr(value, "item") and getattr(value, "size", None) is not None:
        try:
            value = value.item()
        except (ValueError, RuntimeError, TypeError):
            return None
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def class_names(dataset: Any) -> Sequence[str] | None:
    """A Dataset's names of the classes: `classes`, `CLASSES`, `class_names`, `METAINFO["classes"]`, ...; else None."""
    meta = getattr(dataset, "METAINFO", None) or getattr(dataset, "metainfo", None)
    candidates = [meta.get("classes") if isinstance(meta, Mapping) else None]
    candidates += [
        getattr(dataset, name, None) for name in ("classes", "CLASSES", "class_names", "categories", "names")
    ]
    for names in candidates:
        if isinstance(names, Mapping):
            names = [names[key] for key in sorted(names)] if all(isinstance(key, int) for key in names) else None
        if isinstance(names, (list, tuple)) and len(names) > 1 and all(isinstance(name, str) for name in names):
            return list(names)
    return None
