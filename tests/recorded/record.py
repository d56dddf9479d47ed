"""Record the digests again: `python tests/recorded/record.py`.

A change that means to change neither bytes nor figures must leave `digests.json` as it is; one that means to records it
again, and says why in its message.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import datasets
from recording import DIGESTS, VERSIONS, refuse_same_version
from test_recorded_data import (
    EXPORTS,
    RESULTS,
    VERSION,
    built,
    converted,
    described,
    exported,
    prepared,
    pushed,
    submitted,
)
from test_recorded_figures import CASES, MAP_OPTIONS, figures, figures_of_maps
from test_recorded_results import pages_of_maps, pages_of_masks, results_of_maps, results_of_masks

from imagenet_s.conversion.synthetic import write_annotations, write_imagenet


def record(folder: Path) -> dict[str, Any]:
    """All digests; `folder` is an empty one."""

    def new(name: str) -> Path:
        (folder / name).mkdir()
        return folder / name

    imagenet, annotations = write_imagenet(folder / "imagenet"), write_annotations(folder / "annotations")
    return {
        "versions": VERSIONS,
        "rows version": VERSION,
        "rows": built(imagenet, annotations, folder / "cache"),
        **{kind: converted(imagenet, annotations, folder / kind, kind) for kind in RESULTS},
        "tree": prepared(imagenet, annotations, folder / "tree"),
        "exports": {kind: exported(imagenet, annotations, new(f"exported {kind}"), kind) for kind in EXPORTS},
        "submission": submitted(annotations, folder / "submission"),
        "push": pushed(imagenet, annotations, folder / "push"),
        "json": described(imagenet, annotations, new("json")),
        "figures": {name: figures(name) for name in CASES},
        "figures of maps": {name: figures_of_maps(name) for name in MAP_OPTIONS},
        "results of masks": results_of_masks(annotations, new("results of masks")),
        "pages of masks": pages_of_masks(imagenet, annotations, new("pages of masks")),
        "results of maps": results_of_maps(annotations, new("results of maps")),
        "pages of maps": pages_of_maps(imagenet, annotations, new("pages of maps")),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        datasets.config.HF_DATASETS_CACHE = str(Path(folder, "hf"))  # whoever records keeps their own cache as it is
        now = record(Path(folder).resolve())
    refuse_same_version(json.loads(DIGESTS.read_text(encoding="utf-8")), now)
    text = json.dumps(now, indent=1, sort_keys=True)
    DIGESTS.write_text(text + "\n", encoding="utf-8")
