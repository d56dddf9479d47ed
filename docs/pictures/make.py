"""Makes the pictures of README from the generated miniature: `python docs/pictures/make.py`, with chromium on PATH."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import imagenet_s
from imagenet_s.cli.main import main

HERE = Path(__file__).resolve().parent
SCORED = ["--gt-dir", "demo/ground-truth", "--config", "50"]
STYLE = """<style>
body { margin: 0; display: flex; gap: 12px; font: 16px sans-serif; color: #3d434d; background: white }
figure { margin: 0 } figcaption { margin-top: 6px }
img, div { display: block; height: 238px; width: auto; border-radius: 6px }
div { width: 462px; height: 236px; overflow: hidden; border: 1px solid #d8dce2 }
iframe { border: 0; width: 960px; height: 500px; transform: scale(0.481); transform-origin: 0 0 }
</style>"""


def pictures_of(page: str) -> list[str]:
    """The pictures of a page, in their order."""
    return re.findall(r'<img src="data:[^>]+>', Path(page).read_text(encoding="utf-8"))


def photograph(name: str, width: int, scale: float, captions: str, pictures: list[str]) -> None:
    """The pictures side by side with a word below each, as a PNG of 128 colours in HERE."""
    named = zip(pictures, captions.split(", "))
    parts = [f"<figure>{picture}<figcaption>{caption}</figcaption></figure>" for picture, caption in named]
    Path("page.html").write_text(STYLE + "".join(parts), encoding="utf-8")
    page = Path("page.html").resolve().as_uri()
    options = f"--no-sandbox --hide-scrollbars --force-device-scale-factor={scale} --window-size={width},266"
    command = ["chromium", "--headless", *options.split(), "--screenshot=page.png", page]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    with Image.open("page.png") as image:
        image.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(HERE / name, optimize=True)


os.chdir(tempfile.mkdtemp())
main(["demo", "--output", "demo"])
main(["match", "--predict-dir", "demo/predictions", *SCORED])
show = ["show", "demo/imagenet", "--config", "50", "--annotations-dir", "demo/annotations", "--no-verify"]
show += ["--predictions", "demo/predictions", "--match", "match.json", "--page", "show.html", "--ids"]
main([*show, "ILSVRC2012_val_00045939", "ILSVRC2012_val_00016000"])
fish, mask, _, _, _, *compared = pictures_of("show.html")  # of each image: itself, mask, prediction, difference
report = '<div><iframe src="demo/report.html"></iframe></div>'
photograph("overview.png", 1122, 1.25, "image, mask, report", [fish, mask, report])
photograph("difference.png", 976, 0.75, "mask, prediction, difference", compared)
rows = imagenet_s.load_dataset("50", data_dir="demo/imagenet-s", split="validation", verify=False, cache_dir="cache")
np.savez("maps.npz", **{row["image_id"]: np.asarray(row["image"]).std(axis=2) for row in rows})
main(["evaluate-maps", "--maps-dir", "maps.npz", *SCORED, "--images", "demo/imagenet", "--report", "maps.html"])
_, _, goldfish, two_goldfish, _, ladybug, *_ = pictures_of("maps.html")  # the best maps first
photograph("maps.png", 976, 0.75, "goldfish, goldfish, ladybug", [two_goldfish, goldfish, ladybug])
