"""Every command that writes, with what it needs, for the tests that interrupt them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.synthetic import images_of, mask_ids
from imagenet_s.metrics import MatchedIoU

PREPARE_NAMES = "prepare links", "prepare copies", "prepare from tars"
NAMES = (
    "convert",
    "convert arrow",
    *PREPARE_NAMES,
    "submit",
    "evaluate",
    "match",
    "evaluate-maps",
    "compare",
    "results",
    "show",
    "export coco",
    "export yolo",
    "export composites",
    "demo",
)
_ANNOTATED = ("validation", "train_semi")
_BACKBONE = """
from torch.nn.functional import avg_pool2d


def colours(batch):
    return avg_pool2d(batch, 4)
"""


@dataclass(frozen=True)
class Inputs:
    """What the commands read: two layouts of the miniature, its annotations, masks and maps of validation, counts."""

    folders: str
    tars: str
    annotations: str
    masks: str
    maps: str
    counts: str
    modules: str


def made_inputs(root: Path, folders: Path, tars: Path, annotations: Path) -> Inputs:
    """Write what has to be made below a folder."""
    maps, modules, metric = root / "maps", root / "modules", MatchedIoU(919)
    maps.mkdir()
    modules.mkdir()
    (modules / "backbone.py").write_text(_BACKBONE)
    with PredictionWriter(root / "masks", "919") as writer:
        for image in images_of("919", "validation"):
            ids = mask_ids(image, "919")
            predicted = np.where(ids == 1000, 0, ids)
            writer.write(image.image_id, predicted, image.class_wnid)
            np.save(maps / f"{image.image_id}.npy", predicted > 0)
            metric.update(predicted, predicted, image.image_id)
    metric.save(root / "counts.npz")
    places = (folders, tars, annotations, root / "masks", maps, root / "counts.npz", modules)
    return Inputs(*map(str, places))


def command(name: str, inputs: Inputs, out: Path) -> list[str]:
    """The arguments of a command that writes into `out`."""
    folders, tars, annotations, masks, counts = (
        *(inputs.folders, inputs.tars, inputs.annotations, inputs.masks, inputs.counts),
    )
    data = ["--config", "919", "--annotations-dir", annotations, "--no-verify"]
    count = ["--gt-dir", masks, "--config", "919", "--workers", "2"]
    everything = [f"--report={out}/r.html", f"--json={out}/r.json", f"--save-counts={out}/c.npz"]
    small = ["--max-shard-size", "8KB"]
    return {
        "convert": ["convert", folders, f"{out}/o", *data, *small, "--workers", "2"],
        "convert arrow": ["convert", tars, f"{out}/o", *data, *small, "--format", "arrow"],
        "prepare links": ["prepare", folders, f"{out}/o", *data],
        "prepare copies": ["prepare", folders, f"{out}/o", *data, "--copy"],
        "prepare from tars": ["prepare", tars, f"{out}/o", *data],
        "submit": ["submit", masks, f"{out}/o.zip", *data, "--split", "validation", "--protocol", "free"],
        "evaluate": ["evaluate", "--predict-dir", masks, *count, *everything],
        "match": ["match", "--predict-dir", masks, *count, "--session-name", f"{out}/match", everything[-1]],
        "evaluate-maps": ["evaluate-maps", "--maps-dir", inputs.maps, *count, *everything],
        "compare": ["compare", counts, counts, *everything[:-1]],
        "results": ["results", counts, "--model", "me/model", "--dataset", "me/imagenet-s", "--protocol", "free",
                    "--i-followed-the-rules", "--any-images", "--date", "2026-11-25", "--output", f"{out}/o.yaml"],
        "show": ["show", folders, "--output", f"{out}/o", *data, "--per-sheet", "4"],
        "export coco": ["export", annotations, f"{out}/o", *data, "--format", "coco", "--split", *_ANNOTATED],
        "export yolo": ["export", folders, f"{out}/o", *data, "--format", "yolo", "--split", *_ANNOTATED],
        "export composites": ["export", folders, f"{out}/o", *data, "--format", "composites", "--workers", "2",
                              "--kinds", "object", "background"],
        "demo": ["demo", "--output", f"{out}/o"],
        "distance-match": ["distance-match", folders, f"{out}/o", *data, "--backbone", "backbone:colours",
                           "--size", "32"],
    }[name]  # fmt: skip
