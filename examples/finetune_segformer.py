"""Fine-tune on `train_semi` with transformers' Trainer, scored with every official figure as it trains; then predict.

    python examples/finetune_segformer.py --data-dir /data/imagenet --config 50 --checkpoint nvidia/mit-b0 \\
        --output segformer-50 --num-train-epochs 100 --learning-rate 6e-5 --per-device-train-batch-size 8

Without --checkpoint, a SegFormer so small that a laptop trains it, from random weights. What is peculiar to ImageNet-S:
1000 is ignored (255 is a class in 300 and 919), 0 is a class too, so labels are not reduced; and the evaluation keeps
counts instead of logits, because 920 channels of 12,419 images fit into no memory. It also runs on several processes,
with and without GPUs: `torchrun --nproc-per-node 8 examples/finetune_segformer.py ...`, with --data-dir and --output.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from miniature import command_options, data_options, data_parser, positive, run
from torchvision.transforms import v2
from transformers import (
    AutoModelForSemanticSegmentation,
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
    Trainer,
    TrainingArguments,
)

import imagenet_s
from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.transforms import joint
from imagenet_s.metrics.torch import MatchedIoU, logits_to_ids


def build_model(checkpoint: str | None, table: imagenet_s.Categories) -> torch.nn.Module:
    """A model with one channel an id, `other` included."""
    torch.manual_seed(0)  # of the weights that no checkpoint has
    labels: dict[str, Any] = {"id2label": table.id2label, "label2id": table.label2id}
    if checkpoint:
        return AutoModelForSemanticSegmentation.from_pretrained(
            checkpoint, semantic_loss_ignore_index=imagenet_s.IGNORE_ID, ignore_mismatched_sizes=True, **labels
        )
    small = SegformerConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 24, 32], decoder_hidden_size=32, num_attention_heads=[1, 1, 2, 4],
        semantic_loss_ignore_index=imagenet_s.IGNORE_ID, **labels,
    )  # fmt: skip
    return SegformerForSemanticSegmentation(small)


def inputs_of(geometry: Any, rows: dict[str, list[Any]]) -> dict[str, Any]:
    """`pixel_values`, 3 x size x size float32 each, and `labels`, size x size int64 each."""
    changed = geometry({name: rows[name] for name in ("image", "annotation")})
    return {"pixel_values": changed["image"], "labels": changed["annotation"]}


def to_ids(logits: Any, labels: torch.Tensor) -> torch.Tensor:
    """Logits B x (C + 1) x h x w to ids B x H x W of the labels' size."""
    if isinstance(logits, tuple):  # a checkpoint whose config asks for hidden states or attentions, too
        logits = logits[0]
    return logits_to_ids(logits, labels.shape[-2:])


def predict(trainer: Trainer, processor: SegformerImageProcessor, rows: Any, writer: PredictionWriter) -> None:
    """Predictions at the stored size of each image, which may have 12 million pixels."""
    for row in rows:
        inputs = processor(row["image"], return_tensors="pt").to(trainer.model.device)
        with torch.no_grad():
            logits = trainer.model(**inputs).logits
        writer.write(row["image_id"], logits_to_ids(logits, row["image"].size[::-1])[0].cpu(), row["wnid"])


def main() -> None:
    """Train, evaluating at the end of each epoch."""
    parser = data_parser(__doc__)
    parser.add_argument("--checkpoint", help="a model of the Hub or a folder; small and random without it")
    parser.add_argument(
        "--output", help="folder for checkpoints, model, processor and predictions; nothing is kept if not given"
    )
    parser.add_argument(
        "--size", type=positive, default=128, help="images are scaled to squares of this many pixels (128)"
    )
    parser.add_argument("--num-train-epochs", type=float, default=1, help="passes over train_semi (1)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="the highest one; it decays to 0 (0.001)")
    parser.add_argument("--per-device-train-batch-size", type=positive, default=4, help="images a device and step (4)")
    parser.add_argument("--num-workers", type=int, default=0, help="processes that decode images for a device (0)")
    args = parser.parse_args()
    if int(os.environ.get("WORLD_SIZE", 1)) > 1 and not (args.data_dir and args.output):
        parser.error("several processes share their data and their output: give --data-dir and --output")
    if args.output:
        train(args, args.output)
        return
    with tempfile.TemporaryDirectory(prefix="imagenet-s-segformer-") as output:
        train(args, output)


def train(args: Any, output: str) -> None:
    """All of it, into one folder."""
    data = data_options(args, Path(output, "miniature"))
    table = imagenet_s.categories(args.config)
    processor = SegformerImageProcessor(size={"height": args.size, "width": args.size})

    # Image and mask together, and not as segmentation_maps of the processor: see docs/transforms.md.
    augment = [v2.RandomResizedCrop(args.size, (0.5, 1.0)), v2.RandomHorizontalFlip(), v2.ColorJitter(0.3, 0.3, 0.3)]
    normalize = [v2.ToDtype(torch.float32, scale=True), v2.Normalize(processor.image_mean, processor.image_std)]
    geometries = {
        "train_semi": joint(v2.Compose([*augment, *normalize])),
        "validation": joint(v2.Compose([v2.Resize((args.size, args.size)), *normalize])),
    }

    splits = {
        name: imagenet_s.load_dataset(args.config, split=name, **data).with_transform(partial(inputs_of, geometry))
        for name, geometry in geometries.items()
    }
    # The Trainer gathers every batch from all processes before it is scored: each process has all counts already.
    metric = MatchedIoU(table.num_classes, sync_on_compute=False)  # ids are classes: nothing to match

    def score(batch: Any, compute_result: bool) -> dict[str, float]:
        metric.update(batch.predictions, batch.label_ids)
        if not compute_result:
            return {}
        figures = {name: value.item() for name, value in metric.compute().items()}
        metric.reset()
        return figures

    model = build_model(args.checkpoint, table)
    # The model does average its loss over the images of a step. The Trainer believes that it does not, because its
    # `forward` takes keywords, and would multiply the loss by the number of processes and of accumulated steps.
    model.accepts_loss_kwargs = False
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=output,
            num_train_epochs=args.num_train_epochs,
            learning_rate=args.learning_rate,
            per_device_train_batch_size=args.per_device_train_batch_size,
            dataloader_num_workers=args.num_workers,
            # Without it, several processes on a machine without accelerators train a model each.
            use_cpu=not torch.accelerator.is_available(),
            eval_strategy="epoch",
            batch_eval_metrics=True,
            remove_unused_columns=False,
            report_to="none",
        ),
        train_dataset=splits["train_semi"],
        eval_dataset=splits["validation"],
        compute_metrics=score,
        preprocess_logits_for_metrics=to_ids,
    )
    trainer.train()
    trainer.save_model()
    processor.save_pretrained(output)

    if not trainer.is_world_process_zero():
        return
    rows = imagenet_s.load_dataset(args.config, split="validation", **data)
    predictions = f"{output}/predictions"
    with PredictionWriter(predictions, args.config) as writer:
        predict(trainer, processor, rows, writer)
    if not args.output:
        print(f"{writer.written} predictions, of the stored sizes. --output keeps them, and the model.")
        return
    command = ["imagenet-s", "evaluate", "--predict-dir", predictions, "--gt-dir", data["data_dir"]]
    print(f"{writer.written} predictions, of the stored sizes, are in {predictions}. The benchmark's figures:")
    print(shlex.join([*command, *command_options(args, data)]))


if __name__ == "__main__":
    run(main)
