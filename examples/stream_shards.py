"""Training at scale: converted shards, streamed by several ranks and worker processes, stopped and resumed.

    imagenet-s convert /data/imagenet OUT --config 919 --splits train --workers 8
    python examples/stream_shards.py --shards OUT --config 919 --world-size 8 --rank 0 --num-workers 4

`OUT` may as well be a repository of the Hub. Only the miniature needs imagenet_s: shards are plain Parquet. In a
cluster, rank and world size come from torch.distributed; each rank reads shards of its own.
"""

from __future__ import annotations

import itertools
import shlex
import warnings
from pathlib import Path
from typing import Any

import torch
from datasets import load_dataset
from datasets.distributed import split_dataset_by_node
from miniature import command_options, data_options, data_parser, positive, run
from torch.utils.data import DataLoader

from imagenet_s.conversion.shards import Options, convert


def crop(row: dict[str, Any], size: int = 32) -> dict[str, Any]:
    """The middle of an image, 3 x size x size uint8, padded where it is smaller."""
    image = torch.as_tensor(row["image"])
    height, width = image.shape[-2:]
    top, left = max(0, (height - size) // 2), max(0, (width - size) // 2)
    part = image[:, top : top + size, left : left + size]
    part = torch.nn.functional.pad(part, (0, size - part.shape[2], 0, size - part.shape[1]))
    return {"image_id": row["image_id"], "pixels": part, "category": row["category"]}


def main() -> None:
    """Read half an epoch, stop, resume from the saved state, and print what arrived."""
    parser = data_parser(__doc__)
    parser.add_argument("--shards", help="what `imagenet-s convert` wrote, or its repository on the Hub")
    parser.add_argument("--rank", type=int, default=0, help="which of the ranks this is (default: 0)")
    parser.add_argument("--world-size", type=positive, default=1, help="how many ranks there are (default: 1)")
    parser.add_argument("--num-workers", type=int, default=0, help="DataLoader workers of this rank (default: 0)")
    parser.add_argument("--batch-size", type=positive, default=4, help="images a batch (default: 4)")
    parser.add_argument("--batches", type=positive, default=4, help="stop after so many, and resume (default: 4)")
    args = parser.parse_args()
    # `datasets` makes tensors of tensors where a mapped function returns some: harmless, and not ours to change.
    warnings.filterwarnings("ignore", "To copy construct from a tensor", UserWarning)
    shards = args.shards
    if shards is None:
        data = data_options(args)
        if args.data_dir:
            command = ["imagenet-s", "convert", args.data_dir, "OUT", "--splits", "train", *command_options(args, data)]
            parser.error(f"shards are read here: run `{shlex.join(command)}` first, then give --shards OUT")
        shards = Path(data["data_dir"]).with_name("shards")
        options = Options(splits=["train"], verify=False, max_shard_size="40KB")
        convert(data["data_dir"], shards, args.config, data["annotations_dir"], options)

    # The rows of the shards are shuffled already; the buffer mixes those of a few shards.
    stream = load_dataset(str(shards), args.config, split="train", streaming=True)
    stream = stream.select_columns(["image_id", "image", "category"]).shuffle(seed=0, buffer_size=16)
    stream = split_dataset_by_node(stream, args.rank, args.world_size)
    # Ranks have unequal numbers of rows. All make as many steps, and one with fewer rows begins again, because with
    # DistributedDataParallel a rank that makes one more would wait for the others for ever.
    steps = stream.info.splits["train"].num_examples // (args.world_size * args.batch_size)
    print(f"rank {args.rank} of {args.world_size}: {stream.num_shards} shards, {steps} steps in an epoch of every rank")

    rows = stream.with_format("torch").map(crop, remove_columns=["image"])
    loader = DataLoader(rows, batch_size=args.batch_size, num_workers=args.num_workers)
    endless = itertools.chain.from_iterable(itertools.repeat(loader))
    for number, batch in enumerate(itertools.islice(endless, min(steps, args.batches))):
        print(f"batch {number}: {tuple(batch['pixels'].shape)} {batch['pixels'].dtype}, first {batch['image_id'][0]}")

    # A state says which shard and how far into it; rows in a shuffle buffer are lost. So a run that must see each image
    # once resumes without a buffer: the rows of the shards are shuffled enough. With workers, the StatefulDataLoader of
    # torchdata keeps the state of each: see docs/shards.md.
    plain = split_dataset_by_node(
        load_dataset(str(shards), args.config, split="train", streaming=True), args.rank, args.world_size
    )
    plain = plain.select_columns(["image_id"])
    before = [row["image_id"] for row in itertools.islice(plain, args.batches * args.batch_size)]
    state = plain.state_dict()  # save it beside the weights
    plain.load_state_dict(state)
    after = [row["image_id"] for row in plain]
    print(f"stopped after {len(before)} images, resumed: {len(after)} more, {len({*before, *after})} different ones")


if __name__ == "__main__":
    run(main)
