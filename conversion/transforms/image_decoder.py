"""An image of a row as a tensor: decoded by `datasets`, or from its bytes by Pillow or simplejpeg.

In the rows of this package, an image has an orientation in its metadata only where its mask is upright. It is applied
here, as `datasets` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional

from ..core.errors import ImageNetSError
from ..images.exif import picture, surely_as_stored

Decoder = Literal["pillow", "simplejpeg"]


def check_decoder(decoder: Decoder) -> None:
    """Raise an ImageNetSError if there is no such decoder, or its package is not installed."""
    if decoder == "simplejpeg":
        _simplejpeg()
    elif decoder != "pillow":
        raise ImageNetSError(f'decoder={decoder!r}: "pillow" and "simplejpeg" are known.')


def decode(stored: Any, decoder: Decoder) -> tv_tensors.Image:
    """An image of a row, decoded or not, as 3 x H x W uint8.

    Args:
        stored: a PIL image, an array, or `{"bytes": ..., "path": ...}` as `datasets` stores it.
        decoder: see `joint`.

    Raises:
        ImageNetSError: it can't be read or decoded, and the message names the file; or integers other than 0..255.
    """
    if isinstance(stored, Image.Image) and stored.mode != "RGB" and stored.mode[0] not in "IF":  # a palette, say
        stored = stored.convert("RGB")
    if not isinstance(stored, dict):
        return _as_bytes(functional.to_image(stored))
    try:
        data = stored["bytes"]
        if data is None:
            data = Path(stored["path"]).read_bytes()
        if decoder == "simplejpeg" and surely_as_stored(data) and (pixels := _decode_jpeg(data)) is not None:
            return tv_tensors.Image(torch.from_numpy(pixels).permute(2, 0, 1))
        return functional.to_image(picture(data))
    except (OSError, ImageNetSError) as error:
        raise ImageNetSError(f"{stored['path'] or 'an image'} can't be decoded ({error}); fetch it again.") from error


def _as_bytes(image: tv_tensors.Image) -> tv_tensors.Image:
    # Streams with_format("numpy") have int64: v2 transforms would take 255 for a tiny part of its range.
    if image.dtype == torch.uint8 or image.is_floating_point():
        return image
    wide = image.as_subclass(torch.Tensor).long()
    low, high = wide.aminmax()
    if low < 0 or high > 255:
        raise ImageNetSError(f"an image of {image.dtype} with values {low}..{high}: expected 0..255.")
    return tv_tensors.Image(wide.to(torch.uint8))


def _decode_jpeg(data: bytes) -> NDArray[Any] | None:
    """H x W x 3; None where Pillow has to decide: no JPEG (`n02105855_2933` is a PNG), CMYK, or damaged."""
    simplejpeg = _simplejpeg()
    try:
        colours = simplejpeg.decode_jpeg_header(data)[2]
        return simplejpeg.decode_jpeg(data, "RGB") if colours in ("YCbCr", "RGB", "Gray") else None
    except ValueError:
        return None


def _simplejpeg() -> Any:
    try:
        import simplejpeg
    except ImportError as error:
        raise ImageNetSError(f'decoder="simplejpeg" needs the package ({error}): pip install simplejpeg.') from error
    return simplejpeg
