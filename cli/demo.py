"""`imagenet-s demo`: the whole way on a generated miniature. No network, no ImageNet, no waiting.

Each step is a function of what the steps before it made; later steps (`cli/demo_*.py`) go on from the loaded data set.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagenet_s.cli.output import say, table

if TYPE_CHECKING:
    from datasets import DatasetDict

_MARK = ".imagenet-s-demo"
_CONFIG = "50"


@dataclass
class Demo:
    """What the steps hand on: folders under `output`, the data set, and what there is to look at."""

    output: Path
    config: str = _CONFIG
    dataset: DatasetDict | None = None
    results: list[tuple[str, str]] = field(default_factory=list)
    """(path below `output`, what it shows)."""

    @property
    def loaded(self) -> DatasetDict:
        """The data set, for the steps after the one that loads it."""
        if self.dataset is None:
            raise RuntimeError("nothing is loaded yet")
        return self.dataset

    def headline(self, text: str) -> None:
        """Say what comes next."""
        say(f"\n== {text}")

    @property
    def imagenet(self) -> Path:
        """The miniature ImageNet."""
        return self.output / "imagenet"

    @property
    def annotations(self) -> Path:
        """Its archives and lists."""
        return self.output / "annotations"


def add_parser(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "demo",
        help="the whole way on a generated miniature: no network, no ImageNet",
        description="Generate a miniature ImageNet with its annotations; load, show, convert and score it.",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("imagenet-s-demo"), metavar="DIR", help="where to (new folder)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """All steps, one after the other."""
    demo = Demo(_fresh(args.output.resolve()))
    from imagenet_s.cli import demo_convert, demo_evaluate

    for step in (
        _generate,
        _load,
        _show,
        demo_convert.convert_and_load,
        demo_evaluate.write_predictions,
        demo_evaluate.evaluate,
    ):
        step(demo)
    say("\nWhere to look:")
    say(table([(str(demo.output / path), what) for path, what in demo.results], ("", "")).lstrip("\n"))
    return 0


def _fresh(output: Path) -> Path:
    """An empty folder of ours: an earlier demo is replaced, anything else is left alone."""
    if output.exists() and not (output / _MARK).exists():
        if not output.is_dir() or any(output.iterdir()):
            raise ValueError(f"{output} exists and is no earlier demo: name a new folder with --output.")
    elif output.exists():
        shutil.rmtree(output)
    output.mkdir(parents=True, exist_ok=True)
    (output / _MARK).touch()
    return output


def _generate(demo: Demo) -> None:
    from imagenet_s.conversion.synthetic import IMAGES, write_annotations, write_imagenet

    demo.headline("A miniature ImageNet and its annotations")
    write_imagenet(demo.imagenet, "folders")
    write_annotations(demo.annotations, "archives")
    kinds = sorted({image.kind for image in IMAGES.values()})
    say(f"{len(IMAGES)} images in {demo.imagenet}, odd files included: {', '.join(kinds)}")
    demo.results.append(("imagenet", "the generated ImageNet (train/, val/)"))


def _load(demo: Demo) -> None:
    import datasets

    import imagenet_s

    demo.headline("Loaded with datasets")
    say(f'>>> load_dataset("imagenet_s", "{demo.config}", data_dir="{demo.imagenet}", ...)')
    datasets.disable_progress_bars()
    demo.dataset = datasets.load_dataset(
        "imagenet_s",
        demo.config,
        data_dir=str(demo.imagenet),
        annotations_dir=str(demo.annotations),
        cache_dir=str(demo.output / "cache"),
        verify=False,  # a miniature has neither the official checksums nor the official counts
    )
    say(str(demo.dataset))
    row = demo.dataset["validation"][0]
    names = imagenet_s.categories(demo.config).id2label
    say("the first row of validation:")
    for column, value in row.items():
        note = f"  ({names[value]})" if column == "category" else ""
        say(f"  {column:11} {value!r}{note}")


def _show(demo: Demo) -> None:
    import imagenet_s
    from imagenet_s.cli.show import write_sheet

    path = demo.output / "overlays.png"
    rows = [row for split in ("train_semi", "validation") for row in demo.loaded[split]]
    write_sheet(rows, imagenet_s.categories(demo.config).id2label, path)
    demo.results.append((path.name, "masks over their images: a contact sheet"))
