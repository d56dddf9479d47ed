"""The demo's last steps: predictions are written, scored under two matchings, and reported.

The predictions are the true masks, disturbed: moved by a few pixels, one image in four with a class it does not hold,
and every id replaced by a cluster number, as an unsupervised method would give them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagenet_s.cli.output import say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from imagenet_s.cli.demo import Demo

_SHIFT = 4  # pixels


def write_predictions(demo: Demo) -> None:
    """`predictions/` and `ground-truth/`, laid out as the official tools want them."""
    import numpy as np

    import imagenet_s
    from imagenet_s.conversion.mask_codec import encode_official_png

    demo.headline("Predictions: the masks moved, confused and given as clusters")
    classes = imagenet_s.categories(demo.config).num_classes
    for number, row in enumerate(demo.loaded["validation"]):
        truth = np.asarray(row["annotation"]).astype(np.uint16)
        for folder, ids in (("ground-truth", truth), ("predictions", disturbed(truth, number, classes))):
            path = demo.output / folder / row["wnid"] / f"{row['image_id']}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_official_png(ids))
    demo.results.append(("predictions", "made-up predictions, official RGB PNGs in class folders"))


def disturbed(truth: NDArray[Any], number: int, classes: int) -> NDArray[np.uint16]:
    """A prediction for a mask: H x W ids in 0..classes, clusters numbered from the other end."""
    import numpy as np

    import imagenet_s

    moved = np.roll(truth, (_SHIFT, -_SHIFT), axis=(0, 1))
    moved[moved == imagenet_s.IGNORE_ID] = 0  # a prediction ignores nothing
    if number % 4 == 3:
        moved[moved > 0] = moved.max() % classes + 1
    return np.where(moved > 0, classes + 1 - moved.astype(np.int64), 0).astype(np.uint16)


def evaluate(demo: Demo) -> None:
    """Score with ids taken as classes, then as clusters; the second with a page to look at."""
    from imagenet_s.cli.main import main

    base = ["--predict-dir", str(demo.output / "predictions"), "--gt-dir", str(demo.output / "ground-truth")]
    base += ["--config", demo.config]
    report = demo.output / "report.html"
    for title, more in (
        ("Scored as they are: clusters are no classes, so nearly nothing is right", ["--matching", "none"]),
        ("Scored as clusters, matched to classes", ["--matching", "hungarian", "--report", str(report)]),
    ):
        demo.headline(title)
        say(f"$ imagenet-s evaluate {' '.join([*base, *more])}")
        if main(["evaluate", *base, *more]) != 0:
            raise RuntimeError("the demo's own predictions could not be scored")
    demo.results.append((report.name, "the figures as a page: by class, and the worst images"))
