"""`export --format composites`: the pictures of an independent implementation, of every image of the miniature."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pytest
import slow_composites
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.export import Composites, export_masks
from imagenet_s.conversion.export.export_format import Ids
from imagenet_s.conversion.export.mask_set import MaskRow
from imagenet_s.conversion.facts import COMPOSITE_KINDS as KINDS
from imagenet_s.conversion.facts import imagenet_wnids
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import expected_rows
from imagenet_s.conversion.transforms import composite

ROOT = Path(imagenet_s.__file__).parent
Layout = Callable[[str], Path]
KINDS_OF_919 = tuple(kind for kind in KINDS if kind != "mixed_same")
"""Those that the validation images of 919 have: of some classes there is one image."""


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def labels(folder: Path) -> list[dict[str, str]]:
    with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def expected_partner(image_id: str, kind: str, seed: int, split: str) -> str:
    """By the definition; `mixed_next` and `mixed_random` among all images of 919."""
    rows = {row.image_id: row for row in expected_rows("919", split)}
    row = rows[image_id]
    occurring = sorted({other.category for other in rows.values()})
    following = occurring[(occurring.index(row.category) + 1) % len(occurring)]
    names = {
        "mixed_same": [name for name in rows if rows[name].category == row.category and name != image_id],
        "mixed_random": [name for name in rows if rows[name].category != row.category],
        "mixed_next": [name for name in rows if rows[name].category == following],
    }[kind]
    number = int(hashlib.sha256(f"{seed}:{kind}:{image_id}".encode()).hexdigest(), 16)
    return sorted(names)[number % len(names)]


@pytest.mark.parametrize("layout", ["folders", "parquet", "tree-919"])
def test_pictures_and_labels(miniature: Layout, annotations: Path, tmp_path: Path, layout: str) -> None:
    """Images that are grey, CMYK, PNG or turned by their metadata among them."""
    form = Composites("919", KINDS_OF_919, seed=3)
    given = None if layout == "tree-919" else annotations
    (split,) = export_masks(miniature(layout), tmp_path, form, annotations_dir=given, verify=False)
    rows = {row.image_id: row for row in expected_rows("919", "validation")}
    assert split.images == len(rows)
    lines = labels(tmp_path / "validation")
    assert [line["image_id"] for line in lines[:: len(KINDS_OF_919)]] == sorted(rows, key=lambda n: (rows[n].wnid, n))
    assert len(lines) == len(rows) * len(KINDS_OF_919)
    pictures = {str(path.relative_to(tmp_path / "validation")) for path in (tmp_path / "validation").glob("*/*/*.png")}
    for line in lines:
        row, kind = rows[line["image_id"]], line["kind"]
        assert row.ids is not None
        assert line["imagenet_label"] in (str(row.imagenet_label), "")
        wnid = imagenet_wnids()[int(line["imagenet_label"])] if line["imagenet_label"] else row.wnid
        assert line["category"] == str(row.category)
        share = (row.ids == row.category).sum() / (row.ids != 1000).sum()
        assert float(line["object_share"]) == share
        partner = None
        if kind.startswith("mixed"):
            assert line["partner"] == expected_partner(row.image_id, kind, 3, "validation")
            other = rows[line["partner"]]
            assert other.ids is not None
            partner = Image.fromarray(other.pixels), other.ids.tolist(), other.category
        else:
            assert line["partner"] == ""
        fill = "tile" if partner else "mean"
        name = f"{kind}/{wnid}/{row.image_id}.png"
        pictures.remove(name)
        picture = Image.fromarray(row.pixels), row.ids.tolist(), row.category
        expected = slow_composites.picture(kind, *picture, fill, partner)
        with Image.open(tmp_path / "validation" / name) as made:
            np.testing.assert_array_equal(np.asarray(made), np.asarray(expected), name)
    assert not pictures
    assert layout == "tree-919" or all(line["imagenet_label"] for line in lines)


def test_an_image_folder(miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    form = Composites("919", ("object",))
    export_masks(miniature("folders"), tmp_path, form, annotations_dir=annotations, verify=False)
    read = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "validation" / "object"), split="validation")
    assert read.num_rows == len(expected_rows("919", "validation"))
    assert set(read.features["label"].names) == {
        imagenet_wnids()[row.imagenet_label] for row in expected_rows("919", "validation")
    }


def test_every_run_and_any_number_of_workers_write_the_same(
    miniature: Layout, annotations: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagenet_s.conversion.export.run_export._CHUNK", 2)
    written = []
    for name, workers in (("one", "1"), ("two", "2"), ("again", "2")):
        out = tmp_path / name
        options = ["--config", "919", "--annotations-dir", str(annotations), "--no-verify", "--workers", workers]
        options += ["--format", "composites", "--kinds", "mixed_random", "object", "--fill", "blur", "--seed", "1"]
        assert main(["export", str(miniature("folders")), str(out), *options]) == 0
        written.append(everything(out))
    assert written[0] == written[1] == written[2]
    record = json.loads(written[0]["validation/export.json"])
    assert [record[name] for name in ("kinds", "fill", "seed", "quality")] == [
        ["object", "mixed_random"],
        "blur",
        1,
        None,
    ]


def test_converted_data_give_the_same(miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    options = Options(splits=("validation",), verify=False)
    convert(miniature("folders"), tmp_path / "converted", "50", annotations, options)
    form = Composites("50", ("background", "mixed_next"), fill=(1, 2, 3))
    export_masks(miniature("folders"), tmp_path / "a", form, annotations_dir=annotations, verify=False)
    export_masks(tmp_path / "converted", tmp_path / "b", form, verify=False)
    written = [everything(tmp_path / name) for name in ("a", "b")]
    for files in written:
        del files["validation/export.json"]
    assert written[0] == written[1]


def test_jpegs(miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    form = Composites("50", ["object"], quality=95)  # type: ignore[arg-type]
    export_masks(miniature("folders"), tmp_path, form, annotations_dir=annotations, verify=False)
    rows = imagenet_s.load_dataset(
        "50", data_dir=miniature("folders"), annotations_dir=annotations, split="validation", verify=False
    )
    for row in rows.map(composite(rows, "object")):
        path = next((tmp_path / "validation" / "object").glob(f"*/{row['image_id']}.JPEG"))
        with Image.open(path) as made:
            assert made.format == "JPEG"
            assert np.abs(np.asarray(made, int) - np.asarray(row["image"], int)).mean() < 5


def test_masks_that_do_not_show_their_class(
    miniature: Layout, annotations: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Left out of every kind, and no partner of others; counted and named."""

    class Hidden(Composites):
        def encoder(self, masks, folder):  # type: ignore[no-untyped-def]
            return Without(super().encoder(masks, folder))

    class Without:
        def __init__(self, encode: Callable[[MaskRow, Ids], object]) -> None:
            self.encode = encode

        def __call__(self, row: MaskRow, ids: Ids) -> object:
            return self.encode(row, np.where(ids == row.category, 1000, ids) if row.number in (2, 5) else ids)

    form = Hidden("50", ("original", "object"))
    export_masks(miniature("folders"), tmp_path, form, annotations_dir=annotations, verify=False)
    assert len(labels(tmp_path / "validation")) == 2 * (len(expected_rows("50", "validation")) - 2)
    assert "2 masks have no pixel of their image's class, left out: ILSVRC2012_val_" in caplog.text


def test_killed_and_run_again(miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    code = (
        "import os, signal\n"
        "from imagenet_s.conversion.export import Composites, export_masks\n"
        "class Killed(Composites):\n"
        "    def write(self, folder, masks, encoded):\n"
        "        for number, _ in enumerate(encoded):\n"
        "            if number == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        f"    export_masks({str(miniature('folders'))!r}, {str(tmp_path / 'out')!r}, Killed('50', ('object',)),\n"
        f"                 annotations_dir={str(annotations)!r}, verify=False)\n"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert ".validation.incomplete" in os.listdir(tmp_path / "out")
    for out in ("out", "clean"):
        form = Composites("50", ("object",))
        export_masks(miniature("folders"), tmp_path / out, form, annotations_dir=annotations, verify=False)
    assert everything(tmp_path / "out") == everything(tmp_path / "clean")


def test_a_finished_split_is_kept(miniature: Layout, annotations: Path, tmp_path: Path) -> None:
    source = {"annotations_dir": annotations, "verify": False}
    form = Composites("50", ("object",), fill=(1, 2, 3))
    assert not export_masks(miniature("folders"), tmp_path, form, **source)[0].kept  # type: ignore[arg-type]
    assert export_masks(miniature("folders"), tmp_path, form, **source)[0].kept  # type: ignore[arg-type]
    with pytest.raises(ImageNetSError, match="with other options"):
        export_masks(miniature("folders"), tmp_path, Composites("50", ("object",)), **source)  # type: ignore[arg-type]


def test_what_cannot_be_written(
    miniature: Layout, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(ImageNetSError, match="masks without images: give your ImageNet"):
        export_masks(annotations, tmp_path / "out", Composites("50", ("object",)), verify=False)
    with pytest.raises(ImageNetSError, match=r"kinds=\(\) \(--kinds\): expected at least one of original"):
        Composites("50")
    with pytest.raises(ImageNetSError, match="kind='objekt'"):
        Composites("50", ("objekt",))  # type: ignore[arg-type]
    with pytest.raises(ImageNetSError, match="quality=99"):
        Composites("50", ("object",), quality=99)
    # A class of one image: an error that names it before anything is written.
    with pytest.raises(
        ImageNetSError, match=r"ILSVRC2012_val_.* no image of this data set can be its partner for mixed"
    ):
        export_masks(
            miniature("folders"),
            tmp_path / "out",
            Composites("919", ("mixed_same",)),
            annotations_dir=annotations,
            verify=False,
        )
    assert os.listdir(tmp_path / "out") == []
    start = ["export", str(miniature("folders")), str(tmp_path / "out"), "--config", "50", "--format"]
    assert main([*start, "coco", "--seed", "0"]) == 1
    assert "--seed is for --format composites, not coco" in capsys.readouterr().err
    assert main([*start, "composites", "--kinds", "object", "--fill", "1,2"]) == 1
    assert "fill=(1, 2) (--fill): expected mean, blur, tile" in capsys.readouterr().err
