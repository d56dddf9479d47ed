"""A result compared with its index."""

import json
from pathlib import Path

import pytest

from imagenet_s.cli.main import main
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.shards import verify


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
    error = capsys.readouterr().err
    assert f"{shards[0].name}: sha256" in error
    assert f"{shards[1].name}: {shards[1].stat().st_size:,} bytes" in error
    assert f"{shards[2].name}: missing" in error
    assert f"extra.{form}: not in the index" in error
    assert str(shards[3].relative_to(tmp_path)) not in error


@pytest.mark.parametrize("option", [["--config", "300"], ["--splits", "test"]])
def test_verify_takes_no_choice(option: list[str], convert_miniature, tmp_path: Path, capsys) -> None:
    """Everything is read: a configuration that is not there must not seem to be as the index says."""
    convert_miniature(tmp_path)
    capsys.readouterr()
    assert main(["convert", "--verify", str(tmp_path), *option]) == 1
    assert f"it takes no {option[0]}" in capsys.readouterr().err


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
