"""What a person writes as split, policy or image id, to the one name that everything else uses.

Used by the Python API and the commands alike, so that a spelling that one accepts is accepted by all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from ..core.errors import ImageNetSError
from . import SPELLINGS, SPLITS, split_names

OnMissing = Literal["error", "skip"]
ON_MISSING: tuple[OnMissing, ...] = ("error", "skip")
ImageNetPart = Literal["train", "validation"]
# ASCII: other scripts have digits too, and letters that equal ours in another case.
_FLAGS = re.IGNORECASE | re.ASCII
_ENDING = r"(?:\.(?:jpe?g|png))"
_IMAGE_ENDING = re.compile(rf"{_ENDING}$", _FLAGS)
_NAMES: dict[ImageNetPart, tuple[re.Pattern[str], str]] = {
    "train": (re.compile(rf"n(\d{{8}}_\d+)(?:_n\d{{8}})?{_ENDING}?", _FLAGS), "n"),
    "validation": (re.compile(rf"ILSVRC2012_val_(\d{{8}})(?:_n\d{{8}})?{_ENDING}?", _FLAGS), "ILSVRC2012_val_"),
}
_SPELLED = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, SPELLINGS))})(?![\w-])")


def split_text(split: object) -> str:
    """What names splits, in the spelling of `datasets`: `"val[:10%]+train-semi"` -> `"validation[:10%]+train_semi"`.

    Args:
        split: text, a `datasets.Split`, or a `datasets.ReadInstruction`.
    """
    text = split.to_spec() if hasattr(split, "to_spec") else str(split)
    return _SPELLED.sub(lambda match: SPELLINGS[match[0]], text)


def split_name(split: object, config: str | None = None) -> str:
    """The name of one split, official spellings included: `"train-semi"` -> `"train_semi"`.

    Args:
        split: text or a `datasets.Split`.
        config: also require that this configuration has it.

    Raises:
        ImageNetSError: there is no such split.
    """
    name = split_text(split).strip()
    known = SPLITS if config is None else split_names(config)
    if name not in known:
        whose = "ImageNet-S" if config is None else f"ImageNet-S-{config}"
        raise ImageNetSError(f"{whose} has no split {str(split)!r}; it has {', '.join(known)}.")
    return name


def split_list(splits: object, config: str | None = None) -> tuple[str, ...]:
    """Some splits, each once, in the order given; a single name counts as a list of one.

    Raises:
        ImageNetSError: one that does not exist, or none at all.
    """
    given = splits if isinstance(splits, Iterable) and not isinstance(splits, str) else (splits,)
    names = tuple(dict.fromkeys(split_name(split, config) for split in given))
    if not names:
        raise ImageNetSError("no splits were named.")
    return names


def on_missing_policy(on_missing: object) -> OnMissing:
    """What an incomplete ImageNet gets: `"error"` or `"skip"`.

    Raises:
        ImageNetSError: anything else.
    """
    for known in ON_MISSING:
        if on_missing == known:
            return known
    raise ImageNetSError(f'on_missing={on_missing!r}: "error" and "skip" are known.')


def image_id_of(name: str, part: ImageNetPart) -> str | None:
    """The image id in the basename of a file, member or key; None where it names no image of that part of ImageNet.

    Training images are `<wnid>_<number>`, validation images `ILSVRC2012_val_<8 digits>`. The Hub's copies append the
    label's wnid (`ILSVRC2012_val_00000293_n01440764.JPEG`), WebDataset keys lack the ending. Upper and lower case count
    as the same, since some disks and tools change it; the id is always the official one.

    Examples:
        >>> image_id_of("n01440764_10026_n01440764.JPEG", "train")
        'n01440764_10026'
        >>> image_id_of("ilsvrc2012_VAL_00000293.jpg", "validation")
        'ILSVRC2012_val_00000293'
        >>> image_id_of("293.JPEG", "validation") is None
        True
    """
    pattern, start = _NAMES[part]
    match = pattern.fullmatch(name)
    return f"{start}{match[1]}" if match else None


def official_id(name: str) -> str:
    """The image that a mask, a map or a line of a list is named after; no official name loses just an image's ending.

    Examples:
        >>> official_id("ILSVRC2012_VAL_00000293.jpg"), official_id("n01440764_10026_n01440764"), official_id("a.b.jpg")
        ('ILSVRC2012_val_00000293', 'n01440764_10026', 'a.b')
    """
    return image_id_of(name, "validation") or image_id_of(name, "train") or _IMAGE_ENDING.sub("", name)
