"""What is written, byte for byte, and every figure, to the last bit: against digests that were recorded earlier.

A change that means to change neither must leave `digests.json` as it is; one that means to records it again with
`python tests/recorded/test_recorded.py`, and says why in its message.
"""

import hashlib
import importlib.metadata
import json
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.dataset.config import VERSION
from imagenet_s.conversion.synthetic import images_of, mask_ids
from imagenet_s.metrics import MatchedIoU

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from conformance import CASES, load_case

DIGESTS = Path(__file__).with_name("digests.json")
VERSIONS = {name: importlib.metadata.version(name) for name in ("datasets", "huggingface_hub", "pillow", "pyarrow")}
"""What bytes depend on besides this project; figures depend on none of it."""
RESULTS = {
    "parquet": [],
    "parquet without images": ["--no-images"],
    "arrow": ["--format", "arrow"],
    "arrow without images": ["--format", "arrow", "--no-images"],
}
MATCHINGS = ("hungarian", "hungarian_pixel", "pixel", "majority")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def digests_below(folder: Path, source: Path | None = None) -> dict[str, str]:
    """Each file by its content, each link by its target in the source; the conversion's own notes are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"link to {Path(os.readlink(path)).relative_to(source or folder).as_posix()}"
        elif path.is_file() and not name.startswith(".imagenet-s/"):
            found[name] = sha256(path.read_bytes())
    return found


def converted(imagenet: Path, annotations: Path, folder: Path, kind: str) -> dict[str, str]:
    options = ["--annotations-dir", str(annotations), "--no-verify", "--max-shard-size", "20KB", *RESULTS[kind]]
    for config, splits in (("50", ["train", "train_semi", "validation", "test"]), ("919", ["validation"])):
        where = ["--config", config, "--splits", *splits]
        assert main(["convert", str(imagenet), str(folder), *options, *where]) == 0
    return digests_below(folder)


def prepared(imagenet: Path, annotations: Path, folder: Path) -> dict[str, str]:
    options = ["--annotations-dir", str(annotations), "--no-verify", "--config", "all"]
    assert main(["prepare", str(imagenet), str(folder), *options]) == 0
    return digests_below(folder, imagenet)


def built(imagenet: Path, annotations: Path, cache: Path) -> dict[str, str]:
    """Each split of a build by the content of its rows; of an image that the row names, the name of its file."""
    found = {}
    for config in ("50", "919"):
        options = {"data_dir": imagenet, "annotations_dir": annotations, "cache_dir": cache, "verify": False}
        for split, rows in imagenet_s.load_dataset(config, **options).items():
            features = repr(rows.features)
            for column in ("image", "annotation"):
                rows = rows.cast_column(column, datasets.Image(decode=False))
            content = hashlib.sha256(features.encode())
            for row in rows:
                row["image"]["path"] = Path(row["image"]["path"] or "").name
                content.update(repr(sorted(row.items())).encode())
            found[f"{config} {split}"] = content.hexdigest()[:16]
    return found


def submitted(annotations: Path, folder: Path) -> dict[str, str]:
    with PredictionWriter(folder / "predictions", "50") as writer:
        for image in images_of("50", "test"):
            ids = mask_ids(image, "50")
            ids[ids == 1000] = 0
            writer.write(image.image_id, ids, image.class_wnid)
    target = folder / "submission.zip"
    options = ["--config", "50", "--protocol", "semi", "--method", "ours", "--annotations-dir", str(annotations)]
    assert main(["submit", str(folder / "predictions"), str(target), *options, "--no-verify"]) == 0
    return {"submission.zip": sha256(target.read_bytes())}


def figures(name: str) -> dict[str, Any]:
    """Every figure of a recorded case, with the official match and under each matching; NaN as null."""
    case = load_case(name)
    metric = MatchedIoU(case.num_classes)
    for image, prediction, reference in zip(case.names, case.predictions, case.references):
        metric.update(prediction, reference, image)

    def plain(result: dict[str, Any]) -> dict[str, Any]:
        ties = [result.pop("matching_open_pairs"), *result.pop("mean_iou_tie_range")]
        single = {key: value for key, value in result.items() if isinstance(value, (int, float))}
        rest = json.dumps({key: value for key, value in result.items() if key not in single}, sort_keys=True)
        numbers = {key: None if math.isnan(value) else value for key, value in single.items()}
        return {**numbers, "classes and match": sha256(rest.encode()), "ties": ties}

    return {
        "official match": plain(metric.compute(case.match)),
        **{matching: plain(metric.compute(matching)) for matching in MATCHINGS},
        "images": sha256(json.dumps(metric.per_image("hungarian"), sort_keys=True).encode()),
        "intervals": sha256(json.dumps(metric.bootstrap("hungarian", samples=20), sort_keys=True).encode()),
    }


def recorded(key: str) -> Any:
    digests = json.loads(DIGESTS.read_text(encoding="utf-8"))
    if key != "figures" and digests["versions"] != VERSIONS:
        pytest.skip(f"bytes were recorded with {digests['versions']}, here are {VERSIONS}")
    return digests[key]


@pytest.mark.parametrize("kind", RESULTS)
def test_converted(kind: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert converted(miniature("folders"), annotations, tmp_path, kind) == recorded(kind)


def test_built(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert built(miniature("folders"), annotations, tmp_path) == recorded("rows")
    assert recorded("rows version") == str(VERSION)


def test_changed_rows_are_recorded_under_a_new_version_only() -> None:
    """Else builds in people's caches, whose names hold the version, would keep their old rows."""
    before = {"versions": VERSIONS, "rows version": "1.0.0", "rows": {"50 test": "a"}}
    changed = {**before, "rows": {"50 test": "b"}}
    refuse_same_version(before, before)
    with pytest.raises(SystemExit, match="raise VERSION in"):
        refuse_same_version(before, changed)
    refuse_same_version(before, {**changed, "rows version": "1.1.0"})
    refuse_same_version(before, {**changed, "versions": {}})


def test_prepared(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert prepared(miniature("folders"), annotations, tmp_path) == recorded("tree")


def test_submission(annotations: Path, tmp_path: Path) -> None:
    assert submitted(annotations, tmp_path) == recorded("submission")


@pytest.mark.parametrize("name", CASES)
def test_figures(name: str) -> None:
    assert figures(name) == recorded("figures")[name]


def refuse_same_version(before: dict[str, Any], now: dict[str, Any]) -> None:
    """End where rows changed and `VERSION` did not; rows of other versions of what bytes depend on are not compared."""
    if before["versions"] == now["versions"] and before["rows version"] == now["rows version"]:
        changed = [name for name, digest in before["rows"].items() if now["rows"].get(name) != digest]
        if changed:
            raise SystemExit(
                f"The rows of {', '.join(changed)} changed: raise VERSION in conversion/dataset/config.py first."
            )


def record(folder: Path) -> dict[str, Any]:
    from imagenet_s.conversion.synthetic import write_annotations, write_imagenet

    imagenet, annotations = write_imagenet(folder / "imagenet"), write_annotations(folder / "annotations")
    return {
        "versions": VERSIONS,
        "rows version": str(VERSION),
        "rows": built(imagenet, annotations, folder / "cache"),
        **{kind: converted(imagenet, annotations, folder / kind, kind) for kind in RESULTS},
        "tree": prepared(imagenet, annotations, folder / "tree"),
        "submission": submitted(annotations, folder / "submission"),
        "figures": {name: figures(name) for name in CASES},
    }


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        now = record(Path(folder).resolve())
    refuse_same_version(json.loads(DIGESTS.read_text(encoding="utf-8")), now)
    text = json.dumps(now, indent=1, sort_keys=True)
    DIGESTS.write_text(text + "\n", encoding="utf-8")
