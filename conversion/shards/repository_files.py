"""The files around the shards: README.md, id2label.json, index.json, and for Arrow what `load_from_disk` reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from ..converted.dataset_index import INDEX, ConfigIndex, Index, SplitIndex, index_bytes, parse_index
from ..facts import categories
from .dataset_card import config_info, default_config, make_card
from .storage import Storage

CARD, LABELS = "README.md", "id2label.json"


def repository_files(index: Index) -> dict[str, bytes]:
    """Everything but the shards and the index, name -> content, from the index alone."""
    if not index.configs:
        return {}
    files = {}
    for config, converted in index.configs.items():
        files[f"{config}/{LABELS}"] = labels(config)
        if converted.form == "arrow":
            files.update(_arrow_files(config, converted))
    # Programs that know no configurations read it from the root, where only one can have it.
    files[LABELS] = labels(default_config(index))
    files[CARD] = make_card(index).encode()
    return files


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
    return [*(shard.file for _, _, shard in index.shards()), *repository_files(index), INDEX]


def arrow_names(config: str, splits: Iterable[str]) -> list[str]:
    """The files that `load_from_disk` reads beside the shards."""
    split_files = [f"{config}/{split}/{file}" for split in splits for file in ("state.json", "dataset_info.json")]
    return [*split_files, f"{config}/dataset_dict.json"]


def labels(config: str) -> bytes:
    """The content of an `id2label.json`."""
    names = {str(number): name for number, name in categories(config).id2label.items()}
    return (json.dumps(names, indent=1, ensure_ascii=False) + "\n").encode()


def _arrow_files(config: str, converted: ConfigIndex) -> dict[str, bytes]:
    info = config_info(config, converted)
    about = {
        "features": info.features.to_dict(),
        "splits": {
            name: {"name": name, "num_bytes": split.num_bytes, "num_examples": split.rows}
            for name, split in converted.splits.items()
        },
        "download_size": info.download_size,
        "dataset_size": info.dataset_size,
    }
    contents = [part for name, split in converted.splits.items() for part in (_state(name, split), about)]
    return {
        name: _json(content)
        for name, content in zip(arrow_names(config, converted.splits), [*contents, {"splits": list(converted.splits)}])
    }


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
