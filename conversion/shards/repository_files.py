"""The files around the shards: README.md, id2label.json, index.json, and for Arrow those that `load_from_disk` reads.

Imports `dataset_index`, `facts`, `dataset_card`, `storage`.
"""

from __future__ import annotations

import hashlib
import json

from imagenet_s.conversion.dataset_index import INDEX, ConfigIndex, Index, SplitIndex, index_bytes, parse_index
from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.shards.dataset_card import config_info, default_config, make_card
from imagenet_s.conversion.shards.storage import Storage

CARD, LABELS = "README.md", "id2label.json"


def write_repository_files(storage: Storage, index: Index) -> None:
    """Write everything but the shards and the index, from the index alone."""
    for config, one in index.configs.items():
        storage.write(f"{config}/{LABELS}", _labels(config))
        if one.form == "arrow":
            _write_arrow_files(storage, config, one)
    # `run_semantic_segmentation.py` reads it from the root, where only one configuration can have it.
    storage.write(LABELS, _labels(default_config(index)))
    storage.write(CARD, make_card(index).encode())


def read_index(storage: Storage) -> Index | None:
    """The index of a result; None where there is none.

    Raises:
        ImageNetSError: it was written by a later version of this package, or is not ours.
    """
    data = storage.read(INDEX)
    return parse_index(data, f"{storage.url}/{INDEX}") if data is not None else None


def write_index(storage: Storage, index: Index) -> None:
    """Write `index.json`; last, so that every file it names exists."""
    storage.write(INDEX, index_bytes(index))


def file_names(index: Index) -> list[str]:
    """Everything that belongs to the repository, `index.json` last."""
    names = [shard.file for _, _, shard in index.shards()]
    for config, one in index.configs.items():
        names.append(f"{config}/{LABELS}")
        if one.form == "arrow":
            names.append(f"{config}/dataset_dict.json")
            names += [
                f"{config}/{split}/{file}" for split in one.splits for file in ("dataset_info.json", "state.json")
            ]
    return [*names, LABELS, CARD, INDEX]


def _labels(config: str) -> bytes:
    labels = {str(number): name for number, name in categories(config).id2label.items()}
    return (json.dumps(labels, indent=1, ensure_ascii=False) + "\n").encode()


def _write_arrow_files(storage: Storage, config: str, one: ConfigIndex) -> None:
    info = config_info(config, one)
    about = {
        "features": info.features.to_dict(),
        "splits": {
            name: {"name": name, "num_bytes": split.num_bytes, "num_examples": split.rows}
            for name, split in one.splits.items()
        },
        "download_size": info.download_size,
        "dataset_size": info.dataset_size,
    }
    for name, split in one.splits.items():
        storage.write(f"{config}/{name}/state.json", _json(_state(name, split)))
        storage.write(f"{config}/{name}/dataset_info.json", _json(about))
    storage.write(f"{config}/dataset_dict.json", _json({"splits": list(one.splits)}))


def _state(split: str, shards: SplitIndex) -> dict[str, object]:
    """What `Dataset.save_to_disk` stores beside the rows of a data set."""
    digest = hashlib.sha256("".join(shard.sha256 for shard in shards.shards).encode())
    return {
        "_data_files": [{"filename": shard.file.rpartition("/")[2]} for shard in shards.shards],
        "_fingerprint": digest.hexdigest()[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": split,
    }


def _json(data: object) -> bytes:
    return (json.dumps(data, indent=1, sort_keys=True) + "\n").encode()
