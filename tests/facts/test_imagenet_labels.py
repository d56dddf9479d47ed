"""ImageNet's own labels: translated to class ids and back, scores projected, and the pixels of a class by either."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from PIL import Image

import imagenet_s
from imagenet_s.conversion.facts import imagenet_label, imagenet_wnids
from imagenet_s.conversion.masks.codec import encode_official_png, encode_png16
from imagenet_s.conversion.synthetic import expected_rows, write_annotations

CONFIGS = ("50", "300", "919")


def test_labels_are_the_places_of_the_sorted_wnids() -> None:
    wnids = imagenet_wnids()
    assert len(wnids) == 1000
    assert list(wnids) == sorted(set(wnids))
    assert [imagenet_label(wnid) for wnid in wnids] == list(range(1000))


@pytest.mark.parametrize("config", CONFIGS)
def test_there_and_back(config: str) -> None:
    table = imagenet_s.categories(config)
    ids = np.arange(1, table.num_classes + 1)
    np.testing.assert_array_equal(table.from_imagenet(table.to_imagenet(ids)), ids)
    assert [imagenet_wnids()[label] for label in table.to_imagenet(ids)] == table.wnids[1:]
    ids = table.from_imagenet(np.arange(1000))
    assert [table.id_of(wnid) for wnid in imagenet_wnids()] == ids.tolist()
    assert np.count_nonzero(ids) == table.num_classes + len(table.merged_wnids)
    assert table.to_imagenet(0) == -1


def test_merged_classes() -> None:
    table = imagenet_s.categories("919")
    for source, target in table.merged_wnids.items():
        assert table.from_imagenet(imagenet_label(source)) == table.from_imagenet(imagenet_label(target))
        assert table.to_imagenet(table.id_of(source)) == imagenet_label(target)


def test_shapes_and_types() -> None:
    table = imagenet_s.categories("50")
    assert isinstance(table.from_imagenet(1), int)
    assert table.from_imagenet(np.ones((2, 3), np.uint16)).shape == (2, 3)
    assert table.from_imagenet([]).shape == (0,)


@pytest.mark.parametrize("wrong", [-1, 1000, [3, 1000], 0.5, "tench"])
def test_wrong_labels(wrong: Any) -> None:
    with pytest.raises(imagenet_s.ImageNetSError):
        imagenet_s.categories("919").from_imagenet(wrong)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("how", ["max", "sum"])
def test_projected_scores(config: str, how: str) -> None:
    """Against a loop over labels."""
    table = imagenet_s.categories(config)
    scores = np.random.default_rng(0).normal(size=(4, 1000)).astype(np.float32)
    expected = np.full((4, len(table)), -np.inf if how == "max" else 0, np.float64)
    for label, wnid in enumerate(imagenet_wnids()):
        column = expected[:, table.id_of(wnid)]
        column[:] = np.maximum(column, scores[:, label]) if how == "max" else column + scores[:, label]
    projected = table.project(scores, how)
    assert projected.dtype == np.float32
    np.testing.assert_allclose(projected, expected, rtol=1e-4, atol=1e-5)
    assert table.project(scores[0], how).shape == (len(table),)


@pytest.mark.torch
def test_projected_logits_of_a_network() -> None:
    """They require gradients, and may be bfloat16: `RegionAccuracy.update` takes both, so this does."""
    torch = pytest.importorskip("torch")
    logits = torch.randn(2, 1000, requires_grad=True)
    table = imagenet_s.categories("50")
    np.testing.assert_array_equal(table.project(logits), table.project(logits.detach().numpy()))
    narrow = table.project(logits.bfloat16())
    np.testing.assert_array_equal(narrow, table.project(logits.bfloat16().float().detach().numpy()))


def test_probabilities_stay_probabilities() -> None:
    scores = np.random.default_rng(1).random((3, 1000))
    scores /= scores.sum(1, keepdims=True)
    np.testing.assert_allclose(imagenet_s.categories("300").project(scores, "sum").sum(1), 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool, object])
def test_scores_are_floating_point_numbers(dtype: Any) -> None:
    """Sums of 8 bits wrap, and `update` would read integers as a list of class ids."""
    with pytest.raises(imagenet_s.ImageNetSError, match="expected floating-point numbers"):
        imagenet_s.categories("50").project(np.full((2, 1000), 200, dtype), "sum")


def test_masked_arrays_are_refused() -> None:
    table = imagenet_s.categories("50")
    scores, labels = np.ma.masked_less(np.linspace(0, 1, 1000), 0.5), np.ma.masked_equal([0, 1, 2], 1)
    for function, values in ((table.project, scores), (table.from_imagenet, labels), (table.to_imagenet, labels)):
        with pytest.raises(imagenet_s.ImageNetSError, match="a masked array"):
            function(values)


@pytest.mark.parametrize("wrong", [np.zeros(5), np.zeros((1000, 2)), 3.0])
def test_wrong_scores(wrong: Any) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match="expected 1000"):
        imagenet_s.categories("50").project(wrong)
    with pytest.raises(imagenet_s.ImageNetSError, match="how='mean'"):
        imagenet_s.categories("50").project(np.zeros(1000), "mean")


IDS = np.array([[0, 1, 1000], [7, 919, 255]])
FORMS = {
    "array": lambda: IDS,
    "list": lambda: IDS.tolist(),
    "PIL": lambda: Image.fromarray(IDS.astype(np.int32)),
    "one channel": lambda: IDS[None].astype(np.int32),
    "official PNG": lambda: encode_official_png(IDS),
    "16-bit PNG": lambda: encode_png16(IDS),
    "stored": lambda: {"bytes": encode_png16(IDS), "path": None},
    "official RGB": lambda: imagenet_s.encode_mask(IDS),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("category", [1, 7, 255, 919, 2])
def test_the_pixels_of_a_class(form: str, category: int) -> None:
    target, scored = imagenet_s.target_mask(FORMS[form](), category)
    assert target.dtype == scored.dtype == bool
    np.testing.assert_array_equal(target, category == IDS)
    np.testing.assert_array_equal(scored, IDS != 1000)


@pytest.mark.torch
def test_tensors() -> None:
    import torch

    target, _ = imagenet_s.target_mask(torch.tensor(IDS)[None], 7)
    np.testing.assert_array_equal(target, IDS == 7)


def test_a_class_by_its_label_in_imagenet() -> None:
    table = imagenet_s.categories("919")
    merged, into = next(iter(table.merged_wnids.items()))
    ids = np.array([[table.id_of(into), 0]])
    for wnid in (merged, into):
        assert imagenet_s.target_mask(ids, imagenet_label=imagenet_label(wnid)).target.tolist() == [[True, False]]
    outside = next(label for label, wnid in enumerate(imagenet_wnids()) if not table.id_of(wnid))
    assert imagenet_s.target_mask(ids, imagenet_label=outside).target.tolist() == [[False, False]]
    assert imagenet_s.target_mask(np.array([[1]]), imagenet_label=1, config=50).target.all()


@pytest.mark.parametrize(
    ("annotation", "options", "message"),
    [
        (IDS, {}, "once"),
        (IDS, {"category": 1, "imagenet_label": 1}, "once"),
        (IDS, {"category": 0}, "other"),
        (IDS, {"category": 1000}, "class id"),
        (IDS, {"category": 1.5}, "category 1.5: expected a class id"),
        (IDS, {"category": float("nan")}, "expected a class id"),
        (None, {"category": 1}, "only train_semi and validation"),
        (IDS, {"imagenet_label": 1000}, "0..999"),
        (b"no png", {"category": 1}, "PNG"),
    ],
    ids=str,
)
def test_what_names_no_class(annotation: Any, options: dict[str, int], message: str) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match=message):
        imagenet_s.target_mask(annotation, **options)


def rows_of(data_dir: Path, annotations: Path, split: str) -> dict[str, int | None]:
    options = {"data_dir": str(data_dir), "annotations_dir": str(annotations), "verify": False}
    loaded = load_dataset("imagenet_s", "50", split=split, **options)
    return dict(zip(loaded["image_id"][:], loaded["imagenet_label"][:]))


@pytest.fixture
def without_lists(tmp_path: Path) -> Path:
    write_annotations(tmp_path / "extracted", "extracted")
    for path in (tmp_path / "extracted").glob("*.txt"):
        path.unlink()
    return tmp_path / "extracted"


def test_without_lists_the_folders_of_imagenet_say_it(miniature: Callable[[str], Path], without_lists: Path) -> None:
    expected = {row.image_id: row.imagenet_label for row in expected_rows("50", "validation")}
    assert rows_of(miniature("folders"), without_lists, "validation") == expected
    assert set(rows_of(miniature("flat"), without_lists, "validation").values()) == {None}, "nothing says it"


def test_without_lists_the_parquet_files_say_it(tmp_path: Path, without_lists: Path, miniature) -> None:
    expected = {row.image_id: row.imagenet_label for row in expected_rows("50", "validation")}
    (tmp_path / "parquet" / "data").mkdir(parents=True)
    for path in miniature("parquet").rglob("validation-*.parquet"):
        table = pq.read_table(path)
        ids = ["_".join(Path(image["path"]).stem.split("_")[:3]) for image in table["image"].to_pylist()]
        labels = pa.array([expected.get(name, -1) for name in ids], pa.int64())
        pq.write_table(table.set_column(1, "label", labels), tmp_path / "parquet" / "data" / path.name)
    assert rows_of(tmp_path / "parquet", without_lists, "validation") == expected


def test_masks_that_were_converted_say_it(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    """What `convert --no-images` wrote keeps the labels for whoever has a flat ImageNet and no lists."""
    from imagenet_s.conversion.shards import Options, convert

    convert(miniature("folders"), tmp_path / "masks", "50", annotations, Options(images=False, verify=False))
    for split in ("validation", "test"):
        expected = {row.image_id: row.imagenet_label for row in expected_rows("50", split)}
        assert rows_of(miniature("flat"), tmp_path / "masks", split) == expected


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_tree_says_that_it_has_no_labels_until_it_has_the_list(
    split: str, miniature: Callable[[str], Path], annotations: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With every load, built or not: a label of None fails far from its cause."""
    tree = Path(shutil.copytree(miniature("tree-50") / "ImageNetS50", tmp_path / "ImageNetS50"))
    expected = {row.image_id: row.imagenet_label for row in expected_rows("50", split)}
    note = f"{split}: ImageNet's own label of {len(expected)} of {len(expected)} images is not known"
    for _ in range(2):
        caplog.clear()
        loaded = imagenet_s.load_dataset("50", data_dir=tree, split=split, verify=False)
        assert set(loaded["imagenet_label"][:]) == {None}
        assert caplog.text.count(note) == 1
        assert f"ImageNetS_im50_mapping_{split}.txt says it" in caplog.text
    shutil.copy(annotations / f"ImageNetS_im50_mapping_{split}.txt", tree)
    caplog.clear()
    loaded = imagenet_s.load_dataset("50", data_dir=tree, split=split, verify=False)
    assert dict(zip(loaded["image_id"][:], loaded["imagenet_label"][:])) == expected
    assert "own label" not in caplog.text


def test_png_of_a_row(miniature: Callable[[str], Path], annotations: Path) -> None:
    """End to end: the class of a row is what its annotation shows."""
    options = {"data_dir": str(miniature("folders")), "annotations_dir": str(annotations), "verify": False}
    row = load_dataset("imagenet_s", "50", split="validation", **options)[0]
    buffer = io.BytesIO()
    row["annotation"].convert("I;16").save(buffer, "PNG")
    target, scored = imagenet_s.target_mask(row["annotation"], row["category"])
    again, _ = imagenet_s.target_mask(buffer.getvalue(), row["category"])
    assert target.any()
    assert not (target & ~scored).any()
    np.testing.assert_array_equal(target, again)
