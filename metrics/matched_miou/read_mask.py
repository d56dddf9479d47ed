"""Masks in any form -> H x W class ids."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

MaskLike = Any
"""H x W integers (NumPy, torch, nested lists), a PIL image (`I;16`, `I`, `L`, official RGB), or the path or bytes of
a PNG; an H x W x 3 uint8 array is an official RGB mask."""

_PILLOW_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)
"""What Pillow raises for a damaged file."""
_OTHER_FORMATS = {
    b"\xff\xd8\xff": "a JPEG",
    b"RIFF": "a WebP",
    b"GIF8": "a GIF",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"BM": "a BMP",
    b"%!PS": "an EPS",
}
"""The first bytes of what is no PNG, for a message."""
OTHER_MODES = {"P": "a palette", "PA": "a palette", "RGBA": "an alpha channel", "LA": "an alpha channel"}
"""Pillow's modes of images that are no masks, for a message."""
_RGB_OF_16_BITS = bytes([16, 2])
"""Bit depth and colour type in the header of a PNG."""
_LONGEST_CAUSE = 300

ARGMAX_HINT = "a mask holds one class id a pixel (H x W integers); argmax over the classes first"


def read_mask(mask: MaskLike, name: str = "the mask") -> NDArray[np.uint16]:
    """Class ids of a mask in any form.

    The official PNGs are RGB with id = R + 256 * G, B unused (official readme, "How to get the class id").

    Args:
        mask: see `MaskLike`. Never written to.
        name: what to call the mask in an error.

    Returns:
        H x W uint16, contiguous; may share memory with `mask`.

    Raises:
        ValueError: not a mask: logits or probabilities, a palette or alpha, negative ids, no pixels, unreadable.

    Examples:
        >>> read_mask(np.array([[[44, 1, 0], [232, 3, 0]]], np.uint8))
        array([[ 300, 1000]], dtype=uint16)
    """
    if isinstance(mask, (str, os.PathLike, bytes, bytearray, memoryview)):
        return _image_ids(open_png(mask, name), name)
    if isinstance(mask, Image.Image):
        return _image_ids(mask, name)
    return _array_ids(_as_array(mask, name), name)


def path_name(mask: MaskLike) -> str:
    """The path of a mask that was given as a path, else an empty string."""
    return os.fspath(mask) if isinstance(mask, (str, os.PathLike)) else ""


def cause(error: BaseException) -> str:
    """What a library says, for a message: one line of bounded length. Some quote kilobytes of a damaged file."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_CAUSE else f"{text[:_LONGEST_CAUSE]}..."


def open_png(source: str | os.PathLike[str] | bytes | bytearray | memoryview, name: str) -> Image.Image:
    """A PNG whose checksums are right and whose pixels have been read.

    Raises:
        ValueError: not there, empty, no PNG, damaged, or of a form that Pillow does not read in full.
    """
    try:
        if isinstance(source, (str, os.PathLike)):
            data = Path(os.path.expanduser(source)).read_bytes()
        else:
            data = bytes(source)
    except FileNotFoundError:
        raise ValueError(f"{name}: there is no such file.") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{name} cannot be read ({getattr(error, 'strerror', None) or error}).") from error
    try:
        # No other format is tried: some are lossy, and for an EPS Pillow would run Ghostscript.
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.verify()  # `load` does not compare checksums of pixel data: a flipped bit may give another id
        if data[24:26] == _RGB_OF_16_BITS:  # Pillow would keep the high bytes of R, G and B alone
            raise ValueError(f"{name} is an RGB PNG of 16 bits a channel: a mask has 8 (id = R + 256 * G).")
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.load()
    except UnidentifiedImageError:
        known = next((kind for start, kind in _OTHER_FORMATS.items() if data.startswith(start)), None)
        if known:
            raise ValueError(f"{name} is {known}: a mask is a PNG, which keeps every id; write it as one.") from None
        problem = f"its {len(data):,} bytes are no image" if data else "it is empty"
        raise ValueError(f"{name} is not a readable PNG ({problem}); fetch or write it again.") from None
    except _PILLOW_ERRORS as error:
        raise ValueError(f"{name} is not a readable PNG ({cause(error)}); fetch or write it again.") from error
    return image


def _image_ids(image: Image.Image, name: str) -> NDArray[np.uint16]:
    if not (image.width and image.height):
        raise ValueError(f"{name} has no pixels ({image.height} x {image.width}).")
    if image.format not in (None, "PNG"):
        # Opened from a file and perhaps not read yet. None: it was made or changed in memory.
        raise ValueError(f"{name} is an image of the format {image.format}: a mask is a PNG, which keeps every id.")
    if image.mode == "RGB":
        # Pillow stores RGB in four bytes a pixel: the first two are the id, low byte first.
        pixels = np.frombuffer(image.tobytes("raw", "RGBX"), "<u2").reshape(image.height, image.width, 2)
        return np.ascontiguousarray(pixels[..., 0], dtype=np.uint16)
    if image.mode in ("L", "I") or image.mode.startswith("I;16"):
        return _array_ids(np.asarray(image), name)
    if image.mode == "F":
        raise ValueError(f"{name} is an image of floating point numbers: {ARGMAX_HINT}.")
    kind = OTHER_MODES.get(image.mode, f"mode {image.mode}")
    raise ValueError(
        f"{name} is an image with {kind}: a mask is RGB (id = R + 256 * G) or grey (the ids, 8 or 16 bits); "
        "was it saved by a program that converts colours?"
    )


def refuse_masked_array(values: Any, name: str, fill: str) -> None:
    """Raise a ValueError for a NumPy array some of whose values are masked: they would be read as if they were not.

    Args:
        values: anything.
        name: what to call it in an error.
        fill: an expression for what can stand in their place, for the message.
    """
    if np.ma.is_masked(values):
        raise ValueError(
            f"{name} is a masked array, {np.ma.count_masked(values):,} of {values.size:,} values masked: they would be "
            f"read as if they were not. Give a plain array, {fill}."
        )


def _as_array(mask: Any, name: str) -> NDArray[Any]:
    refuse_masked_array(mask, name, "for ignored pixels mask.filled(1000)")
    # torch is not imported for this: a tensor is what can be detached and moved to the CPU.
    if hasattr(mask, "detach") and hasattr(mask, "cpu"):
        if mask.is_floating_point():
            raise ValueError(f"{name} is a tensor of {mask.dtype}, shape {tuple(mask.shape)}: {ARGMAX_HINT}.")
        mask = mask.detach().cpu().numpy()
    try:
        return np.asarray(mask)
    except ValueError as error:
        raise ValueError(f"{name} is not a mask ({error}): {ARGMAX_HINT}.") from None


def _array_ids(array: NDArray[Any], name: str) -> NDArray[np.uint16]:
    if array.ndim == 3 and array.shape[2] == 3 and array.dtype == np.uint8:
        # Widened before the shift: `G * 256` on uint8 overflows under NumPy 2.
        array = array[..., 0] | (array[..., 1].astype(np.uint16) << np.uint16(8))
    shape = " x ".join(map(str, array.shape)) or "a single number"
    if array.dtype == object or array.dtype.kind in "USOV":
        raise ValueError(f"{name} is no array of numbers ({array.dtype}): {ARGMAX_HINT}.")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} holds {array.dtype} ({shape}): {ARGMAX_HINT}.")
    if array.ndim != 2:
        raise ValueError(
            f"{name} has the shape {shape}: {ARGMAX_HINT}, and give masks one by one (official RGB is H x W x 3 uint8)."
        )
    if not array.size:
        raise ValueError(f"{name} has no pixels ({shape}).")
    if array.dtype != np.uint16:
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > 65535:
            raise ValueError(
                f"{name} holds ids {low}..{high}: ids are 0..65535, 0 is `other`; a negative id often comes from an "
                "ignore label of -1 or -100: write it as the ignored id, by default 1000."
            )
    return np.ascontiguousarray(array, dtype=np.uint16)
