"""What people do with `row["annotation"]` first: save it, look at it, store it again, turn it, make numbers of it."""

import io
import json
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import imagenet_s
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.synthetic import expected_rows

IDS = {row.image_id: row.ids for row in expected_rows("919", "validation")}


@pytest.fixture(params=[False, True], ids=["map-style", "streamed"])
def rows(request: pytest.FixtureRequest, load_miniature) -> Any:
    return load_miniature(config="919", split="validation", streaming=request.param)


def test_it_is_saved_and_shown(rows: Any, tmp_path: Path) -> None:
    for row in rows:
        row["annotation"].save(tmp_path / "mask.png")
        np.testing.assert_array_equal(imagenet_s.decode_mask(tmp_path / "mask.png"), IDS[row["image_id"]])
        shown = Image.open(io.BytesIO(row["annotation"]._repr_png_()))
        np.testing.assert_array_equal(np.asarray(shown), IDS[row["image_id"]])


def test_a_map_that_returns_it_keeps_it_a_png(rows: Any) -> None:
    mapped = rows.map(lambda row: {"annotation": row["annotation"], "pixels": row["annotation"].width})
    for row in mapped:
        assert row["annotation"].mode == "I;16"
        np.testing.assert_array_equal(np.asarray(row["annotation"]), IDS[row["image_id"]])
    if isinstance(rows, datasets.Dataset):
        stored = mapped.cast_column("annotation", datasets.Image(decode=False))
        for before, after in zip(rows.cast_column("annotation", datasets.Image(decode=False)), stored):
            assert after["annotation"]["bytes"].startswith(b"\x89PNG")
            assert len(after["annotation"]["bytes"]) < 2 * len(before["annotation"]["bytes"])


@pytest.mark.parametrize("ignored", [-1, -100, 255, 65535, 70000])
def test_what_a_map_stores_in_its_place_is_not_clipped(ignored: int, rows: Any) -> None:
    """Other ids of ignored pixels, negative ones too: none becomes 0, which is `other`."""

    def change(row: dict[str, Any]) -> dict[str, Any]:
        ids = np.asarray(row["annotation"], np.int64)
        return {"annotation": np.where(ids == 1000, ignored, ids)}

    for row in rows.map(change):
        ids = IDS[row["image_id"]].astype(np.int64)
        np.testing.assert_array_equal(np.asarray(row["annotation"]), np.where(ids == 1000, ignored, ids))


def test_geometry_of_pillow_keeps_ids(rows: Any) -> None:
    """What v1 transforms of torchvision call."""
    for row in rows:
        mask, ids = row["annotation"], IDS[row["image_id"]]
        np.testing.assert_array_equal(np.asarray(mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT)), ids[:, ::-1])
        np.testing.assert_array_equal(np.asarray(mask.rotate(90, expand=True)), np.rot90(ids))
        wide = Image.fromarray(ids.astype(np.int32))  # mode I, in which Pillow calculates with whole ids
        for change in (
            lambda image: image.resize((33, 41), Image.Resampling.NEAREST),
            lambda image: image.rotate(33, expand=True, fillcolor=1000),
            lambda image: image.crop((-5, 7, 50, 300)),
        ):
            turned, expected = np.asarray(change(mask)), np.asarray(change(wide))
            assert turned.shape == expected.shape
            assert (turned == expected).mean() > 0.99  # centres between two pixels are rounded to either
            assert set(np.unique(turned)) <= {*np.unique(ids), 0, 1000}


def test_arrays_are_uint16(load_miniature) -> None:
    rows = load_miniature(config="919", split="validation")
    assert np.asarray(rows[0]["annotation"]).dtype == np.uint16
    assert rows.with_format("numpy")[0]["annotation"].dtype == np.uint16


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_result_of_an_earlier_version_gives_the_same_rows(
    form: str, miniature, annotations: Path, tmp_path: Path
) -> None:
    """Its shards say `Image(mode="I")`: rows are those of today, as the source and as the masks of another copy."""
    convert(miniature("folders"), tmp_path / "out", "50", annotations, Options(verify=False, form=form))
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    for split in index["configs"]["50"]["splits"].values():
        for shard in split["shards"]:
            path = tmp_path / "out" / shard["file"]
            _with_mode_i(path)
            shard["bytes"] = path.stat().st_size
    (tmp_path / "out" / "index.json").write_text(json.dumps(index))
    for source in (
        {"data_dir": tmp_path / "out"},
        {"data_dir": miniature("folders"), "annotations_dir": tmp_path / "out"},
    ):
        for streaming in (False, True):
            rows = imagenet_s.load_dataset("50", split="validation", verify=False, streaming=streaming, **source)
            assert rows.features["annotation"] == datasets.Image()
            expected = {row.image_id: row.ids for row in expected_rows("50", "validation")}
            for row in rows:
                assert row["annotation"].mode == "I;16"
                np.testing.assert_array_equal(np.asarray(row["annotation"]), expected[row["image_id"]])


def _with_mode_i(shard: Path) -> None:
    """Rewrite a shard with the feature that `annotation` had before rows of version 1.2.0."""
    parquet = shard.suffix == ".parquet"
    table = pq.read_table(shard) if parquet else pa.ipc.open_stream(shard.read_bytes()).read_all()
    features = datasets.Features(
        {**datasets.Features.from_arrow_schema(table.schema), "annotation": datasets.Image(mode="I")}
    )
    table = table.replace_schema_metadata(features.arrow_schema.metadata)
    if parquet:
        pq.write_table(table, shard)
    else:
        with pa.ipc.new_stream(shard, table.schema) as writer:
            writer.write_table(table)
