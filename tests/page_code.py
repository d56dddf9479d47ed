"""Runs the code of a page over the miniature, from top to bottom, in one namespace.

Used by `pages/test_page_code.py` and, beside an installed wheel, by `wheel/check_wheel.py`. So it imports the package
and nothing of the tests.

A block that cannot run here stands below a comment in the page: `<!-- not run: reason -->`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>.*?) -->\n\n)?"
    r"^```(?P<language>\w*)\n(?P<code>.*?)^```\n"
    r"(?:\n^```text\n(?P<printed>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code, what the page says that it prints, and why it is not run."""

    language: str
    code: str
    printed: str | None
    reason: str | None


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page in their order; what stands in a `text` block below one is its output."""
    blocks = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(entry["language"], entry["code"], entry["printed"], entry["reason"]) for entry in blocks]


def commands_of(page: Path) -> list[list[str]]:
    """The `imagenet-s` commands of a page, in blocks and in sentences, as arguments.

    `...` stands for more, and a command without arguments is only named: these are left out.
    """
    lines = [
        line.removeprefix("$ ").removeprefix("!")
        for block in blocks_of(page)
        if block.language in ("", "bash", "console")
        for line in block.code.splitlines()
    ]
    lines += re.findall(r"`(imagenet-s [^`]+)`", page.read_text(encoding="utf-8"))
    split = [shlex.split(line.split(" > ")[0], comments=True) for line in lines if line.startswith("imagenet-s ")]
    return [part[1:] for part in split if len(part) > 2 and "..." not in part]


NEEDS_MORE = {
    "export.md": "export/test_export_page.py",
    "localization.md": "peers/test_adapters.py",
    "mmsegmentation.md": "metrics/test_mmengine.py",
    "torchvision-timm.md": "test_page_code.py",
    "training-loops.md": "metrics/test_torch_docs.py",
    "transforms.md": "transforms/test_recipes.py",
}
"""Page whose code needs more than the package -> the test that runs it, in the environment that has it."""
STAND_INS: dict[str, dict[str, str]] = {
    "README.md": {"data_dir=...": 'data_dir="imagenet", verify=False'},
    "shards.md": {
        '"/data/imagenet", "out", "919", options=Options(workers=8)': '"imagenet", "out", "919", options=TWO'
    },
    "loading.md": {
        "data_dir=HUB": "data_dir=HUB, verify=False",
        '"hf://datasets/ILSVRC/imagenet-1k"': '"hub"',
        '"validation", 1000': '"validation", 3',
        "/content/drive": "drive",
    },
    "torchvision-timm.md": {
        '"validation", 8)': '"validation", 3, verify=False)',
        "weights=weights": "weights=None",
        "pretrained=True": "pretrained=False",
    },
}
"""Page -> what can't be had here -> what is used in its place. Everywhere, the miniature stands in for ImageNet."""


def _masks(folder: Path) -> dict[str, Any]:
    eye = np.eye(4, dtype=int)
    return {"masks": [(name, eye * i, eye * 3) for i, name in enumerate("abc", 1)]}


def _rows(folder: Path) -> dict[str, Any]:
    import imagenet_s

    rows = imagenet_s.load_dataset("50", data_dir="imagenet", split="validation", verify=False)
    return {"dataset": rows, "predict": lambda image: np.zeros((image.height, image.width), int)}


def _classifier(folder: Path) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    return {"predict": lambda image: generator.random(1000)}


def _shards(folder: Path) -> dict[str, Any]:
    """A first conversion, to stream; the page's own adds to it."""
    import imagenet_s
    from imagenet_s.conversion.shards import Options, convert

    convert("imagenet", "out", "919", options=Options(splits=("train", "validation"), verify=False))
    convert("imagenet", "masks", "919", options=Options(images=False, verify=False))
    return {"imagenet_s": imagenet_s, "rank": 0, "world_size": 2, "TWO": Options(workers=2, verify=False)}


def _run(*arguments: str) -> None:
    """Run a command of the package; what it prints is not of interest."""
    from imagenet_s.cli.main import main

    with contextlib.redirect_stdout(io.StringIO()):
        if main(list(arguments)):
            raise AssertionError(f"imagenet-s {arguments[0]} failed")


def _demo(folder: Path) -> dict[str, Any]:
    from PIL import Image

    import imagenet_s

    _run("demo", "--output", "demo")
    Image.fromarray(imagenet_s.encode_mask([[0, 919, 1000]])).save("official.png")
    return {}


def _demo_and_hub(folder: Path) -> dict[str, Any]:
    """The demo, and Parquet that stands in for the Hub's."""
    from imagenet_s.conversion.synthetic import write_imagenet

    write_imagenet(folder / "hub", "parquet")
    return _demo(folder)


def _exported(folder: Path) -> dict[str, Any]:
    _run("export", "imagenet", "OUT", "--format", "coco", "--no-verify")
    return {}


def _runs(folder: Path) -> dict[str, Any]:
    """Three runs of maps, good, mean and bad, of two images; `metric` is the first."""
    from imagenet_s.metrics import Localization

    mask = np.kron(np.array([[0, 3], [0, 0]]), np.ones((3, 3), int))
    runs = []
    for seed, weight in enumerate((2.0, 1.0, 0.0)):
        run = Localization()
        for number, name in enumerate(("ILSVRC2012_val_00020818", "ILSVRC2012_val_00038851")):
            noise = np.random.default_rng([seed, number]).random((6, 6))
            run.update(weight * (mask == 3) + noise, mask, 3, name)
        runs.append(run)
    return {"metric": runs[0], **dict(zip(("ours", "theirs", "random"), runs))}


GIVEN = {
    "README.md": _demo,
    "export.md": _exported,
    "from-the-official-toolbox.md": _rows,
    "loading.md": _demo_and_hub,
    "metric.md": _masks,
    "reliance.md": _classifier,
    "results.md": _runs,
    "shards.md": _shards,
}
"""Page -> what its code takes as given: names, and files in the folder."""


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """`folder` as the current one, with the miniature in it."""
    from imagenet_s.conversion.synthetic import write_annotations, write_imagenet

    write_imagenet(folder / "imagenet", "folders")
    write_annotations(folder / "annotations", "archives")
    here, given = os.getcwd(), os.environ.get("IMAGENET_S_ANNOTATIONS_DIR")
    os.chdir(folder)
    os.environ["IMAGENET_S_ANNOTATIONS_DIR"] = str(folder / "annotations")
    try:
        yield
    finally:
        os.chdir(here)
        if given is None:
            del os.environ["IMAGENET_S_ANNOTATIONS_DIR"]
        else:
            os.environ["IMAGENET_S_ANNOTATIONS_DIR"] = given


def run_page(page: Path, folder: Path, compare: bool = True) -> tuple[int, dict[str, Any]]:
    """Run a page's Python in `folder`, which is empty; with `compare`, it must print what the page shows.

    Returns:
        How many blocks ran, and the names that they leave behind.

    Raises:
        AssertionError: a block printed something else than the page says, or a stand-in has nothing to stand in for.
    """
    stand_ins = STAND_INS.get(page.name, {})
    text = page.read_text(encoding="utf-8")
    for original in stand_ins:
        if original not in text:
            raise AssertionError(f"{page.name} no longer contains {original}")
    ran = 0
    with prepared(folder):
        names: dict[str, Any] = {"__name__": "__main__", **GIVEN.get(page.name, lambda _: {})(folder)}
        for block in blocks_of(page):
            if block.language != "python" or block.reason:
                continue
            code = block.code.replace('data_dir="/data/imagenet"', 'data_dir="imagenet", verify=False')
            for original, stand_in in stand_ins.items():
                code = code.replace(original, stand_in)
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, page.name, "exec"), names)
            if compare and block.printed is not None and printed.getvalue() != block.printed:
                raise AssertionError(f"{page.name} shows:\n{block.printed}\nprinted:\n{printed.getvalue()}")
            ran += 1
    return ran, names
