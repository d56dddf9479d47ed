"""What the commands write of scored masks and maps: counts, scores, matches, JSON, tables, pages and their pictures."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from recording import archived_arrays, made_map, page_parts, printed_by, recorded, sha256, working_in

import imagenet_s
from imagenet_s.conversion.synthetic import images_of, mask_ids

IMAGES = images_of("50", "validation")
RUNS = ("a", "b")


def write_predictions(folder: Path, run: str) -> None:
    """The masks, moved, as clusters that are numbered from the other end; one image in three is a wrong cluster."""
    for number, image in enumerate(IMAGES):
        ids = mask_ids(image, "50").astype(np.int64)
        clusters = np.where((ids > 0) & (ids < 1000), 51 - ids, 0)
        if number % 3 == 2:
            clusters[clusters > 0] = 7 if run == "a" else 50
        path = folder / image.class_wnid / f"{image.image_id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        moved = np.roll(clusters, 4 if run == "a" else 9, axis=1)
        Image.fromarray(imagenet_s.encode_mask(moved)).save(path)


def write_maps(folder: Path, run: str) -> None:
    folder.mkdir()
    for number, image in enumerate(IMAGES):
        inside = mask_ids(image, "50") == imagenet_s.categories("50").id_of(image.class_wnid)
        np.save(folder / f"{image.image_id}.npy", made_map(number + (run == "b"), inside))


def bytes_of(path: str) -> str:
    return sha256(Path(path).read_bytes())


def without_versions(path: str) -> str:
    """A results file, without the versions of Python and of libraries in it."""
    text = Path(path).read_text(encoding="utf-8")
    return sha256(re.sub(r'"(versions|counted_with)": \{[^}]*\}', r'"\1": {}', text))


def results_of_masks(annotations: Path, folder: Path) -> dict[str, Any]:
    """What `match`, `evaluate` and `compare` write of two runs, without pages."""
    references = ["--gt-dir", annotations, "--config", "50", "--workers", "1"]
    made: dict[str, Any] = {}
    with working_in(folder):
        for run in RUNS:
            write_predictions(Path(f"predictions-{run}"), run)
            masks = ["--predict-dir", f"predictions-{run}", *references]
            printed_by("match", *masks, "--session-name", f"match-{run}")
            made[f"match-{run}.json"] = bytes_of(f"match-{run}.json")
            options = ["--matching", "hungarian", "--save-counts", f"{run}.npz", "--json", f"{run}.json"]
            made[f"evaluate {run}"] = sha256(printed_by("evaluate", *masks, *options, "--bootstrap", "20"))
            made[f"{run}.npz"] = archived_arrays(f"{run}.npz")
            made[f"{run}.json"] = without_versions(f"{run}.json")
        options = ["--counts", "a.npz", "--match", "match-b.json", "--json", "again.json"]
        made["evaluate, saved counts"] = sha256(printed_by("evaluate", *options, "--per-class"))
        made["again.json"] = without_versions("again.json")
        options = ["--matching", "hungarian", "match-b.json", "--resamples", "50", "--json", "compared.json"]
        made["compare"] = sha256(printed_by("compare", "a.npz", "b.npz", *options))
        made["compared.json"] = without_versions("compared.json")
    return made


def pages_of_masks(imagenet: Path, annotations: Path, folder: Path) -> dict[str, Any]:
    """The pages of `evaluate`, `compare` and `show`, with pictures; a contact sheet; the results file of a model."""
    source = ["--annotations-dir", annotations, "--no-verify", "--config", "50"]
    references = ["--gt-dir", annotations, "--images", imagenet]
    made: dict[str, Any] = {}
    with working_in(folder):
        for run in RUNS:
            write_predictions(Path(f"predictions-{run}"), run)
            masks = ["--predict-dir", f"predictions-{run}", *references, "--config", "50", "--workers", "1"]
            options = ["--matching", "hungarian", "--save-counts", f"{run}.npz", "--report", f"{run}.html"]
            printed_by("evaluate", *masks, *options, "--bootstrap", "20")
            made[f"{run}.html"] = page_parts(f"{run}.html")
        options = ["--predict-dir", "predictions-a", "predictions-b", "--resamples", "50", "--report", "compared.html"]
        printed_by("compare", "a.npz", "b.npz", "--matching", "hungarian", *references, *options)
        made["compared.html"] = page_parts("compared.html")
        printed_by("match", "--counts", "a.npz")
        options = ["--predictions", "predictions-a", "--match", "match.json", "--count", "5"]
        printed_by("show", imagenet, *source, *options, "--page", "show.html", "--output", "sheets")
        made["show.html"] = page_parts("show.html")
        made["sheet"] = bytes_of("sheets/50-validation-01.png")
        options = ["--protocol", "unsupervised", "--i-followed-the-rules", "--any-images", "--date", "2026-11-25"]
        made["results"] = sha256(
            printed_by("results", "a.npz", "--model", "me/model", "--dataset", "me/data", *options)
        )
        content = Path(".eval_results/imagenet-s.yaml").read_text(encoding="utf-8")
        made["results.yaml"] = sha256(content.replace(f"imagenet-s {imagenet_s.__version__}", "imagenet-s"))
    return made


def results_of_maps(annotations: Path, folder: Path) -> dict[str, Any]:
    """What `evaluate-maps` and `compare` write of two runs, without pages."""
    made: dict[str, Any] = {}
    with working_in(folder):
        for run in RUNS:
            write_maps(Path(f"maps-{run}"), run)
            maps = ["--maps-dir", f"maps-{run}", "--gt-dir", annotations, "--config", "50", "--workers", "1"]
            options = ["--save-counts", f"{run}.npz", "--json", f"{run}.json", "--bootstrap", "20"]
            made[f"evaluate-maps {run}"] = sha256(printed_by("evaluate-maps", *maps, *options))
            made[f"{run}.npz"] = archived_arrays(f"{run}.npz")
            made[f"{run}.json"] = without_versions(f"{run}.json")
        options = ["--counts", "a.npz", "--average", "category", "--json", "again.json"]
        made["evaluate-maps, saved scores"] = sha256(printed_by("evaluate-maps", *options))
        made["again.json"] = without_versions("again.json")
        made["compare"] = sha256(
            printed_by("compare", "a.npz", "b.npz", "--resamples", "50", "--json", "compared.json")
        )
        made["compared.json"] = without_versions("compared.json")
    return made


def pages_of_maps(imagenet: Path, annotations: Path, folder: Path) -> dict[str, Any]:
    """The pages of `evaluate-maps` and `compare`, with pictures."""
    references = ["--gt-dir", annotations, "--images", imagenet, "--config", "50"]
    made: dict[str, Any] = {}
    with working_in(folder):
        for run in RUNS:
            write_maps(Path(f"maps-{run}"), run)
            options = ["--save-counts", f"{run}.npz", "--report", f"{run}.html", "--bootstrap", "20", "--workers", "1"]
            printed_by("evaluate-maps", "--maps-dir", f"maps-{run}", *references, *options)
            made[f"{run}.html"] = page_parts(f"{run}.html")
        options = ["--maps-dir", "maps-a", "maps-b", "--resamples", "50", "--report", "compared.html"]
        printed_by("compare", "a.npz", "b.npz", *references, *options)
        made["compared.html"] = page_parts("compared.html")
    return made


def test_results_of_masks(annotations: Path, tmp_path: Path) -> None:
    assert recorded("results of masks") == results_of_masks(annotations, tmp_path)


def test_pages_of_masks(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert recorded("pages of masks") == pages_of_masks(miniature("folders"), annotations, tmp_path)


def test_results_of_maps(annotations: Path, tmp_path: Path) -> None:
    assert recorded("results of maps") == results_of_maps(annotations, tmp_path)


def test_pages_of_maps(miniature: Callable[[str], Path], annotations: Path, tmp_path: Path) -> None:
    assert recorded("pages of maps") == pages_of_maps(miniature("folders"), annotations, tmp_path)
