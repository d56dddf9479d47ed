"""What the commands about data write, byte for byte: converted sets, rows, trees, exports, submissions, JSON."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import datasets
import pytest
from recording import VERSIONS, digests_below, printed_by, recorded, refuse_same_version, sha256

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.hub import plan_push
from imagenet_s.conversion.synthetic import images_of, mask_ids, write_official_tree

VERSION = str(imagenet_s.ImageNetS.VERSION)
RESULTS = {
    "parquet": [],
    "parquet without images": ["--no-images"],
    "arrow": ["--format", "arrow"],
    "arrow without images": ["--format", "arrow", "--no-images"],
}
EXPORTS = {
    "alphaclip": ["alphaclip"],
    "coco": ["coco"],
    "coco polygons": ["coco", "--polygons"],
    "foreground": ["foreground"],
    "foreground own class": ["foreground", "--own-class"],
    "rle-csv": ["rle-csv"],
    "yolo": ["yolo"],
}
LOADERS = Path(__file__).parents[1] / "loader_check" / "loaders.py"
WRONG_LOADERS = (
    "MasksOfNeighbours",
    "MaskTransposed",
    "SomeMissing",
    "Clipped",
    "Ignored0",
    "Reordered",
    "WrongLabels",
)


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


def exported(imagenet: Path, annotations: Path, folder: Path, kind: str) -> dict[str, str]:
    options = ["--annotations-dir", annotations, "--no-verify", "--config", "50", "--split", "train_semi", "validation"]
    printed_by("export", imagenet, folder, *options, "--format", *EXPORTS[kind])
    return digests_below(folder, imagenet.resolve())


def built(imagenet: Path, annotations: Path, cache: Path) -> dict[str, str]:
    """Each split of a build by the content of its rows; of an image that the row names, the name of its file."""
    digests = {}
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
            digests[f"{config} {split}"] = content.hexdigest()[:16]
    return digests


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


def pushed(imagenet: Path, annotations: Path, folder: Path) -> dict[str, str]:
    """What a push of masks would send: the list of its files, and the description of the benchmark."""
    converted(imagenet, annotations, folder, "parquet without images")
    plan = printed_by("push", folder, "--repo-id", "me/imagenet-s", "--dry-run")
    return {"dry run": sha256(plan), "eval.yaml": sha256(plan_push(folder, "me/imagenet-s").benchmark or b"")}


def described(imagenet: Path, annotations: Path, folder: Path) -> dict[str, str]:
    """What the commands print as JSON, without the names of folders."""
    options = ["--annotations-dir", annotations, "--no-verify", "--config", "50"]
    submitted(annotations, folder / "submitted")
    write_official_tree(folder / "tree", "919")
    loaded = ["--gt-dir", folder / "tree", "--kwargs", json.dumps({"root": str(folder / "tree")})]
    commands: dict[str, list[str | Path]] = {
        "check": ["check", imagenet, *options],
        "check --acceptance": ["check", imagenet, *options, "--acceptance", "--output", "-"],
        "convert": ["convert", imagenet, folder / "converted", *options],
        "export": ["export", imagenet, folder / "exported", *options, "--format", "rle-csv"],
        "prepare": ["prepare", imagenet, folder / "prepared", *options],
        "submit": ["submit", "--check", folder / "submitted" / "submission.zip", *options],
        **{f"check-loader {name}": ["check-loader", f"{LOADERS}:{name}", *loaded] for name in WRONG_LOADERS},
    }
    digests = {}
    for name, command in commands.items():
        code = int("acceptance" in name or "loader" in name)  # wrong on purpose, or not the official files
        text = printed_by(*command, "--json", "-", code=code).replace("\\\\", "/")
        for place, path in (("IMAGENET", imagenet), ("FOLDER", folder)):
            text = text.replace(json.dumps(path.as_posix())[1:-1], place)
        digests[name] = sha256(text)
    return digests


@pytest.mark.parametrize("kind", RESULTS)
def test_converted(kind: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert recorded(kind) == converted(miniature("folders"), annotations, tmp_path, kind)


def test_built(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert recorded("rows") == built(miniature("folders"), annotations, tmp_path)
    assert recorded("rows version") == VERSION


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
    assert recorded("tree") == prepared(miniature("folders"), annotations, tmp_path)


@pytest.mark.parametrize("kind", EXPORTS)
def test_exported(kind: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert recorded("exports")[kind] == exported(miniature("folders"), annotations, tmp_path, kind)


def test_submission(annotations: Path, tmp_path: Path) -> None:
    assert recorded("submission") == submitted(annotations, tmp_path)


def test_push(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert recorded("push") == pushed(miniature("folders"), annotations, tmp_path)


def test_json(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert recorded("json") == described(miniature("folders"), annotations, tmp_path)
