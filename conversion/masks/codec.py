"""The mask codec: official RGB <-> class ids <-> 16-bit grey PNG.

The official PNGs are RGB with id = R + 256 * G, B unused (official readme, "How to get the class id"). The data set
stores ids as 16-bit grey instead: half the time to read, and no arithmetic for whoever reads them.
"""

from __future__ import annotations

import functools
import io
import logging
import os
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ...metrics.matched_miou.read_mask import OTHER_MODES, open_png, read_mask
from ..core.errors import ImageNetSError, some
from ..facts import CONFIG_NAMES, IGNORE_ID, categories

logger = logging.getLogger("imagenet_s")

MaskLike = Any
"""An official RGB mask: H x W x 3 uint8 array, PIL image, path or bytes of a PNG; or ids already: H x W integers."""
PngLike = str | os.PathLike[str] | bytes | bytearray | memoryview
"""A path, or the content of a file."""

_GREY_MODES = {"L": "8-bit grey", "1": "black and white"}
"""Forms of predictions: no official mask has them, and most that do were converted by a program that lost ids."""
# Level and strategy measured on real masks: run-length deflate is as small as level 6 and a third faster.
_PNG_OPTIONS = {"compress_level": 6, "compress_type": 3}


def decode_mask(mask: MaskLike, config: str | None = None, name: str | None = None) -> NDArray[np.uint16]:
    """Class ids of an official mask.

    Args:
        mask: the official RGB form (H x W x 3 uint8 array, PIL image, path or bytes of a PNG), or a 16-bit grey
            image or H x W integer array, which holds ids already.
        config: `"50"`, `"300"` or `"919"` to have the ids checked: 0..C and 1000.
        name: what to call the mask in an error; a path speaks for itself.

    Returns:
        H x W uint16: 0 is `other`, 1..C are classes, 1000 is ignored.

    Raises:
        ImageNetSError: not a mask (alpha, palette, plain grey, unreadable), an array or a picture made in memory whose
            blue channel is not 0 (of a PNG it is not read, as by the official tools, which is logged once), or an id
            the configuration does not have.

    Examples:
        >>> decode_mask(np.array([[[44, 1, 0], [232, 3, 0]]], np.uint8))
        array([[ 300, 1000]], dtype=uint16)
    """
    if isinstance(mask, (str, os.PathLike)):
        name = name or str(mask)
    name = name or "mask"
    if isinstance(mask, (str, os.PathLike, bytes, bytearray, memoryview)):
        mask = open_mask_image(mask, name)
    if isinstance(mask, Image.Image) and mask.mode in _GREY_MODES:
        raise wrong_mode(mask.mode, name)
    ids = _ids(mask, name)
    if has_blue(mask):
        if not (isinstance(mask, Image.Image) and mask.format == "PNG"):  # blue may be the red of swapped channels
            raise ImageNetSError(
                f"{name} has values in its blue channel: the official masks leave it 0 (id = R + 256 * G); "
                "is it a picture, or were the channels swapped?"
            )
        _warn_of_blue()
    if config is not None:
        check_ids(ids, config, name)
    return ids


def encode_mask(ids: Any) -> NDArray[np.uint8]:
    """The official RGB form of class ids.

    Args:
        ids: H x W integers within 0..65535.

    Returns:
        H x W x 3 uint8: R = id % 256, G = id // 256, B = 0.

    Raises:
        ImageNetSError: no integers, or some that 16 bits do not hold.

    Examples:
        >>> encode_mask([[300, 1000]]).tolist()
        [[[44, 1, 0], [232, 3, 0]]]
    """
    ids = decode_mask(ids)
    rgb = np.zeros((*ids.shape, 3), np.uint8)
    rgb[..., 0] = ids & 255
    rgb[..., 1] = ids >> 8
    return rgb


def encode_png16(ids: Any) -> bytes:
    """H x W ids as a 16-bit grey PNG, as `annotation` stores it; errors as `encode_mask`, or an empty array."""
    return _png(decode_mask(ids))


def encode_official_png(ids: Any) -> bytes:
    """H x W ids as the official RGB PNG, for trees and submissions; errors as `encode_mask`, or an empty array."""
    return _png(encode_mask(ids))


class Transcoded(NamedTuple):
    """A mask as 16-bit grey PNG, its size, and whether its official form had values in the blue channel."""

    png: bytes
    width: int
    height: int
    blue: bool


def transcode(png: bytes, config: str, name: str, form: Literal["official", "ids"] = "official") -> Transcoded:
    """The 16-bit grey PNG of a mask, its ids checked.

    Args:
        png: the file's content.
        config: the configuration it was made for.
        name: what to call it in an error.
        form: `"official"` for an RGB PNG, `"ids"` for a 16-bit grey one, which is returned as it is.

    Raises:
        ImageNetSError: not a readable PNG of this form, or ids that the configuration does not have.
    """
    image = open_mask_image(png, name)
    if not (image.mode == "RGB" if form == "official" else image.mode.startswith("I")):
        raise wrong_mode(image.mode, name)
    ids = _ids(image, name)
    check_ids(ids, config, name)
    return Transcoded(png if form == "ids" else _png(ids), ids.shape[1], ids.shape[0], has_blue(image))


def check_ids(ids: NDArray[np.uint16], config: str, name: str) -> None:
    """Raise an ImageNetSError for ids other than 0..C and 1000, which names them and the likely cause."""
    top = categories(config).num_classes
    if int(ids.max(initial=0)) <= top:
        return
    counts = np.bincount(ids.ravel())
    wrong = [int(i) for i in np.nonzero(counts)[0] if i > top and i != IGNORE_ID]
    if not wrong:
        return
    fits = [other for other in CONFIG_NAMES if wrong[-1] <= categories(other).num_classes]
    if fits:
        cause = f"was it made for {fits[0]}?"
    elif wrong[-1] > 65_000:
        cause = "a negative number stored as 16 bits?"
    else:
        cause = "are R and G swapped (id = R + 256 * G), or is it a picture and no mask?"
    shown = some([str(i) for i in wrong])
    raise ImageNetSError(f"mask id {shown} in {name}: ImageNet-S-{config} has 0..{top} and {IGNORE_ID}; {cause}")


def check_size(mask_size: tuple[int, int], image_size: tuple[int, int], name: str) -> None:
    """Raise an ImageNetSError if a mask and its image differ in size; both are (width, height) as stored."""
    if mask_size != image_size:
        raise ImageNetSError(f"{name} is {size_problem(mask_size, image_size)}; the official sizes are needed.")


def size_problem(mask_size: tuple[int, int], image_size: tuple[int, int]) -> str:
    """Two sizes that differ, (width, height) each, and the likely cause."""
    got, want = f"{mask_size[0]} x {mask_size[1]}", f"{image_size[0]} x {image_size[1]}"
    rotated = mask_size == image_size[::-1]
    cause = "one of the two was rotated by its EXIF orientation" if rotated else "the image or the mask was resized"
    return f"{got} (width x height), its image {want}: {cause}"


def open_mask_image(source: PngLike, name: str) -> Image.Image:
    """An image whose pixels have been read, and whose checksums are right.

    Raises:
        ImageNetSError: not there, empty, no PNG, or damaged.
    """
    try:
        return open_png(source, name)
    except ValueError as error:
        raise ImageNetSError(str(error)) from error.__cause__


def wrong_mode(mode: str, name: str) -> ImageNetSError:
    """The error for an image of a mode that no official mask has."""
    kind = {**OTHER_MODES, **_GREY_MODES}.get(mode, f"mode {mode}")
    return ImageNetSError(
        f"{name} is an image with {kind}: a mask is RGB (id = R + 256 * G) or 16-bit grey (the ids); was it saved by a "
        "program that converts colours?"
    )


def has_blue(mask: Any) -> bool:
    """Whether an official RGB mask has values in its blue channel, which the official tools don't read."""
    if isinstance(mask, Image.Image):
        return mask.mode == "RGB" and bool(np.asarray(mask.getchannel("B")).any())
    return isinstance(mask, np.ndarray) and mask.ndim == 3 and bool(mask[..., 2].any())


@functools.cache
def _warn_of_blue() -> None:
    """Once a process: a split may have thousands."""
    logger.warning("A mask has values in its blue channel, which is not read, as by the official tools.")


def _ids(mask: MaskLike, name: str) -> NDArray[np.uint16]:
    try:
        return read_mask(mask, name)
    except ValueError as error:
        raise ImageNetSError(str(error)) from error.__cause__


def _png(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(buffer, "PNG", **_PNG_OPTIONS)
    return buffer.getvalue()
