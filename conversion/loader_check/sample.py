"""The items of a Dataset in any form, taken apart: image, mask, id and label."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core.errors import ImageNetSError, some
from ..facts.spellings import image_id_of
from .pixels import as_array, as_grey, as_ids

_MASK_KEYS = (
    *(
        "annotation",
        "mask",
        "masks",
        "segmentation",
        "seg",
        "segmentation_mask",
        "sem_seg",
        "gt_semantic_seg",
        "gt_sem_seg",
    ),
    *("semantic_mask", "labels", "label", "target", "gt", "ground_truth", "seg_map", "mask_path"),
)
_IMAGE_KEYS = ("image", "img", "pixel_values", "images", "input", "inputs", "x", "jpg")
_ID_KEYS = (
    *("image_id", "id", "name", "file_name", "filename", "image_path", "img_path", "path", "key", "__key__", "stem"),
    *("mask_path", "seg_map_path", "ori_filename"),
)
_LABEL_KEYS = ("category", "class", "class_id", "label", "labels", "target", "cls", "y")
_DEEPEST, _LONGEST = 5, 32
Key = str | int | None
Parts = dict[str, Any]
"""The values of an item by dotted keys: `data_samples.gt_sem_seg.data`, `1.mask`."""


class NoSuchKeyError(ImageNetSError):
    """An item has not the key that was asked for."""


@dataclass(frozen=True)
class Keys:
    """Where mask, image and id are in an item: dotted keys, or positions in a tuple; None to look for them."""

    mask: Key = None
    image: Key = None
    id: Key = None


@dataclass(frozen=True)
class Item:
    """One item.

    Attributes:
        position: its index in the Dataset.
        ids: H x W numbers of its mask, unchanged; None without a mask.
        image: H x W numbers, the image in grey; None without an image.
        error: the exception that the Dataset raised instead of an item.
        parts: types and shapes of what an item without a mask holds; "None" for None.
    """

    position: int
    ids: NDArray[Any] | None = None
    image: NDArray[np.float32] | None = None
    image_id: str | None = None
    label: int | None = None
    error: Exception | None = None
    parts: str = ""

    @property
    def is_none(self) -> bool:
        """Whether the Dataset gave None."""
        return self.parts == "None"

    def without_pixels(self) -> Item:
        """All but mask and image, to keep."""
        return replace(self, ids=None, image=None)


def read_items(dataset: Any, keys: Keys, limit: int | None, num_classes: int) -> Iterator[Item]:
    """The items of a Dataset; one that raises is an item with its error.

    Args:
        dataset: map-style (`__len__`, `__getitem__`) or iterable.
        keys: where mask, image and id are in an item.
        limit: the most items to read: spread over a map-style Dataset, the first ones of an iterable.
        num_classes: C, which tells one-hot masks.

    Raises:
        ImageNetSError: a DataLoader, splits, or (NoSuchKeyError) an item without one of the keys.
    """
    bases = {base.__name__ for base in type(dataset).__mro__}
    if bases & {"DataLoader", "StatefulDataLoader"}:
        raise ImageNetSError("a DataLoader gives batches: give the Dataset that it reads, loader.dataset.")
    if isinstance(dataset, Mapping) and not all(isinstance(key, int) for key in dataset):
        splits = some([str(key) for key in dataset])
        raise ImageNetSError(f"a {type(dataset).__name__} of {splits}: give one of them, as dataset['validation'].")
    # torch's IterableDataset has a `__getitem__` that only raises.
    indexed = all(callable(getattr(dataset, name, None)) for name in ("__getitem__", "__len__"))
    indexed = indexed and "IterableDataset" not in bases
    count = len(dataset) if indexed else 0
    spread = range(count) if limit is None or limit >= count else np.linspace(0, count - 1, limit).astype(int).tolist()
    listed = listed_ids(dataset) if indexed else None
    stream = None if indexed else iter(dataset)
    for position in spread if stream is None else itertools.islice(itertools.count(), limit):
        ends = stream is not None  # after an error, too
        try:
            raw = dataset[position] if stream is None else next(stream)
            ends = False
            item = _item(raw, keys, position, num_classes)
        except NoSuchKeyError:
            raise
        except Exception as error:  # noqa: BLE001 - what user code raises is a result here, as is a path to a damaged file
            if ends and isinstance(error, StopIteration):
                return
            item = Item(position, error=error)
        yield replace(item, image_id=item.image_id or listed[position]) if listed else item
        if ends:
            return


def listed_ids(dataset: Any) -> list[str] | None:
    """The ids in a list of paths that the Dataset keeps (`samples`, `image_paths`, ...), one for each item."""
    count = len(dataset) if hasattr(dataset, "__len__") else 0
    for value in getattr(dataset, "__dict__", {}).values():
        if isinstance(value, (list, tuple)) and len(value) == count > 0:
            ids = [image_id for path in value if (image_id := _id_in(path))]
            if len(ids) == count:
                return ids
    return None


def _item(raw: Any, keys: Keys, position: int, num_classes: int) -> Item:
    parts = dict(_parts(raw))
    id_keys = _ranked(parts, _ID_KEYS) if keys.id is None else [_full(parts, keys.id)]
    image_id = next((image_id for key in id_keys if (image_id := _id_in(parts[key]))), None)
    # In a tuple the mask is the last part that can be one, because the image comes first.
    backwards = {key: parts[key] for key in reversed(parts)}
    mask_keys = _ranked(backwards, _MASK_KEYS) if keys.mask is None else [_full(parts, keys.mask)]
    image_keys = _ranked(parts, _IMAGE_KEYS) if keys.image is None else [_full(parts, keys.image)]
    masks = ((key, as_ids(parts[key], num_classes)) for key in mask_keys)
    mask_key, ids = next(((key, ids) for key, ids in masks if ids is not None), (None, None))
    greys = [grey for key in image_keys if key != mask_key and (grey := as_grey(parts[key])) is not None]
    # Of several images the one that has the size of the mask, which is the one that is trained on.
    greys.sort(key=lambda grey: ids is not None and grey.shape != ids.shape)
    label_keys = [*_ranked(parts, _LABEL_KEYS, others=False), *(key for key in parts if key.isdigit())]
    numbers = (_as_number(parts[key]) for key in label_keys if key != mask_key)
    label = next((number for number in numbers if number is not None), None)
    what = "None" if raw is None else some([f"{key or 'item'}: {_what(part)}" for key, part in parts.items()], 8)
    return Item(position, ids, greys[0] if greys else None, image_id, label, None, what if ids is None else "")


def _parts(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """What an item holds by dotted keys: dicts, tuples, dataclasses and plain objects are opened."""
    inside: Any = None
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        inside = zip(value._fields, value)
    elif isinstance(value, (list, tuple)):
        inside = enumerate(value) if len(value) <= _LONGEST and as_array(value) is None else None
    elif is_dataclass(value):
        inside = ((field.name, getattr(value, field.name)) for field in fields(value))
    elif not isinstance(value, (str, os.PathLike, Image.Image)) and not hasattr(value, "dtype"):
        # MMSegmentation's samples have items() and metainfo.
        items, meta = getattr(value, "items", None), getattr(value, "metainfo", None)
        named = dict(items()) if callable(items) else getattr(value, "__dict__", {})
        inside = {**named, **(meta if isinstance(meta, Mapping) else {})}.items() or None
    if inside is None or depth == _DEEPEST:
        yield key, value
        return
    for name, part in inside:
        yield from _parts(part, f"{key}.{name}" if key else str(name), depth + 1)


def _full(parts: Parts, key: Key) -> str:
    """The key of a part: itself, or the only one that ends like it."""
    ends = [name for name in parts if f".{name}".endswith(f".{key}")]
    if str(key) in parts or len(ends) == 1:
        return str(key) if str(key) in parts else ends[0]
    raise NoSuchKeyError(f"items have no {key!r}; they have {some([name or 'one value' for name in parts], 12)}.")


def _ranked(parts: Parts, names: Sequence[str], others: bool = True) -> list[str]:
    """The keys that hold one of the names, in the order of the names, then all others; paths come last."""
    rank = {name: i for i, name in enumerate(names)}
    ranks = {key: min(rank.get(word, len(names)) for word in key.lower().split(".")) for key in parts}
    keys = (key for key in parts if others or ranks[key] < len(names))
    return sorted(keys, key=lambda key: (isinstance(parts[key], (str, os.PathLike)), ranks[key]))


def _id_in(value: Any) -> str | None:
    if isinstance(value, (tuple, list)):
        return next((image_id for part in value[:3] if (image_id := _id_in(part))), None)
    if isinstance(value, (str, os.PathLike)):
        names = [name.removesuffix(".png") for name in PureWindowsPath(value).parts[::-1]]  # of Linux, too
        ids = (image_id_of(name, "validation") or image_id_of(name, "train") for name in names)
        return next((image_id for image_id in ids if image_id), None)
    return None


def _as_number(value: Any) -> int | None:
    if hasattr(value, "dtype") and tuple(value.shape) in ((), (1,)):
        value = value.item()
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _what(value: Any) -> str:
    """The type of a value, and its size."""
    if isinstance(value, Image.Image):
        return f"image {value.mode} {value.width} x {value.height}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{str(value.dtype).removeprefix('torch.')} {' x '.join(map(str, value.shape)) or 'number'}"
    return f"{value[:60]!r}" if isinstance(value, str) else type(value).__name__
