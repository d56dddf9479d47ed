"""`imagenet-s demo`: every step on a generated miniature. No network, no ImageNet, no waiting."""

from __future__ import annotations

import argparse
import glob
import shutil
from pathlib import Path
from typing import Any

import datasets
import numpy as np

from ...conversion.core.errors import some
from ...conversion.core.locks import locked
from ...conversion.facts import categories
from ...conversion.shards import Options, convert, verify
from ...conversion.synthetic import IMAGES, write_annotations, write_imagenet
from ...conversion.synthetic.made_predictions import write_truth_and_prediction
from ...report.contact_sheets import sheet_of_rows
from ..main import main
from ..output import say, table
from .show import write_sheet

_MARKER = ".imagenet-s-demo"
"""Says that a folder is a demo's; locked while one runs."""
_WRITTEN = (
    *("imagenet", "annotations", "cache", "overlays.png", "imagenet-s", "predictions", "ground-truth"),
    "report.html",
)
"""What lies in its folder then; anything else there is not touched."""
_CONFIG = "50"


def run(args: argparse.Namespace) -> int:
    """All steps, one after the other."""
    output = args.output.resolve()
    if output.exists() and not output.is_dir():
        raise ValueError(f"{output} is a file: name a folder with --output.")
    in_the_way = [name for name in _WRITTEN if (output / name).exists()]
    if in_the_way and not (output / _MARKER).exists():
        raise ValueError(f"{output} holds {some(in_the_way)} and is no earlier demo: name a new folder with --output.")
    if glob.has_magic(str(output)):
        raise ValueError(f"{output}: `datasets` takes a name with *, ? or [ for a pattern; name another with --output.")
    with locked(output / _MARKER, f"runs the demo in {output}"):
        _empty(output)
        _run(output)
    return 0


def _run(output: Path) -> None:
    imagenet, annotations = output / "imagenet", output / "annotations"
    _generate(imagenet, annotations)
    loaded = _load(output, imagenet, annotations)
    rows = [row for split in ("train_semi", "validation") for row in loaded[split]]
    write_sheet(sheet_of_rows(rows, categories(_CONFIG).id2label), output / "overlays.png")
    _convert(output, imagenet, annotations, loaded["validation"])
    _predict(output, loaded["validation"])
    _evaluate(output)
    results = (
        ("imagenet", "the generated ImageNet (train/, val/)"),
        ("overlays.png", "masks over their images: a contact sheet"),
        ("imagenet-s/README.md", "the data set's card; the shards are beside it"),
        ("predictions", "made-up predictions, official RGB PNGs in class folders"),
        ("report.html", "the figures as a page: by class, and the worst images"),
    )
    say("\nWhere to look:")
    say(table([(str(output / path), what) for path, what in results], ("", "")).lstrip("\n"))


def _empty(output: Path) -> None:
    """Remove an earlier demo, but for its marker: with it a killed run knows the folder again."""
    (output / _MARKER).touch()
    for path in (output / name for name in _WRITTEN):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _headline(text: str) -> None:
    say(f"\n== {text}")


def _generate(imagenet: Path, annotations: Path) -> None:
    _headline("A miniature ImageNet and its annotations")
    write_imagenet(imagenet, "folders")
    write_annotations(annotations, "archives")
    kinds = sorted({image.kind for image in IMAGES.values()})
    say(f"{len(IMAGES)} images in {imagenet}, odd files included: {', '.join(kinds)}")


def _load(output: Path, imagenet: Path, annotations: Path) -> datasets.DatasetDict:
    _headline("Loaded with datasets")
    say(f'>>> load_dataset("imagenet_s", "{_CONFIG}", data_dir="{imagenet}", ...)')
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(
        "imagenet_s",
        _CONFIG,
        data_dir=str(imagenet),
        annotations_dir=str(annotations),
        cache_dir=str(output / "cache"),
        verify=False,  # a miniature has neither the official checksums nor the official counts
    )
    say(str(loaded))
    say("the first row of validation:")
    for column, value in loaded["validation"][0].items():
        note = f"  ({categories(_CONFIG).id2label[value]})" if column == "category" else ""
        say(f"  {column:11} {value!r}{note}")
    return loaded


def _convert(output: Path, imagenet: Path, annotations: Path, validation: Any) -> None:
    """Write the shards, read them again without any code of ours, compare, and print the push."""
    _headline("Converted to shards, and loaded with plain datasets")
    out = output / "imagenet-s"
    say(f"$ imagenet-s convert {imagenet} {out} --config {_CONFIG} --annotations-dir {annotations} --no-verify")
    options = Options(verify=False, cache_dir=output / "cache")  # the user's cache is left as it is
    index = convert(imagenet, out, _CONFIG, annotations, options)
    verify(out)
    rows = [(shard.file, shard.rows, shard.bytes, shard.sha256[:12]) for _, _, shard in index.shards()]
    say(table(rows, ("file", "images", "bytes", "sha256")))
    say(f'>>> load_dataset("{out}", "{_CONFIG}", split="validation")')
    loaded = datasets.load_dataset(str(out), _CONFIG, split="validation", cache_dir=str(output / "cache"))
    same = len(loaded) == len(validation) and all(
        row["image_id"] == built["image_id"]
        and row["image"].tobytes() == built["image"].tobytes()
        and row["annotation"].tobytes() == built["annotation"].tobytes()
        for row, built in zip(loaded, validation)
    )
    if not same:
        raise RuntimeError("the rows of the shards are not those of the builder")
    say(f"{len(loaded)} rows, pixel for pixel those of the builder. To upload it to the Hub, privately:")
    say(f"$ imagenet-s push {out} --repo-id NAME/imagenet-s")


def _predict(output: Path, validation: Any) -> None:
    """Write `predictions/` and `ground-truth/`, laid out as the official tools want them."""
    _headline("Predictions: the masks moved, confused and given as clusters")
    for number, row in enumerate(validation):
        write_truth_and_prediction(output, row["image_id"], row["wnid"], np.asarray(row["annotation"]), _CONFIG, number)


def _evaluate(output: Path) -> None:
    """Score with ids taken as classes, then as clusters; the second with a page to look at."""
    base = ["--predict-dir", str(output / "predictions"), "--gt-dir", str(output / "ground-truth")]
    base += ["--config", _CONFIG]
    for title, more in (
        ("Scored as they are: clusters are no classes, so nearly nothing is right", ["--matching", "none"]),
        (
            "Scored as clusters, matched to classes",
            ["--matching", "hungarian", "--report", str(output / "report.html")],
        ),
    ):
        _headline(title)
        say(f"$ imagenet-s evaluate {' '.join([*base, *more])}")
        if main(["evaluate", *base, *more]) != 0:
            raise RuntimeError("the demo's own predictions could not be scored")
