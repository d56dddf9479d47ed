"""The Space: scores maps against PNGs of masks. Only a Space has gradio and imports this."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagenet_s.conversion.facts.spellings import official_id
from imagenet_s.metrics.matched_miou.read_mask import read_mask
from imagenet_s.metrics.saliency.localization_metric import Localization
from imagenet_s.metrics.saliency.map_array import display_range
from imagenet_s.metrics.saliency.map_files import read_map_file

INTRO = """
# Localization
Scores saliency, attribution and attention maps against segmentation masks, with the scores in common use.

Give each map as `.npy` or as a grey PNG, and its mask as a PNG of ids, 16-bit grey or RGB with id = R + 256 · G;
1000 is ignored. Of several files, a map belongs to the mask of the same name. For thousands of images, use
`evaluate.load` as the card of this Space shows.
"""
RELEVANCES = [("As they are", "signed"), ("As 0", "positive"), ("As positive", "absolute")]
RESIZES = [("Refuse other sizes", "none"), ("Resize the map", "map"), ("Resize the mask", "mask")]
_COUNTS = ("num_images", "num_absent", "num_constant", "num_full")
_SHOWN = 12
Table = list[list[Any]]


def score(
    maps: Sequence[str], masks: Sequence[str], target: float, relevance: str, resize: str
) -> tuple[list[Image.Image], Table, Table]:
    """Score files.

    Args:
        maps: paths of `.npy` files or grey PNGs.
        masks: paths of PNGs; one of each name in `maps`, or a single one for a single map.
        target: the class id that the maps should find; 0 for all that is not 0.
        relevance: one of `RELEVANCES`.
        resize: one of `RESIZES`.

    Returns:
        Pictures of the first maps with the outline of the object; rows (figure, percent); rows (image, IoU at 0.5,
        average precision), worst first.

    Raises:
        ValueError: files that do not belong together, or whatever is wrong with a map or mask.
    """
    metric = Localization(relevance=relevance, resize=None if resize == "none" else resize)
    pictures: list[Image.Image] = []
    for name, (path, mask_path) in _pairs(maps, masks).items():
        values = read_map_file(Path(path).read_bytes(), Path(path).name)
        ids = read_mask(mask_path, name)
        label = int(target)
        if not label:
            ids, label = np.where((ids > 0) & (ids != 1000), 1, ids).astype(np.uint16), 1
        metric.update(values, ids, label, name)
        if len(pictures) < _SHOWN:
            pictures.append(_picture(values, ids == label))
    result, rows = metric.compute(), metric.per_image()
    figures = [[key, _percent(value)] for key, value in result.items() if key not in _COUNTS]
    figures += [[key, str(result[key])] for key in _COUNTS]
    order = sorted(range(len(metric)), key=lambda i: (rows["average_precision"][i], rows["name"][i]))
    keys = ("iou_at_0.5", "average_precision")
    return pictures, figures, [[rows["name"][i], *(_percent(rows[key][i]) for key in keys)] for i in order]


def _pairs(maps: Sequence[str], masks: Sequence[str]) -> dict[str, tuple[str, str]]:
    if not maps or not masks:
        raise ValueError("Give both: maps and masks.")
    if len(maps) == len(masks) == 1:
        return {official_id(Path(masks[0]).stem): (maps[0], masks[0])}
    sides = [{official_id(Path(file).stem): file for file in files} for files in (maps, masks)]
    alone = sorted(sides[0].keys() ^ sides[1].keys())
    if alone or len(sides[0]) != len(maps) or len(sides[1]) != len(masks):
        raise ValueError(
            f"{len(maps)} maps, {len(masks)} masks: expected one of each name, on either side; without a partner: "
            f"{', '.join(alone[:3]) or 'none, but a name is there twice'}."
        )
    return {name: (sides[0][name], sides[1][name]) for name in sorted(sides[1])}


def _percent(fraction: float) -> str:
    return "–" if fraction != fraction else f"{100 * fraction:.2f}"


def _picture(values: NDArray[Any], inside: NDArray[np.bool_]) -> Image.Image:
    """The map from dark to bright, from its 1st to its 99th percentile; the outline of the object over it."""
    low, high = display_range(values)
    grey = np.clip((values.astype(np.float64) - low) / ((high - low) or 1.0) * 255, 0, 255).astype(np.uint8)
    picture = np.stack([grey, grey, grey], axis=-1)
    if inside.shape == grey.shape:
        padded = np.pad(inside, 1)
        inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        picture[inside & ~inner] = (255, 140, 0)
    return Image.fromarray(picture)


def build() -> Any:
    """The page, a gradio `Blocks`."""
    import gradio as gr

    def answer(*inputs: Any) -> Any:
        try:
            return score(inputs[0] or [], inputs[1] or [], inputs[2] or 0, *inputs[3:])
        except ValueError as error:
            raise gr.Error(str(error), duration=None) from error

    with gr.Blocks(title="Localization") as page:
        gr.Markdown(INTRO)
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                inputs = [
                    gr.File(label="Maps", file_count="multiple", file_types=[".npy", ".png"], height=150),
                    gr.File(label="Masks", file_count="multiple", file_types=[".png"], height=150),
                    gr.Number(0, label="Class id that the maps should find; 0 for any object", precision=0, minimum=0),
                    gr.Radio(RELEVANCES, value="signed", label="Negative values"),
                    gr.Radio(RESIZES, value="none", label="Maps and masks of different sizes"),
                ]
                button = gr.Button("Score", variant="primary")
            with gr.Column(scale=3, min_width=320):
                outputs = [gr.Gallery(label="Maps with the object's outline", columns=3, height=300, format="png")]
                for title, headers in (
                    ("Figures", ["Figure", "Percent"]),
                    ("Images", ["Image, worst first", "IoU at 0.5", "Average precision"]),
                ):
                    with gr.Tab(title):
                        outputs.append(gr.Dataframe(headers=headers, wrap=True, interactive=False, show_label=False))
        button.click(answer, inputs, outputs, api_name="score")
    return page


if __name__ == "__main__":
    build().launch()
