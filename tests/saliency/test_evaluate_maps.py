"""`imagenet-s evaluate-maps`: maps in every form, over masks in every place, on several workers."""

import contextlib
import errno
import itertools
import json
import os
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from made_maps import bits
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.metrics import Localization, center_map
from imagenet_s.metrics.saliency.map_files import open_map_reader


@pytest.fixture(scope="module")
def tree(miniature_module):
    return miniature_module / "ImageNetS50"


@pytest.fixture(scope="module")
def miniature_module(tmp_path_factory):
    from imagenet_s.conversion.synthetic import write_official_tree

    root = tmp_path_factory.mktemp("maps-tree")
    write_official_tree(root, "50")
    return root


@pytest.fixture(scope="module")
def rows(tree):
    """image id -> (class folder, mask, map of 16-bit integers) of validation."""
    by_id = {}
    for number, path in enumerate(sorted((tree / "validation-segmentation").glob("*/*.png"))):
        mask = imagenet_s.decode_mask(path)
        noise = np.random.default_rng(number).integers(0, 30_000, mask.shape)
        by_id[path.stem] = path.parent.name, mask, (noise + 20_000 * (mask > 0)).astype(np.uint16)
    return by_id


@pytest.fixture(scope="module")
def maps(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    for image_id, (_, _, values) in rows.items():
        np.save(folder / f"{image_id}.npy", values)
    return folder


def expected(rows, target_of=None, **options):
    metric = Localization(**options)
    table = imagenet_s.categories("50")
    for image_id, (wnid, mask, values) in rows.items():
        target = table.id_of(target_of[image_id] if target_of else wnid)
        if target:
            metric.update(values, mask, target, image_id)
    return metric


def scored(maps, truth, *more, out):
    arguments = ["evaluate-maps", "--maps-dir", str(maps), "--gt-dir", str(truth), "--config", "50"]
    assert main([*arguments, "--json", str(out), *more]) == 0
    return json.loads(out.read_text())


def figures(result):
    return {key: value for key, value in result.items() if isinstance(value, (int, float))}


def write_maps(form, rows, folder):
    """The maps in one form; returns what to name as --maps-dir."""
    folder.mkdir()
    for image_id, (wnid, _, values) in rows.items():
        if form == "npz in class folders":
            (folder / wnid).mkdir(exist_ok=True)
            np.savez_compressed(folder / wnid / f"{image_id}.npz", saliency=values)
        elif form == "16-bit png":
            Image.fromarray(values).save(folder / f"{image_id}.png")
        elif form == "named after the image file":
            np.save(folder / f"{image_id}.JPEG.npy", values.astype(np.float32))
        else:
            np.save(folder / f"{image_id}.npy", values)
    if form == "zip":
        return shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
    if form == "one npz":
        np.savez(folder.parent / "all.npz", **{image_id: values for image_id, (_, _, values) in rows.items()})
        return folder.parent / "all.npz"
    return folder


@pytest.mark.parametrize("form", ["npz in class folders", "16-bit png", "named after the image file", "zip", "one npz"])
def test_every_form_of_maps(form, rows, tree, tmp_path):
    maps = write_maps(form, rows, tmp_path / "maps")
    result = scored(maps, tree, out=tmp_path / "out.json")
    assert bits(figures(result)) == bits(expected(rows).compute())


def test_a_link_to_its_own_folder_adds_no_maps(rows, tree, tmp_path):
    maps = write_maps("npz in class folders", rows, tmp_path / "maps")
    (maps / "latest").symlink_to(".")
    assert open_map_reader(maps).ids == sorted(rows)
    assert scored(maps, tree, out=tmp_path / "out.json")["num_images"] == expected(rows).compute()["num_images"]


def test_a_folder_that_cannot_be_listed_is_named(rows, tmp_path, monkeypatch):
    """It is not taken for an empty one."""
    maps = write_maps("npz in class folders", rows, tmp_path / "maps")
    closed = next(maps.iterdir())
    scandir = os.scandir

    def refusing(path):
        if Path(path) == closed:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refusing)
        with pytest.raises(ValueError, match=f"{closed} can't be listed"):
            open_map_reader(maps)


def test_train_semi(tree, tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    paths = list((tree / "train-semi-segmentation").glob("*/*.png"))
    for path in paths:
        np.save(folder / f"{path.stem}.npy", imagenet_s.decode_mask(path) == 0)
    for target in ("category", "imagenet"):
        more = ("--split", "train-semi", "--target", target)
        result = scored(folder, tree, *more, out=tmp_path / "out.json")
        assert result["num_images"] + result["num_absent"] == len(paths) > 5


def test_target_imagenet(rows, maps, tree, annotations, tmp_path, capsys):
    """ImageNet's labels are the first column of the official list; an image whose label is no class is left out."""
    lines = (annotations / "ImageNetS_im50_mapping_validation.txt").read_text().splitlines()
    labels = {line.split()[0].split("/")[1].removesuffix(".JPEG"): line.split("/")[0] for line in lines}
    table = imagenet_s.categories("50")
    no_class = [image_id for image_id in rows if not table.id_of(labels[image_id])]
    assert any(labels[image_id] != rows[image_id][0] for image_id in rows)
    more = ("--target", "imagenet", "--annotations-dir", str(annotations), "--no-verify")
    result = scored(maps, tree, *more, out=tmp_path / "out.json")
    assert bits(figures(result)) == bits(expected(rows, labels).compute())
    assert sorted(result["no_class"]) == sorted(no_class)
    assert ("their ImageNet label is no class" in capsys.readouterr().err) == bool(no_class)
    # The same with an image that surely has none.
    lists = tmp_path / "lists"
    lists.mkdir()
    image_id, (wnid, _, _) = next(iter(rows.items()))
    text = "\n".join(lines).replace(f"{labels[image_id]}/{image_id}.JPEG {wnid}", f"n01440764/{image_id}.JPEG {wnid}")
    (lists / "ImageNetS_im50_mapping_validation.txt").write_text(text)
    more = ("--target", "imagenet", "--annotations-dir", str(lists), "--no-verify")
    result = scored(maps, tree, *more, out=tmp_path / "out.json")
    assert sorted(result["no_class"]) == sorted({*no_class, image_id})
    assert "Left out, their ImageNet label is no class of ImageNet-S-50" in capsys.readouterr().err


def test_workers_options_and_saved_scores(rows, maps, tree, tmp_path, capsys):
    more = ["--thresholds", "0.3", "mean_std", "--relevance", "absolute", "--average", "category", "--tolerance", "5"]
    saved = tmp_path / "scores.npz"
    one = scored(maps, tree, *more, "--workers", "1", "--bootstrap", "20", out=tmp_path / "out.json")
    two = scored(maps, tree, *more, "--workers", "2", "--save-counts", str(saved), out=tmp_path / "two.json")
    options = {"thresholds": (0.3, "mean_std"), "relevance": "absolute", "tolerance": 5}
    metric = expected(rows, **options)
    assert bits(figures(one)) == bits(figures(two)) == bits(metric.compute("category"))
    assert one["intervals"] == {key: list(value) for key, value in metric.bootstrap("category", samples=20).items()}
    assert Localization.load(saved).per_image() == metric.per_image()
    scored(maps, tree, *more, "--save-counts", str(saved), out=tmp_path / "two.json")  # an earlier result is replaced
    capsys.readouterr()
    assert main(["evaluate-maps", "--counts", str(saved), "--average", "category"]) == 0
    shown = capsys.readouterr().out
    for key in metric.keys:
        assert f"{100 * two[key]:.2f}" in next(line for line in shown.splitlines() if line.startswith(f"{key} "))
    assert f"dataset_max_iou (at {two['dataset_max_iou_threshold']:.3f})" in shown


def test_the_chefer_preset(maps, tree, capsys):
    assert (
        main(["evaluate-maps", "--maps-dir", str(maps), "--gt-dir", str(tree), "--config", "50", "--preset", "chefer"])
        == 0
    )
    shown = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:-1]]
    assert shown == ["pixel_accuracy", "mean_iou", "mean_average_precision"]


def test_what_is_missing(rows, maps, tree, tmp_path, capsys):
    some = tmp_path / "some"
    shutil.copytree(maps, some)
    gone, *_ = rows
    (some / f"{gone}.npy").unlink()
    np.save(some / "ILSVRC2012_val_00000000.npy", np.zeros((2, 2)))
    arguments = ["evaluate-maps", "--maps-dir", str(some), "--gt-dir", str(tree), "--config", "50"]
    assert main(arguments) == 1
    assert f"no map for 1 of {len(rows)} images: {gone}" in capsys.readouterr().err
    result = scored(some, tree, "--on-missing", "skip", out=tmp_path / "out.json")
    assert result["missing"] == [gone]
    assert "Maps without a mask, not scored: 1" in capsys.readouterr().err
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(f"{wnid}/{image_id}.JPEG" for image_id, (wnid, _, _) in list(rows.items())[1:4]))
    assert scored(some, tree, "--list", str(listed), out=tmp_path / "out.json")["num_images"] == 3


def test_names_that_are_no_utf8(rows, maps, tree, tmp_path):
    """They are scored, and written to the page and the JSON as escapes."""
    (first, (wnid, _, values)), *_ = rows.items()
    odd = f"{first}\udce9"
    (tmp_path / "maps").mkdir()
    np.save(tmp_path / "maps" / f"{odd}.npy", values)
    (tmp_path / "masks" / wnid).mkdir(parents=True)
    shutil.copy(tree / "validation-segmentation" / wnid / f"{first}.png", tmp_path / "masks" / wnid / f"{odd}.png")
    page = tmp_path / "page.html"
    result = scored(tmp_path / "maps", tmp_path / "masks", "--report", str(page), out=tmp_path / "out.json")
    assert result["num_images"] == 1
    assert f"{first}\\udce9" in page.read_text(encoding="utf-8")


def test_maps_that_say_nothing(rows, tree, tmp_path, capsys):
    """Constant maps have figures, those of chance: how many there are is said with them."""
    (tmp_path / "maps").mkdir()
    for number, (image_id, (_, mask, _)) in enumerate(rows.items()):
        np.save(tmp_path / "maps" / f"{image_id}.npy", np.full(mask.shape, number % 2))
    assert main(["evaluate-maps", "--maps-dir", str(tmp_path / "maps"), "--gt-dir", str(tree), "--config", "50"]) == 0
    assert f"{len(rows)} images, ImageNet-S-50; constant maps: {len(rows)}" in capsys.readouterr().out


def test_figures_that_no_image_has(rows, maps, tree, tmp_path, capsys):
    """One dash each, in the table, on the page, and in a comparison; no bar without a length."""
    (first, (wnid, mask, _)), *_ = rows.items()
    other = tmp_path / "masks" / wnid / f"{first}.png"
    other.parent.mkdir(parents=True)
    Image.fromarray(np.full(mask.shape, 2 if imagenet_s.categories("50").id_of(wnid) != 2 else 3, np.uint16)).save(
        other
    )
    pages, counts = [tmp_path / "page.html", tmp_path / "both.html"], str(tmp_path / "counts.npz")
    given = ["--maps-dir", str(maps), "--gt-dir", str(tmp_path / "masks"), "--config", "50", "--bootstrap", "5"]
    assert main(["evaluate-maps", *given, "--save-counts", counts, "--report", str(pages[0])]) == 0
    table = capsys.readouterr().out
    assert main(["compare", counts, counts, "--report", str(pages[1])]) == 0
    table += capsys.readouterr().out
    assert "mean_average_precision" in table
    for text in (table, *(page.read_text(encoding="utf-8") for page in pages)):
        assert "–" in text
        assert not re.search(r"– +to|\bnan\b|:–%", text)


def broken(kind, some, first):
    path = some / f"{first}.npy"
    if kind == "two maps of one image":
        (some / "n01443537").mkdir()
        shutil.copy(path, some / "n01443537" / path.name)
    elif kind == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif kind == "pickled":
        np.save(path, np.array([{}], object))
    elif kind == "several arrays":
        path.unlink()
        np.savez(some / f"{first}.npz", a=np.zeros((2, 2)), b=np.zeros((2, 2)))
    elif kind == "colour png":
        path.unlink()
        Image.new("RGB", (4, 4)).save(some / f"{first}.png")
    elif kind == "nan":
        np.save(path, np.full(np.load(path).shape, np.nan))
    elif kind == "size":
        np.save(path, np.zeros((3, 4)))
    elif kind == "no maps":
        shutil.rmtree(some)
        some.mkdir()


@pytest.mark.parametrize(
    ("kind", "workers", "message"),
    [
        ("two maps of one image", 1, "holds two maps of {0}"),
        ("cut", 1, "{0}.npy cannot be read as a map"),
        ("cut", 2, "{0}.npy cannot be read as a map"),
        ("pickled", 1, "{0}.npy cannot be read as a map"),
        ("several arrays", 1, "{0}.npz cannot be read as a map (it holds 2 arrays (a, b)"),
        ("colour png", 1, "{0}.png cannot be read as a map (an image of mode RGB"),
        ("nan", 1, "the map of {0} holds NaN"),
        ("nan", 2, "the map of {0} holds NaN"),
        ("size", 1, "the map of {0} is 3 x 4, its mask"),
        ("no maps", 1, "holds no map (it holds nothing): expected files named by image id"),
    ],
)
def test_errors_name_the_image(kind, workers, message, rows, maps, tree, tmp_path, capsys):
    some = tmp_path / "some"
    shutil.copytree(maps, some)
    first, *_ = rows
    broken(kind, some, first)
    arguments = ["evaluate-maps", "--maps-dir", str(some), "--gt-dir", str(tree), "--config", "50"]
    assert main([*arguments, "--workers", str(workers)]) == 1
    error = capsys.readouterr().err
    assert message.format(first) in error
    assert "Traceback" not in error


@pytest.mark.parametrize("damage", ["cut", "directory", "encrypted", "method", "data"])
def test_damaged_zips_are_named(damage, rows, maps, tree, tmp_path, capsys):
    path = Path(shutil.make_archive(str(tmp_path / "maps"), "zip", maps))
    data = bytearray(path.read_bytes())
    first, *_ = rows
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(first.encode()))  # in the central directory
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(f"{first}.npy").header_offset
    if damage == "cut":
        del data[-40:]
    elif damage == "directory":
        data[entry] ^= 0xFF
    elif damage == "encrypted":
        data[entry + 8], data[start + 6] = data[entry + 8] | 1, data[start + 6] | 1
    elif damage == "method":
        data[entry + 10] = 99
    else:
        data[start + 200] ^= 0xFF
    path.write_bytes(data)
    arguments = ["evaluate-maps", "--maps-dir", str(path), "--gt-dir", str(tree), "--config", "50", "--workers", "1"]
    assert main(arguments) == 1
    message = capsys.readouterr().err
    where = f"{path} is damaged" if damage in ("cut", "directory") else f"{path}: {first}.npy cannot be read as a map"
    assert message.startswith(f"imagenet-s: {where} (")


def test_a_flipped_bit_of_a_map_is_never_read_as_another_value(tmp_path):
    """PNG has checksums; an .npy has none."""
    values, path = np.random.default_rng(0).integers(0, 9, (8, 12)).astype(np.uint16), tmp_path / "image.png"
    Image.fromarray(values).save(path)
    sound, read = bytearray(path.read_bytes()), []
    for position, bit in itertools.product(range(len(sound)), (1, 8, 64)):
        sound[position] ^= bit
        path.write_bytes(sound)
        with contextlib.suppress(ValueError):
            read.append(open_map_reader(tmp_path).read("image"))
        sound[position] ^= bit
    assert 0 < len(read) < len(sound)
    assert all(np.array_equal(row, values) for row in read)


def test_other_mistakes(maps, tree, tmp_path, capsys):
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in (tree / "validation-segmentation").glob("*/*.png"):
        shutil.copy(path, flat)
    empty = tmp_path / "empty.zip"
    zipfile.ZipFile(empty, "w").close()
    for arguments, message in (
        (["--maps-dir", str(maps)], "--gt-dir, --config missing"),
        (["--maps-dir", str(maps), "--gt-dir", str(flat), "--config", "50"], "is in no class folder of ImageNet-S-50"),
        (["--maps-dir", str(maps / "none"), "--gt-dir", str(tree), "--config", "50"], "there is no such folder or zip"),
        (["--maps-dir", str(empty), "--gt-dir", str(tree), "--config", "50"], "holds no map"),
        (["--maps-dir", str(maps), "--gt-dir", str(tree / "none"), "--config", "50"], "there is no such folder"),
        (["--gt-dir", str(tree), "--config", "50"], "--maps-dir missing: give --maps-dir (or --center) and --gt-dir"),
        (["--counts", "x.npz", "--maps-dir", str(maps)], "leave --maps-dir out, or --counts"),
        (["--counts", "x.npz", "--center", "--gt-dir", str(tree)], "leave --center and --gt-dir out, or --counts"),
    ):
        assert main(["evaluate-maps", *arguments]) == 1
        assert message in capsys.readouterr().err


def test_the_center_is_a_run_to_compare_with(rows, maps, tree, tmp_path, capsys):
    saved = tmp_path / "center.npz"
    place = ["--gt-dir", str(tree), "--config", "50"]
    arguments = ["evaluate-maps", "--center", *place, "--json", str(tmp_path / "center.json")]
    assert main([*arguments, "--save-counts", str(saved), "--workers", "2"]) == 0
    centered = {image_id: (wnid, mask, center_map(*mask.shape)) for image_id, (wnid, mask, _) in rows.items()}
    assert figures(json.loads((tmp_path / "center.json").read_text())) == figures(expected(centered).compute())
    other = tmp_path / "maps.npz"
    scored(maps, tree, "--save-counts", str(other), out=tmp_path / "maps.json")
    capsys.readouterr()
    assert main(["compare", str(other), str(saved)]) == 0
    assert "center" in capsys.readouterr().out
