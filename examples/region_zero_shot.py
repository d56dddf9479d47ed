"""Classify regions with a CLIP model and no training: which class is the object under the mask?

    python examples/region_zero_shot.py [--model openai/clip-vit-base-patch16 --data-dir /data/imagenet --config 919]

Each image shows its region to the model in three ways: over a plain colour (alpha), cut out by its bounding box (crop),
sharp in a blurred image (blur); and the whole image for comparison. Prompts are made of WordNet's words for classes.
Without --model, a tiny CLIP with random weights shows that it works; its accuracies mean nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from miniature import data_options, data_parser, positive, run
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps
from transformers import AutoModel, AutoTokenizer, CLIPConfig, CLIPModel, PreTrainedTokenizerFast

import imagenet_s
from imagenet_s.metrics import RegionAccuracy

# What CLIP was trained with.
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
PLAIN: tuple[int, ...] = tuple(np.rint(255 * MEAN).astype(int).tolist())


def alpha(image: Image.Image, mask: NDArray[np.bool_]) -> Image.Image:
    """The region over the mean colour of CLIP's images, which the model sees as 0."""
    return Image.composite(image, Image.new("RGB", image.size, PLAIN), Image.fromarray(mask))


def crop(image: Image.Image, mask: NDArray[np.bool_]) -> Image.Image:
    """The bounding box of the region, padded to a square."""
    box = Image.fromarray(mask).getbbox()
    cut = image.crop(box)
    return ImageOps.pad(cut, (max(cut.size), max(cut.size)), color=PLAIN)


def blur(image: Image.Image, mask: NDArray[np.bool_]) -> Image.Image:
    """The region in an image that is blurred everywhere else."""
    blurred = image.filter(ImageFilter.GaussianBlur(max(image.size) / 50))
    return Image.composite(image, blurred, Image.fromarray(mask))


def whole(image: Image.Image, mask: NDArray[np.bool_]) -> Image.Image:
    """The image as it is."""
    return image


def pixel_values(image: Image.Image, size: int) -> torch.Tensor:
    """3 x size x size, as CLIP wants it: the square in the middle, resized and normalised."""
    square = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    pixels = (np.asarray(square, np.float32) / 255 - MEAN) / STD
    return torch.from_numpy(pixels).permute(2, 0, 1)


def tiny_clip(prompts: list[str]) -> tuple[Any, Any]:
    """A CLIP of a few thousand random weights, and a tokenizer that knows the words of the prompts."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = sorted({word for prompt in prompts for word, _ in pre_tokenizers.Whitespace().pre_tokenize_str(prompt)})
    vocabulary = {word: i for i, word in enumerate(["<pad>", "<start>", "<end>", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("<start> $A <end>", None, [("<start>", 1), ("<end>", 2)])
    tiny = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**tiny, "vocab_size": len(vocabulary), "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    torch.manual_seed(0)
    config = CLIPConfig(
        text_config={**text, "max_position_embeddings": 77},
        vision_config={**tiny, "image_size": 64, "patch_size": 16},
        projection_dim=16,
    )
    return CLIPModel(config).eval(), PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>")


def normalised(features: Any) -> torch.Tensor:
    """Unit vectors; newer versions of transformers wrap features in an output."""
    features = getattr(features, "pooler_output", features)
    return torch.nn.functional.normalize(features, dim=-1)


def batches(rows: Any, size: int) -> Iterator[list[dict[str, Any]]]:
    """Rows in lists."""
    rows = iter(rows)
    while batch := list(itertools.islice(rows, size)):
        yield batch


@torch.inference_mode()
def main() -> None:
    """Classify the regions of validation in each way."""
    parser = data_parser(__doc__)
    parser.add_argument("--model", help="a CLIP of the Hub, or its folder; a tiny random one where it is not given")
    parser.add_argument(
        "--prompts", choices=("lemma", "name", "definition"), default="lemma", help="what stands for a class (lemma)"
    )
    parser.add_argument("--template", default="a photo of a {}.", help="the sentence around it (a photo of a {}.)")
    parser.add_argument("--images", type=positive, default=1000, help="how many to classify (1000)")
    parser.add_argument("--batch-size", type=positive, default=32, help="images at a time (32)")
    args = parser.parse_args()
    classes = imagenet_s.categories(args.config).rows[1:]
    words = {
        "lemma": [label.lemmas[0] for label in classes],
        "name": [label.name for label in classes],
        "definition": [f"{label.lemmas[0]}, {label.definition}" for label in classes],
    }[args.prompts]
    prompts = [args.template.format(word) for word in words]

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if args.model:
        model, tokenizer = AutoModel.from_pretrained(args.model).eval(), AutoTokenizer.from_pretrained(args.model)
    else:
        model, tokenizer = tiny_clip(prompts)
    model = model.to(device)
    size = model.config.vision_config.image_size
    tokens = tokenizer(prompts, padding=True, truncation=True, max_length=77, return_tensors="pt").to(device)
    text = normalised(
        model.get_text_features(input_ids=tokens["input_ids"], attention_mask=tokens.get("attention_mask"))
    )

    rows = imagenet_s.load_dataset(args.config, split="val", streaming=True, **data_options(args))
    ways = (alpha, crop, blur, whole)
    metrics = {way.__name__: RegionAccuracy(len(classes)) for way in ways}
    for batch in batches(itertools.islice(rows, args.images), args.batch_size):
        # The image's own class alone; ignored pixels are no part of the region.
        shown = [(row, np.asarray(row["annotation"]) == row["category"]) for row in batch]
        shown = [(row, mask) for row, mask in shown if mask.any()]
        if not shown:
            continue
        for way in ways:
            images = torch.stack([pixel_values(way(row["image"], mask), size) for row, mask in shown])
            scores = normalised(model.get_image_features(pixel_values=images.to(device))) @ text.T
            metrics[way.__name__].update(
                scores, [row["category"] for row, _ in shown], [row["image_id"] for row, _ in shown]
            )

    print(f"{len(metrics['alpha'])} regions, {len(classes)} classes; percent, means over the classes that occur")
    print(f"{'region':8}{'top-1':>8}{'top-5':>8}")
    for name, metric in metrics.items():
        result = metric.compute()
        print(f"{name:8}{100 * result['top1']:8.2f}{100 * result['top5']:8.2f}")


if __name__ == "__main__":
    run(main)
