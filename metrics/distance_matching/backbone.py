"""Backbones: models that turn images into feature maps."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_MOST_PREFIX_TOKENS = 16
"""The most tokens (a class token and registers) that may come before those of the image."""


@dataclass(frozen=True)
class Backbone:
    """A model with its requirements.

    Attributes:
        features: B x 3 x H x W floats, normalised with the mean and deviation of ImageNet, -> B x D x h x w floats.
        multiple: H and W must be multiples of it.
        identity: its name and, if it has weights, a digest of them.
    """

    features: Callable[[Any], Any]
    multiple: int
    identity: str


def open_backbone(spec: str, device: Any, multiple: int | None = None) -> Backbone:
    """Load a model.

    Args:
        spec: a folder that `transformers.AutoModel` loads (or a name on the Hub), or `module:name` of a Python callable
            from B x 3 x H x W to B x D x h x w; the current folder is searched, too.
        device: the device it runs on.
        multiple: image sides are rounded to multiples of this; by default the patch size of a transformer, 1
            for anything else.

    Raises:
        ValueError: no such model, or one that gives no feature map.
    """
    if ":" in spec and not os.path.exists(spec):
        model = _import(spec)
        if hasattr(model, "eval") and hasattr(model, "to"):
            model = model.to(device).eval()
        return Backbone(lambda batch: _checked(model(batch), spec), multiple or 1, f"{spec} {_digest(model)}".strip())
    try:
        from transformers import AutoModel
    except ImportError as error:
        raise ValueError(
            f"{spec} is loaded with transformers, which is not installed (pip install transformers); "
            "module:name takes any Python callable."
        ) from error
    model = AutoModel.from_pretrained(spec).to(device).eval()
    patch = _patch_size(model.config)
    # Models that were trained at one size interpolate their position encodings on request.
    interpolates = "interpolate_pos_encoding" in inspect.signature(model.forward).parameters
    options = {"interpolate_pos_encoding": True} if interpolates else {}

    def features(batch: Any) -> Any:
        hidden = model(pixel_values=batch, **options).last_hidden_state
        return _checked(to_map(hidden, batch.shape[-2], batch.shape[-1], patch), spec)

    return Backbone(features, multiple or patch or 1, f"{type(model).__name__} {_digest(model)}")


def to_map(hidden: Any, height: int, width: int, patch: int | None) -> Any:
    """The last hidden state of a `transformers` model as a feature map.

    Args:
        hidden: B x D x h x w already, or B x tokens x D with the image's tokens last, row by row.
        height: of the image, in pixels.
        width: of the image, in pixels.
        patch: the side of a token in the image, in pixels; in the last state of hierarchical models (Swin) it is 2, 4
            or 8 times as large.

    Returns:
        B x D x h x w.

    Raises:
        ValueError: tokens that are no grid.
    """
    if hidden.ndim == 4:
        return hidden
    if hidden.ndim == 3 and patch:
        for side in (patch, 2 * patch, 4 * patch, 8 * patch):
            rows, columns = height // side, width // side
            prefix = hidden.shape[1] - rows * columns
            if 0 <= prefix <= _MOST_PREFIX_TOKENS and rows * columns:
                grid = hidden[:, prefix:].swapaxes(1, 2)
                return grid.reshape(hidden.shape[0], hidden.shape[2], rows, columns)
    raise ValueError(
        f"the backbone gives {tuple(hidden.shape)} for images of {height} x {width}: expected B x D x h x w, or a "
        "token a patch; wrap it in a Python function and give that as module:name."
    )


def _import(spec: str) -> Any:
    module_name, _, name = spec.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        imported = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ValueError(f"backbone {spec}: there is no module {error.name} here, and no such folder.") from error
    if not callable(getattr(imported, name, None)):
        raise ValueError(f"backbone {spec}: {module_name} has no callable {name!r}.")
    return getattr(imported, name)


def _checked(features: Any, spec: str) -> Any:
    if getattr(features, "ndim", 0) != 4:
        got = tuple(features.shape) if hasattr(features, "shape") else type(features).__name__
        raise ValueError(f"backbone {spec} gives {got}: expected a tensor B x D x h x w.")
    return features.float()


def _patch_size(config: Any) -> int | None:
    patch = getattr(config, "patch_size", None)
    patch = patch[0] if isinstance(patch, (list, tuple)) else patch
    return patch if isinstance(patch, int) else None


def _digest(model: Any) -> str:
    """SHA-256 of the weights, 16 hex digits; empty for a plain function."""
    if not hasattr(model, "state_dict"):
        return ""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().float().numpy().tobytes())
    return digest.hexdigest()[:16]
