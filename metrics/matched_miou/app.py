"""The Space: scores PNGs of predictions against PNGs of references. It needs gradio, which only a Space has."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

INTRO = """
# Matched mIoU
Scores semantic segmentation, supervised or not, with every figure of the
[ImageNet-S](https://arxiv.org/abs/2106.03149) benchmark. Clusters are matched to classes first, if you ask for it.

Give PNGs of ids, 16-bit grey or RGB with id = R + 256 · G. 0 is “other”, and 1000 in a reference is not scored.
Of several files, a prediction belongs to the reference of the same name. For thousands of images, use
`evaluate.load` as the card of this Space shows.
"""
MATCHING_CHOICES = [
    ("Ids are classes", "none"),
    ("One to one, most images (official), ties by ids", "hungarian"),
    ("One to one, most images, ties by pixels", "hungarian_pixel"),
    ("One to one, most pixels", "pixel"),
    ("Each cluster to the class it covers most of", "majority"),
]
FIGURE_TITLES = {
    "image_accuracy": "Acc",
    "mean_iou": "mIoU",
    "boundary_mean_iou": "mBIoU",
    "mean_iou_s": "S (objects up to 5 % of the image)",
    "mean_iou_ms": "MS (5 to 25 %)",
    "mean_iou_ml": "ML (25 to 50 %)",
    "mean_iou_l": "L (above 50 %)",
    "boundary_mean_iou_s": "BS (as S, along boundaries)",
    "boundary_mean_iou_ms": "BMS",
    "boundary_mean_iou_ml": "BML",
    "boundary_mean_iou_l": "BL",
    "f_measure": "FMeasure",
}
TABLES = (
    ("Figures", ["Figure", "Percent"], ["70%", "30%"]),
    ("Classes", ["Class", "Clusters", "IoU", "Boundary IoU"], ["20%", "30%", "20%", "30%"]),
    ("Images", ["Image, worst first", "Mean IoU", "Pixel accuracy"], ["50%", "25%", "25%"]),
)
_SHOWN = 12
_OTHER, _NO_CLASS, _IGNORED = (38, 42, 48), (255, 255, 255), (150, 154, 160)
Table = list[list[Any]]


def _module(name: str) -> Any:
    """A sibling module. A Space runs this file as a script, but its siblings import each other relatively."""
    package = "_matched_miou_space"
    if package not in sys.modules:
        folder = Path(__file__).resolve().parent
        spec = importlib.util.spec_from_file_location(
            package, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"{folder}/__init__.py is missing: copy the folder whole.")
        sys.modules[package] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[package])
    return import_module(f"{package}.{name}")


def score(
    predictions: Sequence[str], references: Sequence[str], num_classes: float, matching: str
) -> tuple[list[Image.Image], Table, Table, Table]:
    """Score files.

    Args:
        predictions: paths of PNGs.
        references: paths of PNGs; one of each name in `predictions`, or a single one for a single prediction.
        num_classes: C, “other” not counted.
        matching: one of `MATCHING_CHOICES`.

    Returns:
        Pictures of the first pairs, the prediction above; rows (figure, percent), with a dash for an undefined figure,
        and the range that ties of the matching allow; rows (class, clusters, IoU, boundary IoU) of the classes that
        occur; rows (image, mean IoU, pixel accuracy), worst first.

    Raises:
        ValueError: files that do not belong together, or whatever is wrong with a mask.
    """
    pairs = _pairs(predictions, references)
    metric = _module("metric").MatchedIoU(int(num_classes))
    for name, (prediction, reference) in pairs.items():
        metric.update(prediction, reference, name)
    result, images = metric.compute(matching), metric.per_image(matching)
    clusters = defaultdict(list)
    for cluster, label in result["matching"].items():
        clusters[label].append(cluster)
    occurring = {0}.union(*images["classes"], *images["predicted_classes"])
    ious = zip(result["per_category_iou"], result["per_category_boundary_iou"])
    per_class = [
        [i, ", ".join(map(str, clusters[i])) or "–", _percent(area), _percent(boundary)]
        for i, (area, boundary) in enumerate(ious)
        if i in occurring
    ]
    order = sorted(range(len(pairs)), key=lambda i: (images["mean_iou"][i], images["name"][i]))
    per_image = [
        [images["name"][i], _percent(images["mean_iou"][i]), _percent(images["pixel_accuracy"][i])] for i in order
    ]
    # For a few images, mIoU over 920 ids means little: the mean over the classes that occur comes first.
    mean = sum(result["per_category_iou"][i] for i in occurring) / len(occurring)
    figures = [["Mean IoU of the classes that occur", _percent(mean)]]
    figures += [[title, _percent(result[key])] for key, title in FIGURE_TITLES.items()]
    if result["matching_open_pairs"]:
        low, high = map(_percent, result["mean_iou_tie_range"])
        figures.append(["mIoU that ties of the matching allow", f"{low} to {high}"])
        figures.append(["Pairs that the matching leaves open", str(result["matching_open_pairs"])])
    pictures = [_picture(*pair, result["matching"]) for pair in list(pairs.values())[:_SHOWN]]
    return pictures, figures, per_class, per_image


def _pairs(predictions: Sequence[str], references: Sequence[str]) -> dict[str, tuple[str, str]]:
    if not predictions or not references:
        raise ValueError("Give both: predictions and references.")
    if len(predictions) == len(references) == 1:
        return {Path(references[0]).name: (predictions[0], references[0])}
    sides = [{Path(file).name: file for file in files} for files in (predictions, references)]
    alone = sorted(sides[0].keys() ^ sides[1].keys())
    if alone or len(sides[0]) != len(predictions) or len(sides[1]) != len(references):
        raise ValueError(
            f"{len(predictions)} predictions, {len(references)} references: expected one of each name, "
            f"on either side; without a partner: {', '.join(alone[:3]) or 'none, but a name is there twice'}."
        )
    return {name: (sides[0][name], sides[1][name]) for name in sorted(sides[1])}


def _percent(fraction: float) -> str:
    return "–" if fraction != fraction else f"{100 * fraction:.2f}"


def _picture(prediction: str, reference: str, match: dict[int, int]) -> Image.Image:
    """The prediction above its reference, with clusters in the colours of their classes."""
    read, ignored = _module("read_mask").read_mask, _module("metric").IGNORE_INDEX
    left, right = read(prediction), read(reference)
    clusters, inverse = np.unique(left, return_inverse=True)
    colours = np.array([_colour(match[i]) if i in match else _NO_CLASS for i in clusters.tolist()], np.uint8)
    ids, places = np.unique(right, return_inverse=True)
    palette = np.array([_IGNORED if i == ignored else _colour(i) for i in ids.tolist()], np.uint8)
    gap = np.full((max(2, left.shape[0] // 40), left.shape[1], 3), 255, np.uint8)
    both: NDArray[np.uint8] = np.vstack(
        [colours[inverse.reshape(left.shape)], gap, palette[places.reshape(right.shape)]]
    )
    return Image.fromarray(both)


def _colour(label: int) -> tuple[int, int, int]:
    """Neighbouring ids get colours that are far apart: steps of the golden angle around the hues."""
    if label == 0:
        return _OTHER
    hue = np.array([0, 2, 1]) / 3 + label * 0.381966
    return tuple((105 + 145 * (0.5 + 0.5 * np.cos(2 * np.pi * hue))).astype(int).tolist())


def _example(folder: Path) -> list[Any]:
    """Three made-up pairs of four classes; the predictions hold clusters and are a little off."""
    files: list[list[str]] = [[], []]
    y, x = np.mgrid[:120, :160]
    for number in range(3):
        masks = np.zeros((2, 120, 160), np.uint16)
        for side, shift in enumerate((6, 0)):
            for label, (cy, cx, size) in enumerate([(45, 50, 34), (80, 115, 28), (30, 125, 16)], number % 2 + 1):
                inside = (y - cy - shift) ** 2 + ((x - cx - 9 * number + shift) / 1.2) ** 2 < (size - shift / 2) ** 2
                masks[side][inside] = (label * 3) % 5 + 10 if side == 0 else label
        for kind, mask, paths in zip(("predictions", "references"), masks, files):
            path = folder / kind / f"shapes_{number + 1}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(mask).save(path)
            paths.append(str(path))
    return [*files, 4, "hungarian"]


def build() -> Any:
    """The page, a gradio `Blocks`."""
    import gradio as gr

    def answer(predictions: list[str], references: list[str], num_classes: float, matching: str) -> Any:
        try:
            return score(predictions or [], references or [], num_classes or 0, matching)
        except ValueError as error:
            raise gr.Error(str(error), duration=None) from error

    with gr.Blocks(title="Matched mIoU") as page:
        gr.Markdown(INTRO)
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                masks = [
                    gr.File(label=label, file_count="multiple", file_types=[".png"], height=150)
                    for label in ("Predictions", "References")
                ]
                classes = gr.Number(919, label="Number of classes, “other” not counted", precision=0, minimum=1)
                matching = gr.Radio(MATCHING_CHOICES, value="none", label="How predicted ids become classes")
                inputs = [*masks, classes, matching]
                button = gr.Button("Score", variant="primary")
                example = gr.Button("Try it with made-up masks", variant="secondary")
            with gr.Column(scale=3, min_width=320):
                outputs = [
                    gr.Gallery(
                        label="Predictions, matched, each above its reference",
                        columns=3,
                        height=300,
                        object_fit="contain",
                        format="png",  # the default loses colours, and a colour is a class here
                    )
                ]
                for title, headers, widths in TABLES:
                    with gr.Tab(title):
                        table = gr.Dataframe(
                            headers=headers,
                            column_widths=widths,
                            wrap=True,
                            max_height=700,
                            interactive=False,
                            show_label=False,
                        )
                        outputs.append(table)
        button.click(answer, inputs, outputs, api_name="score")
        made_up = _example(Path(tempfile.mkdtemp(prefix="matched-miou-")))
        example.click(lambda: made_up, None, inputs, api_name=False).then(answer, inputs, outputs, api_name=False)
    return page


if __name__ == "__main__":
    build().launch()
