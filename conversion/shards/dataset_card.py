"""README.md of the result: the YAML that `datasets` and the Hub read, and a text for people."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Any

import datasets
import yaml  # type: ignore[import-untyped]
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCardData

from ..converted.columns import features
from ..converted.dataset_index import ConfigIndex, Index
from ..core.errors import ImageNetSError, cause
from ..core.shuffling import ORDER_SEED
from ..facts import split_names
from .writers import data_files

TEMPLATE = Path(__file__).resolve().parents[2] / "dataset_card.md"
"""Beside `conversion/`, in a checkout as in an installed copy."""
MARK = "<!-- written by `imagenet-s convert`"
"""How a generated card is recognised, and where the part begins that the next run writes anew."""
_END = "<!-- end of what `imagenet-s convert` wrote -->"
_METADATA = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_OWN_KEYS = ("configs", "dataset_info", "size_categories", "extra_gated_prompt")
"""Metadata that follows from the content; anything else a person may change."""

_TERMS = "https://www.image-net.org/download.php"
_GATE = (
    "The images are ImageNet's. By asking for access you confirm that you have agreed to ImageNet's terms of access "
    f"({_TERMS}): you use the images for non-commercial research and education only, and do not pass them on."
)
_COLUMNS = {
    "image_id": ("string", "ImageNet's name of the image: `n01440764_10026`, `ILSVRC2012_val_00000293`"),
    "image": ("Image, RGB", "the photograph, as stored"),
    "annotation": (
        "Image, 16-bit grey (uint16)",
        "class ids, as large as the image; null in `train`, `train_full`, `test`",
    ),
    "category": ("ClassLabel", "the class of the image; the integer is the class id, 0 stands for no class"),
    "wnid": ("string", "the class folder of the official ImageNet-S tree"),
    "imagenet_label": (
        "int32",
        "ImageNet's own label of the image, 0 to 999 in the order of sorted wnids; for one image in eight it names "
        "another class than `category`",
    ),
}
_EXAMPLE = "me/imagenet-s"
"""The repository in the examples of a card."""
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))


def make_card(index: Index) -> str:
    """The text of README.md for what the repository holds."""
    default = default_config(index)
    converted = index.configs[default]
    split = "validation" if "validation" in converted.splits else next(iter(converted.splits))
    columns = '["image_id", "annotation"]'
    # The reader of Arrow files takes no columns.
    masks = f'load_dataset("{_EXAMPLE}", "{default}", split="{split}", columns={columns})'
    body = string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        place=_EXAMPLE,
        config=default,
        split=split,
        masks=masks if converted.form == "parquet" else f"validation.select_columns({columns})",
        default=default,
        contents=_contents(index),
        pixels=_pixels(index),
        columns=_columns(index),
        upright=_upright(index),
        order_seed=ORDER_SEED,
    )
    return f"---\n{_metadata(index)}\n---\n\n{body}"


def merge_cards(existing: bytes, fresh: bytes, name: str) -> bytes:
    """A generated card that a person may have added to, with the generated part of a fresh one.

    Text before and after the marks stays, and so does all metadata but that which follows from the content.

    Args:
        existing: the card as it is.
        fresh: the card as `make_card` writes it.
        name: what to call the first in an error.

    Raises:
        ImageNetSError: the metadata of the card can't be read.
    """
    theirs, before, after = _parts(existing.decode("utf-8", errors="replace"), name)
    ours, heading, ending = _parts(fresh.decode(), name)
    text = fresh.decode()
    generated = text[text.index(MARK) : text.index(_END) + len(_END)]
    # A value that is null is none to the Hub's client, which leaves it out.
    additions = {key: value for key, value in theirs.items() if key not in _OWN_KEYS and value is not None}
    metadata = {**ours, **additions}
    if metadata == ours:
        head = text[: text.index(MARK)].removesuffix(heading)
    else:
        head = f"---\n{DatasetCardData(**metadata).to_yaml(line_break=chr(10)).strip()}\n---\n"
    return f"{head}{before or heading}{generated}{after or ending}".encode()


def has_additions(card: bytes, fresh: bytes) -> bool:
    """Whether somebody wrote something into a generated card besides what `make_card` writes."""
    theirs, ours = (_parts(text.decode("utf-8", errors="replace"), "README.md") for text in (card, fresh))
    same = {key: value for key, value in theirs[0].items() if key not in _OWN_KEYS}
    return theirs[1:] != ours[1:] or any(ours[0].get(key) != value for key, value in same.items())


def _parts(card: str, name: str) -> tuple[dict[str, Any], str, str]:
    """The metadata of a card, and the text before and after the generated part."""
    header = _METADATA.match(card)
    try:
        metadata = yaml.safe_load(header[1]) if header else {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that is none
        problem = cause(error)
        raise ImageNetSError(f"the metadata of {name} can't be read ({problem}): correct it, or remove it.") from error
    before, _, rest = card[header.end() if header else 0 :].partition(MARK)
    _, _, after = rest.partition(_END)
    return metadata if isinstance(metadata, dict) else {}, before, after


def default_config(index: Index) -> str:
    """The configuration that is loaded where none is named: the largest."""
    return list(index.configs)[-1]


def config_info(config: str, converted: ConfigIndex) -> datasets.DatasetInfo:
    """What `datasets` wants to know of a configuration."""
    splits = datasets.SplitDict()
    for name, split in converted.splits.items():
        splits.add(datasets.SplitInfo(name, num_bytes=split.num_bytes, num_examples=split.rows))
    return datasets.DatasetInfo(
        features=features(config, converted.images),
        splits=splits,
        download_size=sum(split.bytes for split in converted.splits.values()),
        dataset_size=sum(split.num_bytes for split in converted.splits.values()),
    )


def _metadata(index: Index) -> str:
    images: dict[str, Any] = {"extra_gated_prompt": _GATE} if index.has_images else {}
    data = DatasetCardData(
        pretty_name="ImageNet-S",
        license="other",
        license_name="imagenet-terms-of-access",
        license_link=_TERMS,
        task_categories=["image-segmentation"],
        task_ids=["semantic-segmentation"],
        size_categories=[
            _size(sum(split.rows for converted in index.configs.values() for split in converted.splits.values()))
        ],
        annotations_creators=["expert-generated"],
        source_datasets=["extended|imagenet-1k"],
        tags=["imagenet-s", "semantic-segmentation", "unsupervised-semantic-segmentation", "imagenet"],
        **images,
    )
    default = default_config(index)
    MetadataConfigs(
        {config: _files(config, converted, config == default) for config, converted in index.configs.items()}
    ).to_dataset_card_data(data)
    infos = {config: config_info(config, converted) for config, converted in index.configs.items()}
    datasets.info.DatasetInfosDict(infos).to_dataset_card_data(data)
    return data.to_yaml(line_break="\n").strip()


def _files(config: str, converted: ConfigIndex, default: bool) -> dict[str, Any]:
    files = [
        {"split": split, "path": data_files(converted.form, config, split, len(shards.shards))}
        for split, shards in converted.splits.items()
    ]
    return {"data_files": files, **({"default": True} if default else {})}


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")


def _contents(index: Index) -> str:
    lines = ["| configuration | split | images | files | bytes |", "|---|---|---:|---:|---:|"]
    for config, converted in index.configs.items():
        for name, split in converted.splits.items():
            lines.append(f'| `"{config}"` | `{name}` | {split.rows:,} | {len(split.shards):,} | {split.bytes:,} |')
    missing = [
        f"`{split}` of {config}"
        for config, converted in index.configs.items()
        for split in split_names(config)
        if split not in converted.splits
    ]
    if missing:
        lines += ["", f"Not converted here: {', '.join(missing)}."]
    return "\n".join(lines)


def _pixels(index: Index) -> str:
    if index.has_images:
        return (
            "It holds images of ImageNet, whose terms allow no redistribution: keep it private unless you have the "
            "right to pass them on."
        )
    return (
        "It holds no images: ids, classes and masks only. Whoever has ImageNet puts the two together with "
        '`load_dataset("imagenet_s", ..., data_dir="/data/imagenet", annotations_dir="FOLDER_OF_THIS")` '
        "(`pip install imagenet-s`)."
    )


def _upright(index: Index) -> str:
    """A sentence about the masks that are upright; "" without any."""
    counts = [
        f"{split.upright:,} of `{name}` of {config}"
        for config, converted in index.configs.items()
        for name, split in converted.splits.items()
        if split.upright
    ]
    if not counts:
        return ""
    return (
        f" Except for these rows: {', '.join(counts)}. Their masks fit the image only after this rotation, so the value"
        " stays, and whatever applies it, as `datasets` does, shows both upright."
    )


def _columns(index: Index) -> str:
    return "\n".join(
        f"| `{name}` | {kind} | {meaning} |"
        for name, (kind, meaning) in _COLUMNS.items()
        if name != "image" or index.has_images
    )
