"""Score saliency and explanation maps (Grad-CAM, attention, attributions) against the masks, and compare two methods.

    python examples/score_saliency.py [--data-dir /data/imagenet] [--thresholds 0.3 mean] [--save SCORES]

A map says how much each pixel matters for the image's class. How well does it find the object? Two methods that know
nothing of classes stand in for yours: contrast to the colour of the border, and a Gaussian in the middle of the image,
a baseline that any method should beat (`imagenet-s evaluate-maps --center`). Replace `contrast` by a map of yours.
"""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path

import numpy as np
from miniature import data_options, data_parser, positive, run
from numpy.typing import NDArray
from PIL import Image

import imagenet_s
from imagenet_s.metrics import Localization, center_map, compare

SHOWN = ("pointing_game", "energy_pointing_game", "average_precision", "image_max_iou")


def contrast(image: Image.Image, category: int) -> NDArray[np.float64]:
    """H x W for one class: how far a pixel's colour is from the mean colour of the border."""
    pixels = np.asarray(image, np.float64)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean(0)
    return np.linalg.norm(pixels - border, axis=-1)


def center(image: Image.Image, category: int) -> NDArray[np.float64]:
    """H x W, highest in the middle of the image, whatever it shows."""
    return center_map(image.height, image.width)


METHODS = {"contrast": contrast, "center": center}


def main() -> None:
    """Score both methods on validation."""
    parser = data_parser(__doc__)
    parser.add_argument(
        "--thresholds",
        nargs="+",
        default=[0.5, "mean"],
        type=lambda text: text if text.startswith("mean") else float(text),
        help="0 to 1 of the scaled map, mean or mean_std (default: 0.5 mean)",
    )
    parser.add_argument("--images", type=positive, default=1000, help="how many to score (default: 1000)")
    parser.add_argument("--save", type=Path, help="folder for the scores, for `imagenet-s compare` and --counts")
    args = parser.parse_args()
    rows = iter(imagenet_s.load_dataset(args.config, split="val", streaming=True, **data_options(args)))

    scores = {name: Localization(args.thresholds) for name in METHODS}
    for row in itertools.islice(rows, args.images):
        for name, method in METHODS.items():
            # The annotation is as large as the image and turned the same way; ignored pixels are left out.
            scores[name].update(
                method(row["image"], row["category"]), row["annotation"], row["category"], row["image_id"]
            )

    results = {name: metric.compute() for name, metric in scores.items()}
    used = results["contrast"]
    print(f"{used['num_images']} images ({used['num_absent']} without their class left out), in percent")
    if next(rows, None) is not None:
        print("the first ones only; --images N takes more")
    print(f"{'':24}{'contrast':>10}{'center':>10}   difference, 95 % interval")
    for key in (*SHOWN, *(key for key in scores["contrast"].keys if key.startswith("iou_at_"))):
        paired = compare(scores["contrast"], scores["center"], key)
        values = "".join(f"{100 * results[name][key]:10.2f}" for name in METHODS)
        difference, low, high = (100 * paired[name] for name in ("difference", "low", "high"))
        print(f"{key:24}{values}{difference:+13.2f}, {low:+.2f} to {high:+.2f}")
    if args.save:
        args.save.mkdir(parents=True, exist_ok=True)
        for name, metric in scores.items():
            metric.save(args.save / f"{name}.npz")
        saved = [str(args.save / f"{name}.npz") for name in scores]
        print(shlex.join(["imagenet-s", "compare", *saved]))


if __name__ == "__main__":
    run(main)
