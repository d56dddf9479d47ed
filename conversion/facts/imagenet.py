"""ImageNet's own 1000 classes. A label is the index of a wnid in sorted order, as in torchvision and on the Hub."""

from __future__ import annotations

import functools

from .wordnet import synsets


@functools.cache
def imagenet_wnids() -> tuple[str, ...]:
    """The folders of ImageNet's classes, in the order of the labels 0..999."""
    return tuple(synsets())


@functools.cache
def _labels() -> dict[str, int]:
    return {wnid: label for label, wnid in enumerate(imagenet_wnids())}


def imagenet_label(wnid: str) -> int | None:
    """ImageNet's label of a folder, 0..999; None for one that ImageNet does not have.

    Examples:
        >>> imagenet_label("n01443537"), imagenet_label("n00000001")
        (1, None)
    """
    return _labels().get(wnid)
