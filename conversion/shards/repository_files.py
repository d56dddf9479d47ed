"""What lies around the shards: README.md, id2label.json, and for Arrow what `load_from_disk` looks for."""

from __future__ import annotations

import hashlib
import json

from imagenet_s.conversion.facts import categories
from imagenet_s.conversion.shards.dataset_card import config_info, default_config, make_card
from imagenet_s.conversion.shards.index import ConfigIndex, Index, SplitIndex
from imagenet_s.conversion.shards.storage import Place, write_whole

CARD, LABELS = "README.md", "id2label.json"


def write_surroundings(place: Place, index: Index) -> None:
    """Write everything but the shards and the index, from the index alone."""
    for config, one in index.configs.items():
        write_whole(place, f"{config}/{LABELS}", _labels(config))
        if one.form == "arrow":
            _write_arrow_files(place, config, one)
    # `run_semantic_segmentation.py` reads it from the root, where only one configuration can have it.
    write_whole(place, LABELS, _labels(default_config(index)))
    write_whole(place, CARD, make_card(index).encode())


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
    return [*names, LABELS, CARD, "index.json"]


def _labels(config: str) -> bytes:
    labels = {str(number): name for number, name in categories(config).id2label.items()}
    return (json.dumps(labels, indent=1, ensure_ascii=False) + "\n").encode()


def _write_arrow_files(place: Place, config: str, one: ConfigIndex) -> None:
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
        write_whole(place, f"{config}/{name}/state.json", _json(_state(name, split)))
        write_whole(place, f"{config}/{name}/dataset_info.json", _json(about))
    write_whole(place, f"{config}/dataset_dict.json", _json({"splits": list(one.splits)}))


def _state(split: str, shards: SplitIndex) -> dict[str, object]:
    """What `Dataset.save_to_disk` keeps of a data set besides its rows."""
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
