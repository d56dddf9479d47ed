"""Linear probing: how much of the masks can a linear layer read out of a frozen backbone's patch features?

    python examples/linear_probe.py --data-dir /data/imagenet --config 50 --backbone facebook/dinov2-small --epochs 20

The layer is trained on `train_semi`, a label for each patch (the most frequent id), and predicts `validation` at the
stored size. Without --backbone: a ViT so small that a laptop runs it, from random weights.
"""

from __future__ import annotations

from typing import Any

import torch
from miniature import data_options, data_parser, positive, run
from torch.utils.data import DataLoader
from torchvision.transforms import v2
from transformers import AutoModel, ViTConfig, ViTModel

import imagenet_s
from imagenet_s.conversion.transforms import joint
from imagenet_s.metrics import MatchedIoU

NORMALIZE = v2.Compose(
    [v2.ToDtype(torch.float32, scale=True), v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
)


def load_backbone(name: str | None, size: int) -> torch.nn.Module:
    """A frozen vision transformer of the Hub or a folder; a small random one for None."""
    if name:
        model = AutoModel.from_pretrained(name)
    else:
        torch.manual_seed(0)
        model = ViTModel(
            ViTConfig(hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, image_size=size)
        )
    return model.eval().requires_grad_(False)


def patch_features(model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """B x 3 x H x W images to B x D x h x w features, those of the class and register tokens left out."""
    tokens = model(images).last_hidden_state
    grid = [side // model.config.patch_size for side in images.shape[-2:]]
    return tokens[:, -grid[0] * grid[1] :].transpose(1, 2).unflatten(2, grid)


def patch_labels(masks: torch.Tensor, grid: torch.Size) -> torch.Tensor:
    """B x H x W ids to B x h x w: the most frequent id of each patch."""
    rows, columns = masks.shape[-2] // grid[0], masks.shape[-1] // grid[1]
    patches = masks.reshape(len(masks), grid[0], rows, grid[1], columns).transpose(2, 3).flatten(3)
    return patches.mode(-1).values


def main() -> None:
    """Train the layer, then predict and score."""
    parser = data_parser(__doc__)
    parser.add_argument("--backbone", help="a ViT of the Hub or a folder; small and random without it")
    parser.add_argument("--size", type=positive, default=224, help="a multiple of the backbone's patches (224)")
    parser.add_argument("--epochs", type=positive, default=20, help="passes over train_semi (20)")
    parser.add_argument("--batch-size", type=positive, default=8, help="images a step (8)")
    args = parser.parse_args()
    data = data_options(args)
    table = imagenet_s.categories(args.config)
    backbone = load_backbone(args.backbone, args.size)
    layer = torch.nn.Conv2d(backbone.config.hidden_size, table.num_classes + 1, 1)

    augment = v2.Compose([v2.RandomResizedCrop(args.size, (0.5, 1.0)), v2.RandomHorizontalFlip(), NORMALIZE])
    rows = imagenet_s.load_dataset(args.config, split="train-semi", **data).select_columns(["image", "annotation"])
    loader = DataLoader(rows.with_transform(joint(augment)), args.batch_size, shuffle=True)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=1e-2)
    for epoch in range(args.epochs):
        losses = []
        for batch in loader:
            features = patch_features(backbone, batch["image"])
            labels = patch_labels(batch["annotation"], features.shape[-2:])
            loss = torch.nn.functional.cross_entropy(layer(features), labels, ignore_index=imagenet_s.IGNORE_ID)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.3f}")

    metric = MatchedIoU(table.num_classes)
    squash = joint(v2.Compose([v2.Resize((args.size, args.size)), NORMALIZE]))
    for row in imagenet_s.load_dataset(args.config, split="val", **data):
        image: Any = squash({"image": row["image"]})["image"]
        with torch.no_grad():
            logits = layer(patch_features(backbone, image[None]))
        size = row["annotation"].size[::-1]
        ids = torch.nn.functional.interpolate(logits, size, mode="bilinear").argmax(1)[0]
        metric.update(ids.numpy(), row["annotation"], row["image_id"])
    result = metric.compute()  # ids are classes: nothing to match
    figures = f"mIoU {100 * result['mean_iou']:.2f} %, Acc {100 * result['image_accuracy']:.2f} %"
    print(f"{figures} of {result['num_images']} images")


if __name__ == "__main__":
    run(main)
