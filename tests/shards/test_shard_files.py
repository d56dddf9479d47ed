"""Reading without any code of ours: plain datasets, pyarrow, pandas; and what the files are like inside."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import ClassLabel
from huggingface_hub import DatasetCard

import imagenet_s
from imagenet_s.conversion.converted.columns import arrow_schema
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.conversion.shards.writers import ROWS_PER_GROUP, open_writer, row_groups

PLAIN = """
import sys
class No:
    def find_spec(self, name, *rest):
        if name.split(".")[0] == "imagenet_s": raise ImportError("not installed here")
sys.meta_path.insert(0, No())
from datasets import load_dataset
out, cache = sys.argv[1:]
whole = load_dataset(out, "919", split="validation", cache_dir=cache)
streamed = load_dataset(out, "919", split="validation", streaming=True)
masks = load_dataset(out, "50", split="validation", columns=["image_id", "annotation"], cache_dir=cache)
assert [r["image_id"] for r in streamed] == whole["image_id"][:]
assert whole[0]["image"].mode == "RGB" and whole[0]["annotation"].mode == "I;16"
assert whole[0]["image"].size == whole[0]["annotation"].size
assert masks.column_names == ["image_id", "annotation"]
assert len(load_dataset(out, cache_dir=cache)["validation"]) == len(whole), "919 is the default"
assert "imagenet_s" not in sys.modules
print(len(whole), len(masks), whole.features["category"].num_classes)
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory, miniature, annotations) -> Path:
    folder = tmp_path_factory.mktemp("out")
    for config in ("50", "919"):
        convert(miniature("folders"), folder, config, annotations, Options(verify=False, max_shard_size="20KB"))
    return folder


def test_datasets_without_us(out: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", PLAIN, str(out), str(tmp_path / "cache")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["16", "9", "920"]


def test_pandas_and_pyarrow(out: Path) -> None:
    files = sorted(out.glob("50/validation-*.parquet"))
    frame = pandas.concat([pandas.read_parquet(file) for file in files])
    assert list(frame.columns) == ["image_id", "image", "annotation", "category", "wnid", "imagenet_label"]
    assert all(annotation["bytes"].startswith(b"\x89PNG") for annotation in frame["annotation"])
    assert sum(pq.read_metadata(file).num_rows for file in files) == len(frame) == 9


def test_inside_a_file(out: Path) -> None:
    parquet = pq.ParquetFile(next(out.glob("919/validation-*.parquet")))
    group = parquet.metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    for name in ("image.bytes", "annotation.bytes"):
        assert columns[name].compression == "UNCOMPRESSED"
        assert "PLAIN" in columns[name].encodings
        assert not columns[name].has_dictionary_page
        assert columns[name].has_offset_index
    features = json.loads(parquet.schema_arrow.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"mode": "RGB", "_type": "Image"}
    assert features["category"]["names"] == imagenet_s.categories("919").names
    stored = parquet.metadata.metadata
    assert (b"content_defined_chunking" in stored) == (int(pa.__version__.split(".")[0]) >= 21)


def test_row_groups_of_a_hundred(tmp_path: Path) -> None:
    schema = arrow_schema("50", images=False)
    table = pa.table(
        {
            "image_id": [f"n{i:08d}_1" for i in range(730)],
            "annotation": pa.nulls(730, schema.field("annotation").type),
            "category": [1] * 730,
            "wnid": ["n01440764"] * 730,
            "imagenet_label": [0] * 730,
        }
    ).cast(schema)
    edges = [0, 7, 19, 250, 251, 700, 730]
    pieces = [table.slice(a, b - a) for a, b in itertools.pairwise(edges)]
    with open_writer("parquet", str(tmp_path / "x.parquet"), schema) as write:
        for group in row_groups(pieces):
            write(group)
    parquet = pq.ParquetFile(tmp_path / "x.parquet")
    sizes = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
    assert sizes == [ROWS_PER_GROUP] * 7 + [30]
    assert parquet.read().equals(table)


@pytest.mark.parametrize("images", [True, False])
@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_the_code_of_the_card_runs(
    form: str, images: bool, convert_miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands there, on what it stands beside: the name of a repository may be a folder."""
    convert_miniature(tmp_path / "me" / "imagenet-s", splits=["validation"], form=form, images=images)
    (code,) = re.findall(r"```python\n(.*?)```", (tmp_path / "me" / "imagenet-s" / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    assert len(namespace["validation"]) == len(list(namespace["stream"])) == 9
    assert namespace["masks"].column_names == ["image_id", "annotation"]
    assert namespace["masks"][0]["annotation"].size == namespace["validation"][0]["annotation"].size


def test_the_card(out: Path) -> None:
    card = DatasetCard.load(out / "README.md")
    card.data.to_yaml()
    data = yaml.safe_load((out / "README.md").read_text().split("---")[1])
    assert data["license"] == "other"
    assert data["license_name"]
    assert data["license_link"].startswith("https://")
    assert "ImageNet" in data["extra_gated_prompt"]
    assert [entry["config_name"] for entry in data["configs"]] == ["50", "919"], "strings, not numbers"
    assert [entry.get("default", False) for entry in data["configs"]] == [False, True]
    splits = {entry["split"]: entry["path"] for entry in data["configs"][1]["data_files"]}
    assert splits["train_semi"] == "919/train_semi-*-of-00004.parquet"
    for info in data["dataset_info"]:
        on_disk = sum(file.stat().st_size for file in out.glob(f"{info['config_name']}/*.parquet"))
        assert info["download_size"] == on_disk
        assert info["dataset_size"] == sum(split["num_bytes"] for split in info["splits"])
    text = (out / "README.md").read_text()
    names = ClassLabel(names=imagenet_s.categories("919").names).names
    assert text.count(f"'919': {names[919]}\n") == 1, "class names once a configuration"
    assert "$" not in text.split("---", 2)[2]
    assert "run_semantic_segmentation" not in text, "it runs on no data set of ours as it comes"
    assert "semantic_loss_ignore_index=1000" in text
    assert "do_reduce_labels=False" in text
