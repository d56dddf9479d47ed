"""Run by `make test-wheel` in an environment that holds the wheel and nothing of the checkout."""

import csv
import importlib.metadata
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Load a data set, run the command, and look at what was installed."""
    import imagenet_s
    from imagenet_s.conversion.synthetic import expected_rows, write_annotations, write_imagenet

    checkout = Path(__file__).resolve().parents[2]
    module = Path(imagenet_s.__file__).resolve()
    if checkout in module.parents and ".venv-wheel" not in module.parts:
        sys.exit(f"imported from the checkout: {module}")
    record = importlib.metadata.distribution("imagenet-s").read_text("RECORD") or ""
    tops = {row[0].split("/")[0] for row in csv.reader(record.splitlines())} - {"..", "__pycache__"}
    others = {top for top in tops if top not in ("imagenet_s", "imagenet_s.py") and not top.endswith(".dist-info")}
    if others:
        sys.exit(f"the wheel puts {sorted(others)} at the top of site-packages")
    for needed in ("dataset_card.md", "py.typed", "metrics", "conversion", "report", "cli"):
        if not os.path.exists(os.path.join(imagenet_s.__path__[0], needed)):
            sys.exit(f"the wheel lacks {needed}")

    if not imagenet_s.baselines():
        sys.exit("the wheel lacks the published figures")

    from datasets import load_dataset

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_imagenet(root / "imagenet", "folders")
        write_annotations(root / "annotations", "archives")
        loaded = load_dataset(
            "imagenet_s",
            "50",
            data_dir=str(root / "imagenet"),
            annotations_dir=str(root / "annotations"),
            cache_dir=str(root / "cache"),
            verify=False,
        )
        for split in loaded:
            expected = sorted(row.image_id for row in expected_rows("50", split))
            if sorted(loaded[split]["image_id"][:]) != expected:
                sys.exit(f"{split}: other rows than expected")
            loaded[split][0]["image"].load()
        command = Path(sys.executable).parent / "imagenet-s"
        subprocess.run([command, "demo", "--output", root / "demo"], check=True, stdout=subprocess.DEVNULL)
        if "<h1>ImageNet-S-50</h1>" not in (root / "demo" / "report.html").read_text(encoding="utf-8"):
            sys.exit("the demo's report lacks its heading")
    ran = run_pages(checkout)
    sys.stdout.write(f"the wheel works on its own; {ran} blocks of code of the pages ran\n")


def run_pages(checkout: Path) -> int:
    """Every page whose code needs the package alone, over the installed wheel. tests/ compares what README prints."""
    page_code = runpy.run_path(str(checkout / "tests" / "page_code.py"))
    total = 0
    for page in [checkout / "README.md", *sorted((checkout / "docs").glob("*.md"))]:
        if page.name in page_code["NEEDS_MORE"]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            ran, _ = page_code["run_page"](page, Path(folder).resolve(), compare=page.name != "README.md")
            total += ran
    return total


if __name__ == "__main__":
    main()
