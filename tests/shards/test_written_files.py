"""Only files that a conversion wrote are replaced or removed; what people add to a card stays."""

import json
import os
import shutil
from pathlib import Path

import datasets
import pytest
from shard_helpers import contents

from imagenet_s.cli.main import main
from imagenet_s.conversion.converted.dataset_index import parse_index
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.shards import verify

FORMS = {"parquet": "50/validation-00000-of-00001.parquet", "arrow": "50/validation/data-00000-of-00001.arrow"}


def put(path: Path, data: str = "mine") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data)
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "id2label.json", "50/id2label.json", "index.json", "shard"),
        *("50/dataset_dict.json", "50/validation/state.json", "50/validation/dataset_info.json"),
    ],
)
def test_a_foreign_file_in_the_way(form: str, name: str, convert_miniature, tmp_path: Path) -> None:
    """Named before anything is written, and kept. What the format does not write is in nobody's way."""
    name = FORMS[form] if name == "shard" else name
    mine = put(tmp_path / name, '{"mine": 1}')
    options = {"form": form, "splits": ["validation"], "max_shard_size": "1GB"}
    if form == "parquet" and ("state" in name or "dataset_" in name):
        convert_miniature(tmp_path, **options)
    else:
        with pytest.raises(ImageNetSError, match=rf"{name}.*not written by `imagenet-s convert`"):
            convert_miniature(tmp_path, **options)
        assert list(contents(tmp_path)) == [name]
    assert mine.read_text() == '{"mine": 1}'


def test_all_foreign_files_are_named_by_the_command(
    miniature, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "README.md", "# my notes")
    put(tmp_path / "id2label.json")
    options = ["--config", "50", "--annotations-dir", str(annotations), "--no-verify"]
    assert main(["convert", str(miniature("folders")), str(tmp_path), *options]) == 1
    assert "holds README.md, id2label.json, which were not written" in capsys.readouterr().err
    assert contents(tmp_path) == {"README.md": b"# my notes", "id2label.json": b"mine"}


def test_a_source_of_validation_alone(
    convert_miniature, miniature, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The message names what can be converted, and that works."""
    source = tmp_path / "imagenet"
    source.mkdir()
    (source / "val").symlink_to(miniature("folders") / "val")
    with pytest.raises(ImageNetSError, match=r'no train images.*splits=\["validation", "test"\]'):
        convert_miniature(tmp_path / "out", source=source)
    assert not (tmp_path / "out").exists()
    index = convert_miniature(tmp_path / "out", source=source, splits=["validation", "test"])
    assert index.has_split("50", "validation")
    assert index.has_split("50", "test")
    # As loading does it: where nobody names the splits, those without any image are missing images.
    with pytest.raises(ImageNetSError, match="no train images"):
        convert_miniature(tmp_path / "named", source=source, splits=["train_semi", "test"], on_missing="skip")
    caplog.clear()
    skipped = convert_miniature(tmp_path / "skipped", source=source, on_missing="skip")
    assert skipped.configs["50"].splits.keys() == index.configs["50"].splits.keys()
    assert "holds no train images: train, train_semi are left out." in caplog.text


def test_a_tree_of_validation_alone(convert_miniature, miniature, tmp_path: Path) -> None:
    """As people have it who only evaluate: the message says which splits are not there."""
    tree = tmp_path / "tree" / "ImageNetS50"
    for folder in ("validation", "validation-segmentation"):
        shutil.copytree(miniature("tree-50") / "ImageNetS50" / folder, tree / folder, symlinks=True)
    with pytest.raises(ImageNetSError, match=r'holds no images of train_semi, test\..*splits=\["validation"\]'):
        convert_miniature(tmp_path / "out", source=tree.parent)
    assert convert_miniature(tmp_path / "out", source=tree.parent, splits=["validation"]).has_split("50", "validation")


@pytest.mark.parametrize("where", ["same", "inside", "around", "through a link"])
def test_a_folder_that_overlaps_the_source(
    where: str, miniature, annotations: Path, tmp_path: Path, convert_miniature
) -> None:
    import shutil

    source = shutil.copytree(miniature("folders"), tmp_path / "data" / "imagenet")
    before = contents(source)
    (tmp_path / "link").symlink_to(source / "val")
    out = {
        "same": source,
        "inside": source / "out",
        "around": source.parent,
        "through a link": tmp_path / "link" / "out",
    }
    with pytest.raises(ImageNetSError, match=r"the source .* which is only read"):
        convert_miniature(out[where], source=source)
    assert contents(source) == before
    # Elsewhere, parts of the source may be links.
    linked = tmp_path / "linked"
    linked.mkdir()
    for part in ("train", "val"):
        (linked / part).symlink_to(source / part)
    with pytest.raises(ImageNetSError, match="which is only read"):
        convert_miniature(source / "train" / "out", source=linked)
    assert contents(source) == before


def test_the_annotations_are_no_place_for_the_result(convert_miniature, annotations: Path) -> None:
    before = contents(annotations)
    with pytest.raises(ImageNetSError, match="is a source too"):
        convert_miniature(annotations)
    assert contents(annotations) == before


def test_what_people_add_to_a_card_stays(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path, splits=["validation"])
    card = tmp_path / "README.md"
    text = card.read_text().replace("---\n\n<!--", "---\n\nRead this first.\n\n<!--", 1) + "\n## Our results\n\n42\n"
    card.write_text(text.replace("pretty_name: ImageNet-S\n", "pretty_name: Ours\nlanguage: en\n", 1))
    convert_miniature(tmp_path, splits=["test"])
    after = card.read_text()
    assert "Read this first.\n\n<!-- written by" in after
    assert after.endswith("<!-- end of what `imagenet-s convert` wrote -->\n\n## Our results\n\n42\n")
    assert "pretty_name: Ours\n" in after
    assert "language: en\n" in after
    assert "| `test` |" in after
    assert sorted(datasets.load_dataset(str(tmp_path), "50")) == ["test", "validation"]
    for added in ("Read this first.\n\n", "\n## Our results\n\n42\n", "language: en\n"):
        after = after.replace(added, "")
    convert_miniature(tmp_path / "fresh", splits=["validation", "test"])
    assert after.replace("Ours", "ImageNet-S") == (tmp_path / "fresh" / "README.md").read_text()


@pytest.mark.parametrize("license", ["[other", "2026-99-99", "[" * 1000], ids=["cut", "a date that is none", "deep"])
def test_a_card_whose_metadata_is_damaged(license: str, convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path, splits=["validation"])
    card = tmp_path / "README.md"
    card.write_text(card.read_text().replace("license: other", f"license: {license}", 1))
    before = card.read_bytes()
    with pytest.raises(ImageNetSError, match=r"metadata of .*README.md can't be read"):
        convert_miniature(tmp_path, splits=["test"])
    assert card.read_bytes() == before


def test_labels_that_somebody_changed_stay(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path, splits=["validation"])
    labels = tmp_path / "id2label.json"
    labels.write_text(labels.read_text().replace("goldfish", "Goldfisch"))
    before = contents(tmp_path)
    with pytest.raises(ImageNetSError, match=r"id2label.json, which was not written .* \(or changed since\)"):
        convert_miniature(tmp_path, splits=["test"])
    assert contents(tmp_path) == before


@pytest.mark.parametrize(("first", "then"), [("arrow", "parquet"), ("parquet", "arrow"), ("arrow", "arrow")])
def test_restart_removes_exactly_what_the_earlier_run_wrote(
    first: str, then: str, convert_miniature, tmp_path: Path
) -> None:
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    mine = {name: put(out / name) for name in ("notes.txt", "50/validation-notes.txt", "50/test/data-x.txt")}
    convert_miniature(out, form=first)
    options = {"form": then, "max_shard_size": "1GB"}
    convert_miniature(out, restart=True, **options)
    convert_miniature(fresh, **options)
    assert contents(out) == contents(fresh) | dict.fromkeys(mine, b"mine")
    folders = {path.relative_to(out) for path in out.rglob("*") if path.is_dir()}
    wanted = {path.relative_to(fresh) for path in fresh.rglob("*") if path.is_dir()}
    assert folders == wanted | {Path("50/test")}
    working = [set(contents(folder, working=True)) for folder in (out, fresh)]
    assert working[0] - set(mine) == working[1], "no marker is left of shards that are gone"
    verify(out)


@pytest.mark.parametrize("images", [True, False])
def test_restart_with_or_without_images(images: bool, convert_miniature, tmp_path: Path) -> None:
    """What describes the first run (its card, index, eval.yaml of a push) says nothing of the second."""
    out, fresh = tmp_path / "out", tmp_path / "fresh"
    convert_miniature(out, images=not images)
    convert_miniature(out, images=images, restart=True, max_shard_size="1GB")
    convert_miniature(fresh, images=images, max_shard_size="1GB")
    assert contents(out) == contents(fresh)
    assert contents(out, working=True).keys() == contents(fresh, working=True).keys()


def test_a_restarted_split_leaves_the_others(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path, form="arrow")
    before = contents(tmp_path)
    convert_miniature(tmp_path, form="arrow", splits=["test"], max_shard_size="1GB", restart=True)
    after = contents(tmp_path)
    assert {name for name in before if "/validation/data-" in name} <= set(after)
    assert "50/test/data-00000-of-00001.arrow" in after
    assert len(datasets.load_from_disk(str(tmp_path / "50"))["test"]) == 10


DAMAGE = ["", "{", "[]", "{}", "null", "1", '"x"', "[" * 100_000, "\xff", '{"file": 1}']


@pytest.mark.parametrize("damage", range(len(DAMAGE) + 2))
def test_a_marker_that_cannot_be_read_is_no_marker(damage: int, convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path)
    whole = contents(tmp_path, working=True)
    marker = next((tmp_path / ".imagenet-s" / "50").glob("validation-*.done"))
    other = next((tmp_path / ".imagenet-s" / "50").glob("test-*.done"))
    further = json.dumps({**json.loads(marker.read_text()), "new_field": 1})
    marker.write_bytes([*map(str.encode, DAMAGE), other.read_bytes(), further.encode()][damage])
    convert_miniature(tmp_path)
    assert contents(tmp_path, working=True) == whole


@pytest.mark.parametrize("damage", range(len(DAMAGE) + 2))
def test_a_plan_that_cannot_be_read_differs(damage: int, convert_miniature, tmp_path: Path) -> None:
    """As one of a later version would: the message names it, and --restart helps."""
    convert_miniature(tmp_path)
    whole = contents(tmp_path, working=True)
    plan = tmp_path / ".imagenet-s" / "50" / "validation.json"
    raw = json.loads(plan.read_text())
    further, wrong = {**raw, "new_field": 1}, {**raw, "shards": "2"}
    plan.write_text([*DAMAGE, json.dumps(further), json.dumps(wrong)][damage], encoding="latin-1")
    with pytest.raises(ImageNetSError, match=r"\.imagenet-s/50/validation.json, the plan .* can't be read.*--restart"):
        convert_miniature(tmp_path)
    convert_miniature(tmp_path, restart=True)
    assert contents(tmp_path, working=True) == whole


def test_a_damaged_list_of_files_is_as_none(convert_miniature, tmp_path: Path) -> None:
    convert_miniature(tmp_path, form="arrow")
    whole = contents(tmp_path, working=True)
    for damage in ("", "[1]", '{"README.md": 3}', "{"):
        put(tmp_path / ".imagenet-s" / "files.json", damage)
        convert_miniature(tmp_path, form="arrow")
        assert contents(tmp_path, working=True) == whole


def set_in(raw: dict, *path_and_value: object) -> dict:
    *path, last, value = path_and_value
    inner = raw
    for key in path:
        inner = inner[key]
    inner[last] = value
    return raw


SPLIT = ("configs", "50", "splits", "validation")
HOSTILE = {
    "bytes": lambda raw: set_in(raw, *SPLIT, "shards", 0, "bytes", "x"),
    "rows": lambda raw: set_in(raw, *SPLIT, "shards", 0, "rows", 1.5),
    "boolean": lambda raw: set_in(raw, *SPLIT, "shards", 0, "rows", True),
    "a shard elsewhere": lambda raw: set_in(raw, *SPLIT, "shards", 0, "file", "../../etc/passwd"),
    "an absolute shard": lambda raw: set_in(raw, *SPLIT, "shards", 0, "file", "/etc/passwd"),
    "a shard above": lambda raw: set_in(raw, *SPLIT, "shards", 0, "file", "50/../../x"),
    "no shards": lambda raw: set_in(raw, *SPLIT, "shards", []),
    "no splits": lambda raw: set_in(raw, "configs", "50", "splits", {}),
    "another split": lambda raw: set_in(
        raw, "configs", "50", "splits", {"dev": raw["configs"]["50"]["splits"]["test"]}
    ),
    "configuration 7": lambda raw: set_in(raw, "configs", "7", raw["configs"]["50"]),
    "format": lambda raw: set_in(raw, "configs", "50", "format", "csv"),
    "images": lambda raw: set_in(raw, "configs", "50", "images", 1),
    "a list": lambda raw: set_in(raw, "configs", []),
    "version": lambda raw: set_in(raw, "version", "1"),
    "a later version": lambda raw: set_in(raw, "version", 2),
    "a further field": lambda raw: set_in(raw, *SPLIT, "shards", 0, "further", 1),
}


@pytest.mark.parametrize("name", [*HOSTILE, *range(len(DAMAGE))])
def test_an_index_that_is_not_ours(
    name: str | int, convert_miniature, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    convert_miniature(tmp_path / "out", splits=["validation", "test"])
    index = tmp_path / "out" / "index.json"
    if isinstance(name, int):
        index.write_text(DAMAGE[name], encoding="latin-1")
    else:
        index.write_text(json.dumps(HOSTILE[name](json.loads(index.read_text()))))
    before = index.read_bytes()
    for command in (
        ["convert", "--verify", str(tmp_path / "out")],
        ["push", str(tmp_path / "out"), "--repo-id", "me/x", "--dry-run"],
        ["show", str(tmp_path / "out"), "--output", str(tmp_path / "sheets"), "--config", "50", "--no-verify"],
    ):
        assert main(command) == 1, command
        (line,) = capsys.readouterr().err.splitlines()
        assert str(index) in line
    with pytest.raises(ImageNetSError, match=r"index\.json"):
        convert_miniature(tmp_path / "out")
    assert index.read_bytes() == before


def test_an_index_without_configurations_is_unfinished(tmp_path: Path) -> None:
    """As a conversion that was killed after --restart leaves it."""
    data = b'{"version": 1, "configs": {}}'
    assert not parse_index(data, "x").configs
    (tmp_path / "index.json").write_bytes(data)
    with pytest.raises(ImageNetSError, match="unfinished"):
        verify(tmp_path)


def test_files_that_end_like_temporary_ones_stay(convert_miniature, tmp_path: Path) -> None:
    mine = put(tmp_path / "50" / "thesis.incomplete")
    left = put(tmp_path / "50" / ".test-00000-of-00003.parquet.0123456789ab.incomplete")
    convert_miniature(tmp_path)
    assert mine.exists()
    assert not left.exists()
    assert os.listdir(tmp_path / ".imagenet-s")
