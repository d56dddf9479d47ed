"""Reading a result again against its index, and results that are not simply a folder here."""

import json
import uuid
from pathlib import Path

import fsspec
import pytest
from shard_helpers import contents

from imagenet_s.cli.main import main
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.shards import verify
from imagenet_s.conversion.shards.sharding import parse_size


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_verify_names_every_damaged_shard(form: str, convert_miniature, tmp_path: Path, capsys) -> None:
    convert_miniature(tmp_path, form=form)
    assert main(["convert", "--verify", str(tmp_path)]) == 0
    shards = sorted(tmp_path.glob(f"50/**/*.{form}"))
    data = bytearray(shards[0].read_bytes())
    data[len(data) // 2] ^= 1
    shards[0].write_bytes(data)
    shards[1].write_bytes(shards[1].read_bytes()[:-1])
    shards[2].unlink()
    (shards[3].parent / f"extra.{form}").write_bytes(b"")
    capsys.readouterr()
    assert main(["convert", "--verify", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert f"{shards[0].name}: sha256" in said
    assert f"{shards[1].name}: {shards[1].stat().st_size:,} bytes" in said
    assert f"{shards[2].name}: missing" in said
    assert f"extra.{form}: not in the index" in said
    assert str(shards[3].relative_to(tmp_path)) not in said


def test_verify_compares_rows_and_columns(convert_miniature, tmp_path: Path) -> None:
    """An index that says something else of a whole file."""
    convert_miniature(tmp_path)
    index = json.loads((tmp_path / "index.json").read_text())
    index["configs"]["50"]["splits"]["test"]["shards"][0]["rows"] += 1
    (tmp_path / "index.json").write_text(json.dumps(index))
    with pytest.raises(ImageNetSError, match=r"test-00000-of-\d+.parquet: 5 rows, 6 expected"):
        verify(tmp_path)


def test_no_result_to_verify(tmp_path: Path) -> None:
    with pytest.raises(ImageNetSError, match="has no index"):
        verify(tmp_path)


def test_the_memory_of_a_process(convert_miniature, tmp_path: Path) -> None:
    url = f"memory://{uuid.uuid4().hex}"
    convert_miniature(tmp_path)
    convert_miniature(url)
    convert_miniature(url)
    fs = fsspec.filesystem("memory")
    root = url.removeprefix("memory:/")
    found = {name.removeprefix(f"{root}/"): fs.cat_file(name) for name in fs.find(root)}
    assert {name: data for name, data in found.items() if not name.startswith(".imagenet-s/")} == contents(tmp_path)
    verify(url)
    with pytest.raises(ImageNetSError, match="memory of this process"):
        convert_miniature(url, workers=2)


def test_a_local_address_and_workers(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path / "a")
    convert_miniature(f"file://{tmp_path}/b", workers=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_an_unknown_address(convert_miniature) -> None:
    with pytest.raises(ImageNetSError, match="can't be written to"):
        convert_miniature("nowhere://x")


@pytest.mark.parametrize(("text", "size"), [("500MB", 500_000_000), ("1.5 GiB", 3 << 29), (7, 7), ("20kb", 20_000)])
def test_sizes(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1MB", "MB", "5 bananas"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(ImageNetSError, match="expected a size"):
        parse_size(text)
