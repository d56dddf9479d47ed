"""The masks of the miniature's 50 in every kind of place that may hold them: place -> what a command is given."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imagenet_s.conversion.facts import OFFICIAL
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import write_annotations

MASKS = "validation-segmentation"


@dataclass(frozen=True)
class Place:
    """A place, and what else has to be said of it.

    Attributes:
        path: what a person names.
        annotations: where its masks are, of an ImageNet.
        by_variable: whether that is said by the environment variable.
        images: whether it holds images, which `show` draws.
    """

    path: Path
    annotations: Path | None = None
    by_variable: bool = False
    images: bool = False


def write_places(root: Path, miniature: Callable[[str], Path], annotations: Path) -> dict[str, Place]:
    """Every kind of place, each by the name that tests call it."""
    tree = write_annotations(root / "extracted", "extracted") / "ImageNetS50"
    shutil.copytree(tree / MASKS, root / "plain")
    flat = root / "flat"
    flat.mkdir()
    for path in (tree / MASKS).glob("*/*.png"):
        shutil.copy(path, flat / path.name)
    with zipfile.ZipFile(root / "mine.zip", "w") as archive:
        for path in sorted((root / "plain").glob("*/*.png")):
            archive.write(path, path.relative_to(root))
    official = OFFICIAL.archives["50"].file
    (root / "archive").mkdir()
    shutil.copy(annotations / official, root / "archive")
    imagenet = miniature("folders")
    places = {
        "plain": Place(root / "plain"),
        "flat": Place(flat),
        "zip": Place(root / "mine.zip"),
        "archive": Place(root / "archive" / official),
        "archives": Place(annotations),
        "extracted": Place(root / "extracted"),
        "tree of masks": Place(tree),
        "folder of masks": Place(tree / MASKS),
        "above the tree": Place(miniature("tree-50"), images=True),
        "tree": Place(miniature("tree-50") / "ImageNetS50", images=True),
        "imagenet": Place(imagenet, annotations, images=True),
        "imagenet, variable": Place(imagenet, annotations, by_variable=True, images=True),
        "imagenet in tars": Place(miniature("tars"), root / "plain", images=True),
        "imagenet in Parquet": Place(miniature("parquet"), root / "mine.zip", images=True),
    }
    for form, suffix in (("parquet", "*.parquet"), ("arrow", "*/*.arrow")):
        for images in (True, False):
            out = root / (form if images else f"{form} without images")
            options = Options(splits=("train_semi", "validation"), verify=False, form=form, images=images)  # type: ignore[arg-type]
            convert(imagenet, out, "50", annotations, options)
            places[out.name] = Place(out, images=images)
        out = root / form
        places[f"{form}, configuration"] = Place(out / "50", images=True)
        places[f"{form}, shard"] = Place(next(path for path in (out / "50").glob(suffix) if "validation" in str(path)))
    places["arrow, split"] = Place(root / "arrow" / "50" / "validation")
    hub = root / "datasets--me--imagenet-s"
    snapshot = hub / "snapshots" / ("0" * 40)
    (hub / "blobs").mkdir(parents=True)
    (hub / "refs").mkdir()
    (hub / "refs" / "main").write_text("0" * 40)
    for number, file in enumerate(sorted(path for path in (root / "parquet").rglob("*") if path.is_file())):
        if ".imagenet-s" in file.parts:
            continue
        link = snapshot / file.relative_to(root / "parquet")
        link.parent.mkdir(parents=True, exist_ok=True)
        blob = hub / "blobs" / f"{number:040x}"
        shutil.copy(file, blob)
        link.symlink_to(blob)
    shard = next((snapshot / "50").glob("validation-*.parquet"))
    return {
        **places,
        "Hub's cache": Place(hub, images=True),
        "snapshot": Place(snapshot, images=True),
        "shard of a snapshot": Place(shard),
    }
