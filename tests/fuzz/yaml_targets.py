"""Readers of YAML that people write into, and of what commands leave beside their results."""

import functools
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import samples
from judge import Target
from mutations import json_values, yaml_values

from imagenet_s.conversion.converted.dataset_index import parse_index
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.export import Coco, export_masks
from imagenet_s.conversion.hub.eval_results import merged_file
from imagenet_s.conversion.shards.dataset_card import MARK, has_additions, make_card, merge_cards
from imagenet_s.metrics.distance_matching.embeddings_file import read_embeddings

_RESULTS = b"- dataset:\n    id: c/d\n    task_id: t\n  value: 1.0\n"
_RESULTS += b'- dataset: {id: e/f, task_id: u}\n  value: 2\n  notes: "n"\n  date: 2026-11-25\n'


@functools.cache
def _card() -> bytes:
    """A card with little metadata: reading it takes most of the time."""
    made = make_card(parse_index(samples.index()["index"], "index.json"))
    head = "---\npretty_name: ImageNet-S\ntags:\n- imagenet-s\nlicense: other\n---\n\n# ImageNet-S\n\n"
    return (head + made[made.index(MARK) :]).encode()


def _cards() -> dict[str, bytes]:
    added = _card().replace(b"\n---\n", b"\nmine: [1, {a: b}]\nmade: 2026-11-25\n---\nMy notes.\n", 1)
    return {"as it was written": _card(), "added to": added}


def _merged_card(data: bytes, folder: Path) -> Any:
    merged = merge_cards(data, _card(), "README.md")
    assert merge_cards(merged, _card(), "README.md") == merged, "once merged, it stays"
    has_additions(data, _card())


def _merged_results(data: bytes, folder: Path) -> Any:
    entry = {"dataset": {"id": "c/d", "task_id": "t"}, "value": 1.0}
    merged_file(data, [entry], "r.yaml")


def _export_record(data: bytes, folder: Path) -> Any:
    """A damaged record is none: the folder is somebody's own, and refused before anything is read."""
    (folder / "out" / "validation").mkdir(parents=True, exist_ok=True)
    (folder / "out" / "validation" / "export.json").write_bytes(data)
    (folder / "nothing").mkdir(exist_ok=True)
    try:
        export_masks(folder / "nothing", folder / "out", Coco("50"), verify=False)
    except ImageNetSError as error:
        if str(folder / "nothing") not in str(error):  # the record was taken for one of ours
            raise


def _bank() -> dict[str, bytes]:
    file = io.BytesIO()
    made_with = np.array(json.dumps({"k": 10, "config": "50"}))
    np.savez(file, embeddings=np.ones((5, 3), np.float32), ids=np.arange(5), made_with=made_with)
    return {"bank": file.getvalue()}


def _embeddings(data: bytes, folder: Path) -> Any:
    (folder / "e.npz").write_bytes(data)
    settings, embeddings, ids = read_embeddings(str(folder / "e.npz"))
    return repr((settings, embeddings.tolist(), ids.tolist()))


YAML_TARGETS = (
    Target("card", _cards, _merged_card, yaml_values, says="README.md"),
    Target("eval-results", lambda: {"sound": _RESULTS}, _merged_results, yaml_values, says="r.yaml"),
    Target("export-record", lambda: {"sound": b'{"format": "coco", "config": "50"}'}, _export_record, json_values),
    Target("embeddings", _bank, _embeddings, same=str.__eq__, says="e.npz"),
)
