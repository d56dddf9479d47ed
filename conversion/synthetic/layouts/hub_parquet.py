"""ImageNet as the Hub's gated imagenet-1k has it now: Parquet shards in `data/`; also in the cache of its client."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ...facts import categories
from ..catalog import IMAGENET_WNIDS
from ..image_files import image_bytes
from .tars import hub_name, label, shuffled

_SHARDS = (("train", "train", 3), ("validation", "val", 2), ("test", "test", 1))
_ROW_GROUP = 7  # small, so that readers meet several row groups


def write_parquet(root: Path) -> Path:
    """`data/{train,validation,test}-XXXXX-of-XXXXX.parquet` with the columns `image` and `label`."""
    folder = root / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for split, part, shards in _SHARDS:
        images = shuffled(part)
        for shard in range(shards):
            chosen = images[shard * len(images) // shards : (shard + 1) * len(images) // shards]
            rows = [{"bytes": image_bytes(image.image_id), "path": hub_name(image)} for image in chosen]
            table = pa.table({"image": rows, "label": [label(image) for image in chosen]}, schema=_schema())
            path = folder / f"{split}-{shard:05d}-of-{shards:05d}.parquet"
            pq.write_table(table, path, row_group_size=_ROW_GROUP)
    return root


def write_hub_cache(root: Path) -> Path:
    """The cache of `hf download`: files named by their digest, and a snapshot of links to them."""
    repository = root / "datasets--ILSVRC--imagenet-1k"
    revision = hashlib.sha1(b"the revision").hexdigest()
    snapshot = write_parquet(repository / "snapshots" / revision)
    (repository / "blobs").mkdir(exist_ok=True)
    for path in sorted(snapshot.rglob("*.parquet")):
        blob = repository / "blobs" / hashlib.sha256(path.read_bytes()).hexdigest()
        path.replace(blob)
        path.symlink_to(os.path.relpath(blob, path.parent))
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(revision)
    return repository


def _schema() -> pa.Schema:
    """The columns with the features that `datasets` keeps in the schema's metadata."""
    names = [_name(wnid) for wnid in IMAGENET_WNIDS]
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([("image", image), ("label", pa.int64())], metadata=metadata)


def _name(wnid: str) -> str:
    """The name of a class for the feature; for a folder that is no class of ImageNet-S, the wnid."""
    return next((row.name for row in categories("919") if row.wnid == wnid), wnid)
