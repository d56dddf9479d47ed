"""Everything that this project writes, and everything official, is read as masks, however it is nested."""

import io
import pickle
import shutil
import zipfile

import datasets
import numpy as np
import pytest
from mask_forms import png, rgb, write_official
from PIL import Image

from imagenet_s.conversion.masks.find_masks import find_masks
from imagenet_s.conversion.shards import Options, convert
from imagenet_s.metrics.matched_miou.read_mask import read_mask


def ids_of(path, config="50", split=None):
    reader = find_masks(path, config, split)
    return {key: read_mask(reader.read(key)).tolist() for key in reader.keys}


@pytest.fixture(scope="module")
def forms(places, miniature, annotations, tmp_path_factory):
    """Form -> what `--gt-dir` may be given; every command reads those of `mask_places`, see the table beside this."""
    root = tmp_path_factory.mktemp("forms")
    imagenet = miniature("folders")
    convert(imagenet, root / "small", "50", annotations, Options(verify=False, images=False, max_shard_size="1KB"))
    shutil.copytree(places["parquet"].path, root / "two", ignore=shutil.ignore_patterns(".imagenet-s"))
    convert(imagenet, root / "two", "300", annotations, Options(verify=False, splits=("validation",), images=False))
    shutil.copytree(places["extracted"].path, root / "nested" / "more")
    rows = datasets.load_dataset(str(places["parquet"].path), "50", cache_dir=str(root / "cache"))
    (root / "files").mkdir()
    (root / "hub" / "data").mkdir(parents=True)
    for split, part in rows.items():
        part.to_parquet(root / "files" / f"{split}.parquet")
        part.to_parquet(root / "hub" / "data" / f"{split}-00000-of-00001.parquet")
    rows["validation"].select_columns(["image_id", "wnid", "annotation"]).save_to_disk(str(root / "mine"))
    (root / "hub" / "data" / "validation.md").write_text("")
    (root / "linked").mkdir()
    for file in (root / "hub" / "data").iterdir():
        (root / "linked" / file.name).symlink_to(file)
    return {
        **{name: place.path for name, place in places.items() if not name.startswith("imagenet")},
        **{name: root / name for name in ("small", "two", "nested", "files", "hub", "linked", "mine")},
        "file": root / "files" / "validation.parquet",
        "builder's cache": next((root / "cache").rglob("*-validation.arrow")),
    }


BOTH_SPLITS = ("small", "two", "nested", "files", "hub", "linked", "tree", "archive", "parquet", "arrow, configuration")
ONE_SPLIT = ("plain", "arrow, split", "arrow, shard", "mine", "file", "builder's cache")


@pytest.mark.parametrize("form", [*BOTH_SPLITS, *ONE_SPLIT])
def test_validation_unless_told_otherwise(forms, form):
    expected = ids_of(forms["plain"])
    assert len(expected) == 9
    assert ids_of(forms[form]) == ids_of(forms[form], split="val") == expected


@pytest.mark.parametrize("form", BOTH_SPLITS)
def test_the_split_chooses(forms, form):
    ids = ids_of(forms[form], split="train-semi")
    assert ids == ids_of(forms["parquet"], split="train_semi")
    assert len(ids) == 10
    assert not ids.keys() & ids_of(forms["plain"]).keys()


@pytest.mark.parametrize("form", ["tree", "archive", "extracted", "parquet", "arrow", "files"])
def test_a_split_that_is_not_there_is_told(forms, form):
    with pytest.raises(ValueError, match=r"split 'train_full'; it has: .*train_semi, validation"):
        find_masks(forms[form], "50", "train_full")


@pytest.mark.parametrize("form", ["plain", "mine"])
def test_what_does_not_tell_its_split_is_read_as_it_is(forms, form):
    assert len(ids_of(forms[form], split="test")) == 9


@pytest.mark.parametrize("form", ["arrow, split", "parquet, shard", "arrow, shard", "file", "builder's cache"])
def test_what_is_another_split_is_refused(forms, form):
    with pytest.raises(ValueError, match="no shards of the split 'test'; it has: validation"):
        find_masks(forms[form], "50", "test")


def test_another_configuration_is_told(forms):
    with pytest.raises(ValueError, match="holds 300, 50 and not 919"):
        find_masks(forms["two"], "919")
    assert ids_of(forms["extracted"], "300") == ids_of(forms["two"], "300") != ids_of(forms["two"])


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_two_files_of_one_key_are_refused(kind, tmp_path):
    root = tmp_path / "masks"
    for name in ("n1/a.png", "n1/a.PNG", "n1/b.png"):
        write_official(root / name, [[1]])
    path = root
    if kind == "zip":
        path = tmp_path / "masks.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(root.rglob("*.*")):
                archive.write(file, file.relative_to(root))
    with pytest.raises(ValueError, match=r"holds n1/a\.(png|PNG) and n1/a\.(png|PNG): which of the two"):
        find_masks(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        for ids in ([[1]], [[2]]):
            archive.writestr("n1/a.png", png(Image.fromarray(rgb(ids))))
    with pytest.raises(ValueError, match=r"holds n1/a\.png twice"):
        find_masks(tmp_path / "m.zip")


def test_damaged_zips_are_named_whatever_is_damaged(tmp_path):
    sound = io.BytesIO()
    generator = np.random.default_rng(0)
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_STORED):
        with zipfile.ZipFile(sound, "a", method) as archive:
            archive.writestr(f"n1/{method}.png", png(Image.fromarray(rgb(generator.integers(0, 50, (20, 20))))))
    data, path = sound.getvalue(), tmp_path / "m.zip"
    path.write_bytes(data)
    truth = ids_of(path)
    refused = 0
    for _ in range(400):
        damaged = bytearray(data)
        if generator.random() < 0.2:
            damaged = damaged[: generator.integers(len(damaged))]
        for _ in range(generator.integers(1, 4) if damaged else 0):
            damaged[generator.integers(len(damaged))] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            actual = ids_of(path)
        except ValueError as error:
            assert "m.zip" in str(error) or "the mask is" in str(error)  # noqa: PT017
            refused += 1
        else:
            assert all(truth[key] == ids for key, ids in actual.items() if key in truth)
    assert refused > 250


@pytest.mark.parametrize("form", ["parquet, shard", "arrow, shard"])
def test_damaged_shards_are_named(forms, form, tmp_path):
    data = forms[form].read_bytes()
    path = tmp_path / f"validation{forms[form].suffix}"
    for content in (b"", b"no shard", data[: len(data) // 2], data[:-9], data[: len(data) // 2] + bytes(500)):
        path.write_bytes(content)
        try:
            actual = ids_of(path)
        except ValueError as error:
            assert path.name in str(error) or "the mask" in str(error)  # noqa: PT017
        else:
            truth = ids_of(forms["plain"])
            assert all(truth[key] == ids for key, ids in actual.items())
    other = datasets.Dataset.from_dict({"a": [1]})
    other.to_parquet(tmp_path / "validation-00000-of-00001.parquet")
    with pytest.raises(ValueError, match=r"has no column '(image_id|wnid)', but a"):
        find_masks(tmp_path / "validation-00000-of-00001.parquet")


def test_pictures_beside_masks_are_no_shards_and_shards_no_masks(forms, tmp_path):
    root = tmp_path / "masks"
    shutil.copytree(forms["plain"], root)
    (root / "statistics.parquet").write_bytes(b"")
    assert ids_of(root) == ids_of(forms["plain"])
    copy = tmp_path / "repository"
    shutil.copytree(forms["parquet"], copy)
    write_official(copy / "docs" / "picture.png", [[1]])
    assert ids_of(copy) == ids_of(forms["plain"])


@pytest.mark.parametrize("form", ["plain", "archive", "parquet", "arrow", "file"])
def test_masks_travel_to_other_processes(forms, form):
    masks = find_masks(forms[form], "50")
    masks.read(masks.keys[0])
    assert pickle.loads(pickle.dumps(masks)).read(masks.keys[-1]) == masks.read(masks.keys[-1])
