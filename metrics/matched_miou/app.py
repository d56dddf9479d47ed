"""The Space: score one prediction against one reference. gradio comes with the Space; nothing else imports this."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import evaluate

MATCHINGS = ["none", "hungarian", "pixel", "majority"]


def score(prediction: str, reference: str, num_classes: float, matching: str) -> tuple[list[list[Any]], str]:
    """The figures of one pair of PNGs, in percent, and the match in words."""
    metric = evaluate.load(str(Path(__file__).with_name("matched_miou.py")))
    metric.add(prediction=prediction, reference=reference)
    result = metric.compute(num_classes=int(num_classes), matching=matching)
    figures = [
        [name, "" if math.isnan(value) else round(100 * value, 2)]
        for name, value in result.items()
        if isinstance(value, float)
    ]
    return figures, ", ".join(f"{cluster} → {label}" for cluster, label in result["matching"].items())


def build() -> Any:
    """The page."""
    import gradio as gr

    def answer(*inputs: Any) -> tuple[list[list[Any]], str]:
        if not inputs[0] or not inputs[1]:
            raise gr.Error("Give both a prediction and a reference.")
        try:
            return score(*inputs)
        except ValueError as error:
            raise gr.Error(str(error)) from error

    return gr.Interface(
        answer,
        [
            gr.File(label="Prediction: PNG of ids, 16-bit grey or RGB with id = R + 256 * G", type="filepath"),
            gr.File(label="Reference: likewise; 1000 is ignored", type="filepath"),
            gr.Number(919, label="Number of classes, without “other”", precision=0),
            gr.Dropdown(MATCHINGS, value="none", label="Matching from clusters to classes"),
        ],
        [gr.Dataframe(headers=["figure", "percent"], label="Figures"), gr.Textbox(label="Match: cluster → class")],
        title="Matched mIoU",
        description="Every figure of the ImageNet-S benchmark, for one image; for more, load the metric with evaluate.",
    )


if __name__ == "__main__":
    build().launch()
